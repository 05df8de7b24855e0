/** What samples are like beside real pictures, cheap enough to be told all along. */

import {
  fitToSquare,
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

/**
 * Larger pictures are shrunk to this side, which keeps what the numbers tell: whether samples are alike, and
 * how far from real ones. At 256×256 in colour they would take the worker 3 s, which trains no more meanwhile.
 */
const SIDE = 32;

const BINS = 16;

export interface Quality {
  readonly diversity: number;
  readonly distance: number;
  readonly brightness: Brightness;
}

export class QualityGauge {
  readonly #real: Float32Array;
  /** Numbers of a picture as it is looked at. */
  readonly #dimension: number;
  readonly #brightness: readonly number[];
  readonly #diversity: Promise<number>;

  /** @param set pictures of the size that the trainer draws; fewer than two tell nothing */
  constructor(set: ImageSet) {
    const count = Math.min(COUNT, set.count);
    const bytes = set.height * set.width * set.channels;
    const data = new Uint8Array(count * bytes);
    for (let n = 0; n < count; n++) {
      // Spread over the set, which may be sorted.
      const from = Math.floor((n * set.count) / count) * bytes;
      data.set(set.data.subarray(from, from + bytes), n * bytes);
    }
    this.#real = seen({ ...set, count, data });
    this.#dimension = this.#real.length / count;
    this.#brightness = brightnessOf(this.#real, this.#dimension);
    this.#diversity =
      count < 2 ? Promise.resolve(Number.NaN) : pairwiseDiversity(this.#real, this.#dimension);
  }

  async measure(trainer: GanTrainer): Promise<Quality> {
    const count = this.#real.length / this.#dimension;
    const { pixels: data, ...drawn } = await trainer.sample({ count: Math.max(2, count) });
    const samples = seen({ ...drawn, name: 'samples', data });
    const alike = samples.subarray(0, this.#real.length);
    return {
      diversity: (await pairwiseDiversity(samples, this.#dimension)) / (await this.#diversity),
      distance: slicedWasserstein(alike, this.#real, this.#dimension, { projections: PROJECTIONS }),
      brightness: { real: this.#brightness, generated: brightnessOf(samples, this.#dimension) },
    };
  }
}

/** Pictures as they are looked at: no larger than need be, from -1 to 1 as the networks have them. */
function seen(set: Omit<ImageSet, 'labels'>): Float32Array {
  const { data } = set.height > SIDE ? fitToSquare(set, SIDE, set.channels) : set;
  return Float32Array.from(data, (byte) => byte / 127.5 - 1);
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
