import type { Tensor } from '../graph/graph.ts';
import { add, bceWithLogits, exp, minimum, neg, softplus } from '../ops/elementwise.ts';
import { mean } from '../ops/reduce.ts';

/** The generator's cost, by the name that the command line gives it. */
export type GeneratorLoss = 'non-saturating' | 'minimax' | 'maximum-likelihood';

export const generatorLosses: readonly GeneratorLoss[] = [
  'non-saturating',
  'minimax',
  'maximum-likelihood',
];

/**
 * The discriminator's cost: the cross-entropy of telling real from fake, each a mean over its logits.
 * Goodfellow et al. 2014, equation 1, without the tutorial's ½. `smoothing` takes that much off the
 * target of real pictures only: one-sided label smoothing (Salimans et al. 2016, section 3.4).
 */
export function discriminatorLoss(real: Tensor, fake: Tensor, smoothing: number) {
  const lossReal = mean(bceWithLogits(real, 1 - smoothing));
  const lossFake = mean(bceWithLogits(fake, 0));
  return { loss: add(lossReal, lossFake), lossReal, lossFake };
}

/** exp(logit) overflows beyond 88; at 30 D is certain to 13 digits. */
const LOGIT_LIMIT = 30;

/**
 * The generator's cost from the logits of its pictures, D = sigmoid(logit).
 * Goodfellow's tutorial (2016), section 3.2:
 *
 * - non-saturating (3.2.3): −mean log D
 * - minimax (3.2.2): mean log(1 − D), whose gradient vanishes while D wins
 * - maximum-likelihood (3.2.4): −mean exp(logit), the logit clamped at 30
 */
export function generatorLoss(kind: GeneratorLoss, fake: Tensor): Tensor {
  switch (kind) {
    case 'non-saturating':
      return mean(bceWithLogits(fake, 1));
    case 'minimax':
      return neg(mean(softplus(fake)));
    case 'maximum-likelihood':
      return neg(mean(exp(minimum(fake, LOGIT_LIMIT))));
  }
}
