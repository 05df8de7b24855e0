import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';

/** Individuals of each kind that a reaction takes and makes: 0, 1 or 2 are taken. */
export interface Reaction {
  /** For each kind, how many must meet. */
  readonly takes: readonly number[];
  /** For each kind, how many come of it. */
  readonly makes: readonly number[];
}

/** What is simulated by `tauLeap`. */
export interface ReactionNetwork {
  /** Individuals of each kind at the start: whole numbers. */
  readonly initial: readonly number[];
  /** One for each rate. */
  readonly reactions: readonly Reaction[];
  /** Time of a leap, τ. */
  readonly tau: number;
  /** Leaps between two records, at least 1. */
  readonly every: number;
}

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0;

function fits({ initial, reactions, tau, every }: ReactionNetwork, leaps: number): boolean {
  const known = (numbers: readonly number[], most: number) =>
    numbers.length === initial.length && numbers.every((n) => isCount(n) && n <= most);
  return (
    initial.length > 0 &&
    known(initial, MOST) &&
    reactions.length > 0 &&
    reactions.every(({ takes, makes }) => known(takes, 2) && known(makes, MOST)) &&
    tau > 0 &&
    Number.isFinite(tau) &&
    isCount(every) &&
    every >= 1 &&
    leaps >= 1 &&
    leaps % every === 0
  );
}

/** Individuals of a kind, at most: float32 counts no further one by one. */
export const MOST = 2 ** 24;
/** Mean from which a Poisson number is made of a normal one. */
export const LARGE_MEAN = 10;
/** The largest Poisson number of a smaller mean that 23 bits of u reach is 33. */
export const MOST_SMALL = 40;

/**
 * Populations [N, records, kinds] of a network of reactions in time, after every `every` leaps, from
 * rates [N, reactions] and numbers u uniform on (0, 1), [leaps, reactions, N]: τ-leaping (Gillespie 2001,
 * "Approximate accelerated stochastic simulation of chemically reacting systems"). Time stands still for
 * a leap, in which reaction r happens Kᵣ times, Poisson of mean τ·rateᵣ·Π over kinds of x where it takes
 * one and x(x − 1)/2 where it takes two.
 *
 * Kᵣ = Q(mean, uᵣ). Below a mean of 10: the least k whose distribution function, summed up term by term,
 * is at least u, or 40. From there on ⌊mean + √mean·w + (2 + w²)/6 − (2w + w³)/(72·√mean)⌋, at least 0,
 * with w the normal quantile of u: Cornish–Fisher's expansion, as in Giles 2016, "Approximation of the
 * inverse Poisson cumulative distribution function".
 *
 * Reactions of a leap are counted one after the other, in their order: none happens more often than
 * what is left for it to take allows, and no kind has more than 2²⁴ individuals. No gradient.
 */
export const tauLeapOp = /* @__PURE__ */ defineOp({
  name: 'tauLeap',
  detached: true,
  infer([rates, uniforms], attrs) {
    const network = attrs as unknown as ReactionNetwork;
    const { initial, reactions, every } = network;
    const [n, count] = rates.shape;
    const [leaps] = uniforms.shape;
    if (
      rates.dtype !== 'f32' ||
      uniforms.dtype !== 'f32' ||
      rates.shape.length !== 2 ||
      uniforms.shape.join() !== [leaps, count, n].join() ||
      count !== reactions.length ||
      !fits(network, leaps)
    ) {
      throw new ShapeError(
        'tauLeap',
        [rates.shape, uniforms.shape],
        `rates [N, ${reactions.length}] and uniform numbers [leaps, ${reactions.length}, N], leaps a ` +
          `multiple of ${every}, and a network of whole numbers for each of ${initial.length} kinds`,
      );
    }
    return [{ shape: [n, leaps / every, initial.length], dtype: 'f32' }];
  },
});

/** A simulation of a network of reactions by τ-leaping; see the operation. */
export const tauLeap = (rates: Tensor, uniforms: Tensor, network: ReactionNetwork): Tensor => {
  const { initial, reactions, tau, every } = network;
  const attrs = {
    ...{ tau, every, initial: [...initial] },
    reactions: reactions.map(({ takes, makes }) => ({ takes: [...takes], makes: [...makes] })),
  };
  return rates.graph.add(tauLeapOp.name, [rates, uniforms], attrs)[0];
};
