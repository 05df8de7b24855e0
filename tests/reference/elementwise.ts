import type { Shape } from '../../src/graph/shape.ts';
import { elementwiseTable } from '../../src/ops/elementwise.ts';
import { forEachCoordinate, type Reference, type ReferenceTable } from './types.ts';

/** Where broadcasting finds the element of `shape` that belongs at a coordinate of the result. */
function broadcastIndex(shape: Shape, at: readonly number[]): number {
  const lead = at.length - shape.length;
  let index = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    index = index * shape[axis] + (shape[axis] === 1 ? 0 : at[lead + axis]);
  }
  return index;
}

const elementwise =
  (name: string): Reference =>
  (node, inputs) => {
    const { f64 } = elementwiseTable[name];
    const [{ shape, size }] = node.outputs;
    const y = new Float64Array(size);
    const args = inputs.map(() => 0);
    forEachCoordinate(shape, (at, index) => {
      for (let i = 0; i < inputs.length; i++) {
        const x = node.inputs[i].shape;
        args[i] = inputs[i][x.length === 0 ? 0 : broadcastIndex(x, at)];
      }
      y[index] = f64(args, node.attrs);
    });
    return [y];
  };

export const elementwiseReference: ReferenceTable = {
  ...Object.fromEntries(Object.keys(elementwiseTable).map((name) => [name, elementwise(name)])),
  constant: ({ outputs: [{ size }], attrs }) => [
    new Float64Array(size).fill(attrs.value as number),
  ],
};
