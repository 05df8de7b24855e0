/** The options of the main job: what there is, and what is allowed. */

import { Command, Option } from 'commander';
import type { GanOptions, VaeOptions } from '../index.ts';
import {
  addBrowserOptions,
  atLeast0,
  type BrowserOptions,
  fraction,
  integer,
  oneOf,
  parseCommand,
  positive,
  rate,
  UsageError,
  upTo1,
  upToHalf,
} from './command.node.ts';
import {
  type CliModel,
  GPU_EPOCHS,
  GPU_LEAST_STEPS,
  MODELS,
  PRESETS,
  SOFTWARE_SECONDS,
  TIMED_SAMPLE_STEPS,
  TIMED_SAMPLES,
} from './presets.node.ts';

/** The engine's names, which it checks together; its default is the first of each. */
const OBJECTIVES = [
  ...(['original', 'least-squares', 'hinge', 'wasserstein'] as const),
  ...(['f-gan-kl', 'f-gan-reverse-kl', 'f-gan-pearson', 'f-gan-hellinger'] as const),
  ...(['f-gan-jensen-shannon', 'f-gan-gan', 'mmd-gaussian', 'mmd-rational-quadratic'] as const),
] satisfies readonly GanOptions['objective'][];
/** What D has beside its weights; that they are normalised themselves says another option, of both nets. */
const NORMS = ['batch', 'none'] as const satisfies readonly GanOptions['normD'][];
const SPECTRAL = ['d', 'gd'] as const;
const SCHEDULES = [
  ...(['constant', 'linear', 'cosine', 'exponential', 'step'] as const),
] satisfies readonly GanOptions['lrSchedule'][];
const AUGMENTATIONS = [
  ...(['color', 'translation', 'cutout', 'color,translation', 'color,cutout'] as const),
  ...(['translation,cutout', 'color,translation,cutout'] as const),
] satisfies readonly GanOptions['augment'][];
const LIKELIHOODS = [
  'bernoulli',
  'gaussian',
] as const satisfies readonly VaeOptions['likelihood'][];
const CONDITIONINGS = [
  'projection',
  'concatenation',
] as const satisfies readonly GanOptions['conditioning'][];
const OPTIMISERS = ['adam', 'sgd', 'rmsprop'] as const satisfies readonly GanOptions['optimiser'][];

/** What was given on the command line; what is undefined is for the preset to say. */
export interface CliOptions extends BrowserOptions {
  readonly dataset: string;
  /** Train with the classes of the pictures. */
  readonly classes: boolean;
  /** The file of an IDX file's labels, where it is not beside it. */
  readonly labels?: string;
  readonly conditioning?: (typeof CONDITIONINGS)[number];
  /** The checkpoint to go on from; what belongs to the model is then that of the file. */
  readonly resume?: string;
  readonly model: CliModel;
  readonly imageSize?: number;
  readonly channels?: number;
  readonly batchSize?: number;
  readonly steps?: number;
  readonly time?: number;
  readonly width?: number;
  readonly latentDim?: number;
  readonly latent?: 'normal' | 'uniform';
  readonly likelihood?: (typeof LIKELIHOODS)[number];
  readonly beta?: number;
  readonly lr?: number;
  readonly lrD?: number;
  readonly lrG?: number;
  readonly beta1: number;
  readonly dSteps: number;
  readonly freshLatent: boolean;
  readonly mixedBatch: boolean;
  readonly generatorLoss: 'non-saturating' | 'minimax' | 'maximum-likelihood';
  readonly labelSmoothing: number;
  readonly objective?: (typeof OBJECTIVES)[number];
  readonly normD?: (typeof NORMS)[number];
  readonly spectralNorm?: (typeof SPECTRAL)[number];
  readonly gp?: number;
  readonly r1?: number;
  readonly clipWeights?: number;
  readonly instanceNoise?: number;
  readonly augment?: (typeof AUGMENTATIONS)[number];
  readonly optimiser?: (typeof OPTIMISERS)[number];
  readonly weightDecay?: number;
  readonly clipGradients?: number;
  readonly accumulate?: number;
  readonly lrSchedule?: (typeof SCHEDULES)[number];
  readonly lrSteps?: number;
  readonly lrGamma?: number;
  readonly ema?: number;
  readonly flip: boolean;
  readonly seed: number;
  readonly sampleEvery?: number;
  readonly samples?: number;
  readonly out: string;
  readonly json: boolean;
}

/** What belongs to a VAE alone. */
const OF_VAES = ['likelihood', 'beta'];

/** What a VAE has too. */
const OF_BOTH = [
  'model',
  'imageSize',
  'channels',
  'batchSize',
  'width',
  'latentDim',
  'flip',
  'seed',
];

/** What a checkpoint decides, which cannot be changed in the middle of a run. */
const OF_THE_MODEL = [
  ...OF_BOTH,
  ...OF_VAES,
  ...['latent', 'beta1', 'dSteps', 'freshLatent', 'mixedBatch', 'generatorLoss'],
  ...['labelSmoothing', 'ema'],
  ...['objective', 'normD', 'gp', 'r1', 'clipWeights', 'instanceNoise', 'optimiser'],
  ...['weightDecay', 'clipGradients', 'spectralNorm', 'augment', 'accumulate'],
  ...['lrSchedule', 'lrSteps', 'lrGamma'],
  ...['classes', 'conditioning'],
];

function command(): Command {
  const { software: p, gpu: g } = PRESETS.dcgan;
  const program = new Command('npm run train --')
    .description(
      'Trains a GAN or a VAE on WebGPU in a headless browser and writes sample pictures, the metrics ' +
        'of every step, a checkpoint and a record of the run.',
    )
    .addHelpText(
      'after',
      `
Without options it trains on MNIST with a preset that it chooses by the adapter, and says which:
  software adapter  32×32, width ${p.width}, nz ${p.latentDim}, batch ${p.batchSize}, learning rate ${p.lr}, EMA ${p.ema}, ${SOFTWARE_SECONDS / 60} minutes
  GPU               32×32 (pictures: 64×64), width ${g.width}, nz ${g.latentDim}, batch ${g.batchSize}, learning rate ${g.lr},
                    no EMA, ${GPU_EPOCHS} epochs but at least ${GPU_LEAST_STEPS} steps
An option replaces that part of the preset; --steps or --time replace its length. Another --model has
sizes and rates of its own:
  fully-connected   the original GAN of 2014: maxout and dropout in D, uniform latents, SGD
  vae               a variational autoencoder; it also writes reconstructions-*.png (each picture beside
                    its reconstruction), with --latent-dim 2 manifold-*.png, and columns of its own in
                    metrics.csv. Its options are --likelihood and --beta, and of the others only sizes,
                    --lr, --flip, --seed and those of the run.

--classes trains G to draw the class that it is asked for, and tells D the class of each picture. The
classes are an IDX file's labels (beside it under the name that goes with its own, as MNIST's are, or in
--labels), or the sub-folders of a folder of pictures. In the grids each column is of one class, in order.

--resume goes on with the run of a checkpoint, on the same pictures: bit by bit as if it had never
stopped, on the same kind of adapter. Sizes, batch, seed and the rest of the model are the file's;
--lr, --lr-d and --lr-g replace its learning rates, --steps and --time are further ones. In the folder
that the file is in, metrics.csv goes on; another folder begins with the checkpoint's next step.

Ctrl-C stops, writes what there is and exits with 130; a second one exits at once.
Exit codes: 0 done, 1 failed, 2 bad options, 130 interrupted.`,
    )
    .addOption(
      new Option(
        '--dataset <mnist|PATH>',
        'mnist, a folder of PNG/JPEG/WebP pictures, or an IDX file (gzipped or not)',
      ).default('mnist'),
    )
    .option('--classes', 'draw pictures of the class asked for, by labels or sub-folders')
    .option('--labels <file>', 'the IDX file of the labels (default: the one beside the pictures)')
    .addOption(
      new Option(
        '--conditioning <kind>',
        'how the discriminator is told the class (default: projection)',
      ).choices(CONDITIONINGS),
    )
    .addOption(
      new Option('--resume <file>', 'go on from this checkpoint.safetensors').conflicts(
        OF_THE_MODEL,
      ),
    )
    .addOption(new Option('--model <name>', 'what is trained').choices(MODELS).default('dcgan'))
    .option('--image-size <n>', 'side in pixels: 16, 32, 64, 128, 256', oneOf(16, 32, 64, 128, 256))
    .option(
      '--channels <n>',
      '1 grey, 3 RGB, 4 RGBA (default: 1 for IDX, 3 for pictures)',
      oneOf(1, 3, 4),
    )
    .option('--batch-size <n>', 'pictures per step', integer(2, 65_536))
    .option(
      '--accumulate <n>',
      'equal parts that a batch is taken in, where memory lacks for the whole (default: 1)',
      integer(1, 64),
    )
    .option('--steps <n>', 'stop after so many generator steps', integer(1))
    .option('--time <seconds>', 'stop after so many seconds of training', positive)
    .option(
      '--width <n>',
      'feature maps at the highest resolution (ngf = ndf); units of D',
      integer(1, 1024),
    )
    .option('--latent-dim <n>', 'length of the latent vector (nz)', integer(1, 65_536))
    .addOption(
      new Option(
        '--latent <kind>',
        'distribution of the latent vector (default: normal; uniform where fully connected)',
      ).choices(['normal', 'uniform']),
    )
    .addOption(
      new Option(
        '--likelihood <kind>',
        'of a VAE, what pixels are taken to be (default: bernoulli)',
      ).choices(LIKELIHOODS),
    )
    .option('--beta <β>', "of a VAE, the KL divergence's weight (default: 1)", atLeast0)
    .option('--lr <rate>', 'learning rate of both nets', rate)
    .option('--lr-d <rate>', 'learning rate of the discriminator (default: --lr)', rate)
    .option('--lr-g <rate>', 'learning rate of the generator (default: --lr)', rate)
    .addOption(
      new Option(
        '--lr-schedule <kind>',
        'how the rates change: to 0 (linear, cosine), or by --lr-gamma (default: constant)',
      ).choices(SCHEDULES),
    )
    .option(
      '--lr-steps <n>',
      'steps that the schedule takes (default: --steps)',
      integer(1, 10_000_000),
    )
    .option(
      '--lr-gamma <γ>',
      'factor in --lr-steps, evenly (exponential) or after them (step) (default: 0.1)',
      upTo1,
    )
    .addOption(
      new Option(
        '--optimiser <name>',
        'what updates both nets (default: adam; sgd where fully connected)',
      ).choices(OPTIMISERS),
    )
    .option('--beta1 <b>', "first decay of Adam; SGD's momentum", fraction, 0.5)
    .option('--weight-decay <λ>', 'of AdamW, which Adam then is', atLeast0)
    .option('--clip-gradients <norm>', "scale down a net's gradients to this norm", positive)
    .option('--d-steps <k>', 'discriminator steps per generator step', integer(1, 100), 1)
    .option('--fresh-latent', 'draw new latent vectors for the generator step')
    .option('--mixed-batch', 'real and generated pictures in one pass of the discriminator')
    .addOption(
      new Option(
        '--objective <name>',
        'what the nets want (default: original, the three costs of --generator-loss)',
      ).choices(OBJECTIVES),
    )
    .addOption(
      new Option(
        '--norm-d <kind>',
        'whether the discriminator has batch-norm (default: batch; none with --spectral-norm)',
      ).choices(NORMS),
    )
    .addOption(
      new Option(
        '--spectral-norm <nets>',
        'normalise the weights of the discriminator, or of both nets',
      ).choices(SPECTRAL),
    )
    .option(
      '--gp <λ>',
      'on slopes of the discriminator other than 1, as WGAN-GP; not with batch-norm',
      positive,
    )
    .option('--r1 <γ>', 'penalty on slopes at real pictures; not with batch-norm', positive)
    .option('--clip-weights <c>', 'keep the weights of the discriminator in [−c, c]', positive)
    .option('--instance-noise <σ>', 'noise on all that the discriminator sees', positive)
    .addOption(
      new Option(
        '--augment <changes>',
        'random changes of all that the discriminator sees, for few pictures: DiffAugment',
      ).choices(AUGMENTATIONS),
    )
    .addOption(
      new Option('--generator-loss <kind>', "the generator's cost")
        .choices(['non-saturating', 'minimax', 'maximum-likelihood'])
        .default('non-saturating'),
    )
    .option('--label-smoothing <s>', 'real pictures have the target 1 − s', upToHalf, 0)
    .option(
      '--ema <decay>',
      "decay of an average of the generator's weights, used for the samples; 0 for none",
      fraction,
    )
    .option('--flip', 'mirror half of the real pictures')
    .option('--seed <n>', 'of everything random', integer(0), 1)
    .option(
      '--sample-every <steps>',
      'a picture grid every so many steps, besides the one of the last step (default: 10 to 25 ' +
        `of a run of known length, else every ${TIMED_SAMPLE_STEPS} steps but at most ${TIMED_SAMPLES})`,
      integer(1),
    )
    .option(
      '--samples <n>',
      'pictures in a grid (default: 64, or of classes about so many, of each as many)',
      integer(1, 4096),
    )
    .option('--out <dir>', 'where to write; the files of an earlier run are replaced', 'out')
    .option(
      '--json',
      'one JSON line a step on standard output; steps that a lost device costs come again',
    );
  return addBrowserOptions(program);
}

const withName = (option: Option) => ({
  long: option.long,
  attributeName: option.attributeName(),
});

/** Refuses options of classes where there are none. */
function checkClasses({ classes, labels, conditioning, model, resume }: CliOptions): void {
  if (classes && model !== 'dcgan')
    throw new UsageError(`--classes is an option of --model dcgan, not of ${model}. (See --help.)`);
  if (conditioning && !classes)
    throw new UsageError('--conditioning is an option of runs with --classes. (See --help.)');
  if (labels !== undefined && !classes && resume === undefined)
    throw new UsageError('--labels is an option of runs with --classes. (See --help.)');
}

/** Parses the command line, see `parseCommand`. */
export function parseOptions(
  argv: readonly string[],
): { readonly options: CliOptions } | { readonly help: string } {
  const program = command();
  const parsed = parseCommand<CliOptions>(program, argv);
  if ('help' in parsed) return parsed;
  const { normD, spectralNorm, model } = parsed.options;
  const ofGans = [...OF_THE_MODEL, 'lrD', 'lrG'].filter(
    (name) => !OF_BOTH.includes(name) && !OF_VAES.includes(name),
  );
  for (const { long, attributeName } of program.options.map(withName)) {
    if (program.getOptionValueSource(attributeName) !== 'cli') continue;
    if (model === 'vae' && ofGans.includes(attributeName))
      throw new UsageError(`${long} is an option of GANs, and --model is vae. (See --help.)`);
    if (model !== 'vae' && OF_VAES.includes(attributeName))
      throw new UsageError(`${long} is an option of --model vae. (See --help.)`);
  }
  checkClasses(parsed.options);
  if (model === 'fully-connected' && normD === 'batch') {
    throw new UsageError(
      '--norm-d batch: the fully connected discriminator has no batch-norm. (See --help.)',
    );
  }
  if (normD === 'batch' && spectralNorm) {
    throw new UsageError(
      '--spectral-norm takes the place of batch-norm in the discriminator: leave --norm-d out. (See --help.)',
    );
  }
  const flags = { classes: false, freshLatent: false, mixedBatch: false, flip: false, json: false };
  return { options: { ...flags, ...parsed.options } };
}
