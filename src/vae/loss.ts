// The two parts of a VAE's loss, each a number for every picture, in nats.
import type { Tensor } from '../graph/graph.ts';
import { add, bceWithLogits, div, exp, mul, square, sub } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';

/** Σ over everything but the batch: [N]. */
const ofEach = (x: Tensor): Tensor => sum(x, x.shape.map((_, axis) => axis).slice(1));

/**
 * KL(N(mean, diag e^logVariance) ‖ N(0, I)) of each item of a batch: [N, …] twice → [N], in nats. Kingma &
 * Welling 2014, appendix B: −½ Σ (1 + log σ² − μ² − σ²).
 */
export const gaussianKl = (mean: Tensor, logVariance: Tensor): Tensor =>
  mul(ofEach(sub(add(square(mean), exp(logVariance)), add(logVariance, 1))), 0.5);

/**
 * −log p(x) of each picture [N, H, W, C] in [−1, 1] where its pixels, as (x + 1)/2, are probabilities of
 * coins whose logits are given: [N], in nats. Kingma & Welling 2014, appendix C.1. Of pixels between 0 and
 * 1 it is the cross-entropy, which is no density (it is not normalised), and not below their entropy.
 */
export const bernoulliNll = (x: Tensor, logits: Tensor): Tensor =>
  ofEach(bceWithLogits(logits, mul(add(x, 1), 0.5)));

/**
 * −log p(x) of each picture [N, H, W, C] where its pixels are normal about their means, with one standard
 * deviation for all: [N], in nats. Kingma & Welling 2014, appendix C.2, with one σ instead of one each.
 *
 * @param logSigma a scalar
 */
export const gaussianNll = (x: Tensor, mean: Tensor, logSigma: Tensor): Tensor => {
  const scaled = square(div(sub(x, mean), exp(logSigma)));
  return ofEach(add(mul(scaled, 0.5), add(logSigma, 0.5 * Math.log(2 * Math.PI))));
};
