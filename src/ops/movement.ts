import { ShapeError } from '../graph/errors.ts';
import type { Attrs, Tensor } from '../graph/graph.ts';
import { type Access, defineOp } from '../graph/registry.ts';
import {
  broadcastShapes,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
  type TensorType,
} from '../graph/shape.ts';
import { add } from './elementwise.ts';
import { sum } from './reduce.ts';

const everywhere = (shape: Shape) => ({ low: shape.map(() => 0), high: [...shape] });

const numbers = (attrs: Attrs, name: string): number[] => attrs[name] as number[];

/** The rule of each movement operation that copies, by name. */
const movementAccess: Readonly<
  Record<string, (input: Shape, output: Shape, attrs: Attrs) => Access>
> = {
  transpose(input, output, attrs) {
    const strides = stridesOf(input);
    return {
      strides: numbers(attrs, 'axes').map((a) => strides[a]),
      offset: 0,
      ...everywhere(output),
    };
  },
  slice(input, output, attrs) {
    const strides = stridesOf(input);
    const offset = numbers(attrs, 'start').reduce((o, start, i) => o + start * strides[i], 0);
    return { strides, offset, ...everywhere(output) };
  },
  pad(input, _, attrs) {
    const strides = stridesOf(input);
    const low = numbers(attrs, 'before');
    const offset = low.reduce((o, n, i) => o - n * strides[i], 0);
    return { strides, offset, low, high: low.map((n, i) => n + input[i]) };
  },
  broadcastTo(input, output) {
    const lead = output.length - input.length;
    const own = stridesOf(input);
    const strides = output.map((_, i) => (i < lead || input[i - lead] === 1 ? 0 : own[i - lead]));
    return { strides, offset: 0, ...everywhere(output) };
  },
};

/** A contiguous window of a buffer under a shape: reshapes, and parameters inside their net's buffer. */
export const viewOp = /* @__PURE__ */ defineOp({
  name: 'view',
  infer([x], attrs) {
    const shape = attrs.shape as Shape;
    const offset = attrs.offset as number;
    if (!Number.isInteger(offset) || offset < 0 || offset + sizeOf(shape) > sizeOf(x.shape)) {
      throw new ShapeError('view', [x.shape, shape], 'a window that lies inside the tensor');
    }
    // A window may have to be copied, by a kernel that knows floats.
    if (x.dtype !== 'f32' && sizeOf(shape) !== sizeOf(x.shape)) {
      throw new ShapeError('view', [x.shape, shape], `all elements of a tensor of ${x.dtype}`);
    }
    return [{ shape, dtype: x.dtype }];
  },
  grad({ inputs: [x], node, dOutputs: [dy] }) {
    if (!dy) return [];
    if (dy.size === x.size) return [reshape(dy, x.shape)];
    const before = node.attrs.offset as number;
    return [reshape(pad(reshape(dy, [dy.size]), [before], [x.size - before - dy.size]), x.shape)];
  },
});

/** Tensors laid side by side in one flat buffer at given offsets; what lies between is zero. */
export const packOp = /* @__PURE__ */ defineOp({
  name: 'pack',
  infer(inputs, attrs) {
    const size = attrs.size as number;
    const offsets = numbers(attrs, 'offsets');
    if (offsets.length !== inputs.length || inputs.some((t) => t.dtype !== 'f32'))
      throw new ShapeError(
        'pack',
        inputs.map((t) => t.shape),
        `f32 tensors, one for each of ${offsets.length} offsets`,
      );
    let end = 0;
    offsets.forEach((offset, i) => {
      if (!Number.isInteger(offset) || offset < end)
        throw new ShapeError(
          'pack',
          inputs.map((t) => t.shape),
          'offsets in ascending order without overlap',
        );
      end = offset + sizeOf(inputs[i].shape);
    });
    if (end > size)
      throw new ShapeError(
        'pack',
        inputs.map((t) => t.shape),
        `tensors that fit in ${size} elements`,
      );
    return [{ shape: [size], dtype: 'f32' }];
  },
  grad({ inputs, node, dOutputs: [dy] }) {
    if (!dy) return [];
    const offsets = numbers(node.attrs, 'offsets');
    return inputs.map((x, i) => view(dy, offsets[i], x.shape));
  },
});

function defineMovement(
  name: string,
  expected: string,
  shapeOf: (x: TensorType, attrs: Attrs) => number[] | undefined,
  grad: (dy: Tensor, x: Tensor, attrs: Attrs) => Tensor,
) {
  return defineOp({
    name,
    access: movementAccess[name],
    infer([x], attrs) {
      const shape = shapeOf(x, attrs);
      if (!shape || x.dtype !== 'f32') throw new ShapeError(name, [x.shape], expected);
      return [{ shape, dtype: x.dtype }];
    },
    grad: ({ inputs: [x], node, dOutputs: [dy] }) => (dy ? [grad(dy, x, node.attrs)] : []),
  });
}

export const transposeOp = /* @__PURE__ */ defineMovement(
  'transpose',
  'axes that are a permutation of the tensor’s axes',
  (x, attrs) => {
    const axes = numbers(attrs, 'axes');
    const sorted = [...axes].sort((a, b) => a - b);
    return axes.length === x.shape.length && sorted.every((a, i) => a === i)
      ? axes.map((a) => x.shape[a])
      : undefined;
  },
  (dy, _, attrs) => {
    const axes = numbers(attrs, 'axes');
    return transpose(
      dy,
      axes.map((_, i) => axes.indexOf(i)),
    );
  },
);

export const sliceOp = /* @__PURE__ */ defineMovement(
  'slice',
  'a non-empty range inside every axis',
  (x, attrs) => {
    const [start, end] = [numbers(attrs, 'start'), numbers(attrs, 'end')];
    const fits = x.shape.every((n, i) => start[i] >= 0 && start[i] < end[i] && end[i] <= n);
    return fits && start.length === x.shape.length ? end.map((e, i) => e - start[i]) : undefined;
  },
  (dy, x, attrs) =>
    pad(
      dy,
      numbers(attrs, 'start'),
      x.shape.map((n, i) => n - numbers(attrs, 'end')[i]),
    ),
);

export const padOp = /* @__PURE__ */ defineMovement(
  'pad',
  'a non-negative amount before and after every axis',
  (x, attrs) => {
    const [before, after] = [numbers(attrs, 'before'), numbers(attrs, 'after')];
    const fits = before.length === x.shape.length && after.length === x.shape.length;
    return fits && [...before, ...after].every((n) => n >= 0)
      ? x.shape.map((n, i) => before[i] + n + after[i])
      : undefined;
  },
  (dy, x, attrs) => {
    const before = numbers(attrs, 'before');
    return slice(
      dy,
      before,
      x.shape.map((n, i) => before[i] + n),
    );
  },
);

export const broadcastToOp = /* @__PURE__ */ defineMovement(
  'broadcastTo',
  'a shape that the tensor broadcasts to',
  (x, attrs) => {
    const target = attrs.shape as Shape;
    const shape = broadcastShapes([x.shape, target]);
    return shape && sameShape(shape, target) ? shape : undefined;
  },
  (dy, x) => {
    const lead = dy.rank - x.rank;
    return reshape(
      sum(
        dy,
        dy.shape.flatMap((_, i) => (i < lead || x.shape[i - lead] === 1 ? [i] : [])),
      ),
      x.shape,
    );
  },
);

const one = (x: Tensor, op: string, attrs: Attrs): Tensor => x.graph.add(op, [x], attrs)[0];

/** The `size(shape)` elements that start at `offset`, under a new shape. Costs nothing at run time. */
export const view = (x: Tensor, offset: number, shape: Shape): Tensor =>
  one(x, viewOp.name, { offset, shape: [...shape] });

/** The same elements under a new shape. One size may be −1. Costs nothing at run time. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = -shape.reduce((product, n) => product * n, 1);
  const full = shape.map((n) => (n === -1 ? x.size / known : n));
  if (sizeOf(full) !== x.size || full.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError('reshape', [x.shape, shape], `a shape of ${x.size} elements`);
  }
  return sameShape(full, x.shape) ? x : view(x, 0, full);
}

/** Axes in a new order, as PyTorch's `permute`. */
export const transpose = (x: Tensor, axes: readonly number[]): Tensor =>
  one(x, transposeOp.name, { axes: [...axes] });

/** The elements from `start` up to, not including, `end` on every axis. */
export const slice = (x: Tensor, start: readonly number[], end: readonly number[]): Tensor =>
  one(x, sliceOp.name, { start: [...start], end: [...end] });

/** Zeros around a tensor: `before[i]` and `after[i]` of them on axis i. */
export const pad = (x: Tensor, before: readonly number[], after: readonly number[]): Tensor =>
  one(x, padOp.name, { before: [...before], after: [...after] });

/** A tensor repeated along its axes of size 1 and along new leading ones. */
export const broadcastTo = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : one(x, broadcastToOp.name, { shape: [...shape] });

/** Tensors side by side in one flat tensor; see the operation. */
export const pack = (
  tensors: readonly Tensor[],
  offsets: readonly number[],
  size: number,
): Tensor => tensors[0].graph.add(packOp.name, tensors, { offsets: [...offsets], size })[0];

/** Tensors joined along one axis. A sum of padded tensors: the paddings fold into one kernel's loads. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  const fits =
    first &&
    axis >= 0 &&
    axis < first.rank &&
    tensors.every(
      (t) => t.rank === first.rank && t.shape.every((n, i) => i === axis || n === first.shape[i]),
    );
  if (!fits)
    throw new ShapeError(
      'concat',
      tensors.map((t) => t.shape),
      `tensors alike but for axis ${axis}`,
    );
  const total = tensors.reduce((n, t) => n + t.shape[axis], 0);
  let before = 0;
  return tensors
    .map((t) => {
      const at = (n: number) => t.shape.map((_, i) => (i === axis ? n : 0));
      const padded = pad(t, at(before), at(total - before - t.shape[axis]));
      before += t.shape[axis];
      return padded;
    })
    .reduce((a, b) => add(a, b));
}
