/** The pictures of a set that are most like one. */

import type { GanTrainer, ImageSet } from '../../src/index.ts';
import type { Neighbours } from './protocol.ts';

/** The worker has other things to do in between: 60,000 pictures of 32×32 take some 80 ms. */
const SLICE_MS = 8;

/** Pictures between looks at the clock. */
const BLOCK = 64;

export interface Neighbour {
  /** Its number in the set. */
  readonly index: number;
  /** Euclidean, of values from 0 to 1. */
  readonly distance: number;
}

/** Ends the search before. */
let searching = new AbortController();

/**
 * Real pictures that are nearest to what the generator makes of a latent now. One search at a time: a
 * new one ends the one before.
 */
export async function neighboursOf(
  trainer: GanTrainer,
  set: ImageSet,
  latent: Float32Array,
  count: number,
): Promise<Neighbours> {
  searching.abort();
  searching = new AbortController();
  const { signal } = searching;
  const { pixels, step } = await trainer.sample({ latents: latent });
  signal.throwIfAborted();
  const found = await nearestNeighbours(set, pixels, count, signal);
  const { width: size, channels } = set;
  const pictures = new Uint8Array(found.length * pixels.length);
  for (const [n, { index }] of found.entries()) {
    const from = index * pixels.length;
    pictures.set(set.data.subarray(from, from + pixels.length), n * pixels.length);
  }
  return {
    step,
    pictures: { count: found.length, size, channels, pixels: pictures },
    distances: found.map(({ distance }) => distance),
  };
}

/**
 * The `count` pictures of the set that are nearest to one of the same shape, the nearest first: exact,
 * over all of them. Rejects with the reason of `signal` if it is aborted.
 */
export async function nearestNeighbours(
  { data, count: pictures }: Pick<ImageSet, 'data' | 'count'>,
  picture: Uint8Array,
  count: number,
  signal: AbortSignal,
): Promise<Neighbour[]> {
  /** Squares of distances, in bytes; the nearest first. */
  const found: { index: number; square: number }[] = [];
  let worst = Number.POSITIVE_INFINITY;
  let began = performance.now();
  for (let index = 0; index < pictures; index++) {
    if (index % BLOCK === 0 && performance.now() - began > SLICE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      began = performance.now();
    }
    const square = squaredDistance(data, index * picture.length, picture, worst);
    if (square >= worst) continue;
    const place = found.findIndex((other) => other.square > square);
    found.splice(place < 0 ? found.length : place, 0, { index, square });
    if (found.length > count) found.pop();
    if (found.length === count) worst = found[count - 1]!.square;
  }
  return found.map(({ index, square }) => ({ index, distance: Math.sqrt(square) / 255 }));
}

/** Of whole bytes, thus exact. No more than a few terms beyond `enough` are added. */
function squaredDistance(
  data: ArrayLike<number>,
  from: number,
  picture: Uint8Array,
  enough: number,
): number {
  let sum = 0;
  for (let i = 0; i < picture.length; ) {
    const end = Math.min(picture.length, i + 64);
    for (; i < end; i++) {
      const difference = data[from + i]! - picture[i]!;
      sum += difference * difference;
    }
    if (sum >= enough) break;
  }
  return sum;
}
