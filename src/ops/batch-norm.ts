import { GraphError, ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';
import { sameShape, type TensorType } from '../graph/shape.ts';
import { add, div, mul, rsqrt, square, sub } from './elementwise.ts';
import { concat, reshape, slice } from './movement.ts';
import { mean, sum } from './reduce.ts';

const rowAxes = (x: TensorType): number[] => x.shape.slice(0, -1).map((_, i) => i);
const rows = (x: TensorType): number => x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
/** Row i of a `[2, C]` pair of statistics. */
const row = (x: Tensor, i: number): Tensor =>
  reshape(slice(x, [i, 0], [i + 1, x.shape[1]]), [x.shape[1]]);
const stack = (a: Tensor, b: Tensor): Tensor =>
  concat([reshape(a, [1, a.size]), reshape(b, [1, b.size])], 0);

function checkParts(
  op: string,
  tensors: readonly TensorType[],
  channelVectors: readonly TensorType[],
  pairs: readonly TensorType[],
) {
  const c = tensors[0].shape.at(-1) ?? 0;
  const fits =
    tensors[0].shape.length >= 2 &&
    channelVectors.every((t) => sameShape(t.shape, [c])) &&
    pairs.every((t) => sameShape(t.shape, [2, c]));
  if (!fits || tensors.some((t) => t.dtype !== 'f32')) {
    throw new ShapeError(
      op,
      tensors.map((t) => t.shape),
      `[..., C], vectors [C] and statistics [2, C]`,
    );
  }
}

/**
 * Batch normalisation in training mode (Ioffe & Szegedy 2015, algorithm 1), over all axes but the last.
 *
 * Inputs x `[..., C]`, γ `[C]`, β `[C]`, running `[2, C]` (mean, unbiased variance).
 * Outputs y, saved `[2, C]` (batch mean, 1/√(biased variance + eps)) and the new running statistics,
 * (1 − momentum)·running + momentum·batch as in PyTorch.
 */
export const batchNormOp = /* @__PURE__ */ defineOp({
  name: 'batchNorm',
  infer([x, gamma, beta, running]) {
    checkParts('batchNorm', [x, gamma, beta, running], [gamma, beta], [running]);
    if (rows(x) < 2) {
      throw new ShapeError('batchNorm', [x.shape], 'more than one value per channel when training');
    }
    const { shape: pair } = running;
    return [x, { shape: pair, dtype: 'f32' }, { shape: pair, dtype: 'f32' }].map(({ shape }) => ({
      shape,
      dtype: 'f32',
    }));
  },
  inPlace: [[2, 3]],
  grad({ node, inputs, outputs, dOutputs: [dy, dSaved, dRunning] }) {
    if (dSaved || dRunning) {
      throw new GraphError(
        'The statistics of a batch-norm are detached: no gradient flows through them.',
        'Compute mean and variance with mean() and square() to differentiate them.',
      );
    }
    const [x, gamma] = inputs;
    return dy
      ? x.graph.add(batchNormGradOp.name, [dy, x, gamma, outputs[1]], { eps: node.attrs.eps })
      : [];
  },
  decompose([x, gamma, beta, running], attrs) {
    const axes = rowAxes(x);
    const mu = mean(x, axes);
    const centred = sub(x, mu);
    const variance = mean(square(centred), axes);
    const inverse = rsqrt(add(variance, attrs.eps as number));
    const y = add(mul(mul(centred, inverse), gamma), beta);
    const momentum = attrs.momentum as number;
    const unbiased = mul(variance, rows(x) / (rows(x) - 1));
    const updated = add(mul(running, 1 - momentum), mul(stack(mu, unbiased), momentum));
    return [y, stack(mu, inverse), updated];
  },
});

/**
 * Gradient of `batchNorm`: inputs dy, x `[..., C]`, γ `[C]`, saved `[2, C]`; outputs dx, dγ, dβ.
 *
 * dβ = Σ dy, dγ = Σ dy·x̂, dx = γ/σ · (dy − (dβ + x̂·dγ)/n) with x̂ = (x − μ)/σ.
 */
export const batchNormGradOp = /* @__PURE__ */ defineOp({
  name: 'batchNormGrad',
  infer([dy, x, gamma, saved]) {
    checkParts('batchNormGrad', [dy, x, gamma, saved], [gamma], [saved]);
    if (!sameShape(dy.shape, x.shape))
      throw new ShapeError('batchNormGrad', [dy.shape, x.shape], 'dy of the shape of x');
    return [x.shape, gamma.shape, gamma.shape].map((shape) => ({ shape, dtype: 'f32' as const }));
  },
  // The saved statistics are functions of x: rebuilt here, so that a second derivative sees that.
  decompose([dy, x, gamma], attrs) {
    const axes = rowAxes(x);
    const centred = sub(x, mean(x, axes));
    const inverse = rsqrt(add(mean(square(centred), axes), attrs.eps as number));
    const xhat = mul(centred, inverse);
    const dBeta = sum(dy, axes);
    const dGamma = sum(mul(dy, xhat), axes);
    const correction = div(add(dBeta, mul(xhat, dGamma)), rows(x));
    return [mul(mul(gamma, inverse), sub(dy, correction)), dGamma, dBeta];
  },
});

/** Momentum of the running statistics and the variance's ε; PyTorch's defaults are 0.1 and 1e-5. */
export interface BatchNormOptions {
  readonly momentum: number;
  readonly eps: number;
}

/** The parts of a batch-norm: scale γ and shift β `[C]`, running mean and unbiased variance `[2, C]`. */
export interface BatchNormParts {
  readonly gamma: Tensor;
  readonly beta: Tensor;
  readonly running: Tensor;
}

/** Normalises x `[..., C]` by its own statistics. Returns y and the new running statistics. */
export function batchNorm(
  x: Tensor,
  { gamma, beta, running }: BatchNormParts,
  { momentum, eps }: BatchNormOptions,
): { y: Tensor; running: Tensor } {
  const [y, , updated] = x.graph.add(batchNormOp.name, [x, gamma, beta, running], {
    momentum,
    eps,
  });
  return { y, running: updated };
}

/** Normalises x `[..., C]` by the running statistics: evaluation mode. */
export function batchNormEval(
  x: Tensor,
  { gamma, beta, running }: BatchNormParts,
  eps: number,
): Tensor {
  const inverse = rsqrt(add(row(running, 1), eps));
  return add(mul(mul(sub(x, row(running, 0)), inverse), gamma), beta);
}
