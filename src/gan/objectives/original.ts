import type { Tensor } from '../../graph/graph.ts';
import { bceWithLogits, exp, minimum, neg, softplus } from '../../ops/elementwise.ts';
import { LOGIT_LIMIT } from './limit.ts';
import { type Objective, objectiveOf } from './objective.ts';

/** The generator's cost, by the name that the command line gives it. */
export type GeneratorLoss = 'non-saturating' | 'minimax' | 'maximum-likelihood';

const generatorCosts: Readonly<Record<GeneratorLoss, (logits: Tensor) => Tensor>> = {
  'non-saturating': (logits) => bceWithLogits(logits, 1),
  minimax: (logits) => neg(softplus(logits)),
  'maximum-likelihood': (logits) => neg(exp(minimum(logits, LOGIT_LIMIT))),
};

export const generatorLosses = /* @__PURE__ */ Object.keys(
  generatorCosts,
) as readonly GeneratorLoss[];

/** Variants of the original GAN. */
export interface OriginalGanOptions {
  /** By default non-saturating. */
  readonly generatorLoss?: GeneratorLoss;
  /** Taken off the target of real pictures, from 0, the default, up to ½. */
  readonly labelSmoothing?: number;
}

/**
 * The original GAN, D = sigmoid(logit).
 *
 * D's loss is the cross-entropy of telling real from fake: −mean log D(x) − mean log(1 − D(G(z))),
 * Goodfellow et al. 2014, equation 1, without the tutorial's ½. `labelSmoothing` takes that much off the
 * target of real pictures only: one-sided label smoothing (Salimans et al. 2016, section 3.4).
 *
 * G's loss, Goodfellow's tutorial (2016), section 3.2:
 *
 * - non-saturating (3.2.3): −mean log D
 * - minimax (3.2.2): mean log(1 − D), whose gradient vanishes while D wins
 * - maximum-likelihood (3.2.4): −mean exp(logit), the logit clamped at 30
 */
export const originalGan = ({
  generatorLoss = 'non-saturating',
  labelSmoothing = 0,
}: OriginalGanOptions = {}): Objective =>
  objectiveOf({
    real: (logits) => bceWithLogits(logits, 1 - labelSmoothing),
    fake: (logits) => bceWithLogits(logits, 0),
    generator: generatorCosts[generatorLoss],
  });
