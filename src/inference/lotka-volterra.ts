import type { Tensor } from '../graph/graph.ts';
import { add, exp, log, mul } from '../ops/elementwise.ts';
import { concat, reshape } from '../ops/movement.ts';
import { type ReactionNetwork, tauLeap } from '../ops/tau-leap.ts';
import type { Simulator } from './simulator.ts';

/** Options of `lotkaVolterra`. */
export interface LotkaVolterraOptions {
  /** What is observed of both kinds: their numbers at times 1, 2, … up to this; 16 by default. */
  readonly duration?: number;
  /** Leaps of a unit of time, see `tauLeap`; 16 by default. */
  readonly leaps?: number;
  /** Predators and prey at time 0; 50 and 100 by default. */
  readonly initial?: readonly [predators: number, prey: number];
  /** Medians of the rates θ₁ to θ₄; 0.01, 0.5, 1 and 0.01 by default. */
  readonly rates?: readonly [number, number, number, number];
  /** Deviation of the logarithm of each rate in the prior; 0.5 by default. */
  readonly deviation?: number;
}

/**
 * Predators x and prey y as a Markov jump process (Lotka 1920, Volterra 1926; as a test of inference
 * Papamakarios & Murray 2016, "Fast ε-free inference of simulation models with Bayesian conditional density
 * estimation", with these four reactions and these rates):
 *
 * - a predator is born, at rate θ₁·x·y; one dies, θ₂·x
 * - a prey is born, θ₃·y; one is eaten, θ₄·x·y
 *
 * in leaps of τ. θ are the logarithms of the rates, with normal priors. An observation is log(1 + count)
 * of predators and of prey at each unit of time.
 */
export function lotkaVolterra({
  duration = 16,
  leaps = 16,
  initial = [50, 100],
  rates = [0.01, 0.5, 1, 0.01],
  deviation = 0.5,
}: LotkaVolterraOptions = {}): Simulator {
  const network: ReactionNetwork = {
    ...{ initial, tau: 1 / leaps, every: leaps },
    reactions: [
      { takes: [1, 1], makes: [2, 1] },
      { takes: [1, 0], makes: [0, 0] },
      { takes: [0, 1], makes: [0, 2] },
      { takes: [1, 1], makes: [1, 0] },
    ],
  };
  return {
    parameters: 4,
    observations: 2 * duration,
    prior({ normal }, count) {
      const columns = rates.map(
        (rate): Tensor => add(mul(normal([count, 1]), deviation), Math.log(rate)),
      );
      return concat(columns, 1);
    },
    simulate(theta, { uniform }) {
      const [count] = theta.shape;
      const numbers = uniform([duration * leaps, 4, count]);
      const populations = tauLeap(exp(theta), numbers, network);
      return reshape(log(add(populations, 1)), [count, 2 * duration]);
    },
  };
}
