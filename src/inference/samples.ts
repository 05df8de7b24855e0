import type { Interval } from './calibrate.ts';
import { InferenceError } from './errors.ts';

/** Samples of a posterior: rows of θ, all of the same weight. */
export class PosteriorSamples {
  constructor(
    /** Flat, [count, parameters]. */
    readonly values: Float32Array<ArrayBuffer>,
    /** Numbers in θ. */
    readonly parameters: number,
  ) {
    const count = values.length / parameters;
    if (!(Number.isInteger(count) && count >= 1)) {
      throw new InferenceError(
        'options',
        `${values.length} numbers are no samples of ${parameters} parameters.`,
        'Give at least one row of as many numbers as there are parameters.',
      );
    }
  }

  /** How many there are. */
  get count(): number {
    return this.values.length / this.parameters;
  }

  /** All samples of one parameter. */
  column(index: number): Float64Array {
    const { values, parameters, count } = this;
    return Float64Array.from({ length: count }, (_, row) => values[row * parameters + index]);
  }

  private ofEach<T>(what: (column: Float64Array) => T): T[] {
    return Array.from({ length: this.parameters }, (_, i) => what(this.column(i)));
  }

  /** Mean of each parameter. */
  mean(): number[] {
    return this.ofEach(meanOf);
  }

  /** Variance of each parameter, about the samples' own mean: unbiased, 0 of a single sample. */
  variance(): number[] {
    return this.ofEach((column) => {
      const mean = meanOf(column);
      const squares = column.reduce((sum, x) => sum + (x - mean) ** 2, 0);
      return column.length > 1 ? squares / (column.length - 1) : 0;
    });
  }

  /** The value of each parameter that a share `p` of the samples lies below, interpolated as NumPy's. */
  quantile(p: number): number[] {
    if (!(p >= 0 && p <= 1))
      throw new InferenceError('options', `There is no quantile ${p}.`, 'It must be from 0 to 1.');
    return this.ofEach((column) => {
      const sorted = column.sort();
      const at = p * (sorted.length - 1);
      const below = Math.floor(at);
      const above = Math.min(below + 1, sorted.length - 1);
      return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    });
  }

  /** The middle `level` of the samples of each parameter, such as 0.9: as many lie below as above. */
  interval(level: number): Interval[] {
    const low = this.quantile((1 - level) / 2);
    const high = this.quantile((1 + level) / 2);
    return low.map((value, i) => ({ low: value, high: high[i] }));
  }
}

const meanOf = (column: Float64Array): number =>
  column.reduce((sum, x) => sum + x, 0) / column.length;
