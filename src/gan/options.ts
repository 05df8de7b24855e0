import { type AugmentationPolicy, augmentationPolicies } from '../nn/diff-augment.ts';
import type { Distribution } from '../ops/random.ts';
import { type Conditioning, conditionings } from './conditional.ts';
import {
  checkDcganShape,
  type DcganShape,
  type DiscriminatorNorm,
  discriminatorNorms,
  ModelError,
} from './dcgan.ts';
import { givenOptions } from './given-options.ts';
import {
  generatorLossesOf,
  hasFeatures,
  needsBoundedSlope,
  type ObjectiveName,
  objectiveNames,
} from './objectives/index.ts';
import { type GeneratorLoss, generatorLosses } from './objectives/original.ts';

/** What updates the nets of a run. */
export type OptimiserName = 'adam' | 'sgd' | 'rmsprop';

const optimiserNames: readonly OptimiserName[] = ['adam', 'sgd', 'rmsprop'];

/**
 * How learning rates change over `lrSteps` steps: to 0 on a line or along half a cosine (Loshchilov &
 * Hutter 2017), after which they stay 0; or by a factor of `lrGamma` in each `lrSteps`, evenly or at their end.
 */
export type LrSchedule = 'constant' | 'linear' | 'cosine' | 'exponential' | 'step';

const lrSchedules: readonly LrSchedule[] = ['constant', 'linear', 'cosine', 'exponential', 'step'];

/**
 * What G and D are: convolutional (Radford et al. 2016), or fully connected as in the original GAN
 * (Goodfellow et al. 2014), with defaults of its own: see `fullyConnectedOptions`.
 */
export type ModelName = 'dcgan' | 'fully-connected';

const modelNames: readonly ModelName[] = ['dcgan', 'fully-connected'];

/** Everything that decides a run, but the data. */
export interface GanOptions extends DcganShape {
  /** What the nets are made of. */
  readonly model: ModelName;
  /** What latents are drawn from. */
  readonly latent: Distribution;
  /** Pictures in a batch, real ones and fake ones alike. */
  readonly batchSize: number;
  /**
   * Equal parts that each batch is taken in, one after the other, for batches larger than memory: their
   * gradients are averaged for one update, and metrics are their means. To batch-norm each is a batch.
   */
  readonly accumulate: number;
  /** Learning rate of the discriminator. */
  readonly lrD: number;
  /** Learning rate of the generator. */
  readonly lrG: number;
  /** How both rates change with the steps; rates that are set while training change likewise. */
  readonly lrSchedule: LrSchedule;
  /** Steps that the schedule takes; 0 where there is none. */
  readonly lrSteps: number;
  /** The factor of the schedules that have one. */
  readonly lrGamma: number;
  /** What updates both nets; RMSProp with α = 0.99. */
  readonly optimiser: OptimiserName;
  /** Adam's β1, with a β2 of 0.999; SGD's momentum. */
  readonly beta1: number;
  /** λ of AdamW (Loshchilov & Hutter 2019), which Adam is where it is above 0. */
  readonly weightDecay: number;
  /** A net's gradients whose norm is larger are scaled down to this one; 0 for never. */
  readonly clipGradients: number;
  /** Updates of D for each of G: k of Goodfellow et al. 2014, algorithm 1. */
  readonly dSteps: number;
  /** G's update draws a latent batch of its own instead of using D's last one again. */
  readonly freshLatent: boolean;
  /** D sees real and fake pictures in one batch, and batch-norm mixes their statistics. */
  readonly mixedBatch: boolean;
  /** What D and G want of D's logits. */
  readonly objective: ObjectiveName;
  /** G's loss, where the objective leaves a choice: of the original GAN, and of f-GAN but the last. */
  readonly generatorLoss: GeneratorLoss;
  /** Taken off the target of real pictures of the original GAN. */
  readonly labelSmoothing: number;
  /** D's parameters are kept in [−c, c] (Arjovsky et al. 2017, algorithm 1: 0.01); 0 for no limit. */
  readonly clipWeights: number;
  /** λ of the penalty on slopes of D other than 1 (Gulrajani et al. 2017: 10); 0 for none. */
  readonly gradientPenalty: number;
  /** γ of the penalty on slopes of D at real pictures: R1 (Mescheder et al. 2018: 10); 0 for none. */
  readonly r1: number;
  /**
   * Standard deviation of the noise on every picture that D sees, real or fake, whose values are from −1
   * to 1: instance noise (Sønderby et al. 2017; Arjovsky & Bottou 2017, section 3).
   */
  readonly instanceNoise: number;
  /**
   * Random changes of every picture that D sees, real or fake: DiffAugment (Zhao et al. 2020), for few
   * pictures. See `diffAugment`.
   */
  readonly augment: AugmentationPolicy | 'none';
  /** What normalises D. */
  readonly normD: DiscriminatorNorm;
  /** Spectral normalisation of G's weights, beside batch-norm (Zhang et al. 2019). */
  readonly spectralNormG: boolean;
  /**
   * Classes of pictures, of which the pictures' labels are the numbers, 0 to classes − 1: G draws pictures
   * of the class that it is asked for, and D is told the class of each. 2 to 256; 0 for none.
   */
  readonly classes: number;
  /** How D is told the class of a picture, where there are classes. */
  readonly conditioning: Conditioning;
  /** Decay of the average of G's weights that samples are drawn with; 0 for none. */
  readonly ema: number;
  /** Mirror real pictures at random. */
  readonly flip: boolean;
  /** A whole number from 0 to 2³² − 1. */
  readonly seed: number;
}

/** PyTorch's DCGAN example, at MNIST's size. */
export const defaultOptions: GanOptions = {
  model: 'dcgan',
  imageSize: 32,
  channels: 1,
  width: 64,
  latentDim: 100,
  latent: 'normal',
  batchSize: 64,
  accumulate: 1,
  lrD: 2e-4,
  lrG: 2e-4,
  lrSchedule: 'constant',
  lrSteps: 0,
  lrGamma: 0.1,
  optimiser: 'adam',
  beta1: 0.5,
  weightDecay: 0,
  clipGradients: 0,
  dSteps: 1,
  freshLatent: false,
  mixedBatch: false,
  objective: 'original',
  generatorLoss: 'non-saturating',
  labelSmoothing: 0,
  clipWeights: 0,
  gradientPenalty: 0,
  r1: 0,
  instanceNoise: 0,
  augment: 'none',
  normD: 'batch',
  spectralNormG: false,
  classes: 0,
  conditioning: 'projection',
  ema: 0,
  flip: false,
  seed: 0,
};

/**
 * What the fully connected model has in the place of `defaultOptions`: the sizes, latents and optimiser
 * that the paper's code had for MNIST, and no batch-norm.
 */
export const fullyConnectedOptions: Pick<
  GanOptions,
  'width' | 'latent' | 'optimiser' | 'lrD' | 'lrG' | 'normD'
> = {
  width: 240,
  latent: 'uniform',
  optimiser: 'sgd',
  lrD: 0.1,
  lrG: 0.1,
  normD: 'none',
};

/** What stands for options that are not given. The learning rates are those of the optimiser. */
function defaultsFor({ model, optimiser = 'sgd' }: Partial<GanOptions>): GanOptions {
  if (model !== 'fully-connected') return defaultOptions;
  const { lrD, lrG } = optimiser === 'sgd' ? fullyConnectedOptions : defaultOptions;
  return { ...defaultOptions, ...fullyConnectedOptions, lrD, lrG };
}

/** Options with defaults filled in, checked. Throws a `ModelError` that names what is wrong. */
export function resolveOptions(given: Partial<GanOptions>): GanOptions {
  const options: GanOptions = { ...defaultsFor(given), ...givenOptions(given, defaultOptions) };
  checkDcganShape(options);
  const demand = (name: keyof GanOptions, fits: boolean, range: string) => {
    if (!fits)
      throw new ModelError(`The option ${name} is ${options[name]}.`, `It must be ${range}.`);
  };
  const { batchSize, lrD, lrG, beta1, dSteps, labelSmoothing, ema, seed } = options;
  const { weightDecay, clipGradients, clipWeights, gradientPenalty, r1, instanceNoise } = options;
  demand(
    'batchSize',
    Number.isInteger(batchSize) && batchSize >= 2 && batchSize <= 65536,
    'a whole number from 2 to 65536',
  );
  const { accumulate, lrSchedule, lrSteps, lrGamma, augment } = options;
  demand(
    'accumulate',
    Number.isInteger(accumulate) && accumulate >= 1 && accumulate <= 64,
    'a whole number from 1 to 64',
  );
  demand('lrSchedule', lrSchedules.includes(lrSchedule), lrSchedules.join(', '));
  demand(
    'lrSteps',
    Number.isInteger(lrSteps) && lrSteps >= 0 && lrSteps <= 1e7,
    'a whole number from 0 to 10⁷',
  );
  demand('lrGamma', lrGamma > 0 && lrGamma <= 1, 'above 0 and at most 1');
  demand(
    'augment',
    augment === 'none' || augmentationPolicies.includes(augment),
    ['none', ...augmentationPolicies].join(' or '),
  );
  demand('lrD', lrD > 0 && lrD <= 10, 'above 0 and at most 10');
  demand('lrG', lrG > 0 && lrG <= 10, 'above 0 and at most 10');
  demand('beta1', beta1 >= 0 && beta1 < 1, 'in [0, 1)');
  demand(
    'dSteps',
    Number.isInteger(dSteps) && dSteps >= 1 && dSteps <= 100,
    'a whole number from 1 to 100',
  );
  demand('labelSmoothing', labelSmoothing >= 0 && labelSmoothing < 0.5, 'in [0, 0.5)');
  demand('ema', ema >= 0 && ema < 1, 'in [0, 1)');
  demand(
    'seed',
    Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32,
    'a whole number from 0 to 2³² − 1',
  );
  demand(
    'generatorLoss',
    generatorLosses.includes(options.generatorLoss),
    generatorLosses.join(', '),
  );
  demand(
    'latent',
    options.latent === 'normal' || options.latent === 'uniform',
    'normal or uniform',
  );
  demand('objective', objectiveNames.includes(options.objective), objectiveNames.join(', '));
  demand('instanceNoise', instanceNoise >= 0 && instanceNoise <= 10, 'in [0, 10]');
  demand('optimiser', optimiserNames.includes(options.optimiser), optimiserNames.join(', '));
  demand('weightDecay', weightDecay >= 0 && weightDecay <= 10, 'in [0, 10]');
  demand('clipGradients', clipGradients >= 0 && clipGradients <= 1e6, 'in [0, 1e6]');
  demand('model', modelNames.includes(options.model), modelNames.join(', '));
  demand('normD', discriminatorNorms.includes(options.normD), discriminatorNorms.join(', '));
  demand('gradientPenalty', gradientPenalty >= 0 && gradientPenalty <= 1e6, 'in [0, 1e6]');
  demand('r1', r1 >= 0 && r1 <= 1e6, 'in [0, 1e6]');
  demand('clipWeights', clipWeights >= 0 && clipWeights <= 10, 'in [0, 10]');
  const { classes } = options;
  demand(
    'classes',
    classes === 0 || (Number.isInteger(classes) && classes >= 2 && classes <= 256),
    'a whole number from 2 to 256, or 0 for none',
  );
  demand('conditioning', conditionings.includes(options.conditioning), conditionings.join(', '));
  checkTogether(options);
  return options;
}

/** Throws a `ModelError` for options that contradict each other. */
function checkTogether(options: GanOptions): void {
  const { objective, generatorLoss, labelSmoothing, clipWeights, gradientPenalty, r1 } = options;
  const refuse = (when: boolean, message: string, advice: string) => {
    if (when) throw new ModelError(message, advice);
  };
  const losses = generatorLossesOf(objective);
  refuse(
    !losses.includes(generatorLoss),
    `The objective ${objective} has no generatorLoss ${generatorLoss}.`,
    losses.length > 1 ? `It has ${losses.join(' and ')}.` : 'Leave one of them out.',
  );
  refuse(
    objective !== 'original' && labelSmoothing > 0,
    `The objective is ${objective}, and labelSmoothing is an option of 'original' alone.`,
    'Leave one of them out.',
  );
  const { optimiser, weightDecay, beta1, normD, model } = options;
  refuse(
    model === 'fully-connected' && normD === 'batch',
    'The model is fully-connected, whose discriminator has no batch-norm.',
    "Leave normD out, or give normD: 'spectral'.",
  );
  refuse(
    optimiser !== 'adam' && weightDecay > 0,
    `The optimiser is ${optimiser}, and weightDecay is an option of adam alone.`,
    'Leave one of them out.',
  );
  refuse(
    optimiser === 'rmsprop' && beta1 !== defaultOptions.beta1,
    'The optimiser is rmsprop, and beta1 is an option of adam and sgd alone.',
    'Leave one of them out.',
  );
  const bounds = Object.entries({ clipWeights, gradientPenalty, r1 })
    .filter(([, strength]) => strength > 0)
    .map(([name]) => name);
  refuse(
    bounds.length > 1,
    `${bounds.join(' and ')} bound the slope of D in ways that contradict each other.`,
    'Choose one of them.',
  );
  refuse(
    needsBoundedSlope(objective) && normD !== 'spectral' && clipWeights + gradientPenalty === 0,
    `The objective ${objective} means nothing while the slope of D has no bound.`,
    "Give gradientPenalty: 10 with normD: 'none', or normD: 'spectral', or clipWeights: 0.01.",
  );
  refuse(
    normD === 'spectral' && clipWeights > 0,
    'clipWeights limits weights, and spectral normalisation divides them by their size again.',
    'Leave one of them out.',
  );
  // Each picture's slope is penalised, and a batch-norm makes logits depend on the others' pictures too.
  refuse(
    normD === 'batch' && gradientPenalty + r1 > 0,
    `${bounds[0]} is of the slope of D at each picture, and batch-norm mixes those of a batch.`,
    "Give normD: 'none' or normD: 'spectral'.",
  );
  checkSteps(options);
  checkConditioning(options);
}

/** Throws a `ModelError` for batches that have no such parts, and for schedules that are none. */
function checkSteps(options: GanOptions): void {
  const { batchSize, accumulate, lrSchedule, lrSteps, lrGamma, dSteps } = options;
  const part = batchSize / accumulate;
  if (!(Number.isInteger(part) && part >= 2)) {
    throw new ModelError(
      `A batch of ${batchSize} cannot be taken in ${accumulate} equal parts of 2 or more.`,
      'Give a batchSize that is a multiple of accumulate, and at least twice as large.',
    );
  }
  const scheduled = lrSchedule !== 'constant';
  if (scheduled !== lrSteps > 0) {
    throw new ModelError(
      `The lrSchedule is ${lrSchedule}, and lrSteps is ${lrSteps}.`,
      scheduled
        ? 'Say over how many steps, such as those of the whole run.'
        : "Give lrSchedule: 'linear', 'cosine', 'exponential' or 'step', or leave lrSteps out.",
    );
  }
  if (lrGamma !== defaultOptions.lrGamma && !['exponential', 'step'].includes(lrSchedule)) {
    throw new ModelError(
      `The lrSchedule is ${lrSchedule}, and lrGamma is an option of exponential and step alone.`,
      'Leave one of them out.',
    );
  }
  // Updates are counted in float32.
  if (lrSteps * dSteps > 2 ** 24) {
    throw new ModelError(
      `lrSteps are ${lrSteps} of ${dSteps} updates of D each.`,
      'Together they must be at most 2²⁴.',
    );
  }
}

/** Throws a `ModelError` for what contradicts the classes of the pictures, or their absence. */
function checkConditioning(options: GanOptions): void {
  const { model, classes, conditioning, objective, clipWeights } = options;
  if (classes > 0 && model !== 'dcgan') {
    throw new ModelError(
      `The model is ${model}, which knows no classes.`,
      "Give model: 'dcgan', or leave the classes out.",
    );
  }
  if (classes === 0 && conditioning !== defaultOptions.conditioning) {
    throw new ModelError(
      `The conditioning is ${conditioning}, and there are no classes.`,
      'Say how many classes the pictures have, or leave it out.',
    );
  }
  if (classes > 0 && conditioning === 'projection' && hasFeatures(objective)) {
    throw new ModelError(
      `The objective ${objective} has no logit that a class could be projected to.`,
      "Give conditioning: 'concatenation'.",
    );
  }
  if (classes > 0 && conditioning === 'concatenation' && clipWeights > 0) {
    throw new ModelError(
      'clipWeights limits what is joined to pictures for their class too, until D hardly sees it.',
      "Give conditioning: 'projection'.",
    );
  }
}
