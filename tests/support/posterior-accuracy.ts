// How near posterior samples are to a posterior that is known.
import type { ConjugateGaussian, PosteriorSampler } from '../../src/index.ts';
import { normalQuantile } from '../reference/tau-leap.ts';

export interface Accuracy {
  /** Root mean square error of the mean over the observations, in exact posterior deviations. */
  readonly mean: number;
  /** The largest error of a mean among them, likewise. */
  readonly worstMean: number;
  /** Mean of (variance / exact variance − 1) over the observations. */
  readonly varianceBias: number;
  /** The largest |variance / exact variance − 1| among them. */
  readonly worstVariance: number;
}

/** Over observations of one number each. */
export async function accuracy(
  model: ConjugateGaussian,
  sampler: PosteriorSampler,
  observations: readonly number[],
): Promise<Accuracy> {
  const errors: { mean: number; variance: number }[] = [];
  for (const y of observations) {
    const exact = model.exact([y]);
    const samples = await sampler.sample([y], 7);
    errors.push({
      mean: (samples.mean()[0] - exact.mean) / Math.sqrt(exact.variance),
      variance: samples.variance()[0] / exact.variance - 1,
    });
  }
  const worst = (values: number[]) => Math.max(...values.map(Math.abs));
  const count = errors.length;
  return {
    mean: Math.sqrt(errors.reduce((sum, e) => sum + e.mean ** 2, 0) / count),
    worstMean: worst(errors.map((e) => e.mean)),
    varianceBias: errors.reduce((sum, e) => sum + e.variance, 0) / count,
    worstVariance: worst(errors.map((e) => e.variance)),
  };
}

/** θ ~ N(3, 2²), y ~ N(θ, 1.5²). */
export const knownModel = { priorMean: 3, priorDeviation: 2, deviation: 1.5 };

/**
 * How it is trained until its posterior is right. What is left then is chance: it falls with the root of the
 * simulations, 3 million here, and of the rate at which f follows the ratio net's noise.
 */
export const knownTraining = { steps: 3000, batchSize: 1024, lr: 2e-4 };

/** How predators and prey are. */
export const preyTraining = { steps: 600, lr: 1e-3, r1: 0.3 };

/** The middles of 20 equally likely parts of the y of that model: its rare ends and what is usual. */
export const twentyObservations = Array.from(
  { length: 20 },
  (_, i) => 3 + 2.5 * normalQuantile((i + 0.5) / 20),
);
