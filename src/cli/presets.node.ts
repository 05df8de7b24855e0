/** What a run gets where no option says otherwise. */

/** What a machine of one kind gets where no option says otherwise. */
export interface Preset {
  readonly width: number;
  readonly latentDim: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly ema: number;
}

/** What `--model` may be. */
export const MODELS = ['dcgan', 'fully-connected', 'vae'] as const;
export type CliModel = (typeof MODELS)[number];

/** For a software adapter, small and quick ones; for a GPU, those of the papers. */
export const PRESETS: Readonly<
  Record<CliModel, { readonly software: Preset; readonly gpu: Preset }>
> = {
  dcgan: {
    // In PyTorch it gives readable digits after 1,200 steps, good ones after 4,600. A longer average hides
    // what G draws at first and gains nothing later: the Fréchet distance after 600 and 2,600 steps is 174
    // and 26.1 with 0.995, 92 and 25.0 with 0.98, 90 and 25.5 with 0.95, of one and the same training.
    software: { width: 8, latentDim: 64, batchSize: 16, lr: 2e-3, ema: 0.95 },
    // Of the paper and of PyTorch's example.
    gpu: { width: 64, latentDim: 100, batchSize: 64, lr: 2e-4, ema: 0 },
  },
  'fully-connected': {
    software: { width: 40, latentDim: 64, batchSize: 32, lr: 0.1, ema: 0 },
    gpu: { width: 240, latentDim: 100, batchSize: 100, lr: 0.1, ema: 0 },
  },
  vae: {
    software: { width: 8, latentDim: 20, batchSize: 32, lr: 5e-3, ema: 0 },
    gpu: { width: 32, latentDim: 20, batchSize: 64, lr: 1e-3, ema: 0 },
  },
};

/** How long a software preset trains, in seconds. */
export const SOFTWARE_SECONDS = 240;

/** The numbers of the DCGAN paper and of PyTorch's example. */
export const GPU: Preset = { width: 64, latentDim: 100, batchSize: 64, lr: 2e-4, ema: 0 };

/** How long a GPU preset trains: so many epochs, and no fewer than so many steps. */
export const GPU_EPOCHS = 5;
export const GPU_LEAST_STEPS = 2000;

/** Grids of a run that is limited by time: this many steps apart, and at most this many in all. */
export const TIMED_SAMPLE_STEPS = 200;
export const TIMED_SAMPLES = 40;
