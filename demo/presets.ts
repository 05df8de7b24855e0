/** What a visitor can choose, and what is chosen for them. */

import { defaultOptions, type GanOptions, type PictureFit } from '../src/index.ts';
import type { AtlasName } from './engine/protocol.ts';

export type DataKind = 'mnist' | AtlasName | 'pictures';

export const dataKinds: readonly DataKind[] = [
  ...(['mnist', 'emoji', 'persons', 'faces', 'avatars', 'pictures'] as const),
];
export type PresetName = 'small' | 'full' | 'custom';

/** The data, and the engine's own options. */
export interface Settings extends Omit<GanOptions, 'channels'> {
  readonly data: DataKind;
  readonly preset: PresetName;
  /** Colour or grey; MNIST is grey in any case. */
  readonly colour: boolean;
  /** How a visitor's pictures become square. */
  readonly fit: PictureFit;
}

type Chosen = Pick<
  Settings,
  'imageSize' | 'width' | 'latentDim' | 'batchSize' | 'lrD' | 'lrG' | 'ema'
>;

/** The preset that is fitted to an adapter. */
export const fittingPreset = (software: boolean): PresetName => (software ? 'small' : 'full');

/** Sets whose pictures have much in common: half of the width suffices to draw them. */
const alike: readonly DataKind[] = ['mnist', 'faces', 'avatars'];

/** The numbers of a preset, which may depend on the data. */
export function presetValues(name: Exclude<PresetName, 'custom'>, data: DataKind): Chosen {
  if (name === 'small') {
    // Pictures in colour come sooner at half of the rate at which digits do.
    const rate = data === 'mnist' ? 2e-3 : 1e-3;
    return {
      imageSize: 32,
      width: alike.includes(data) ? 8 : 16,
      latentDim: 64,
      batchSize: 16,
      lrD: rate,
      lrG: rate,
      // Strokes after 100 steps, which a longer average would show after 240; see the command line's presets.
      ema: 0.95,
    };
  }
  return {
    // 28×28 digits gain nothing from more pixels.
    imageSize: data === 'mnist' ? 32 : 64,
    width: 64,
    latentDim: 100,
    batchSize: 64,
    lrD: 2e-4,
    lrG: 2e-4,
    ema: 0,
  };
}

const { channels: _, ...engineDefaults } = defaultOptions;

export const initialSettings: Settings = {
  ...engineDefaults,
  data: 'mnist',
  preset: 'small',
  ...presetValues('small', 'mnist'),
  colour: true,
  fit: 'cover',
  seed: 1,
};

/** What bounds the slope of D, with none of it. */
const UNBOUNDED = { clipWeights: 0, gradientPenalty: 0, r1: 0 } as const;

/** Of D; a fully connected one has no batch-norm. */
const usualNorm = ({ model }: Settings): Settings['normD'] =>
  model === 'dcgan' ? defaultOptions.normD : 'none';

/**
 * What has to change with a choice for the run to make sense. A visitor who wants another combination
 * chooses it afterwards.
 */
function companions(settings: Settings, patch: Partial<Settings>): Partial<Settings> {
  const { objective, normD, model, lrSchedule } = patch;
  // A schedule without a length is none.
  if (lrSchedule === 'constant') return { lrSteps: 0 };
  if (lrSchedule !== undefined && settings.lrSteps === 0) return { lrSteps: 10_000 };
  if (model === 'fully-connected') return { normD: 'none', spectralNormG: false };
  if (model === 'dcgan') return { normD: defaultOptions.normD };
  if (objective !== undefined && objective !== settings.objective) {
    // Gulrajani et al. 2017, algorithm 1: no batch-norm in D beside the penalty, and β1 = 0.
    const critic = objective === 'wasserstein' || objective.startsWith('mmd-');
    const slope: Partial<Settings> = critic
      ? { ...UNBOUNDED, gradientPenalty: 10, normD: 'none', beta1: 0 }
      : { ...UNBOUNDED, normD: usualNorm(settings), beta1: defaultOptions.beta1 };
    return { ...slope, generatorLoss: defaultOptions.generatorLoss, labelSmoothing: 0 };
  }
  if (normD === 'batch') return { gradientPenalty: 0, r1: 0 };
  return {};
}

/** Settings after a change by hand: a number of a preset makes it a custom one. */
export function change(settings: Settings, patch: Partial<Settings>): Settings {
  const next = { ...settings, ...companions(settings, patch), ...patch };
  if (next.preset === 'custom') return next;
  const renewed = patch.preset !== undefined || patch.data !== undefined;
  const values = presetValues(next.preset, next.data);
  if (renewed) return { ...next, ...values };
  const kept = Object.entries(values).every(([key, value]) => next[key as keyof Chosen] === value);
  return kept ? next : { ...next, preset: 'custom' };
}
