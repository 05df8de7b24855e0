import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';
import { sameShape, type TensorType } from '../graph/shape.ts';
import { add, mul, sub } from './elementwise.ts';
import { slice } from './movement.ts';

function checkFlat(op: string, flat: readonly TensorType[], hyper: TensorType, hyperSize: number) {
  const [first] = flat;
  const fits = flat.every(
    (t) => t.dtype === 'f32' && t.shape.length === 1 && sameShape(t.shape, first.shape),
  );
  if (!fits || !sameShape(hyper.shape, [hyperSize])) {
    throw new ShapeError(
      op,
      [...flat, hyper].map((t) => t.shape),
      `flat f32 tensors of one size and hyperparameters [${hyperSize}]`,
    );
  }
}

/**
 * Partial sums of squared gradients that an update leaves behind: one for each so many elements.
 *
 * A span is not a run of neighbours, so that neighbouring invocations can read neighbouring memory.
 * Elements lie in blocks of 16 spans: element e in block ⌊e / (16·SPAN)⌋, and there in span
 * ⌊e/4⌋ mod 16. What a last block lacks counts as zero.
 */
export const GRAD_SQUARE_SPAN = 64;
const BLOCK_SPANS = 16;
const partialSums = (flat: TensorType): TensorType => ({
  shape: [Math.ceil(flat.shape[0] / (BLOCK_SPANS * GRAD_SQUARE_SPAN)) * BLOCK_SPANS],
  dtype: 'f32',
});

/**
 * Adam (Kingma & Ba 2015, algorithm 1), as PyTorch computes it: all parameters of a net in one pass.
 * The attribute `decay` λ, 0 if left out, makes it AdamW (Loshchilov & Hutter 2019, algorithm 2, line 12):
 * parameters are multiplied by 1 − learning rate · λ first.
 *
 * Inputs parameters, gradients, m, v (flat, one size), hyper f32 `[4]` = learning rate, 1 − β1,
 * 1 − β2, eps, and corrections f32 `[2]` = 1 − β1ᵗ, 1 − β2ᵗ of this update (`adamCorrections`).
 * Outputs the new parameters, m, v, and Σ g² of each span of gradients.
 */
export const adamOp = /* @__PURE__ */ defineOp({
  name: 'adam',
  detached: true,
  infer([parameters, gradients, m, v, hyper, corrections]) {
    checkFlat('adam', [parameters, gradients, m, v], hyper, 4);
    if (!sameShape(corrections.shape, [2]))
      throw new ShapeError('adam', [corrections.shape], 'corrections [2]');
    return [parameters, m, v, partialSums(parameters)].map(({ shape }) => ({
      shape,
      dtype: 'f32',
    }));
  },
  inPlace: [
    [0, 0],
    [1, 2],
    [2, 3],
  ],
});

/**
 * Stochastic gradient descent with momentum, as PyTorch computes it: v ← μ·v + g, p ← p − lr·v.
 *
 * Inputs parameters, gradients, v (flat, one size), hyper f32 `[2]` = learning rate, μ.
 * Outputs the new parameters, v, and Σ g² of each span of gradients.
 */
export const sgdOp = /* @__PURE__ */ defineOp({
  name: 'sgd',
  detached: true,
  infer([parameters, gradients, v, hyper]) {
    checkFlat('sgd', [parameters, gradients, v], hyper, 2);
    return [parameters, v, partialSums(parameters)].map(({ shape }) => ({ shape, dtype: 'f32' }));
  },
  inPlace: [
    [0, 0],
    [1, 2],
  ],
});

/**
 * RMSProp (Tieleman & Hinton 2012, lecture 6.5), as PyTorch computes it: v ← α·v + (1 − α)·g²,
 * p ← p − lr·g / (√v + eps).
 *
 * Inputs parameters, gradients, v (flat, one size), hyper f32 `[3]` = learning rate, 1 − α, eps.
 * Outputs the new parameters, v, and Σ g² of each span of gradients.
 */
export const rmspropOp = /* @__PURE__ */ defineOp({
  name: 'rmsprop',
  detached: true,
  infer([parameters, gradients, v, hyper]) {
    checkFlat('rmsprop', [parameters, gradients, v], hyper, 3);
    return [parameters, v, partialSums(parameters)].map(({ shape }) => ({ shape, dtype: 'f32' }));
  },
  inPlace: [
    [0, 0],
    [1, 2],
  ],
});

/**
 * The bias corrections 1 − βᵗ of the next update from those of the last (0 before the first).
 * Kept as a state because 1 − β2ᵗ loses four digits to cancellation when computed in float32 as such.
 */
export const adamCorrections = (last: Tensor, hyper: Tensor): Tensor =>
  add(last, mul(sub(1, last), slice(hyper, [1], [3])));

/** One Adam update, with weight decay if any; see the operation. */
export function adam(
  parts: {
    parameters: Tensor;
    gradients: Tensor;
    m: Tensor;
    v: Tensor;
    hyper: Tensor;
    corrections: Tensor;
  },
  decay = 0,
) {
  const inputs = [
    parts.parameters,
    parts.gradients,
    parts.m,
    parts.v,
    parts.hyper,
    parts.corrections,
  ];
  const [parameters, m, v, gradSquares] = parts.parameters.graph.add(
    adamOp.name,
    inputs,
    decay > 0 ? { decay } : {},
  );
  return { parameters, m, v, gradSquares };
}

interface OneMoment {
  parameters: Tensor;
  gradients: Tensor;
  v: Tensor;
  hyper: Tensor;
}

function withOneMoment(op: string, parts: OneMoment) {
  const inputs = [parts.parameters, parts.gradients, parts.v, parts.hyper];
  const [parameters, v, gradSquares] = parts.parameters.graph.add(op, inputs);
  return { parameters, v, gradSquares };
}

/** One SGD update with momentum; see the operation. */
export const sgd = (parts: OneMoment) => withOneMoment(sgdOp.name, parts);

/** One RMSProp update; see the operation. */
export const rmsprop = (parts: OneMoment) => withOneMoment(rmspropOp.name, parts);
