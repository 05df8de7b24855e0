/** What a visitor can choose, and what is chosen for them. */

import type { DataSource } from './engine/protocol.ts';

export type DataKind = DataSource['kind'];
export type PresetName = 'small' | 'full' | 'custom';

export interface Settings {
  readonly data: DataKind;
  readonly preset: PresetName;
  readonly imageSize: number;
  /** Colour or grey, for a visitor's own pictures; MNIST is grey. */
  readonly colour: boolean;
  readonly width: number;
  readonly latentDim: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly ema: number;
  readonly flip: boolean;
  readonly seed: number;
}

export const imageSizes = [16, 32, 64, 128] as const;
export const widths = [4, 8, 16, 32, 64, 128] as const;
export const batchSizes = [8, 16, 32, 64, 128, 256] as const;

type Chosen = Pick<
  Settings,
  'imageSize' | 'width' | 'latentDim' | 'batchSize' | 'learningRate' | 'ema'
>;

/** The numbers of a preset, which may depend on the data. */
export function presetValues(name: Exclude<PresetName, 'custom'>, data: DataKind): Chosen {
  if (name === 'small') {
    return {
      imageSize: 32,
      width: 8,
      latentDim: 64,
      batchSize: 16,
      learningRate: 2e-3,
      ema: 0.995,
    };
  }
  return {
    // 28×28 digits gain nothing from more pixels.
    imageSize: data === 'mnist' ? 32 : 64,
    width: 64,
    latentDim: 100,
    batchSize: 64,
    learningRate: 2e-4,
    ema: 0,
  };
}

export const initialSettings: Settings = {
  data: 'mnist',
  preset: 'small',
  ...presetValues('small', 'mnist'),
  colour: true,
  flip: false,
  seed: 1,
};

/** Settings after a change by hand: a number of a preset makes it a custom one. */
export function change(settings: Settings, patch: Partial<Settings>): Settings {
  const next = { ...settings, ...patch };
  if (next.preset === 'custom') return next;
  const renewed = patch.preset !== undefined || patch.data !== undefined;
  const values = presetValues(next.preset, next.data);
  if (renewed) return { ...next, ...values };
  const kept = Object.entries(values).every(([key, value]) => next[key as keyof Chosen] === value);
  return kept ? next : { ...next, preset: 'custom' };
}
