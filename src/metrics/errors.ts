import { GanvasError } from '../graph/errors.ts';

/** Refuses what no measure can take. */
export const metricError = (message: string, advice: string): GanvasError =>
  new GanvasError('metric', message, advice);

/**
 * How many samples there are in flat rows of `dimension` numbers.
 *
 * @throws {GanvasError} if that is no whole number, or less than `least`; code `metric`.
 */
export function countSamples(
  samples: ArrayLike<number>,
  dimension: number,
  least: number,
  what = 'The set',
): number {
  const count = samples.length / dimension;
  if (Number.isInteger(count) && Number.isInteger(dimension) && count >= least) return count;
  throw metricError(
    `${what} of ${samples.length} numbers is not at least ${least} samples of ${dimension}.`,
    'Give whole samples, flattened one after the other, and enough of them.',
  );
}
