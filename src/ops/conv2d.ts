import { ShapeError } from '../graph/errors.ts';
import type { Attrs, Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';
import { type Shape, sameShape, type TensorType } from '../graph/shape.ts';
import { matmul } from './matmul.ts';
import { reshape } from './movement.ts';

/** Stride and zero padding, the same for height and width. */
export interface ConvOptions {
  /** Pixels from one output to the next. */
  readonly stride: number;
  /** Zeros around the picture, in pixels. */
  readonly padding: number;
}

/**
 * The closed family of 2-D convolutions, channels last:
 *
 * - `conv2d(x, w) → y`, cross-correlation as in PyTorch
 * - `conv2dInputGrad(y, w) → x`, which is a transposed convolution
 * - `conv2dWeightGrad(x, y) → w`
 *
 * with x `[N, H, W, Cx]`, y `[N, OH, OW, Cy]`, w `[KH, KW, Cx, Cy]` and
 * OH = ⌊(H + 2·padding − KH) / stride⌋ + 1. Each is linear in both its inputs, and the gradient of
 * each is made of the other two.
 */
function outputSize(h: number, k: number, { stride, padding }: ConvOptions): number {
  return Math.floor((h + 2 * padding - k) / stride) + 1;
}

const options = (attrs: Attrs): ConvOptions => ({
  stride: attrs.stride as number,
  padding: attrs.padding as number,
});

function outputShape(x: Shape, w: Shape, o: ConvOptions): number[] {
  return [x[0], outputSize(x[1], w[0], o), outputSize(x[2], w[1], o), w[3]];
}

function checkRanks(op: string, tensors: readonly TensorType[], { stride, padding }: ConvOptions) {
  const shapes = tensors.map((t) => t.shape);
  if (shapes.some((s) => s.length !== 4) || tensors.some((t) => t.dtype !== 'f32')) {
    throw new ShapeError(op, shapes, 'f32 tensors of rank 4: [N, H, W, C] and [KH, KW, Cx, Cy]');
  }
  if (!(Number.isInteger(stride) && stride >= 1 && Number.isInteger(padding) && padding >= 0)) {
    throw new ShapeError(
      op,
      shapes,
      `a stride ≥ 1 and a padding ≥ 0, got ${stride} and ${padding}`,
    );
  }
}

/** x, w and y must belong together; `y` follows from the others. */
function check(
  op: string,
  tensors: readonly TensorType[],
  x: Shape,
  w: Shape,
  y: Shape,
  o: ConvOptions,
) {
  checkRanks(op, tensors, o);
  const expected = outputShape(x, w, o);
  if (w[2] !== x[3] || expected[1] < 1 || expected[2] < 1 || !sameShape(expected, y)) {
    throw new ShapeError(
      op,
      [x, w, y],
      `x [N, H, W, Cx], w [KH, KW, Cx, Cy] and y = [${expected.join(', ')}] at stride ${o.stride}, padding ${o.padding}`,
    );
  }
}

const flopsOf = (y: Shape, w: Shape): number => 2 * y[0] * y[1] * y[2] * y[3] * w[0] * w[1] * w[2];

export const conv2dOp = /* @__PURE__ */ defineOp({
  name: 'conv2d',
  infer([x, w], attrs) {
    checkRanks('conv2d', [x, w], options(attrs));
    const y = outputShape(x.shape, w.shape, options(attrs));
    check('conv2d', [x, w], x.shape, w.shape, y, options(attrs));
    return [{ shape: y, dtype: 'f32' }];
  },
  grad({ inputs: [x, w], node, dOutputs: [dy], needs }) {
    if (!dy) return [];
    const o = options(node.attrs);
    return [
      needs[0] ? conv2dInputGrad(dy, w, [x.shape[1], x.shape[2]], o) : undefined,
      needs[1] ? conv2dWeightGrad(x, dy, [w.shape[0], w.shape[1]], o) : undefined,
    ];
  },
  flops: ([, w], [y]) => flopsOf(y.shape, w.shape),
});

export const conv2dInputGradOp = /* @__PURE__ */ defineOp({
  name: 'conv2dInputGrad',
  infer([y, w], attrs) {
    checkRanks('conv2dInputGrad', [y, w], options(attrs));
    const x = [y.shape[0], ...(attrs.size as number[]), w.shape[2]];
    check('conv2dInputGrad', [y, w], x, w.shape, y.shape, options(attrs));
    return [{ shape: x, dtype: 'f32' }];
  },
  grad({ inputs: [y, w], node, dOutputs: [dx], needs }) {
    if (!dx) return [];
    const o = options(node.attrs);
    return [
      needs[0] ? conv2d(dx, w, o) : undefined,
      needs[1] ? conv2dWeightGrad(dx, y, [w.shape[0], w.shape[1]], o) : undefined,
    ];
  },
  flops: ([y, w]) => flopsOf(y.shape, w.shape),
});

export const conv2dWeightGradOp = /* @__PURE__ */ defineOp({
  name: 'conv2dWeightGrad',
  infer([x, y], attrs) {
    checkRanks('conv2dWeightGrad', [x, y], options(attrs));
    const w = [...(attrs.size as number[]), x.shape[3], y.shape[3]];
    check('conv2dWeightGrad', [x, y], x.shape, w, y.shape, options(attrs));
    return [{ shape: w, dtype: 'f32' }];
  },
  grad({ inputs: [x, y], node, dOutputs: [dw], needs }) {
    if (!dw) return [];
    const o = options(node.attrs);
    return [
      needs[0] ? conv2dInputGrad(y, dw, [x.shape[1], x.shape[2]], o) : undefined,
      needs[1] ? conv2d(x, dw, o) : undefined,
    ];
  },
  flops: ([, y], [w]) => flopsOf(y.shape, w.shape),
});

/** The kernel covers the whole unpadded picture: each of the three is then a plain matrix product. */
const coversAll = (x: Shape, w: Shape, padding: number): boolean =>
  padding === 0 &&
  x.length === 4 &&
  w.length === 4 &&
  x[1] === w[0] &&
  x[2] === w[1] &&
  x[3] === w[2];

const flatWeight = (w: Tensor): Tensor =>
  reshape(w, [w.shape[0] * w.shape[1] * w.shape[2], w.shape[3]]);

/** 2-D convolution: x `[N, H, W, Cx]`, w `[KH, KW, Cx, Cy]` → `[N, OH, OW, Cy]`. PyTorch's `conv2d`, channels last. */
export function conv2d(x: Tensor, w: Tensor, { stride, padding }: ConvOptions): Tensor {
  if (coversAll(x.shape, w.shape, padding)) {
    const n = x.shape[0];
    return reshape(matmul(reshape(x, [n, x.size / n]), flatWeight(w)), [n, 1, 1, w.shape[3]]);
  }
  return x.graph.add(conv2dOp.name, [x, w], { stride, padding })[0];
}

/**
 * Gradient of `conv2d` with respect to its input; PyTorch's `conv_transpose2d`.
 * y `[N, OH, OW, Cy]`, w `[KH, KW, Cx, Cy]` → `[N, size[0], size[1], Cx]`.
 */
export function conv2dInputGrad(
  y: Tensor,
  w: Tensor,
  size: readonly [number, number],
  { stride, padding }: ConvOptions,
): Tensor {
  const x = [y.shape[0], size[0], size[1], w.shape[2]];
  if (coversAll(x, w.shape, padding) && sameShape(y.shape, [x[0], 1, 1, w.shape[3]])) {
    return reshape(matmul(reshape(y, [x[0], w.shape[3]]), flatWeight(w), { transposeB: true }), x);
  }
  return y.graph.add(conv2dInputGradOp.name, [y, w], { size: [...size], stride, padding })[0];
}

/** Gradient of `conv2d` with respect to its weight: x `[N, H, W, Cx]`, y `[N, OH, OW, Cy]` → `[size[0], size[1], Cx, Cy]`. */
export function conv2dWeightGrad(
  x: Tensor,
  y: Tensor,
  size: readonly [number, number],
  { stride, padding }: ConvOptions,
): Tensor {
  const w = [size[0], size[1], x.shape[3], y.shape[3]];
  if (coversAll(x.shape, w, padding) && sameShape(y.shape, [x.shape[0], 1, 1, w[3]])) {
    const n = x.shape[0];
    return reshape(
      matmul(reshape(x, [n, x.size / n]), reshape(y, [n, w[3]]), { transposeA: true }),
      w,
    );
  }
  return x.graph.add(conv2dWeightGradOp.name, [x, y], { size: [...size], stride, padding })[0];
}
