import { GanvasError } from '../graph/errors.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';

/**
 * Pseudo-random numbers on the host, for initial parameters: xoshiro128** (Blackman & Vigna 2018)
 * seeded by SplitMix32. Not for cryptography. The same seed gives the same numbers everywhere.
 */
export class HostRandom {
  private readonly s: Uint32Array;
  private spare: number | undefined;

  /** `stream` tells apart independent sequences of one seed. */
  constructor(seed: number, stream = 0) {
    let x = (seed ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0;
    this.s = Uint32Array.from({ length: 4 }, () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    });
  }

  /** A 32-bit integer. */
  bits(): number {
    const { s } = this;
    const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k));
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }

  /** Uniform on (0, 1). */
  uniform(): number {
    return (this.bits() + 0.5) / 2 ** 32;
  }

  /** Mean 0, variance 1 (Box & Muller 1958). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    const r = Math.sqrt(-2 * Math.log(this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.spare = r * Math.sin(angle);
    return r * Math.cos(angle);
  }
}

/** How a parameter starts. Makes `size(shape)` numbers. */
export type Initialiser = (shape: Shape, random: HostRandom) => Float32Array<ArrayBuffer>;

const fill = (shape: Shape, value: () => number) =>
  Float32Array.from({ length: sizeOf(shape) }, value);

/** Every element is `value`. */
export const constantInit =
  (value: number): Initialiser =>
  (shape) =>
    new Float32Array(sizeOf(shape)).fill(value);

/** Every element is 0. */
export const zerosInit: Initialiser = constantInit(0);

/** Normal with the given mean and standard deviation. */
export const normalInit =
  (mean: number, std: number): Initialiser =>
  (shape, random) =>
    fill(shape, () => mean + std * random.normal());

/** Uniform on (−bound, bound). */
export const uniformInit =
  (bound: number): Initialiser =>
  (shape, random) =>
    fill(shape, () => bound * (2 * random.uniform() - 1));

/** What a Kaiming initialiser keeps the variance of activations through. */
export interface KaimingOptions {
  /** Negative slope of the LeakyReLU that follows; 0 for ReLU. */
  readonly slope?: number;
  /** Inputs that each output is a sum over. */
  readonly fanIn: number;
}

const gain = (slope: number): number => Math.sqrt(2 / (1 + slope * slope));

/** He et al. 2015, normal form: std = gain / √fanIn. PyTorch's `kaiming_normal_`. */
export function kaimingNormalInit({ slope = 0, fanIn }: KaimingOptions): Initialiser {
  if (!(fanIn > 0))
    throw new GanvasError('initialiser', `fanIn must be positive, got ${fanIn}.`, '');
  return normalInit(0, gain(slope) / Math.sqrt(fanIn));
}

/** He et al. 2015, uniform form: bound = gain · √(3 / fanIn). PyTorch's `kaiming_uniform_`. */
export function kaimingUniformInit({ slope = 0, fanIn }: KaimingOptions): Initialiser {
  if (!(fanIn > 0))
    throw new GanvasError('initialiser', `fanIn must be positive, got ${fanIn}.`, '');
  return uniformInit(gain(slope) * Math.sqrt(3 / fanIn));
}

/** What PyTorch's Linear and Conv layers start with: uniform within ±1/√fanIn, weight and bias alike. */
export const pytorchDefaultInit = (fanIn: number): Initialiser => uniformInit(1 / Math.sqrt(fanIn));
