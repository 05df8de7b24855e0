import { neg } from '../../ops/elementwise.ts';
import { type Objective, objectiveOf } from './objective.ts';

/**
 * Wasserstein (Arjovsky et al. 2017): −mean D(x) + mean D(G(z)) for D, −mean D(G(z))
 * for G. It is a distance only while D's slope is bounded: by `clipWeights` (algorithm 1 there), or by
 * `gradientPenalty` (Gulrajani et al. 2017).
 */
export const wasserstein: Objective = /* @__PURE__ */ objectiveOf({
  real: neg,
  fake: (logits) => logits,
  generator: neg,
});
