/** What a run gets where no option says otherwise. */

/** What a machine of one kind gets where no option says otherwise. */
export interface Preset {
  readonly width: number;
  readonly latentDim: number;
  readonly batchSize: number;
  readonly lr: number;
  readonly ema: number;
}

/** Small and quick: in PyTorch it gives readable digits after 1,200 steps, good ones after 4,600. */
export const SOFTWARE: Preset = { width: 8, latentDim: 64, batchSize: 16, lr: 2e-3, ema: 0.995 };

/** How long the software preset trains, in seconds. */
export const SOFTWARE_SECONDS = 240;

/** The numbers of the DCGAN paper and of PyTorch's example. */
export const GPU: Preset = { width: 64, latentDim: 100, batchSize: 64, lr: 2e-4, ema: 0 };

/** How long the GPU preset trains: so many epochs, and no fewer than so many steps. */
export const GPU_EPOCHS = 5;
export const GPU_LEAST_STEPS = 2000;

/** Grids of a run that is limited by time: this many steps apart, and at most this many in all. */
export const TIMED_SAMPLE_STEPS = 200;
export const TIMED_SAMPLES = 40;
