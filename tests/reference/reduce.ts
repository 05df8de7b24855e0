import { forEachCoordinate, indexOf, type Reference, type ReferenceTable } from './types.ts';

const reduction =
  (start: number, step: (sum: number, x: number) => number): Reference =>
  ({ inputs: [{ shape }], outputs: [output], attrs }, [x]) => {
    const axes = attrs.axes as number[];
    const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
    const y = new Float64Array(output.size).fill(start);
    forEachCoordinate(shape, (at, index) => {
      const to = indexOf(
        output.shape,
        kept.map((axis) => at[axis]),
      );
      y[to] = step(y[to], x[index]);
    });
    return [y];
  };

const total = reduction(0, (sum, x) => sum + x);

export const reduceReference: ReferenceTable = {
  sum: (node, inputs) => [total(node, inputs)[0].map((x) => x * (node.attrs.scale as number))],
  max: reduction(Number.NEGATIVE_INFINITY, Math.max),
};
