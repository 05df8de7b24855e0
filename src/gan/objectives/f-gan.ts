import type { Tensor } from '../../graph/graph.ts';
import { add, exp, minimum, mul, neg, softplus, square, sub } from '../../ops/elementwise.ts';
import { LOGIT_LIMIT } from './limit.ts';
import { type Objective, objectiveOf } from './objective.ts';
import type { GeneratorLoss } from './original.ts';

/** A divergence between the distributions of real and fake pictures. */
export type Divergence = 'kl' | 'reverse-kl' | 'pearson' | 'hellinger' | 'jensen-shannon' | 'gan';

const safeExp = (x: Tensor): Tensor => exp(minimum(x, LOGIT_LIMIT));

/**
 * Nowozin et al. 2016, table 2: the output activation g_f(v), and the conjugate f*(g_f(v)) as a
 * function of the logit v, simplified so that no logarithm of a difference is left:
 *
 * | divergence         | g_f(v)               | f*(t)             | f*(g_f(v))           |
 * | ------------------ | -------------------- | ----------------- | -------------------- |
 * | Kullback–Leibler   | v                    | exp(t − 1)        | exp(v − 1)           |
 * | reverse KL         | −exp(−v)             | −1 − log(−t)      | v − 1                |
 * | Pearson χ²         | v                    | t²/4 + t          | v²/4 + v             |
 * | squared Hellinger  | 1 − exp(−v)          | t / (1 − t)       | exp(v) − 1           |
 * | Jensen–Shannon     | log 2 − log(1 + e⁻ᵛ) | −log(2 − exp(t))  | log(1 + eᵛ) − log 2  |
 * | GAN                | −log(1 + e⁻ᵛ)        | −log(1 − exp(t))  | log(1 + eᵛ)          |
 */
const divergenceTable: Readonly<
  Record<Divergence, { activation(v: Tensor): Tensor; conjugate(v: Tensor): Tensor }>
> = {
  kl: { activation: (v) => v, conjugate: (v) => safeExp(sub(v, 1)) },
  'reverse-kl': { activation: (v) => neg(safeExp(neg(v))), conjugate: (v) => sub(v, 1) },
  pearson: { activation: (v) => v, conjugate: (v) => add(mul(square(v), 0.25), v) },
  hellinger: {
    activation: (v) => sub(1, safeExp(neg(v))),
    conjugate: (v) => sub(safeExp(v), 1),
  },
  'jensen-shannon': {
    activation: (v) => sub(Math.LN2, softplus(neg(v))),
    conjugate: (v) => sub(softplus(v), Math.LN2),
  },
  gan: { activation: (v) => neg(softplus(neg(v))), conjugate: softplus },
};

/**
 * f-GAN (Nowozin et al. 2016): D raises a lower bound of a divergence, mean g_f(v) over real pictures −
 * mean f*(g_f(v)) over fake ones, with v D's logit. It is tight where g_f(v) = f′(p/q), the ratio of the
 * densities of real and fake. Exponents are clamped at 30.
 *
 * Jensen-Shannon and GAN differ from the original GAN by constants only: their gradients are the same.
 * KL and Pearson put no bound on D's logit of real pictures: they need a penalty of D's slope most.
 *
 * G's loss is one of
 *
 * - non-saturating: −mean g_f(v), section 3.2, which has the same stationary points
 * - minimax: −mean f*(g_f(v)), which is what the bound has of G. For most divergences its
 *   gradient vanishes while D wins.
 */
export function fGan(
  divergence: Divergence,
  generatorLoss: Exclude<GeneratorLoss, 'maximum-likelihood'> = 'non-saturating',
): Objective {
  const { activation, conjugate } = divergenceTable[divergence];
  const lowered = generatorLoss === 'minimax' ? conjugate : activation;
  return objectiveOf({
    real: (v) => neg(activation(v)),
    fake: conjugate,
    generator: (v) => neg(lowered(v)),
  });
}
