/** The objectives by the names that options, checkpoints and the command line give them. */
import { type Divergence, fGan } from './f-gan.ts';
import { hinge } from './hinge.ts';
import { leastSquares } from './least-squares.ts';
import { type MmdKernel, mmd } from './mmd.ts';
import type { Objective } from './objective.ts';
import {
  type GeneratorLoss,
  generatorLosses,
  type OriginalGanOptions,
  originalGan,
} from './original.ts';
import { wasserstein } from './wasserstein.ts';

/** What the players of a GAN want; each is explained where the function or value of its name is. */
export type ObjectiveName =
  | 'original'
  | 'least-squares'
  | 'hinge'
  | 'wasserstein'
  | `f-gan-${Divergence}`
  | `mmd-${MmdKernel}`;

const fGanOf = (divergence: Divergence, { generatorLoss }: OriginalGanOptions): Objective =>
  fGan(divergence, generatorLoss === 'minimax' ? 'minimax' : 'non-saturating');

// Nothing is called here, or bundlers would keep all of it.
const objectives: Readonly<Record<ObjectiveName, (options: OriginalGanOptions) => Objective>> = {
  original: originalGan,
  'least-squares': () => leastSquares,
  hinge: () => hinge,
  wasserstein: () => wasserstein,
  'f-gan-kl': (options) => fGanOf('kl', options),
  'f-gan-reverse-kl': (options) => fGanOf('reverse-kl', options),
  'f-gan-pearson': (options) => fGanOf('pearson', options),
  'f-gan-hellinger': (options) => fGanOf('hellinger', options),
  'f-gan-jensen-shannon': (options) => fGanOf('jensen-shannon', options),
  'f-gan-gan': (options) => fGanOf('gan', options),
  'mmd-gaussian': () => mmd('gaussian'),
  'mmd-rational-quadratic': () => mmd('rational-quadratic'),
};

export const objectiveNames = /* @__PURE__ */ Object.keys(objectives) as readonly ObjectiveName[];

/** The objective that options name. Only the original GAN looks at all of them: see `generatorLossesOf`. */
export const objectiveFor = (
  options: OriginalGanOptions & { readonly objective: ObjectiveName },
): Objective => objectives[options.objective](options);

/** Losses of the generator that there are for an objective. */
export function generatorLossesOf(objective: ObjectiveName): readonly GeneratorLoss[] {
  if (objective === 'original') return generatorLosses;
  return objective.startsWith('f-gan-') ? ['non-saturating', 'minimax'] : ['non-saturating'];
}

/** Does D map a picture to features, of which there are several, and not to one logit? */
export const hasFeatures = (objective: ObjectiveName): boolean => objective.startsWith('mmd-');

/** Does it mean nothing unless D's slope is bounded? */
export const needsBoundedSlope = (objective: ObjectiveName): boolean =>
  objective === 'wasserstein' || hasFeatures(objective);
