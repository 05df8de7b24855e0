import { add, mul } from '../ops/elementwise.ts';
import type { Simulator } from './simulator.ts';

/** A normal mean with a normal prior, and what is known of it without any inference. */
export interface ConjugateGaussian extends Simulator {
  /** The exact posterior given y, which is normal. */
  exact(y: ArrayLike<number>): {
    /** Of θ given y. */
    readonly mean: number;
    /** Likewise. */
    readonly variance: number;
  };
}

/** Options of `conjugateGaussian`. */
export interface ConjugateGaussianOptions {
  /** Of θ before anything is observed; 0 by default. */
  readonly priorMean?: number;
  /** Likewise; 1 by default. */
  readonly priorDeviation?: number;
  /** Of an observation about θ; 1 by default. */
  readonly deviation?: number;
  /** Observations of one θ; 1 by default. */
  readonly observations?: number;
}

/**
 * θ ~ N(m, s²), and y independent N(θ, σ²): the posterior is normal, of the precision 1/s² + n/σ² and the
 * mean (m/s² + Σy/σ²) / precision. To see whether an inference finds what is known.
 */
export function conjugateGaussian({
  priorMean = 0,
  priorDeviation = 1,
  deviation = 1,
  observations = 1,
}: ConjugateGaussianOptions = {}): ConjugateGaussian {
  return {
    parameters: 1,
    observations,
    prior: ({ normal }, count) => add(mul(normal([count, 1]), priorDeviation), priorMean),
    simulate: (theta, { normal }) =>
      add(theta, mul(normal([theta.shape[0], observations]), deviation)),
    exact(y) {
      const variance = 1 / (1 / priorDeviation ** 2 + y.length / deviation ** 2);
      const sum = Array.from(y).reduce((a, b) => a + b, 0);
      return {
        variance,
        mean: variance * (priorMean / priorDeviation ** 2 + sum / deviation ** 2),
      };
    },
  };
}
