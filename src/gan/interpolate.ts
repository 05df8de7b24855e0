import { GanvasError } from '../graph/errors.ts';

/** Below this angle, and so close to a half turn, the arc between two latents is not defined. */
const SMALLEST_SINE = 1e-6;

/**
 * The point at share `t` of the way from latent `a` to `b` along the arc between them: at t = 0 it is
 * a, at 1 b. White 2016, "Sampling Generative Networks", section 2.1: latents drawn from a normal
 * distribution lie near a sphere, and the straight line between two of them leaves it. Latents that
 * point the same way, or opposite ways, have no arc, and the straight line is taken.
 *
 * Errors: `GanvasError` with the code `latents` where the lengths differ.
 */
export function slerp(a: Float32Array, b: Float32Array, t: number): Float32Array<ArrayBuffer> {
  checkLengths(a, b);
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  const cosine = dot / Math.sqrt(aa * bb);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const sine = Math.sin(angle);
  // Also where a latent is zero, and the angle no number.
  if (!(sine > SMALLEST_SINE)) return lerp(a, b, t);
  return mix(a, b, Math.sin((1 - t) * angle) / sine, Math.sin(t * angle) / sine);
}

const lerp = (a: Float32Array, b: Float32Array, t: number) => mix(a, b, 1 - t, t);

const mix = (a: Float32Array, b: Float32Array, ofA: number, ofB: number) =>
  Float32Array.from(a, (x, i) => ofA * x + ofB * b[i]);

/**
 * `count` latents from `a` to `b`, both included, flat [count, latentDim]: for `sample({ latents })`.
 * `path` is `arc` (`slerp`) for normal latents, `line` for uniform ones.
 *
 * Errors: `GanvasError` with the code `latents` where the lengths differ or `count` is below 2.
 */
export function interpolate(
  a: Float32Array,
  b: Float32Array,
  count: number,
  path: 'arc' | 'line' = 'arc',
): Float32Array<ArrayBuffer> {
  checkLengths(a, b);
  if (!(Number.isInteger(count) && count >= 2)) {
    throw new GanvasError(
      'latents',
      `${count} latents are no way from one to another.`,
      'Ask for a whole number of at least 2.',
    );
  }
  const between = path === 'arc' ? slerp : lerp;
  const all = new Float32Array(count * a.length);
  for (let i = 0; i < count; i++) all.set(between(a, b, i / (count - 1)), i * a.length);
  return all;
}

function checkLengths(a: Float32Array, b: Float32Array): void {
  if (a.length === b.length) return;
  throw new GanvasError(
    'latents',
    `A latent has ${a.length} numbers and the other ${b.length}.`,
    'Take both from one model.',
  );
}
