import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTogether } from '../../src/cli/check.node.ts';
import { UsageError } from '../../src/cli/command.node.ts';
import { findDataset } from '../../src/cli/dataset.node.ts';
import { type CliOptions, parseOptions } from '../../src/cli/options.node.ts';
import { pictureShape, planRun } from '../../src/cli/plan.node.ts';
import type { GanModel, Model } from '../../src/cli/protocol.ts';
import { parseSampleOptions } from '../../src/cli/sample-options.node.ts';
import { discriminatorNorms } from '../../src/gan/dcgan.ts';
import { objectiveNames } from '../../src/gan/objectives/index.ts';
import { resolveOptions } from '../../src/gan/options.ts';
import { augmentationPolicies } from '../../src/nn/diff-augment.ts';
import { resolveVaeOptions } from '../../src/vae/options.ts';

const resolved = (training: Model) => resolveOptions(training as GanModel);

function parse(line: string): CliOptions {
  const parsed = parseOptions(line.split(' ').filter(Boolean));
  if ('help' in parsed) throw new Error('that was a request for help');
  return parsed.options;
}

const ALL = [
  '--dataset mnist',
  '--model dcgan',
  '--image-size 64',
  '--channels 3',
  '--batch-size 8',
  '--steps 10',
  '--time 1.5',
  '--width 16',
  '--latent-dim 32',
  '--latent uniform',
  '--lr 1e-3',
  '--lr-d 2e-3',
  '--lr-g 3e-3',
  '--beta1 0.4',
  '--d-steps 2',
  '--fresh-latent',
  '--mixed-batch',
  '--generator-loss minimax',
  '--label-smoothing 0.1',
  '--objective least-squares',
  '--norm-d none',
  '--spectral-norm gd',
  '--augment color,cutout',
  '--accumulate 4',
  '--lr-schedule step',
  '--lr-steps 500',
  '--lr-gamma 0.5',
  '--gp 10',
  '--r1 5',
  '--clip-weights 0.01',
  '--instance-noise 0.2',
  '--optimiser sgd',
  '--weight-decay 0.1',
  '--clip-gradients 3',
  '--ema 0.99',
  '--flip',
  '--seed 7',
  '--sample-every 5',
  '--samples 16',
  '--classes',
  '--labels some-file',
  '--conditioning concatenation',
  '--out there',
  '--browser /somewhere/chrome',
  '--adapter software',
  '--json',
];

describe('parseOptions', () => {
  it('leaves to the preset what is not given', () => {
    expect(parse('')).toEqual({
      dataset: 'mnist',
      model: 'dcgan',
      beta1: 0.5,
      dSteps: 1,
      freshLatent: false,
      mixedBatch: false,
      generatorLoss: 'non-saturating',
      labelSmoothing: 0,
      flip: false,
      seed: 1,
      classes: false,
      out: 'out',
      adapter: 'auto',
      json: false,
    });
  });

  it('takes every option', () => {
    expect(parse(ALL.join(' '))).toEqual({
      dataset: 'mnist',
      model: 'dcgan',
      imageSize: 64,
      channels: 3,
      batchSize: 8,
      steps: 10,
      time: 1.5,
      width: 16,
      latentDim: 32,
      latent: 'uniform',
      lr: 1e-3,
      lrD: 2e-3,
      lrG: 3e-3,
      beta1: 0.4,
      dSteps: 2,
      freshLatent: true,
      mixedBatch: true,
      generatorLoss: 'minimax',
      labelSmoothing: 0.1,
      objective: 'least-squares',
      normD: 'none',
      spectralNorm: 'gd',
      augment: 'color,cutout',
      accumulate: 4,
      lrSchedule: 'step',
      lrSteps: 500,
      lrGamma: 0.5,
      gp: 10,
      r1: 5,
      clipWeights: 0.01,
      instanceNoise: 0.2,
      optimiser: 'sgd',
      weightDecay: 0.1,
      clipGradients: 3,
      ema: 0.99,
      flip: true,
      seed: 7,
      sampleEvery: 5,
      samples: 16,
      classes: true,
      labels: 'some-file',
      conditioning: 'concatenation',
      out: 'there',
      browser: '/somewhere/chrome',
      adapter: 'software',
      json: true,
    });
  });

  it('lists every option in the help', () => {
    const parsed = parseOptions(['--help']);
    const help = 'help' in parsed ? parsed.help : '';
    for (const option of [...ALL, '--likelihood', '--beta'])
      expect(help).toContain(option.split(' ')[0]);
    expect(help).toContain('batch 16, learning rate 0.002, EMA 0.95, 4 minutes');
  });

  it.each([
    '--nonsense',
    '--step 3',
    'extra',
    '--steps',
    '--steps 0',
    '--steps 1.5',
    '--steps 99999999999',
    '--steps ten',
    '--image-size 48',
    '--channels 2',
    '--batch-size 1',
    '--batch-size 65537',
    '--time 0',
    '--time Infinity',
    '--lr -1',
    '--lr NaN',
    '--lr-d 10.1',
    '--beta1 1',
    '--ema 1',
    '--label-smoothing 0.5',
    '--model wgan',
    '--likelihood laplace --model vae',
    '--beta -1 --model vae',
    '--beta 2',
    '--likelihood gaussian --model fully-connected',
    '--d-steps 1 --model vae',
    '--lr-d 1e-3 --model vae',
    '--ema 0 --model vae',
    '--accumulate 2 --model vae',
    '--norm-d batch --model fully-connected',
    '--latent gaussian',
    '--generator-loss wgan',
    '--objective wgan',
    '--norm-d layer',
    '--norm-d spectral',
    '--spectral-norm g',
    '--spectral-norm d --norm-d batch',
    '--augment cutout,color',
    '--augment none',
    '--accumulate 0',
    '--accumulate 65',
    '--lr-schedule linear_decay',
    '--lr-steps 0',
    '--lr-gamma 0',
    '--lr-gamma 1.1',
    '--optimiser lamb',
    '--gp 0',
    '--r1 -1',
    '--clip-weights none',
    '--instance-noise 0',
    '--weight-decay -0.1',
    '--clip-gradients 0',
    '--adapter cuda',
    '--seed -1',
    '--seed 4294967296',
    '--samples 0',
  ])('says in one line what is wrong with %s', (line) => {
    let error: unknown;
    try {
      parse(line);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as UsageError;
    expect(message).not.toMatch(/\n/);
    expect(message).toContain('--help');
    if (line.startsWith('--')) expect(message).toContain(line.split(' ')[0]);
  });
});

describe('options together', () => {
  const check = (line: string) => checkTogether(parse(line), 'idx');

  it.each<[string, RegExp]>([
    [
      '--r1 10',
      /^--r1 is of the slope.*Give --norm-d none or --spectral-norm d\. \(See --help\.\)$/,
    ],
    ['--gp 10', /^--gp is of the slope of D at each picture, and batch-norm/],
    ['--gp 10 --norm-d batch', /^--gp is of the slope/],
    ['--r1 10 --gp 10 --norm-d none', /^--gp and --r1 bound.*Choose one/],
    [
      '--objective wasserstein',
      /Give --gp 10 with --norm-d none, or --spectral-norm d, or --clip-w/,
    ],
    ['--objective wasserstein --r1 10 --norm-d none', /^The objective wasserstein means nothing/],
    ['--objective mmd-gaussian --adapter software', /^The objective mmd-gaussian means nothing/],
    ['--spectral-norm d --clip-weights 0.1', /^--clip-weights limits weights/],
    ['--objective hinge --label-smoothing 0.1', /--label-smoothing is an option of original alone/],
    ['--objective hinge --generator-loss minimax', /hinge has no --generator-loss minimax/],
    ['--optimiser sgd --weight-decay 0.1', /--weight-decay is an option of adam alone/],
    ['--optimiser rmsprop --beta1 0.9', /--beta1 is an option of adam and sgd alone/],
    [
      '--lr-schedule cosine',
      /The --lr-schedule is cosine, and --lr-steps is 0\. Say over how many/,
    ],
    [
      '--lr-steps 5',
      /Give --lr-schedule linear, cosine, exponential or step, or leave --lr-steps out/,
    ],
    [
      '--lr-schedule linear --steps 9 --lr-gamma 0.5',
      /--lr-gamma is an option of exponential and step/,
    ],
    [
      '--accumulate 3',
      /^A batch of 16 .* in 3 equal parts.*Give a --batch-size that is a multiple/,
    ],
    [
      '--classes --objective mmd-gaussian --gp 1 --norm-d none',
      /Give --conditioning concatenation/,
    ],
    ['--classes --conditioning concatenation --clip-weights 0.1', /Give --conditioning projection/],
    ['--model fully-connected --gp 10 --r1 1', /^--gp and --r1 bound/],
  ])(
    '%s is refused before there is a browser, in the command line’s own words',
    (line, message) => {
      expect(() => check(line)).toThrow(UsageError);
      expect(() => check(line)).toThrow(message);
    },
  );

  it.each([
    '',
    '--r1 10 --norm-d none --objective hinge',
    '--gp 10 --spectral-norm gd --objective wasserstein --d-steps 5',
    '--objective mmd-rational-quadratic --clip-weights 0.01 --augment cutout --ema 0.9',
    '--objective f-gan-kl --generator-loss minimax --lr-schedule step --lr-steps 5 --lr-gamma 0.5',
    '--model fully-connected --r1 10 --lr-schedule linear --steps 10',
    '--model vae --likelihood gaussian --beta 2',
    '--classes --conditioning concatenation --objective mmd-gaussian --gp 1 --norm-d none',
    // 64 of a GPU's preset can be taken in as many parts, 16 of the other one cannot.
    '--accumulate 32',
    // What is wrong with a file is for its reader to say.
    '--resume a/file',
  ])('%s is not', (line) => {
    check(line);
  });
});

describe('--resume', () => {
  const OF_THE_RUN = [
    'dataset',
    'steps',
    'time',
    'lr',
    'lr-d',
    'lr-g',
    'sample-every',
    'samples',
    'labels',
  ];
  const OF_THE_MACHINE = ['out', 'browser', 'adapter', 'json'];
  const nameOf = (option: string) => option.split(' ')[0]?.slice(2) ?? '';

  it('takes what belongs to this run, and not to the model', () => {
    const allowed = ALL.filter((option) =>
      [...OF_THE_RUN, ...OF_THE_MACHINE].includes(nameOf(option)),
    );
    expect(allowed).toHaveLength(13);
    expect(parse(`--resume a/file ${allowed.join(' ')}`)).toMatchObject({
      resume: 'a/file',
      lrD: 2e-3,
      out: 'there',
      samples: 16,
    });
  });

  it.each(ALL.filter((option) => ![...OF_THE_RUN, ...OF_THE_MACHINE].includes(nameOf(option))))(
    'refuses %s by its name',
    (option) => {
      const name = new RegExp(
        `'--resume <file>' cannot be used with option '--${nameOf(option)}[ ']`,
      );
      expect(() => parse(`${option} --resume a/file`)).toThrow(name);
      expect(() => parse(`--resume a/file ${option}`)).toThrow(UsageError);
    },
  );
});

describe('--classes', () => {
  it.each([
    ['--classes --model fully-connected', /--classes is an option of --model dcgan/],
    ['--classes --model vae', /--classes is an option of GANs/],
    ['--conditioning projection', /--conditioning is an option of runs with --classes/],
    ['--labels some-file', /--labels is an option of runs with --classes/],
    ['--classes --conditioning both', /--conditioning/],
  ])('%s is refused', (line, message) => {
    expect(() => parse(line)).toThrow(UsageError);
    expect(() => parse(line)).toThrow(message);
  });

  it('trains on as many as the data has, told as is asked for', () => {
    const of = (line: string, classes?: number) =>
      planRun(parse(line), true, 'idx', 10, undefined, classes);
    const told = of('--classes --conditioning concatenation', 10);
    expect(told.training).toMatchObject({ classes: 10, conditioning: 'concatenation' });
    expect(told.description).toContain('10 classes');
    expect(resolveOptions(of('--classes', 7).training as GanModel)).toMatchObject({
      ...{ classes: 7, conditioning: 'projection' },
    });
    expect('classes' in of('').training).toBe(false);
  });
});

describe('--resume of a VAE', () => {
  it.each(['--likelihood bernoulli', '--beta 1'])('refuses %s', (option) => {
    expect(() => parse(`--model vae ${option} --resume a/file`)).toThrow(UsageError);
  });
});

describe('parseSampleOptions', () => {
  const options = [
    ...['checkpoint', 'count', 'seed', 'class', 'grid', 'strips', 'steps', 'out', 'browser'],
  ];

  it('draws with the last checkpoint of npm run train, unless told otherwise', () => {
    expect(parseSampleOptions([])).toEqual({
      options: {
        checkpoint: 'out/checkpoint.safetensors',
        count: 64,
        strips: 8,
        steps: 10,
        out: 'out/samples',
        adapter: 'auto',
      },
    });
    const given = options.flatMap((name) => [`--${name}`, '7']);
    expect(parseSampleOptions([...given, '--adapter', 'software'])).toEqual({
      options: {
        ...{ checkpoint: '7', count: 7, seed: 7, grid: 7, strips: 7, steps: 7, out: '7' },
        ...{ class: '7', browser: '7', adapter: 'software' },
      },
    });
  });

  it('lists every option in the help', () => {
    const parsed = parseSampleOptions(['--help']);
    const help = 'help' in parsed ? parsed.help : '';
    for (const option of [...options, 'adapter']) expect(help).toContain(`  --${option} `);
  });

  it.each([
    '--count 0',
    '--count 4097',
    '--seed -1',
    '--grid 0',
    '--strips -1',
    '--steps 1',
    '--adapter cuda',
    '--resume x',
    'extra',
  ])('says in one line what is wrong with %s', (line) => {
    expect(() => parseSampleOptions(line.split(' '))).toThrow(UsageError);
    expect(() => parseSampleOptions(line.split(' '))).toThrow(/^.*--help.*$/);
  });
});

describe('planRun', () => {
  it('knows every objective, and what normalises and updates, by the names of the engine', () => {
    const all = [
      ...objectiveNames.map((name) => `--objective ${name} --norm-d none --gp 1`),
      ...discriminatorNorms.map((name) =>
        name === 'spectral' ? '--spectral-norm d' : `--norm-d ${name}`,
      ),
      ...augmentationPolicies.map((policy) => `--augment ${policy}`),
      ...['linear', 'cosine', 'exponential', 'step'].map(
        (kind) => `--lr-schedule ${kind} --steps 9`,
      ),
      ...['adam', 'sgd', 'rmsprop'].map((name) => `--optimiser ${name}`),
    ];
    for (const line of all) {
      const { training, description } = planRun(parse(line), true, 'idx', 10);
      const [, name] = line.split(' ');
      const value = line.startsWith('--spectral') ? 'spectral' : name;
      expect(Object.values(resolved(training))).toContain(value);
      if (line.startsWith('--objective') && name !== 'original')
        expect(description).toContain(`objective ${name}`);
    }
  });

  it('schedules learning rates over the whole run, or over the steps that are given', () => {
    const of = (line: string) => planRun(parse(line), true, 'idx', 10).training;
    expect(of('--lr-schedule cosine --steps 70')).toMatchObject({
      lrSchedule: 'cosine',
      lrSteps: 70,
    });
    expect(of('--lr-schedule step --steps 70 --lr-steps 30 --lr-gamma 0.5')).toMatchObject({
      ...{ lrSchedule: 'step', lrSteps: 30, lrGamma: 0.5 },
    });
    expect(() => resolved(of('--lr-schedule linear --time 60'))).toThrow(/lrSteps is 0/);
    expect(() => resolved(of('--lr-steps 60'))).toThrow(/lrSchedule is constant/);
  });

  it('normalises the weights of D, or of both nets', () => {
    const of = (line: string) => resolved(planRun(parse(line), true, 'idx', 10).training);
    expect(of('--spectral-norm d')).toMatchObject({ normD: 'spectral', spectralNormG: false });
    expect(of('--spectral-norm gd --norm-d none')).toMatchObject({
      ...{ normD: 'spectral', spectralNormG: true },
    });
  });

  it('takes the model of a checkpoint, and the learning rates of the options', () => {
    const options = resolveOptions({ imageSize: 16, width: 4, ema: 0.5, lrD: 0.01, seed: 9 });
    const checkpoint = { options, step: 70 };
    const plan = planRun(parse('--resume f --steps 30'), true, 'idx', 10, checkpoint);
    expect(plan).toMatchObject({ preset: 'checkpoint', training: options, steps: 30 });
    expect(plan.description).toMatch(
      /^going on from step 70: 16×16×1, width 4, .* 30 further steps$/,
    );
    const rates = parse('--resume f --lr 1e-3 --lr-g 5e-4');
    expect(planRun(rates, false, 'pictures', 10, checkpoint)).toMatchObject({
      training: { ...options, lrD: 1e-3, lrG: 5e-4 },
      steps: 2000,
    });
  });

  it.each([
    '--batch-size 2 --lr-d 10 --lr-g 1e-9 --beta1 0 --d-steps 100 --label-smoothing 0.499',
    '--batch-size 65536 --width 1024 --latent-dim 65536 --seed 4294967295 --ema 0.9999 --steps 1',
    '--image-size 256 --channels 4 --latent uniform --generator-loss maximum-likelihood --width 1',
    '--objective wasserstein --gp 10 --norm-d none --d-steps 5 --beta1 0',
    '--objective hinge --spectral-norm gd --optimiser rmsprop --clip-gradients 1 --instance-noise 0.1',
    '--batch-size 128 --accumulate 64 --augment color,translation,cutout --lr-schedule constant',
    '--lr-schedule exponential --lr-steps 10000000 --lr-gamma 1e-9 --steps 5',
    '--objective f-gan-pearson --r1 10 --norm-d none --weight-decay 0.01',
  ])('makes of the extremes what the engine takes: %s', (line) => {
    const { training } = planRun(parse(line), true, 'idx', 10);
    expect(resolved(training)).toMatchObject(training);
  });

  it('gives the original GAN the sizes and rates of its own', () => {
    const of = (line: string, software = true) =>
      planRun(parse(`--model fully-connected ${line}`), software, 'idx', 10);
    expect(of('').description).toMatch(/: fully connected, 32×32×1, width 40, .* rate 0.1, no EMA/);
    expect(resolved(of('', false).training)).toMatchObject({
      ...{ model: 'fully-connected', width: 240, latentDim: 100, batchSize: 100 },
      ...{ latent: 'uniform', optimiser: 'sgd', lrD: 0.1, beta1: 0.5, normD: 'none', ema: 0 },
    });
    expect(resolved(of('--optimiser adam --latent normal', false).training)).toMatchObject({
      ...{ optimiser: 'adam', lrD: 2e-4, lrG: 2e-4, latent: 'normal', width: 240 },
    });
    expect(resolved(of('--spectral-norm d --lr 0.2').training)).toMatchObject({
      ...{ normD: 'spectral', lrD: 0.2, lrG: 0.2 },
    });
  });

  it('makes of a VAE’s options what the engine takes', () => {
    const of = (line: string, software = true) =>
      planRun(parse(`--model vae ${line}`), software, 'idx', 10);
    const checked = (training: Model) => {
      const { model, ...options } = training as Extract<Model, { model: 'vae' }>;
      expect(model).toBe('vae');
      return resolveVaeOptions(options);
    };
    const small = of('--steps 9');
    expect(small.description).toBe(
      'preset for a software adapter: VAE, 32×32×1, width 8, nz 20, batch 32, learning rate 0.005, ' +
        'Bernoulli pixels, β 1, 9 steps',
    );
    expect(checked(small.training)).toMatchObject({ width: 8, seed: 1, flip: false, lr: 5e-3 });
    const all = of(
      '--likelihood gaussian --beta 4 --latent-dim 2 --width 3 --lr 1e-3 --flip --seed 5 ' +
        '--image-size 16 --channels 3 --batch-size 7',
      false,
    );
    expect(checked(all.training)).toEqual({
      ...{ likelihood: 'gaussian', beta: 4, latentDim: 2, width: 3, lr: 1e-3, flip: true, seed: 5 },
      ...{ imageSize: 16, channels: 3, batchSize: 7 },
    });
    expect(all.steps).toBe(2000);
  });

  it('goes on with a VAE, whose rate is one', () => {
    const options = { ...resolveVaeOptions({ width: 3 }), model: 'vae' as const };
    const of = (line: string) =>
      planRun(parse(`--resume f ${line}`), true, 'idx', 10, { options, step: 5 });
    expect(of('--lr 0.5').training).toEqual({ ...options, lr: 0.5 });
    expect(of('').description).toContain('going on from step 5: VAE, 32×32×1, width 3');
    expect(() => of('--lr-d 0.5')).toThrow(UsageError);
  });

  it('trains the small preset for four minutes on a software adapter', () => {
    const plan = planRun(parse(''), true, 'idx', 60_000);
    expect(plan).toMatchObject({
      preset: 'software',
      steps: undefined,
      seconds: 240,
      sampleEvery: 200,
      sampleSeconds: 6,
    });
    expect(plan.training).toMatchObject({
      imageSize: 32,
      channels: 1,
      width: 8,
      latentDim: 64,
      batchSize: 16,
      lrD: 2e-3,
      lrG: 2e-3,
      ema: 0.95,
    });
    expect(plan.description).toContain('software adapter: 32×32×1, width 8, nz 64, batch 16');
    expect(plan.description).toContain('240 s');
  });

  it('trains the full preset for five epochs on a GPU', () => {
    const plan = planRun(parse(''), false, 'idx', 60_000);
    expect(plan).toMatchObject({ preset: 'gpu', steps: 4688, seconds: undefined });
    expect(plan.sampleEvery).toBe(200);
    expect(plan.training).toMatchObject({
      imageSize: 32,
      width: 64,
      latentDim: 100,
      batchSize: 64,
      lrD: 2e-4,
      ema: 0,
    });
    expect(planRun(parse(''), false, 'pictures', 100).steps).toBe(2000);
  });

  it('lets options replace parts of the preset', () => {
    const plan = planRun(parse('--steps 20 --lr 1e-3 --lr-g 5e-4 --ema 0'), true, 'idx', 10);
    expect(plan).toMatchObject({ steps: 20, seconds: undefined, sampleEvery: 2, sampleSeconds: 0 });
    expect(plan.training).toMatchObject({ lrD: 1e-3, lrG: 5e-4, ema: 0, width: 8 });
    expect(plan.description).toContain('learning rates 0.001 (D) and 0.0005 (G), no EMA, 20 steps');
    const timed = planRun(parse('--time 60 --sample-every 7'), false, 'idx', 10);
    expect(timed).toMatchObject({
      steps: undefined,
      seconds: 60,
      sampleEvery: 7,
      sampleSeconds: 0,
    });
    const both = planRun(parse('--time 60 --steps 5'), false, 'idx', 10);
    expect(both).toMatchObject({ steps: 5, seconds: 60, sampleEvery: 1, sampleSeconds: 0 });
  });

  it('chooses size and channels by the kind of data', () => {
    expect(pictureShape(parse(''), false, 'pictures')).toEqual({ imageSize: 64, channels: 3 });
    expect(pictureShape(parse(''), true, 'pictures')).toEqual({ imageSize: 32, channels: 3 });
    expect(pictureShape(parse('--channels 4 --image-size 128'), true, 'idx')).toEqual({
      imageSize: 128,
      channels: 4,
    });
  });
});

describe('findDataset', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ganvas-'));
    await mkdir(join(dir, 'pictures', 'deep'), { recursive: true });
    await mkdir(join(dir, 'empty'));
    for (const name of ['b.PNG', 'a.jpeg', 'deep/c.webp', 'notes.txt']) {
      await writeFile(join(dir, 'pictures', name), '');
    }
    await writeFile(join(dir, 'some-idx3-ubyte.gz'), '');
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('knows MNIST, folders and files', async () => {
    const mnist = await findDataset('mnist');
    expect(mnist).toMatchObject({ kind: 'idx', name: 'MNIST' });
    expect(mnist.files[0]?.path).toMatch(/train-images-idx3-ubyte$/);
    const file = await findDataset(join(dir, 'some-idx3-ubyte.gz'));
    expect(file).toMatchObject({ kind: 'idx', name: 'some-idx3-ubyte.gz' });
    const folder = await findDataset(`${join(dir, 'pictures')}/`);
    expect(folder).toMatchObject({ kind: 'pictures', name: 'pictures' });
    expect(folder.files.map(({ name }) => name)).toEqual([
      'a.jpeg',
      'b.PNG',
      join('deep', 'c.webp'),
    ]);
  });

  it('finds labels beside an IDX file, under the name that goes with its own', async () => {
    const mnist = await findDataset('mnist');
    expect(mnist.labels).toMatch(/train-labels-idx1-ubyte$/);
    const images = join(dir, 'some-images-idx3-ubyte.gz');
    await writeFile(images, '');
    expect((await findDataset(images)).labels).toBeUndefined();
    const labels = join(dir, 'some-labels-idx1-ubyte');
    await writeFile(labels, '');
    expect((await findDataset(images)).labels).toBe(labels);
    await writeFile(`${labels}.gz`, '');
    expect((await findDataset(images)).labels).toBe(`${labels}.gz`);
    expect((await findDataset(images, 'others')).labels).toBe('others');
    expect((await findDataset('mnist', 'others')).labels).toBe('others');
    // A name that says neither pictures nor dimensions has none that goes with it.
    await writeFile(join(dir, 'digits'), '');
    expect((await findDataset(join(dir, 'digits'))).labels).toBeUndefined();
    const ofFolder = findDataset(join(dir, 'pictures'), 'others');
    await expect(ofFolder).rejects.toThrow(/classes of a folder are its sub-folders/);
  });

  it('names what is not there', async () => {
    await expect(findDataset(join(dir, 'nothing'))).rejects.toThrow(UsageError);
    await expect(findDataset(join(dir, 'empty'))).rejects.toThrow(/no PNG, JPEG or WebP/);
  });
});
