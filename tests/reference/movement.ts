// Written without the operations' access rules, so that the two check each other.
import { forEachCoordinate, indexOf, type ReferenceTable } from './types.ts';

export const movementReference: ReferenceTable = {
  view({ outputs: [y], attrs }, [x]) {
    const offset = attrs.offset as number;
    return [x.slice(offset, offset + y.size)];
  },

  pack({ attrs }, inputs) {
    const y = new Float64Array(attrs.size as number);
    const offsets = attrs.offsets as number[];
    inputs.forEach((x, i) => {
      y.set(x, offsets[i]);
    });
    return [y];
  },

  /** y[…, at(axes[i]), …] = x[at]. */
  transpose({ inputs: [{ shape }], outputs: [output], attrs }, [x]) {
    const axes = attrs.axes as number[];
    const y = new Float64Array(output.size);
    forEachCoordinate(shape, (at, index) => {
      y[
        indexOf(
          output.shape,
          axes.map((axis) => at[axis]),
        )
      ] = x[index];
    });
    return [y];
  },

  slice({ inputs: [input], outputs: [{ shape, size }], attrs }, [x]) {
    const start = attrs.start as number[];
    const y = new Float64Array(size);
    forEachCoordinate(shape, (at, index) => {
      y[index] =
        x[
          indexOf(
            input.shape,
            at.map((n, axis) => n + start[axis]),
          )
        ];
    });
    return [y];
  },

  pad({ inputs: [{ shape }], outputs: [output], attrs }, [x]) {
    const before = attrs.before as number[];
    const y = new Float64Array(output.size);
    forEachCoordinate(shape, (at, index) => {
      y[
        indexOf(
          output.shape,
          at.map((n, axis) => n + before[axis]),
        )
      ] = x[index];
    });
    return [y];
  },

  /** y[at] = x[at − shift], picture by picture. */
  translate({ outputs: [{ shape, size }], attrs }, [x, shifts]) {
    const y = new Float64Array(size);
    const sign = attrs.back ? -1 : 1;
    forEachCoordinate(shape, ([n, row, column, c], index) => {
      const [down, right] = [0, 1].map((k) => sign * Math.floor(shifts[2 * n + k] + 0.5));
      const from = [n, row - down, column - right, c];
      if (from.every((i, axis) => i >= 0 && i < shape[axis])) y[index] = x[indexOf(shape, from)];
    });
    return [y];
  },

  broadcastTo({ inputs: [input], outputs: [{ shape, size }] }, [x]) {
    const lead = shape.length - input.rank;
    const y = new Float64Array(size);
    forEachCoordinate(shape, (at, index) => {
      y[index] =
        x[
          indexOf(
            input.shape,
            input.shape.map((n, axis) => (n === 1 ? 0 : at[lead + axis])),
          )
        ];
    });
    return [y];
  },
};
