import type { Tensor } from '../../graph/graph.ts';
import { mul, square, sub } from '../../ops/elementwise.ts';
import { type Objective, objectiveOf } from './objective.ts';

const towardsOne = (logits: Tensor): Tensor => mul(square(sub(logits, 1)), 0.5);

/**
 * Least squares (LSGAN; Mao et al. 2017, equation 9): D's logits themselves are drawn to 1 for real
 * pictures and to 0 for fake ones, ½ mean (D(x) − 1)² + ½ mean D(G(z))²; G's loss is ½ mean (D(G(z)) − 1)².
 */
export const leastSquares: Objective = /* @__PURE__ */ objectiveOf({
  real: towardsOne,
  fake: (logits) => mul(square(logits), 0.5),
  generator: towardsOne,
});
