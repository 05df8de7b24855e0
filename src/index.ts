// Declarations name Symbol.dispose, which the libraries of older targets lack.
/// <reference lib="esnext.disposable" preserve="true" />

/** Ganvas: trains generative adversarial networks on WebGPU. This is the whole public API. */

export { DataError } from './data/errors.ts';
export { type IdxOptions, type IdxSource, readIdxImages, readIdxLabels } from './data/idx.ts';
export type { DataProgress, ImageSet, LeftOut } from './data/image-set.ts';
export { type PictureOptions, type PictureSource, readPictures } from './data/pictures.browser.ts';
export { fitToSquare } from './data/resize.ts';
export { ModelError } from './gan/dcgan.ts';
export type { StepMetrics } from './gan/metrics.ts';
export type { GeneratorLoss } from './gan/objectives.ts';
export { defaultOptions, type GanOptions } from './gan/options.ts';
export { type Requirements, RunLimitError, requirements } from './gan/requirements.ts';
export type { CanvasView, PictureGrid } from './gan/sampler.ts';
export { type GanStats, GanTrainer } from './gan/trainer.ts';
export type { DeviceOptions, Limits } from './gpu/device.ts';
export {
  DeviceLostError,
  LimitError,
  NoAdapterError,
  NoWebGPUError,
  OutOfMemoryError,
  RecoveryError,
} from './gpu/errors.ts';
export { GanvasError, GraphError, ShapeError } from './graph/errors.ts';
export { readSafetensors, SafetensorsError, writeSafetensors } from './io/safetensors.ts';
export { type SlicedWassersteinOptions, slicedWasserstein } from './metrics/sliced-wasserstein.ts';
export { type AdapterInfo, Engine, type EngineOptions } from './runtime/engine.ts';
export type { Choices } from './runtime/plan.ts';
export type { TuneMode, TuningStore } from './runtime/tuner.ts';
export { indexedDbTuningStore } from './runtime/tuning-store.browser.ts';
export type {
  RunOptions,
  TrainerEvent,
  TrainerOptions,
  TrainerStats,
} from './training/base-trainer.ts';
export { type Metrics, NonFiniteError } from './training/metrics.ts';
export type { Snapshot } from './training/session.ts';
