/** What samples are like beside real pictures, cheap enough to be told all along. */

import {
  type GanTrainer,
  type ImageSet,
  pairwiseDiversity,
  slicedWasserstein,
} from '../../src/index.ts';
import type { Brightness } from './protocol.ts';

/** Samples that are looked at, and real pictures beside them. */
const COUNT = 64;

/** 64 of 32×32 take some 10 ms of the worker's time. */
const PROJECTIONS = 64;

const BINS = 16;

export interface Quality {
  readonly diversity: number;
  readonly distance: number;
  readonly brightness: Brightness;
}

export class QualityGauge {
  readonly #real: Float32Array;
  readonly #dimension: number;
  readonly #brightness: readonly number[];
  readonly #diversity: Promise<number>;

  /** @param set pictures of the size that the trainer draws; fewer than two tell nothing */
  constructor(set: ImageSet) {
    this.#dimension = set.height * set.width * set.channels;
    const count = Math.min(COUNT, set.count);
    // Spread over the set, which may be sorted.
    const chosen = Array.from({ length: count }, (_, n) => Math.floor((n * set.count) / count));
    this.#real = new Float32Array(count * this.#dimension);
    for (const [n, index] of chosen.entries()) {
      const from = index * this.#dimension;
      this.#real.set(set.data.subarray(from, from + this.#dimension), n * this.#dimension);
    }
    scale(this.#real);
    this.#brightness = brightnessOf(this.#real, this.#dimension);
    this.#diversity =
      count < 2 ? Promise.resolve(Number.NaN) : pairwiseDiversity(this.#real, this.#dimension);
  }

  async measure(trainer: GanTrainer): Promise<Quality> {
    const count = this.#real.length / this.#dimension;
    const { pixels } = await trainer.sample({ count: Math.max(2, count) });
    const samples = scale(Float32Array.from(pixels));
    const alike = samples.subarray(0, this.#real.length);
    return {
      diversity: (await pairwiseDiversity(samples, this.#dimension)) / (await this.#diversity),
      distance: slicedWasserstein(alike, this.#real, this.#dimension, { projections: PROJECTIONS }),
      brightness: { real: this.#brightness, generated: brightnessOf(samples, this.#dimension) },
    };
  }
}

/** Bytes to what the networks see, in place. */
function scale(values: Float32Array): Float32Array {
  for (let i = 0; i < values.length; i++) values[i] = values[i]! / 127.5 - 1;
  return values;
}

function brightnessOf(samples: Float32Array, dimension: number): number[] {
  const counts = Array<number>(BINS).fill(0);
  const count = samples.length / dimension;
  for (let n = 0; n < count; n++) {
    let sum = 0;
    for (let i = n * dimension; i < (n + 1) * dimension; i++) sum += samples[i]!;
    const bin = Math.floor(((sum / dimension + 1) / 2) * BINS);
    counts[Math.min(BINS - 1, Math.max(0, bin))]! += 1 / count;
  }
  return counts;
}
