import type { Tensor } from '../graph/graph.ts';
import type { StepContext } from '../training/definition.ts';
import { InferenceError } from './errors.ts';

/** What a simulator is made of: random numbers, drawn anew on the device at each run. */
export type RandomNumbers = Pick<StepContext, 'graph' | 'normal' | 'uniform'>;

/**
 * A model whose likelihood nobody can write down, but which can be run: θ from a prior, then an
 * observation y given θ. Both are written in operations and called once, while a step is traced.
 * Nothing is differentiated through them.
 *
 * ```ts
 * const coin: Simulator = {
 *   parameters: 1,
 *   observations: 10,
 *   prior: ({ uniform }, count) => uniform([count, 1]),
 *   simulate: (theta, { uniform }) => greater(theta, uniform([theta.shape[0], 10])),
 * };
 * ```
 */
export interface Simulator {
  /** Numbers in θ. */
  readonly parameters: number;
  /** Numbers in an observation y. */
  readonly observations: number;
  /**
   * Draws θ [count, parameters] from the prior. Each may have units of its own; a θ that must be
   * positive is best given as its logarithm, as posterior samples may be any real number.
   */
  prior(random: RandomNumbers, count: number): Tensor;
  /** Draws y [count, observations], one for each row of θ [count, parameters]. */
  simulate(theta: Tensor, random: RandomNumbers): Tensor;
}

const isDimension = (n: number): boolean => Number.isInteger(n) && n >= 1;

function checkShape(what: string, tensor: Tensor, expected: readonly [number, number]): Tensor {
  const { shape, dtype } = tensor;
  if (dtype !== 'f32' || shape.join() !== expected.join()) {
    throw new InferenceError(
      'simulator',
      `The simulator's ${what} is ${dtype} [${shape.join(', ')}] where it should be f32 [${expected.join(', ')}].`,
      'Return a row for each θ, with as many numbers as the simulator says.',
    );
  }
  return tensor;
}

/**
 * `count` draws from the joint distribution of θ and y.
 *
 * Errors: `InferenceError` for a simulator whose tensors have other shapes than it says.
 */
export function drawJoint(
  { parameters, observations, prior, simulate }: Simulator,
  random: RandomNumbers,
  count: number,
): { theta: Tensor; y: Tensor } {
  if (!isDimension(parameters) || !isDimension(observations)) {
    throw new InferenceError(
      'simulator',
      `The simulator has ${parameters} parameters and ${observations} observations.`,
      'Give whole numbers of at least 1.',
    );
  }
  const theta = checkShape('θ', prior(random, count), [count, parameters]);
  const y = checkShape('y', simulate(theta, random), [count, observations]);
  return { theta, y };
}
