import type { Node } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/graph/shape.ts';

/** Computes the outputs of a node from the values of its inputs, in float64. */
export type Reference = (node: Node, inputs: readonly Float64Array[]) => Float64Array[];
export type ReferenceTable = Readonly<Record<string, Reference>>;

/** Visits every coordinate of a shape in row-major order. `at` is reused: copy it to keep it. */
export function forEachCoordinate(
  shape: Shape,
  visit: (at: readonly number[], index: number) => void,
): void {
  const count = shape.reduce((product, n) => product * n, 1);
  const at = shape.map(() => 0);
  for (let index = 0; index < count; index++) {
    visit(at, index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++at[axis] < shape[axis]) break;
      at[axis] = 0;
    }
  }
}

/** Row-major index of a coordinate. */
export function indexOf(shape: Shape, at: readonly number[]): number {
  let index = 0;
  for (let axis = 0; axis < shape.length; axis++) index = index * shape[axis] + at[axis];
  return index;
}
