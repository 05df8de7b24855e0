import { countSamples, metricError } from './errors.ts';

/** What a classifier sees in a set of samples. */
export interface ClassMeasures {
  /** Share of samples of each class, by the most likely one. */
  readonly shares: Float64Array;
  /** Classes that have at least a tenth of an even share. */
  readonly covered: number;
  /**
   * Mean probability of the most likely class, from 1/classes to 1: low where pictures lie between classes.
   * Far from all that it was trained on, such as noise, a classifier may be sure of one class all the
   * same, which `shares` show.
   */
  readonly confidence: number;
}

/**
 * Class coverage and confidence from a classifier's probabilities, flat [count, classes]. A class counts
 * as covered with at least 1/(10·classes) of the samples: some are misread even of perfect pictures.
 *
 * @throws {GanvasError} if there are no samples, or parts of samples; code `metric`.
 */
export function classMeasures(probabilities: ArrayLike<number>, classes: number): ClassMeasures {
  const count = countSamples(probabilities, classes, 1);
  const shares = new Float64Array(classes);
  let confidence = 0;
  for (let i = 0; i < count; i++) {
    let best = 0;
    for (let c = 1; c < classes; c++)
      if (probabilities[i * classes + c] > probabilities[i * classes + best]) best = c;
    shares[best] += 1 / count;
    confidence += probabilities[i * classes + best] / count;
  }
  const least = 1 / (10 * classes);
  // Sums of 1/count are a little off.
  const covered = shares.reduce((n, share) => n + (share >= least * (1 - 1e-9) ? 1 : 0), 0);
  return { shares, covered, confidence };
}

/**
 * Total variation distance of shares of classes, ½·Σ|p − q|: the share of pictures that would have to be
 * of another class for classes to be as frequent as there. 0 where they are, at most 1.
 *
 * @throws {GanvasError} if the numbers of classes differ; code `metric`.
 */
export function classDistance(shares: ArrayLike<number>, real: ArrayLike<number>): number {
  if (shares.length !== real.length) {
    throw metricError(
      `There are shares of ${shares.length} and of ${real.length} classes.`,
      'Give shares of the same classes.',
    );
  }
  let sum = 0;
  for (let c = 0; c < shares.length; c++) sum += Math.abs(shares[c] - real[c]) / 2;
  return sum;
}
