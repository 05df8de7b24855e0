// Declarations name Symbol.dispose, which the libraries of older targets lack.
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Ganvas: trains generative adversarial networks on WebGPU. This is the whole public API.
 *
 * @module ganvas
 */

// The device. Everything else is given an engine.

export type { AdapterKind } from './gpu/adapter-kind.ts';
export type {
  AdapterFacts,
  Device,
  DeviceCounters,
  DeviceOptions,
  LimitName,
  Limits,
  OptionalFeature,
} from './gpu/device.ts';
export {
  type AdapterInfo,
  Engine,
  type EngineOptions,
  type MemoryInfo,
  type TuningOptions,
} from './runtime/engine.ts';
export type { CompileProgress, DeviceTensor } from './runtime/executable.ts';
export type { Choices } from './runtime/plan.ts';
export type { TuneMode, TuningStore } from './runtime/tuner.ts';
export { indexedDbTuningStore } from './runtime/tuning-store.browser.ts';

// Data sets.

export {
  type IdxOptions,
  type IdxSource,
  readIdxDataset,
  readIdxImages,
  readIdxLabels,
} from './data/idx.ts';
export type { DataProgress, ImageSet, LeftOut } from './data/image-set.ts';
export {
  type PictureFit,
  type PictureOptions,
  type PictureSource,
  readPictures,
} from './data/pictures.browser.ts';
export { fitToSquare } from './data/resize.ts';
export {
  type DrawnPointsOptions,
  disjointSupports,
  drawnPoints,
  type GaussianComponent,
  gaussian,
  gaussianMixture,
  gaussianRing,
  line,
  type RandomSource,
  type RingOptions,
  ringModes,
  type ToyDistribution,
  uniformBox,
} from './data/toy-distributions.ts';
export { oneHot, type Values } from './data/values.ts';

// A GAN on pictures: training it, and drawing samples of it.

export { gridColumns } from './gan/classes.ts';
export type { Conditioning } from './gan/conditional.ts';
export { Critic, type CriticOptions, type Scores } from './gan/critic.ts';
export {
  type DcganShape,
  type DiscriminatorNorm,
  type DiscriminatorOptions,
  dcganDiscriminator,
  dcganGenerator,
  type GeneratorOptions,
} from './gan/dcgan.ts';
export { fullyConnectedDiscriminator, fullyConnectedGenerator } from './gan/fully-connected.ts';
export { Generator } from './gan/generator.ts';
export { type GpuMemory, gpuMemory } from './gan/gpu-memory.ts';
export {
  type FeatureMaps,
  type Filters,
  type InspectedSample,
  Inspector,
} from './gan/inspector.ts';
export { interpolate, slerp } from './gan/interpolate.ts';
export type { MetricName, StepMetrics } from './gan/metrics.ts';
export {
  defaultOptions,
  fullyConnectedOptions,
  type GanOptions,
  type LrSchedule,
  type ModelName,
  type OptimiserName,
} from './gan/options.ts';
export { type GridLayout, type PictureGrid, Pictures } from './gan/pictures.ts';
export { type Requirements, requirements } from './gan/requirements.ts';
export type {
  CanvasLayout,
  CanvasView,
  LatentChoice,
  SampleOptions,
  Sampler,
} from './gan/sampler.ts';
export {
  type LayerSummary,
  type LayerType,
  type ModelSummary,
  modelSummary,
  type NetName,
} from './gan/summary.ts';
export { type GanStats, GanTrainer, type GanTrainerOptions } from './gan/trainer.ts';

// Classifiers, and judging pictures by what one has learned.

export { ConvClassifier, type ConvClassifierShape } from './classifiers/conv-classifier.ts';
export { ClassifierError } from './classifiers/errors.ts';
export { logisticRegression } from './classifiers/logistic-regression.ts';
export { FeatureError } from './evaluation/errors.ts';
export { FeatureNet, type Features } from './evaluation/feature-net.ts';
export type { FeatureNetShape } from './evaluation/feature-net-model.ts';
export {
  evaluateQuality,
  type Quality,
  type QualityOptions,
  type QualityReport,
  type QualitySets,
} from './evaluation/quality.ts';
export {
  type FeatureTraining,
  type FeatureTrainingOptions,
  traceFeatureNet,
} from './evaluation/train-feature-net.ts';

// Bayesian inference for simulators, with a posterior that is a net.

export {
  adversarialInference,
  type Inference,
  type InferenceMetric,
  type InferenceOptions,
} from './inference/adversarial.ts';
export { type CalibratedIntervals, calibrate, type Interval } from './inference/calibrate.ts';
export {
  type ConjugateGaussian,
  type ConjugateGaussianOptions,
  conjugateGaussian,
} from './inference/conjugate-gaussian.ts';
export { InferenceError } from './inference/errors.ts';
export { type LotkaVolterraOptions, lotkaVolterra } from './inference/lotka-volterra.ts';
export { rejectionAbc } from './inference/rejection-abc.ts';
export { PosteriorSampler, type PosteriorSamplerOptions } from './inference/sampler.ts';
export { PosteriorSamples } from './inference/samples.ts';
export { type SimulateOptions, type Simulations, simulate } from './inference/simulate.ts';
export type { RandomNumbers, Simulator } from './inference/simulator.ts';

// What generator and discriminator are trained for.

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

// A variational autoencoder on pictures.

export type { EncodedPictures, VaeSampleOptions } from './vae/codec.ts';
export { bernoulliNll, gaussianKl, gaussianNll } from './vae/loss.ts';
export type { VaeMetricName } from './vae/metrics.ts';
export { defaultVaeOptions, type Likelihood, type VaeOptions } from './vae/options.ts';
export { type VaeStats, VaeTrainer } from './vae/trainer.ts';
export { Vae } from './vae/vae.ts';

// What all trainers have.

export type { RunOptions, TrainerStats, TrainOptions } from './training/base-trainer.ts';
export type { Metrics } from './training/metrics.ts';
export {
  type ProfiledDispatch,
  profileStep,
  type StepPass,
  type StepProfile,
} from './training/profile.ts';
export type { Snapshot } from './training/session.ts';
export type { TrainerEvent, TrainerOptions } from './training/survival.ts';

// Training steps of your own.

export type {
  BatchOptions,
  DataSet,
  StepContext,
  TrainingDefinition,
} from './training/definition.ts';
export type { GraphFunction, TracedFunction } from './training/graph-function.ts';
export type { TrainingProgram } from './training/program.ts';
export {
  decodeFunction,
  decodeProgram,
  encodeFunction,
  encodeProgram,
  type FunctionData,
  type ProgramData,
} from './training/program-data.ts';
export { traceFunction, traceTraining } from './training/trace.ts';
export { type CustomTrainerOptions, Trainer } from './training/trainer.ts';

// Layers, initialisers, losses and optimisers, in PyTorch's terms.

export { WeightAverage } from './nn/average.ts';
export { type AugmentationPolicy, diffAugment } from './nn/diff-augment.ts';
export { Dropout } from './nn/dropout.ts';
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
  Embedding,
  Flatten,
  LeakyReLU,
  Linear,
  ReLU,
  Sequential,
  Sigmoid,
  Tanh,
  Unflatten,
  type WeightNorm,
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
export { Maxout, type MaxoutOptions } from './nn/maxout.ts';
export { Module, ModuleBuffer, Parameter, type Pass } from './nn/module.ts';
export { Net } from './nn/net.ts';
export { type LogDensities, noiseContrastiveLoss } from './nn/noise-contrastive.ts';
export {
  Adam,
  type AdamOptions,
  AdamW,
  type AdamWOptions,
  type Optimiser,
  type OptimiserOptions,
  RMSProp,
  type RmsPropOptions,
  SGD,
  type SgdOptions,
  type TracedUpdate,
  type VariableContents,
} from './nn/optimisers.ts';
export { clipWeights, gradientPenalty, zeroCentredPenalty } from './nn/regularisers.ts';
export {
  type CosineScheduleOptions,
  cosineAnnealingLR,
  type ExponentialScheduleOptions,
  exponentialLR,
  type LinearScheduleOptions,
  linearLR,
  type Schedule,
  type StepScheduleOptions,
  stepLR,
} from './nn/schedules.ts';
export {
  bernoulliLogProb,
  bernoulliSample,
  categoricalLogProb,
  categoricalSample,
  leaveOneOut,
  scoreFunctionLoss,
} from './nn/score-function.ts';
export { spectralNorm } from './nn/spectral-norm.ts';

// Operations on tensors.

export { gradients } from './graph/autodiff.ts';
export type { Attr, Attrs, Graph, GraphData, Node, Tensor, Variable } from './graph/graph.ts';
export type { DType, Shape, TensorType } from './graph/shape.ts';
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
  floor,
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
export type { Distribution } from './ops/random.ts';
export { max, mean, sum } from './ops/reduce.ts';
export { type Reaction, type ReactionNetwork, tauLeap } from './ops/tau-leap.ts';
export { translate } from './ops/translate.ts';
export type { Elements } from './runtime/variables.ts';

// All of it in a worker, whose file imports 'ganvas/worker'.

export { type ConnectOptions, connect } from './worker/connect.ts';
export type {
  Remote,
  RemoteEngine,
  RemoteFeatureNet,
  RemoteFunction,
  RemoteGanTrainer,
  RemoteGanvas,
  RemoteGenerator,
  RemoteSampler,
  RemoteTrainer,
  RemoteVae,
  RemoteVaeTrainer,
} from './worker/remote.ts';
export { transfer } from './worker/values.ts';

// Files and measures.

export {
  type CheckpointStorage,
  CheckpointStore,
  type LoadedCheckpoint,
  StorageError,
  type StorageFault,
  type StoredCheckpoint,
  type StoredFile,
} from './io/checkpoint-store.ts';
export { opfsStorage } from './io/opfs-storage.browser.ts';

export { readSafetensors, writeSafetensors } from './io/safetensors.ts';
export type {
  ReadTensor,
  SafetensorsFile,
  WritableDtype,
  WritableTensor,
} from './io/safetensors-format.ts';
export { type ClassMeasures, classDistance, classMeasures } from './metrics/class-measures.ts';
export {
  discriminatorValue,
  type Grid,
  gridCentres,
  gridHistogram,
  gridMasses,
  jsDivergence,
  klDivergence,
  optimalDiscriminator,
  optimalValue,
} from './metrics/divergences.ts';
export { frechetDistance, type Moments, moments } from './metrics/frechet-distance.ts';
export { kernelDistance } from './metrics/kernel-distance.ts';
export {
  type ManifoldMeasures,
  type ManifoldOptions,
  manifoldMeasures,
} from './metrics/manifold.ts';
export { pairwiseDiversity } from './metrics/pairwise-diversity.ts';
export { hostProducts, type PairOptions, type Products } from './metrics/products.ts';
export { type SlicedWassersteinOptions, slicedWasserstein } from './metrics/sliced-wasserstein.ts';

// Errors: each has a `code` for programs, and advice for people.

export {
  DataError,
  DataFormatError,
  DataReadError,
  DataSizeError,
  EmptyDataError,
  GzipError,
  LabelError,
  NoReadablePicturesError,
  TrailingDataError,
  TruncatedDataError,
} from './data/errors.ts';
export { DistributionError } from './data/toy-distributions.ts';
export { CheckpointError } from './gan/checkpoint-metadata.ts';
export { ModelError } from './gan/dcgan.ts';
export { RunMemoryError } from './gan/memory.ts';
export { RunLimitError } from './gan/requirements.ts';
export {
  CanvasError,
  DeviceLostError,
  GpuInternalError,
  GpuValidationError,
  LimitError,
  type LossReason,
  NoAdapterError,
  NoWebGPUError,
  OutOfMemoryError,
  RecoveryError,
  ShaderError,
  type ShaderMessage,
} from './gpu/errors.ts';
export { GanvasError, GraphError, ShapeError } from './graph/errors.ts';
export { SafetensorsError } from './io/safetensors-format.ts';
export { DivergenceError } from './metrics/divergences.ts';
export { ProgramError } from './training/definition.ts';
export { NonFiniteError } from './training/metrics.ts';
export { StateError } from './training/state.ts';
export { WorkerError } from './worker/errors.ts';
