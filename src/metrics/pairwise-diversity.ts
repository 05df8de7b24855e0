import { countSamples } from './errors.ts';
import { hostProducts, type PairOptions } from './products.ts';

/**
 * The mean Euclidean distance of two different samples of a set of at least two, flat rows of `dimension`
 * numbers of any kind. A generator that collapses to a few pictures has less of it than real ones have;
 * one that draws noise has more: compare it with that of real samples.
 *
 * @throws {GanvasError} if there are fewer than two, or parts of samples; code `metric`.
 */
export async function pairwiseDiversity(
  samples: Float32Array,
  dimension: number,
  { products = hostProducts }: PairOptions = {},
): Promise<number> {
  const count = countSamples(samples, dimension, 2);
  const squares = new Float64Array(count);
  let sum = 0;
  let i = 0;
  for await (const row of products(samples, samples, dimension)) {
    // Of each pair once, when both squares are known. Products of equal samples are equal to the last
    // digit, so that those are exactly 0 apart.
    squares[i] = row[i];
    for (let j = 0; j < i; j++) sum += Math.sqrt(Math.max(squares[i] + squares[j] - 2 * row[j], 0));
    i++;
  }
  return sum / ((count * (count - 1)) / 2);
}
