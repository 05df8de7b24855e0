import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp, type OpDefinition } from '../graph/registry.ts';
import { normaliseAxes, type Shape, type TensorType } from '../graph/shape.ts';
import { div, equal, mul } from './elementwise.ts';
import { broadcastTo, reshape } from './movement.ts';

const withOnes = (shape: Shape, axes: readonly number[]): number[] =>
  shape.map((n, i) => (axes.includes(i) ? 1 : n));

function infer(name: string, [x]: readonly TensorType[], axes: readonly number[]): TensorType[] {
  if (x.dtype !== 'f32' || !normaliseAxes(x.shape.length, axes)) {
    throw new ShapeError(name, [x.shape], `an f32 tensor that has the axes [${axes.join(', ')}]`);
  }
  return [{ shape: x.shape.filter((_, i) => !axes.includes(i)), dtype: 'f32' }];
}

/** Σ over `axes`, times `scale`: a mean is one pass. The reduced axes are dropped. */
export const sumOp = /* @__PURE__ */ defineOp({
  name: 'sum',
  infer: (inputs, attrs) => infer('sum', inputs, attrs.axes as number[]),
  grad({ inputs: [x], node, dOutputs: [dy] }) {
    if (!dy) return [];
    const spread = broadcastTo(
      reshape(dy, withOnes(x.shape, node.attrs.axes as number[])),
      x.shape,
    );
    const scale = node.attrs.scale as number;
    return [scale === 1 ? spread : mul(spread, scale)];
  },
});

/** The largest element over `axes`, which are dropped. */
export const maxOp = /* @__PURE__ */ defineOp({
  name: 'max',
  infer: (inputs, attrs) => infer('max', inputs, attrs.axes as number[]),
  grad({ inputs: [x], outputs: [y], node, dOutputs: [dy] }) {
    if (!dy) return [];
    const axes = node.attrs.axes as number[];
    const kept = withOnes(x.shape, axes);
    // Equal largest elements share the gradient, as PyTorch's amax.
    const mask = equal(x, reshape(y, kept));
    const share = div(reshape(dy, kept), reshape(sum(mask, axes), kept));
    return [mul(mask, share)];
  },
});

function reduce(
  op: OpDefinition,
  x: Tensor,
  axes: readonly number[] | undefined,
  scale?: (count: number) => number,
): Tensor {
  const over = normaliseAxes(x.rank, axes);
  if (!over)
    throw new ShapeError(op.name, [x.shape], `axes that the tensor has, got [${axes?.join(', ')}]`);
  const count = over.reduce((n, a) => n * x.shape[a], 1);
  return x.graph.add(op.name, [x], { axes: over, ...(scale && { scale: scale(count) }) })[0];
}

/** Σ over `axes` (all by default). The axes are dropped. */
export const sum = (x: Tensor, axes?: readonly number[]): Tensor => reduce(sumOp, x, axes, () => 1);
/** Mean over `axes` (all by default). The axes are dropped. */
export const mean = (x: Tensor, axes?: readonly number[]): Tensor =>
  reduce(sumOp, x, axes, (count) => 1 / count);
/** Largest element over `axes` (all by default). The axes are dropped. */
export const max = (x: Tensor, axes?: readonly number[]): Tensor => reduce(maxOp, x, axes);
