/** What the tab Explore does with latents, in numbers alone. */

import { HostRandom, interpolate } from '../src/index.ts';
import type { Latents } from './engine/protocol.ts';

export type Law = Latents['law'];

/** Of at least one latent. */
export function mean(latents: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    latents[0]!,
    (_, i) => latents.reduce((sum, latent) => sum + latent[i]!, 0) / latents.length,
  );
}

/** `count` latents from `a` to `b`: on the arc between normal ones, on the line between uniform ones. */
export function wayBetween(
  a: Float32Array,
  b: Float32Array,
  count: number,
  law: Law,
): Float32Array {
  return interpolate(a, b, count, law === 'normal' ? 'arc' : 'line');
}

const length = (latent: Float32Array) => Math.hypot(...latent);

/**
 * A place in the plane through three latents: `a` at (0, 0), `b` at (1, 0), `c` at (0, 1), and so
 * b + c − a at (1, 1), the analogy of White 2016, "Sampling Generative Networks", section 2.2. Between
 * normal latents their length is kept, of which the plane's inside would have less than any sample.
 */
export function inPlane(
  [a, b, c]: readonly [Float32Array, Float32Array, Float32Array],
  [u, v]: readonly [number, number],
  law: Law,
): Float32Array {
  const flat = a.map((x, i) => x + u * (b[i]! - x) + v * (c[i]! - x));
  if (law !== 'normal') return flat;
  const from = length(a);
  const wanted = from + u * (length(b) - from) + v * (length(c) - from);
  const has = length(flat);
  // Opposite latents meet where there is no direction to keep.
  return has > 0 ? flat.map((x) => (x * wanted) / has) : flat;
}

/** `side` × `side` places of the square between (0, 0) and (1, 1), row by row; v is that of the row. */
export function planeGrid(
  corners: readonly [Float32Array, Float32Array, Float32Array],
  side: number,
  law: Law,
): Float32Array {
  const places = Array.from({ length: side * side }, (_, n) => {
    const [row, column] = [Math.floor(n / side), n % side];
    return inPlane(corners, [column / (side - 1), row / (side - 1)], law);
  });
  return flat(places);
}

/** a − b + c: Radford, Metz and Chintala 2016, section 6.3.2. */
export const arithmetic = (a: Float32Array, b: Float32Array, c: Float32Array): Float32Array =>
  a.map((x, i) => x - b[i]! + c[i]!);

/** Uniform noise of as much is added there to show what is near a result. */
const JITTER = 0.25;

/** Nine latents: one in the middle, and noise added to it around. Always the same noise. */
export function jittered(latent: Float32Array): Float32Array {
  const random = new HostRandom(1, 0);
  const around = Array.from({ length: 9 }, (_, n) =>
    n === 4 ? latent : latent.map((x) => x + JITTER * (2 * random.uniform() - 1)),
  );
  return flat(around);
}

/** One array of latents of one length. */
export function flat(latents: readonly Float32Array[]): Float32Array {
  const dimension = latents[0]?.length ?? 0;
  const all = new Float32Array(latents.length * dimension);
  for (const [n, latent] of latents.entries()) all.set(latent, n * dimension);
  return all;
}
