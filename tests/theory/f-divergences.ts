// The divergences of f-GAN by their definition: D_f(P‖Q) = E_Q f(p/q).
import type { Divergence } from '../../src/index.ts';

export interface Definition {
  f(u: number): number;
  /** f′, where D’s bound is tight: T*(x) = f′(p(x)/q(x)). */
  slope(u: number): number;
}

/** Generator functions of Nowozin et al. 2016. */
export const definitions: Record<Divergence, Definition> = {
  kl: { f: (u) => u * Math.log(u), slope: (u) => 1 + Math.log(u) },
  'reverse-kl': { f: (u) => -Math.log(u), slope: (u) => -1 / u },
  pearson: { f: (u) => (u - 1) ** 2, slope: (u) => 2 * (u - 1) },
  hellinger: { f: (u) => (Math.sqrt(u) - 1) ** 2, slope: (u) => 1 - 1 / Math.sqrt(u) },
  'jensen-shannon': {
    f: (u) => u * Math.log(u) - (u + 1) * Math.log((u + 1) / 2),
    slope: (u) => Math.log((2 * u) / (u + 1)),
  },
  gan: {
    f: (u) => u * Math.log(u) - (u + 1) * Math.log(u + 1),
    slope: (u) => Math.log(u / (u + 1)),
  },
};
