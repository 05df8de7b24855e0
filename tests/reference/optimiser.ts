import { GRAD_SQUARE_SPAN } from '../../src/ops/optimiser.ts';
import type { ReferenceTable } from './types.ts';

/** Element e belongs to span ⌊e/4⌋ mod 16 of its block of 16 spans. */
function squareSums(gradients: Float64Array): Float64Array {
  const block = 16 * GRAD_SQUARE_SPAN;
  const sums = new Float64Array(16 * Math.ceil(gradients.length / block));
  gradients.forEach((g, i) => {
    sums[16 * Math.floor(i / block) + (Math.floor(i / 4) % 16)] += g * g;
  });
  return sums;
}

export const optimiserReference: ReferenceTable = {
  adam({ attrs: { decay = 0 } }, [parameters, gradients, m, v, hyper, corrections]) {
    const [rate, oneMinusBeta1, oneMinusBeta2, eps] = hyper;
    const [correction1, correction2] = corrections;
    const newM = m.map((x, i) => (1 - oneMinusBeta1) * x + oneMinusBeta1 * gradients[i]);
    const newV = v.map((x, i) => (1 - oneMinusBeta2) * x + oneMinusBeta2 * gradients[i] ** 2);
    const updated = parameters.map((p, i) => {
      const mHat = newM[i] / correction1;
      const vHat = newV[i] / correction2;
      return p * (1 - rate * (decay as number)) - (rate * mHat) / (Math.sqrt(vHat) + eps);
    });
    return [updated, newM, newV, squareSums(gradients)];
  },

  sgd(_, [parameters, gradients, v, hyper]) {
    const [rate, momentum] = hyper;
    const newV = v.map((x, i) => momentum * x + gradients[i]);
    return [parameters.map((p, i) => p - rate * newV[i]), newV, squareSums(gradients)];
  },

  rmsprop(_, [parameters, gradients, v, hyper]) {
    const [rate, oneMinusAlpha, eps] = hyper;
    const newV = v.map((x, i) => (1 - oneMinusAlpha) * x + oneMinusAlpha * gradients[i] ** 2);
    const updated = parameters.map(
      (p, i) => p - (rate * gradients[i]) / (Math.sqrt(newV[i]) + eps),
    );
    return [updated, newV, squareSums(gradients)];
  },
};
