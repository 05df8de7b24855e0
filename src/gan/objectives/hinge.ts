import { add, neg, relu, sub } from '../../ops/elementwise.ts';
import { type Objective, objectiveOf } from './objective.ts';

/**
 * Hinge (Lim & Ye 2017, section 3; Miyato et al. 2018, equations 16 and 17):
 * mean max(0, 1 − D(x)) + mean max(0, 1 + D(G(z))) for D, −mean D(G(z)) for G.
 */
export const hinge: Objective = /* @__PURE__ */ objectiveOf({
  real: (logits) => relu(sub(1, logits)),
  fake: (logits) => relu(add(1, logits)),
  generator: neg,
});
