import { InferenceError } from './errors.ts';
import type { PosteriorSamples } from './samples.ts';
import type { Simulations } from './simulate.ts';

/** The values of a parameter that an interval holds. */
export interface Interval {
  /** Its lower end. */
  readonly low: number;
  /** Its upper end. */
  readonly high: number;
}

/** Intervals that hold the true θ as often as they say: made by `calibrate`. */
export interface CalibratedIntervals {
  /** By how much of its width each parameter's interval grows at both ends; shrinks, if below 0. */
  readonly margins: readonly number[];
  /** The interval of each parameter of a posterior. */
  interval(samples: PosteriorSamples): Interval[];
}

/**
 * Makes intervals honest on simulations whose θ is known. A posterior that is learned may be too narrow
 * or too wide. Here the middle `level` of its samples is widened, by the same share of its width for
 * every observation, until it holds as many of the simulations' θ as it says: then an interval of a new
 * simulation of the same prior holds its θ with a probability of at least `level`, whatever the posterior
 * is like (split conformal prediction: Romano, Patterson & Candès 2019, "Conformalized quantile
 * regression", with margins as shares of the width). It is true on average over observations, not of
 * each, and for each parameter by itself.
 *
 * ```ts
 * const fresh = await simulate(engine, simulator, { count: 200, seed: 2 });
 * const calibrated = await calibrate((y) => sampler.sample(y), fresh, 0.9);
 * calibrated.interval(await sampler.sample(observed));
 * ```
 *
 * @param infer the posterior of an observation
 * @param simulations that nothing was trained with; 200 leave about 2 % of chance in a level of 90 %
 * Errors: `InferenceError` for a level that is not between 0 and 1, or that takes more simulations.
 */
export async function calibrate(
  infer: (y: Float32Array) => PosteriorSamples | Promise<PosteriorSamples>,
  { theta, y, count }: Simulations,
  level: number,
): Promise<CalibratedIntervals> {
  // Of count + 1 that are alike, the new one is as likely to be at any place.
  const rank = Math.ceil((count + 1) * level);
  if (!(level > 0 && level < 1 && rank <= count)) {
    throw new InferenceError(
      'options',
      `${count} simulations cannot calibrate intervals of level ${level}.`,
      'Choose a level between 0 and 1, and more simulations the nearer it is to 1.',
    );
  }
  const [parameters, observations] = [theta.length / count, y.length / count];
  const excess = Array.from({ length: parameters }, () => new Float64Array(count));
  for (let row = 0; row < count; row++) {
    const samples = await infer(y.subarray(row * observations, (row + 1) * observations));
    for (const [k, { low, high }] of samples.interval(level).entries()) {
      const truth = theta[row * parameters + k];
      excess[k][row] = Math.max(low - truth, truth - high) / (high - low);
    }
  }
  const margins = excess.map((values) => values.sort()[rank - 1]);
  return {
    margins,
    interval: (samples) =>
      samples.interval(level).map(({ low, high }, k) => {
        const margin = margins[k] * (high - low);
        return { low: low - margin, high: high + margin };
      }),
  };
}
