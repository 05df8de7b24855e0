/** What a run is to be: what the options say, and presets where they do not. */

import type { DcganShape, GanOptions } from '../index.ts';
import { UsageError } from './command.node.ts';
import type { CliOptions } from './options.node.ts';
import {
  GPU_EPOCHS,
  GPU_LEAST_STEPS,
  PRESETS,
  type Preset,
  SOFTWARE_SECONDS,
  TIMED_SAMPLE_STEPS,
  TIMED_SAMPLES,
} from './presets.node.ts';
import type { CheckpointInfo, GanModel, Model, VaeModel } from './protocol.ts';

/** What kind of data a dataset is: it decides the default size and channels. */
export type DataKind = 'idx' | 'pictures';

/** Size and channels of the pictures to train on, where no checkpoint says so. */
export function pictureShape(
  options: CliOptions,
  software: boolean,
  kind: DataKind,
): { readonly imageSize: number; readonly channels: number } {
  const gpuSize = kind === 'idx' ? 32 : 64;
  return {
    imageSize: options.imageSize ?? (software ? 32 : gpuSize),
    channels: options.channels ?? (kind === 'idx' ? 1 : 3),
  };
}

/** Everything about a run that options and presets decide. */
export interface RunPlan {
  /** Where the model came from. */
  readonly preset: 'software' | 'gpu' | 'checkpoint';
  readonly training: Model;
  readonly steps: number | undefined;
  readonly seconds: number | undefined;
  readonly sampleEvery: number;
  readonly sampleSeconds: number;
  /** All of it in one line, for people. */
  readonly description: string;
}

/** The model of a run that begins: what the options say, and the preset where they do not. */
function newModel(options: CliOptions, software: boolean, kind: DataKind): Model {
  const preset = PRESETS[options.model][software ? 'software' : 'gpu'];
  const shape = pictureShape(options, software, kind);
  const sizes = {
    ...shape,
    width: options.width ?? preset.width,
    latentDim: options.latentDim ?? preset.latentDim,
    batchSize: options.batchSize ?? preset.batchSize,
  };
  return options.model === 'vae'
    ? { ...sizes, ...newVae(options, preset) }
    : { ...sizes, ...newGan(options, preset, software) };
}

/** What a VAE has beside its sizes. */
function newVae(options: CliOptions, { lr }: Preset) {
  const { likelihood = 'bernoulli', beta = 1, flip, seed } = options;
  return { model: 'vae', likelihood, beta, lr, flip, seed } as const;
}

/** What a GAN has beside its sizes. */
function newGan(
  options: CliOptions,
  preset: Preset,
  software: boolean,
): Omit<GanModel, keyof DcganShape | 'batchSize'> {
  const connected = options.model === 'fully-connected';
  // The rates of the original GAN are those of SGD.
  const ofSgd = connected && (options.optimiser ?? 'sgd') === 'sgd';
  const { lr } = ofSgd ? preset : PRESETS.dcgan[software ? 'software' : 'gpu'];
  return {
    ...(connected && { model: 'fully-connected' as const }),
    latent: options.latent ?? (connected ? 'uniform' : 'normal'),
    lrD: lr,
    lrG: lr,
    beta1: options.beta1,
    dSteps: options.dSteps,
    freshLatent: options.freshLatent,
    mixedBatch: options.mixedBatch,
    generatorLoss: options.generatorLoss,
    labelSmoothing: options.labelSmoothing,
    ema: options.ema ?? preset.ema,
    flip: options.flip,
    seed: options.seed,
    ...(options.gp !== undefined && { gradientPenalty: options.gp }),
    ...scheduleOf(options),
    ...given(options, [
      ...(['objective', 'normD', 'r1', 'clipWeights'] as const),
      ...(['instanceNoise', 'optimiser', 'weightDecay', 'clipGradients'] as const),
      ...(['augment', 'accumulate', 'lrGamma', 'conditioning'] as const),
    ]),
    ...(options.spectralNorm && {
      normD: 'spectral',
      spectralNormG: options.spectralNorm === 'gd',
    }),
  };
}

/** The schedule of the learning rates, over all the steps where nothing else is said. */
function scheduleOf({ lrSchedule, lrSteps, steps }: CliOptions): Partial<GanOptions> {
  if (!lrSchedule || lrSchedule === 'constant') return given({ lrSteps }, ['lrSteps']);
  return { lrSchedule, ...given({ lrSteps: lrSteps ?? steps }, ['lrSteps']) };
}

/** Those of the options that were given: the others are the engine's to choose. */
function given<Name extends keyof CliOptions>(
  options: Pick<CliOptions, Name>,
  names: readonly Name[],
) {
  const entries = names.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Partial<
    Pick<CliOptions, Name>
  >;
}

/** The model with the learning rates that the options say. */
function withRates(model: Model, { lr, lrD, lrG }: CliOptions): Model {
  if (model.model !== 'vae')
    return { ...model, lrD: lrD ?? lr ?? model.lrD, lrG: lrG ?? lr ?? model.lrG };
  if (lrD !== undefined || lrG !== undefined)
    throw new UsageError('--lr-d and --lr-g are options of GANs, and this is a VAE: give --lr.');
  return { ...model, lr: lr ?? model.lr };
}

function describeGan({ lrD, lrG, ema, objective, classes }: GanModel): string[] {
  return [
    ...(classes ? [`${classes} classes`] : []),
    lrD === lrG ? `learning rate ${lrD}` : `learning rates ${lrD} (D) and ${lrG} (G)`,
    ema > 0 ? `EMA ${ema}` : 'no EMA',
    ...(objective && objective !== 'original' ? [`objective ${objective}`] : []),
  ];
}

const describeVae = ({ lr, likelihood, beta }: VaeModel): string[] => [
  `learning rate ${lr}`,
  `${likelihood === 'bernoulli' ? 'Bernoulli' : 'Gaussian'} pixels`,
  `β ${beta}`,
];

/**
 * Fills in what the options leave open.
 *
 * @param software whether the adapter computes on the CPU
 * @param count pictures in the data set
 * @param checkpoint what the run goes on from, if it does
 * @param classes of the pictures, where the run has any
 */
export function planRun(
  options: CliOptions,
  software: boolean,
  kind: DataKind,
  count: number,
  checkpoint?: CheckpointInfo,
  classes = 0,
): RunPlan {
  const begun = newModel(options, software, kind);
  const model = checkpoint?.options ?? (classes > 0 ? { ...begun, classes } : begun);
  const training = withRates(model, options);

  let { steps, time: seconds } = options;
  if (steps === undefined && seconds === undefined) {
    if (software) seconds = SOFTWARE_SECONDS;
    else {
      const epochs = Math.ceil((GPU_EPOCHS * count) / training.batchSize);
      steps = Math.max(GPU_LEAST_STEPS, epochs);
    }
  }
  const timed = steps === undefined;
  const sampleEvery =
    options.sampleEvery ?? (timed ? TIMED_SAMPLE_STEPS : roundDown((steps ?? 0) / 10));
  // A grid that was asked for is made, however soon.
  const sampleSeconds =
    options.sampleEvery === undefined && timed ? (seconds ?? 0) / TIMED_SAMPLES : 0;

  const { imageSize, channels, width, latentDim, batchSize } = training;
  const lengths = [];
  if (steps !== undefined) lengths.push(`${steps} ${checkpoint ? 'further steps' : 'steps'}`);
  if (seconds !== undefined) lengths.push(`${seconds} s`);
  const source = checkpoint
    ? `going on from step ${checkpoint.step}`
    : `preset ${software ? 'for a software adapter' : 'for a GPU'}`;
  const name = { dcgan: '', 'fully-connected': 'fully connected, ', vae: 'VAE, ' }[
    training.model ?? 'dcgan'
  ];
  const description = [
    `${source}: ${name}${imageSize}×${imageSize}×${channels}`,
    `width ${width}`,
    `nz ${latentDim}`,
    `batch ${batchSize}`,
    ...(training.model === 'vae' ? describeVae(training) : describeGan(training)),
    lengths.join(' or '),
  ].join(', ');
  const preset = checkpoint ? 'checkpoint' : software ? 'software' : 'gpu';
  return { preset, training, steps, seconds, sampleEvery, sampleSeconds, description };
}

/** The next 1, 2 or 5 times a power of ten at or below `value`; at least 1. */
function roundDown(value: number): number {
  if (value < 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = value / power;
  return power * (digit >= 5 ? 5 : digit >= 2 ? 2 : 1);
}
