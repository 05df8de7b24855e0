/** Sizes of a tensor's axes, outermost first. `[]` is a scalar. Activations are `[N, H, W, C]`. */
export type Shape = readonly number[];

/** Element types. `u8` is only ever a resident data set: four elements are packed in each `u32`. */
export type DType = 'f32' | 'u32' | 'u8';

/** What is known of a tensor before it has a value. */
export interface TensorType {
  /** Sizes of its axes. */
  readonly shape: Shape;
  /** Type of its elements. */
  readonly dtype: DType;
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, n) => product * n, 1);

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Bytes of a dense tensor, rounded up to 16 so that a kernel may bind it as `vec4`. */
export const byteSize = ({ shape, dtype }: TensorType): number =>
  Math.ceil((sizeOf(shape) * (dtype === 'u8' ? 1 : 4)) / 16) * 16;

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** NumPy's broadcasting of any number of shapes, or `undefined` where they do not fit. */
export function broadcastShapes(shapes: readonly Shape[]): number[] | undefined {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i++) {
      const axis = rank - shape.length + i;
      if (shape[i] === 1 || shape[i] === result[axis]) continue;
      if (result[axis] !== 1) return undefined;
      result[axis] = shape[i];
    }
  }
  return result;
}

/** Axes as non-negative numbers in ascending order, `undefined` meaning all; `null` if one is not there. */
export function normaliseAxes(rank: number, axes?: readonly number[]): number[] | null {
  const all = axes ?? Array.from({ length: rank }, (_, i) => i);
  const result = [...new Set(all.map((a) => (a < 0 ? a + rank : a)))].sort((a, b) => a - b);
  return result.every((a) => Number.isInteger(a) && a >= 0 && a < rank) ? result : null;
}
