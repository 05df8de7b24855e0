// How each objective is trained on the ring: the rows of the table.
import type { RingSetting } from './ring.ts';

/** Beside the objective, what keeps D's slope in bounds, and only what differs from the common settings. */
export const ringSettings: Readonly<Record<string, RingSetting>> = {
  original: { objective: 'original', r1: 1 },
  'least-squares': { objective: 'least-squares', r1: 1 },
  hinge: { objective: 'hinge', r1: 1 },
  'wasserstein, clipped': { objective: 'wasserstein', clipWeights: 0.2, stepsD: 5, lrD: 1e-3 },
  'wasserstein, penalised': { objective: 'wasserstein', gradientPenalty: 1, stepsD: 5 },
  'f-gan-kl': { objective: 'f-gan-kl', r1: 1 },
  'f-gan-reverse-kl': { objective: 'f-gan-reverse-kl', r1: 1 },
  'f-gan-pearson': { objective: 'f-gan-pearson', r1: 1 },
  'f-gan-hellinger': { objective: 'f-gan-hellinger', r1: 1 },
  'f-gan-jensen-shannon': { objective: 'f-gan-jensen-shannon', r1: 1 },
  'f-gan-gan': { objective: 'f-gan-gan', r1: 1 },
  'mmd-gaussian': { objective: 'mmd-gaussian', gradientPenalty: 1, lr: 5e-3 },
  'mmd-rational-quadratic': {
    ...{ objective: 'mmd-rational-quadratic', gradientPenalty: 1, lr: 5e-3 },
  },
};

/** The original GAN with one aid each: the rows of the other table. A gradient penalty is Wasserstein's. */
export const aidSettings: Readonly<Record<string, RingSetting>> = {
  none: { objective: 'original' },
  R1: { objective: 'original', r1: 1 },
  'gradient penalty': { objective: 'wasserstein', gradientPenalty: 1, stepsD: 5 },
  'spectral norm': { objective: 'original', spectralNorm: true },
  'instance noise': { objective: 'original', instanceNoise: 0.2 },
  'label smoothing': { objective: 'original', labelSmoothing: 0.1 },
  'clipped gradients': { objective: 'original', clipGradients: 1 },
  'two rates': { objective: 'original', lr: 5e-4, lrD: 2e-3 },
  'average of G': { objective: 'original', ema: 0.99 },
};

/** What stands beside an objective, in words. */
export function describeSetting({
  r1,
  gradientPenalty,
  clipWeights,
  instanceNoise,
  labelSmoothing,
  clipGradients,
  ema,
  stepsD = 1,
  lr,
  lrD,
}: RingSetting): string {
  const parts = [
    r1 && `R1, γ = ${r1}`,
    gradientPenalty && `gradient penalty, λ = ${gradientPenalty}`,
    clipWeights && `weights within ±${clipWeights}`,
    instanceNoise && `σ = ${instanceNoise}`,
    labelSmoothing && `s = ${labelSmoothing}`,
    clipGradients && `norms of at most ${clipGradients}`,
    ema && `decay ${ema}`,
    stepsD > 1 && `${stepsD} updates of D for one of G`,
    lr && `learning rate ${lr}`,
    lrD && `learning rate of D ${lrD}`,
  ];
  return parts.filter(Boolean).join('; ');
}
