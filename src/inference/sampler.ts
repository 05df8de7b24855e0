import { HostRandom } from '../nn/initialisers.ts';
import type { GraphFunction } from '../training/graph-function.ts';
import type { Trainer } from '../training/trainer.ts';
import type { Inference } from './adversarial.ts';
import { InferenceError } from './errors.ts';
import { PosteriorSamples } from './samples.ts';

/** Options of `PosteriorSampler.create`. */
export interface PosteriorSamplerOptions {
  /** Samples of a call; 1000 by default. */
  readonly count?: number;
}

/** Draws posterior samples of observations, as the inference is trained so far. */
export class PosteriorSampler {
  private constructor(
    private readonly fn: GraphFunction<'y' | 'noise', 'theta'>,
    private readonly inference: Inference,
    private readonly count: number,
  ) {}

  /** Compiles it for the trainer of the inference's program. */
  static async create(
    trainer: Pick<Trainer, 'compile'>,
    inference: Inference,
    { count = 1000 }: PosteriorSamplerOptions = {},
  ): Promise<PosteriorSampler> {
    if (!(Number.isInteger(count) && count >= 1)) {
      throw new InferenceError(
        'options',
        `${count} samples are not possible.`,
        'Choose a whole number of at least 1.',
      );
    }
    const fn = await trainer.compile(inference.posterior(count));
    return new PosteriorSampler(fn, inference, count);
  }

  /**
   * Samples of the posterior given y, in the simulator's own units. The same `seed`, by default 0, gives
   * the same noise.
   *
   * Errors: `InferenceError` for a y of another length, or that is not finite.
   */
  async sample(y: ArrayLike<number>, seed = 0): Promise<PosteriorSamples> {
    const { observations, noise, parameters } = this.inference;
    const given = Float32Array.from(y);
    if (given.length !== observations || !given.every(Number.isFinite)) {
      throw new InferenceError(
        'observation',
        `The observation has ${given.length} numbers, ${given.filter(Number.isFinite).length} of them finite.`,
        `Give the ${observations} numbers that the simulator makes.`,
      );
    }
    const random = new HostRandom(seed);
    const epsilon = Float32Array.from({ length: this.count * noise }, () => random.normal());
    const { theta } = await this.fn.call({ y: given, noise: epsilon });
    return new PosteriorSamples(theta, parameters);
  }

  /** Frees its memory. Twice is fine. */
  dispose(): void {
    this.fn.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
