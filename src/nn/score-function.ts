import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { sameShape } from '../graph/shape.ts';
import {
  bceWithLogits,
  detach,
  div,
  equal,
  greater,
  log,
  mul,
  neg,
  type Operand,
  sigmoid,
  sub,
} from '../ops/elementwise.ts';
import { reshape } from '../ops/movement.ts';
import { max, mean, sum } from '../ops/reduce.ts';
import { logSoftmax } from './losses.ts';

/**
 * 1 with probability sigmoid(logit), else 0, element by element: PyTorch's `Bernoulli(logits=…).sample()`.
 * No gradient: that is what `scoreFunctionLoss` is for.
 *
 * @param uniforms numbers on (0, 1), of the same shape
 */
export function bernoulliSample(logits: Tensor, uniforms: Tensor): Tensor {
  checkAlike('bernoulliSample', logits, uniforms);
  return greater(sigmoid(logits), uniforms);
}

/** Logarithm of the probability of each 0 or 1 in x, of the shape of `logits`. */
export const bernoulliLogProb = (logits: Tensor, x: Tensor): Tensor => {
  checkAlike('bernoulliLogProb', logits, x);
  return neg(bceWithLogits(logits, x));
};

/**
 * One category for each row of `logits` [N, categories], with probability softmax(logits), as ones and
 * zeros [N, categories]: PyTorch's `OneHotCategorical(logits=…).sample()`, by Gumbel's trick (the
 * category of the largest logit − log(−log u)). Two that tie in float32, as in one row of some millions,
 * share the one. No gradient.
 *
 * @param uniforms numbers on (0, 1), of the same shape
 */
export function categoricalSample(logits: Tensor, uniforms: Tensor): Tensor {
  checkAlike('categoricalSample', logits, uniforms);
  const last = [logits.rank - 1];
  const kept = [...logits.shape.slice(0, -1), 1];
  const perturbed = sub(logits, log(neg(log(uniforms))));
  const largest = equal(perturbed, reshape(max(perturbed, last), kept));
  return div(largest, reshape(sum(largest, last), kept));
}

/** Logarithm of the probability of the category of each row of x [N, categories], as [N]. */
export const categoricalLogProb = (logits: Tensor, x: Tensor): Tensor => {
  checkAlike('categoricalLogProb', logits, x);
  return sum(mul(x, logSoftmax(logits)), [logits.rank - 1]);
};

/**
 * For each of N costs the mean of the others: a baseline that costs nothing, keeps the estimate unbiased,
 * and fits at every moment (Mnih & Rezende 2016, "Variational inference for Monte Carlo objectives"; Kool
 * et al. 2019, "Buy 4 REINFORCE samples, get a baseline for free!"). At least two are needed.
 *
 * @param costs [N], of samples of the same distribution
 */
export function leaveOneOut(costs: Tensor): Tensor {
  const [n] = costs.shape;
  if (costs.rank !== 1 || n < 2)
    throw new ShapeError('leaveOneOut', [costs.shape], 'the costs [N] of at least 2 samples');
  return div(sub(sum(costs), costs), n - 1);
}

/**
 * REINFORCE (Williams 1992, "Simple statistical gradient-following algorithms for connectionist
 * reinforcement learning"), the score-function estimator: a loss whose gradient is an unbiased estimate of
 * that of the mean cost E[cost(x)], for x that were drawn and have no gradient. Its value means nothing.
 *
 * ```ts
 * const logits = G.forward(z, { training });
 * const x = categoricalSample(logits, uniform(logits.shape));
 * const cost = reshape(softplus(neg(D.forward(x, { training }))), [batch]);
 * optG.minimise(scoreFunctionLoss(categoricalLogProb(logits, x), cost, leaveOneOut(cost)));
 * ```
 *
 * It is ∇ log p(x)·(cost − baseline), a mean over the samples. A baseline that does not depend on the
 * sample itself does not change the mean, and a good one, such as the mean cost, makes the estimates vary
 * much less. Cost and baseline are constants here: a cost that depends on parameters by other ways too
 * has its own mean added to the loss.
 *
 * @param logProb log p of each sample, [N]
 * @param cost what each sample costs, [N]
 * @param baseline a number, a scalar or one for each sample [N]; 0 by default
 */
export function scoreFunctionLoss(logProb: Tensor, cost: Tensor, baseline: Operand = 0): Tensor {
  checkAlike('scoreFunctionLoss', logProb, cost);
  if (typeof baseline !== 'number' && baseline.rank > 0)
    checkAlike('scoreFunctionLoss', logProb, baseline);
  return mean(mul(detach(sub(cost, baseline)), logProb));
}

/** What does not belong together may not broadcast: a mean would be over pairs that nobody meant. */
function checkAlike(name: string, a: Tensor, b: Tensor): void {
  if (!sameShape(a.shape, b.shape))
    throw new ShapeError(name, [a.shape, b.shape], 'tensors of the same shape');
}
