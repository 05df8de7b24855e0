// Declarations name Symbol.dispose, which the libraries of older targets lack.
/// <reference lib="esnext.disposable" preserve="true" />

/** Ganvas: trains generative adversarial networks on WebGPU. This is the whole public API. */

// Errors: each has a `code` for programs, and advice for people.
export { DataError } from './data/errors.ts';
// Data sets.
export { type IdxOptions, type IdxSource, readIdxImages, readIdxLabels } from './data/idx.ts';
export type { DataProgress, ImageSet, LeftOut } from './data/image-set.ts';
export { type PictureOptions, type PictureSource, readPictures } from './data/pictures.browser.ts';
export { fitToSquare } from './data/resize.ts';
export { oneHot, type Values } from './data/values.ts';
export { CheckpointError } from './gan/checkpoint.ts';
// A DCGAN: training, and drawing samples.
export { type DcganShape, dcganDiscriminator, dcganGenerator, ModelError } from './gan/dcgan.ts';
export { Generator } from './gan/generator.ts';
export { interpolate, slerp } from './gan/interpolate.ts';
export type { StepMetrics } from './gan/metrics.ts';
export { type Divergence, fGan } from './gan/objectives/f-gan.ts';
export { hinge } from './gan/objectives/hinge.ts';
export type { ObjectiveName } from './gan/objectives/index.ts';
export { leastSquares } from './gan/objectives/least-squares.ts';
export { type MmdKernel, mmd } from './gan/objectives/mmd.ts';
export { type Costs, type Objective, objectiveOf } from './gan/objectives/objective.ts';
export {
  type GeneratorLoss,
  type OriginalGanOptions,
  originalGan,
} from './gan/objectives/original.ts';
export { wasserstein } from './gan/objectives/wasserstein.ts';
export { defaultOptions, type GanOptions } from './gan/options.ts';
export { type GridLayout, type PictureGrid, Pictures } from './gan/pictures.ts';
export { type Requirements, RunLimitError, requirements } from './gan/requirements.ts';
export type { CanvasView, LatentChoice, SampleOptions, Sampler } from './gan/sampler.ts';
export { type GanStats, GanTrainer } from './gan/trainer.ts';
// The device. Everything else is given an engine.
export type { DeviceOptions, Limits } from './gpu/device.ts';
export {
  CanvasError,
  DeviceLostError,
  LimitError,
  NoAdapterError,
  NoWebGPUError,
  OutOfMemoryError,
  RecoveryError,
} from './gpu/errors.ts';
// Operations on tensors.
export { gradients } from './graph/autodiff.ts';
export { GanvasError, GraphError, ShapeError } from './graph/errors.ts';
export type { Graph, GraphData, Tensor } from './graph/graph.ts';
export type { DType, Shape } from './graph/shape.ts';
// Files and measures.
export { readSafetensors, SafetensorsError, writeSafetensors } from './io/safetensors.ts';
export { type SlicedWassersteinOptions, slicedWasserstein } from './metrics/sliced-wasserstein.ts';
export { WeightAverage } from './nn/average.ts';
// Layers, initialisers, losses and optimisers, in PyTorch's terms.
export type { FileLayout, NamedPart } from './nn/file-layout.ts';
export {
  constantInit,
  HostRandom,
  type Initialiser,
  type KaimingOptions,
  kaimingNormalInit,
  kaimingUniformInit,
  normalInit,
  pytorchDefaultInit,
  uniformInit,
  zerosInit,
} from './nn/initialisers.ts';
export {
  BatchNorm2d,
  type BatchNormLayerOptions,
  Conv2d,
  type ConvLayerOptions,
  ConvTranspose2d,
  Flatten,
  LeakyReLU,
  Linear,
  ReLU,
  Sequential,
  Sigmoid,
  Tanh,
  Unflatten,
  type WeightOptions,
} from './nn/layers.ts';
export {
  bceWithLogitsLoss,
  crossEntropyLoss,
  l1Loss,
  logSoftmax,
  mseLoss,
  softmax,
} from './nn/losses.ts';
export { Module, ModuleBuffer, Parameter, type Pass } from './nn/module.ts';
export { Net } from './nn/net.ts';
export { Adam, type AdamOptions, type Optimiser, SGD, type SgdOptions } from './nn/optimisers.ts';
export { clipWeights } from './nn/regularisers.ts';
export {
  type ConvOptions,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
} from './ops/conv2d.ts';
export {
  abs,
  add,
  bceWithLogits,
  clamp,
  detach,
  div,
  equal,
  exp,
  greater,
  greaterEqual,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  type Operand,
  relu,
  rsqrt,
  select,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from './ops/elementwise.ts';
export { type MatmulOptions, matmul } from './ops/matmul.ts';
export { broadcastTo, concat, pad, reshape, slice, transpose } from './ops/movement.ts';
export { max, mean, sum } from './ops/reduce.ts';
export { type AdapterInfo, Engine, type EngineOptions, type MemoryInfo } from './runtime/engine.ts';
export type { DeviceTensor } from './runtime/executable.ts';
export type { Choices } from './runtime/plan.ts';
export type { TuneMode, TuningStore } from './runtime/tuner.ts';
export { indexedDbTuningStore } from './runtime/tuning-store.browser.ts';
// What all trainers have.
export type {
  RunOptions,
  TrainerEvent,
  TrainerOptions,
  TrainerStats,
  TrainOptions,
} from './training/base-trainer.ts';
// Training steps of your own.
export type { GraphFunction, TracedFunction } from './training/graph-function.ts';
export type { Metrics } from './training/metrics.ts';
export { NonFiniteError } from './training/metrics.ts';
export type { TrainingProgram } from './training/program.ts';
export {
  decodeFunction,
  decodeProgram,
  encodeFunction,
  encodeProgram,
  type FunctionData,
  type ProgramData,
} from './training/program-data.ts';
export type { Snapshot } from './training/session.ts';
export { StateError } from './training/state.ts';
export {
  type BatchOptions,
  type DataSet,
  ProgramError,
  type StepContext,
  type TrainingDefinition,
  traceFunction,
  traceTraining,
} from './training/trace.ts';
export { type CustomTrainerOptions, Trainer } from './training/trainer.ts';
// All of it in a worker, whose file imports 'ganvas/worker'.
export { type ConnectOptions, connect } from './worker/connect.ts';
export { WorkerError } from './worker/errors.ts';
export { transfer } from './worker/peer.ts';
export type {
  Remote,
  RemoteEngine,
  RemoteFunction,
  RemoteGanTrainer,
  RemoteGanvas,
  RemoteGenerator,
  RemoteSampler,
  RemoteTrainer,
} from './worker/remote.ts';
