import { type Shape, sizeOf, stridesOf } from '../graph/shape.ts';

/** How a tensor is stored in PyTorch's files, as an order of this engine's axes. */
export interface FileLayout {
  /** `axes[i]` is the axis here that is the file's axis i. */
  readonly axes: readonly number[];
}

/** A tensor that is a part of a variable, such as a layer's weight in its net's flat buffer. Plain data. */
export interface NamedPart extends FileLayout {
  /** Name of the variable that it is a part of. */
  readonly variable: string;
  /** Its name in files and messages, such as `generator.main.0.weight`. */
  readonly name: string;
  /** Where it lies in the variable, in elements. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** Sizes of its axes, in their order here. */
  readonly shape: Shape;
}

/** Sizes of a tensor's axes in their order in files. */
export const fileShape = (shape: Shape, { axes }: FileLayout): number[] =>
  axes.map((axis) => shape[axis]);

/**
 * Where the elements of a file's tensor lie here, in the file's order: one table for writing and
 * reading, so that one cannot but undo the other.
 */
export function fileOrder(shape: Shape, layout: FileLayout): Uint32Array {
  const target = fileShape(shape, layout);
  const strides = fileShape(stridesOf(shape), layout);
  const order = new Uint32Array(sizeOf(shape));
  const at = target.map(() => 0);
  let from = 0;
  for (let i = 0; i < order.length; i++) {
    order[i] = from;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++at[axis] < target[axis]) break;
      from -= strides[axis] * target[axis];
      at[axis] = 0;
    }
  }
  return order;
}
