import { gradients } from '../graph/autodiff.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { add, clamp, mul, sqrt, square, sub } from '../ops/elementwise.ts';
import { mean, sum } from '../ops/reduce.ts';
import type { Net } from './net.ts';

/**
 * Traces the newest parameters of a net being limited to [−limit, limit], after its `minimise`
 * (Arjovsky et al. 2017, algorithm 1, line 7). All of them are, those of normalisations too.
 */
export function clipWeights(net: Net, graph: Graph, limit: number): void {
  graph.assign(net.variable, clamp(net.weights(graph), -limit, limit));
}

/** ‖∂ Σ values / ∂x‖² of each item of x [N, …], as [N]. */
function squaredSlopes(values: Tensor, x: Tensor): Tensor {
  const [slope] = gradients(sum(values), [x]);
  const ofAnItem = x.shape.map((_, axis) => axis).slice(1);
  return sum(square(slope), ofAnItem);
}

/** What a slope's square is raised by: the root's own slope at 0, where a net is flat, is infinite. */
const LEAST_SQUARE = 1e-12;

/**
 * How far the slope of `critic` is from 1 between real and fake items: mean (‖∇critic(x̂)‖ − 1)² at
 * x̂ = mix·real + (1 − mix)·fake (Gulrajani et al. 2017, equation 3 and algorithm 1). To be multiplied by
 * their λ = 10 and added to D's loss.
 *
 * The slope is that of each item by itself, which there is only if the critic looks at each by itself:
 * so it should have no batch-norm (section 4 there). With one, the penalty is of the slopes of Σ critic,
 * and its gradient is exactly that.
 *
 * @param critic a number for each item of a batch
 * @param real [N, …], as `fake`
 * @param mix [N, 1, …] of the rank of `real`: uniform random numbers in [0, 1)
 */
export function gradientPenalty(
  critic: (x: Tensor) => Tensor,
  real: Tensor,
  fake: Tensor,
  mix: Tensor,
): Tensor {
  const x = add(fake, mul(mix, sub(real, fake)));
  const slope = sqrt(add(squaredSlopes(critic(x), x), LEAST_SQUARE));
  return mean(square(sub(slope, 1)));
}

/**
 * Mean ‖∇critic(x)‖² over the items of x [N, …]: R1 where x are real and R2 where they are fake
 * (Mescheder et al. 2018, equations 9 and 10). To be multiplied by their γ/2 and added to D's loss.
 * What is said of batch-norm at `gradientPenalty` holds here too.
 *
 * @param values the critic's, a number for each item, computed from x
 */
export const zeroCentredPenalty = (values: Tensor, x: Tensor): Tensor =>
  mean(squaredSlopes(values, x));
