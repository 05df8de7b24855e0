/**
 * The settings that the page offers as fields: where each stands, and what it may be. The engine
 * checks them together.
 */

import type { Settings } from './presets.ts';

type KeysOf<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

interface NumberField {
  readonly kind: 'number';
  readonly key: KeysOf<number>;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

interface ChoiceField {
  readonly kind: 'choice';
  readonly key: KeysOf<string> | KeysOf<number>;
  readonly options: readonly (string | number)[];
}

interface CheckField {
  readonly kind: 'check';
  readonly key: KeysOf<boolean>;
}

export type FieldRule = NumberField | ChoiceField | CheckField;

// Each keeps its key in its type, so that no field can be without words.
const number = <K extends KeysOf<number>>(key: K, min: number, max: number) =>
  ({ kind: 'number', key, min, max, whole: false }) as const;
const whole = <K extends KeysOf<number>>(key: K, min: number, max: number) =>
  ({ kind: 'number', key, min, max, whole: true }) as const;
const check = <K extends KeysOf<boolean>>(key: K) => ({ kind: 'check', key }) as const;
const choice = <K extends ChoiceField['key']>(key: K, ...options: readonly Settings[K][]) =>
  ({ kind: 'choice', key, options }) as const;

/** The sizes that decide how long a step takes. */
export const sizeFields = [
  choice('imageSize', 16, 32, 64, 128, 256),
  choice('width', 4, 8, 16, 32, 64, 128),
  choice('batchSize', 4, 8, 16, 32, 64, 128, 256),
] as const;

/** Those that can change in the middle of a run. */
export const liveKeys: readonly (keyof Settings)[] = ['lrD', 'lrG'];

/** Of the pictures themselves. */
export const colourField = check('colour');
export const fitField = choice('fit', 'cover', 'contain', 'fill');

/** Everything else, in groups that fold. */
export const groups = {
  learning: [
    number('lrD', 1e-6, 1),
    number('lrG', 1e-6, 1),
    choice('optimiser', 'adam', 'sgd', 'rmsprop'),
    number('beta1', 0, 0.9999),
    number('weightDecay', 0, 10),
    number('ema', 0, 0.9999),
    choice('lrSchedule', 'constant', 'linear', 'cosine', 'exponential', 'step'),
    whole('lrSteps', 0, 10_000_000),
    number('lrGamma', 1e-6, 1),
    choice('accumulate', 1, 2, 4, 8, 16),
  ],
  game: [
    choice(
      'objective',
      ...(['original', 'least-squares', 'hinge', 'wasserstein'] as const),
      ...(['f-gan-kl', 'f-gan-reverse-kl', 'f-gan-pearson', 'f-gan-hellinger'] as const),
      ...(['f-gan-jensen-shannon', 'f-gan-gan'] as const),
      ...(['mmd-gaussian', 'mmd-rational-quadratic'] as const),
    ),
    choice('generatorLoss', 'non-saturating', 'minimax', 'maximum-likelihood'),
    whole('dSteps', 1, 20),
    number('labelSmoothing', 0, 0.49),
    check('freshLatent'),
    check('mixedBatch'),
  ],
  regularisers: [
    choice('normD', 'batch', 'spectral', 'none'),
    check('spectralNormG'),
    number('gradientPenalty', 0, 1000),
    number('r1', 0, 1000),
    number('clipWeights', 0, 10),
    number('clipGradients', 0, 1000),
    number('instanceNoise', 0, 10),
    choice(
      'augment',
      ...(['none', 'color', 'translation', 'cutout'] as const),
      ...(['color,translation', 'color,cutout', 'translation,cutout'] as const),
      'color,translation,cutout',
    ),
  ],
  networks: [
    choice('model', 'dcgan', 'fully-connected'),
    whole('latentDim', 1, 4096),
    choice('latent', 'normal', 'uniform'),
  ],
  chance: [check('flip'), whole('seed', 0, 4_294_967_295)],
} as const satisfies Record<string, readonly FieldRule[]>;

export type GroupName = keyof typeof groups;
export const groupNames = Object.keys(groups) as readonly GroupName[];

export const fields: readonly FieldRule[] = [
  ...[colourField, fitField],
  ...sizeFields,
  ...Object.values(groups).flat(),
];

/** The keys that have a field of their own. */
export type FieldKey =
  | (typeof colourField | typeof fitField)['key']
  | (typeof sizeFields)[number]['key']
  | (typeof groups)[GroupName][number]['key'];

/** The value that some text means, such as a part of a link; undefined where it means none. */
export function parseField(field: FieldRule, text: string): string | number | boolean | undefined {
  switch (field.kind) {
    case 'check':
      return text === '1' ? true : text === '0' ? false : undefined;
    case 'choice':
      return field.options.find((option) => String(option) === text);
    case 'number': {
      const value = text.trim() === '' ? Number.NaN : Number(text);
      const fits = value >= field.min && value <= field.max;
      return fits && (!field.whole || Number.isInteger(value)) ? value : undefined;
    }
  }
}
