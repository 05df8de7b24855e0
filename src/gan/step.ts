import { Graph, type Tensor } from '../graph/graph.ts';
import { WeightAverage } from '../nn/average.ts';
import { diffAugment } from '../nn/diff-augment.ts';
import type { NamedPart } from '../nn/file-layout.ts';
import { HostRandom } from '../nn/initialisers.ts';
import type { Module, ModuleBuffer } from '../nn/module.ts';
import { Net, wholePart } from '../nn/net.ts';
import { Adam, AdamW, type Optimiser, RMSProp, SGD } from '../nn/optimisers.ts';
import { clipWeights, gradientPenalty, zeroCentredPenalty } from '../nn/regularisers.ts';
import {
  cosineAnnealingLR,
  exponentialLR,
  linearLR,
  type Schedule,
  stepLR,
} from '../nn/schedules.ts';
import { add, mul, sigmoid } from '../ops/elementwise.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import {
  advance,
  gatherPictures,
  random,
  STATE,
  STATE_SHAPE,
  shuffledIndices,
} from '../ops/random.ts';
import { mean } from '../ops/reduce.ts';
import { reportMetrics } from '../training/metrics.ts';
import { classBatch } from './classes.ts';
import {
  type DcganShape,
  type DiscriminatorOptions,
  dcganDiscriminator,
  dcganGenerator,
  type GeneratorOptions,
} from './dcgan.ts';
import { fullyConnectedDiscriminator, fullyConnectedGenerator } from './fully-connected.ts';
import { type MetricName, metricNames } from './metrics.ts';
import { hasFeatures, objectiveFor } from './objectives/index.ts';
import type { Objective } from './objectives/objective.ts';
import type { GanOptions, ModelName } from './options.ts';

/** Independent sequences of random numbers of a run. Part n of a step's batches uses `latent + n`. */
const streams = {
  latent: 1 << 8,
  freshLatent: 1 << 16,
  flip: 1 << 17,
  mix: 1 << 18,
  noise: 1 << 19,
  augment: 1 << 20,
} as const;

/** Variables of a run that are no net's. */
export const variableNames = {
  state: STATE,
  data: 'data',
  sampleLatents: 'samples.latents',
  sampleClasses: 'samples.classes',
} as const;

/** Features that D makes of a picture for an MMD-GAN (Bińkowski et al. 2018, section 4). */
const FEATURES = 16;

interface Model {
  makeG(shape: DcganShape, options: GeneratorOptions): Module;
  makeD(shape: DcganShape, options: DiscriminatorOptions): Module;
}

const models: Readonly<Record<ModelName, Model>> = {
  dcgan: { makeG: dcganGenerator, makeD: dcganDiscriminator },
  'fully-connected': { makeG: fullyConnectedGenerator, makeD: fullyConnectedDiscriminator },
};

/** The schedule of a net's learning rate, of so many updates a step. */
function scheduleOf(
  { lrSchedule, lrSteps, lrGamma }: GanOptions,
  updates: number,
): Schedule | undefined {
  const total = lrSteps * updates;
  switch (lrSchedule) {
    case 'constant':
      return undefined;
    case 'linear':
      return linearLR({ startFactor: 1, endFactor: 0, totalIters: total });
    case 'cosine':
      return cosineAnnealingLR({ tMax: total });
    case 'exponential':
      return exponentialLR({ gamma: lrGamma ** (1 / total) });
    case 'step':
      return stepLR({ stepSize: total, gamma: lrGamma });
  }
}

/** What updates a net, so many times a step. */
function optimiserOf(options: GanOptions, net: Net, lr: number, updates: number): Optimiser {
  const { beta1, weightDecay, clipGradients } = options;
  const schedule = scheduleOf(options, updates);
  const common = {
    lr,
    ...(clipGradients > 0 && { clipNorm: clipGradients }),
    ...(schedule && { schedule }),
  };
  switch (options.optimiser) {
    case 'adam': {
      const adam = { ...common, betas: [beta1, 0.999] } as const;
      return weightDecay > 0 ? new AdamW(net, { ...adam, weightDecay }) : new Adam(net, adam);
    }
    case 'sgd':
      return new SGD(net, { ...common, momentum: beta1 });
    case 'rmsprop':
      return new RMSProp(net, common);
  }
}

/** The nets of a run and their optimisers. */
export class Players {
  readonly generator: Net;
  readonly discriminator: Net;
  readonly optimiserG: Optimiser;
  readonly optimiserD: Optimiser;
  readonly objective: Objective;
  /** Of the generator, if on. */
  readonly average: WeightAverage | undefined;

  constructor(readonly options: GanOptions) {
    const { lrD, lrG, ema, normD: norm, classes, conditioning, spectralNormG } = options;
    const { makeG, makeD } = models[options.model];
    this.generator = new Net('generator', makeG(options, { classes, spectralNorm: spectralNormG }));
    const outputs = hasFeatures(options.objective) ? FEATURES : 1;
    this.discriminator = new Net(
      'discriminator',
      makeD(options, { outputs, norm, classes, conditioning }),
    );
    this.objective = objectiveFor(options);
    this.optimiserG = optimiserOf(options, this.generator, lrG, 1);
    this.optimiserD = optimiserOf(options, this.discriminator, lrD, options.dSteps);
    this.average = ema > 0 ? new WeightAverage(this.generator, ema) : undefined;
  }

  /** What every variable but the data set starts as. A function of the options alone. */
  initialValues(): Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>> {
    const { seed } = this.options;
    return new Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>([
      ...this.generator.initialValues(new HostRandom(seed, 0)),
      ...this.discriminator.initialValues(new HostRandom(seed, 1)),
      ...this.optimiserG.initialValues(),
      ...this.optimiserD.initialValues(),
      [variableNames.state, Uint32Array.of(seed, 0, 0, 0)],
      ...(this.average?.initialValues() ?? []),
    ]);
  }

  /** Names of all that the run's state is made of, as in its checkpoints. */
  parts(): NamedPart[] {
    const { generator, discriminator, optimiserG, optimiserD, average } = this;
    const owners = [
      generator,
      discriminator,
      optimiserG,
      optimiserD,
      ...(average ? [average] : []),
    ];
    const parts = owners.flatMap((owner) => owner.parts());
    return [...parts, wholePart(variableNames.state, 'state', STATE_SHAPE)];
  }
}

/** Pictures that D is shown in its update, and their classes, if any: real and fake ones of the same. */
interface Drawn {
  readonly real: Tensor;
  readonly fake: Tensor;
  readonly classes: Tensor | undefined;
}

/** The newest versions of what a net's layers keep from pass to pass. */
export const buffersOf = (net: Net, graph: Graph): (readonly [ModuleBuffer, Tensor])[] =>
  [...net.buffers.values()].map((buffer) => [buffer, buffer.read(graph)]);

/** Traces something with buffers as they were, and leaves them as they are. */
export function asBefore<T>(
  net: Net,
  graph: Graph,
  before: ReturnType<typeof buffersOf>,
  make: () => T,
): T {
  const now = buffersOf(net, graph);
  for (const [buffer, version] of before) buffer.assign(version);
  const made = make();
  for (const [buffer, version] of now) buffer.assign(version);
  return made;
}

/** D on real and fake pictures of the same classes, if any: apart, or in one batch. */
function judge(
  discriminator: Net,
  { real, fake }: { readonly real: Tensor; readonly fake: Tensor },
  classes: Tensor | undefined,
  mixed: boolean,
): { real: Tensor; fake: Tensor } {
  const training = true;
  if (!mixed) {
    return {
      real: discriminator.forward(real, { training, classes }),
      fake: discriminator.forward(fake, { training, classes }),
    };
  }
  const logits = discriminator.forward(concat([real, fake], 0), {
    training,
    classes: classes && concat([classes, classes], 0),
  });
  const [n] = real.shape;
  const outputs = logits.size / (2 * n);
  const rows = reshape(logits, [2 * n, outputs]);
  return { real: slice(rows, [0, 0], [n, outputs]), fake: slice(rows, [n, 0], [2 * n, outputs]) };
}

/** What D's loss has beside the objective's, if anything. `mix` are random numbers from 0 to 1. */
function slopePenalty(
  { options, discriminator, objective }: Players,
  pictures: { readonly real: Tensor; readonly fake: Tensor },
  classes: Tensor | undefined,
  logits: { readonly real: Tensor; readonly fake: Tensor },
  mix: () => Tensor,
): Tensor | undefined {
  const critic = (outputs: Tensor) => objective.critic(outputs, logits.real, logits.fake);
  if (options.r1 > 0)
    return mul(zeroCentredPenalty(critic(logits.real), pictures.real), options.r1 / 2);
  if (options.gradientPenalty === 0) return undefined;
  const judge = (x: Tensor) => critic(discriminator.forward(x, { training: true, classes }));
  const penalty = gradientPenalty(judge, pictures.real, pictures.fake, mix());
  return mul(penalty, options.gradientPenalty);
}

/**
 * One training step (Goodfellow et al. 2014, algorithm 1): k updates of D, then one of G.
 *
 * The pictures of D's last update also serve G's, as in PyTorch's example, unless `freshLatent`. With
 * classes, the fake pictures of a batch are of those of its real ones, so that G is asked for each as often
 * as the data set has it, and penalties between a real and a fake picture are of one class; a fresh latent
 * comes with classes that are drawn anew from the data set.
 *
 * A batch in parts (`accumulate`) is traced part by part, gradients included, so that the memory of one
 * part serves the next. G's update then makes the pictures of D's last update once more, from the same
 * numbers and with G's layers as they were, since to keep what their gradients need is what memory lacks.
 * It reports `metricNames`, in their order: means over the parts.
 */
export function traceStep(
  players: Players,
  dataShape: readonly [number, number, number, number],
): Graph {
  const { options, generator, discriminator, objective } = players;
  const { batchSize, dSteps, accumulate: parts } = options;
  const size = batchSize / parts;
  const graph = new Graph();
  const state = graph.variable(variableNames.state, STATE_SHAPE, 'u32');
  const data = graph.variable(variableNames.data, dataShape, 'u8');

  const training = true;
  const metrics = new Map<MetricName, Tensor>();
  const measure = (part: number, measured: Partial<Record<MetricName, Tensor>>) => {
    for (const [name, value] of Object.entries(measured) as [MetricName, Tensor][]) {
      const before = part > 0 ? metrics.get(name) : undefined;
      const share = parts === 1 ? value : mul(value, 1 / parts);
      metrics.set(name, before ? add(before, share) : share);
    }
  };

  const generate = (stream: number, classes: Tensor | undefined): Tensor => {
    const shape = [size, 1, 1, options.latentDim];
    const z = random(state, shape, { distribution: options.latent, stream });
    return generator.forward(z, { training, classes });
  };
  const classesAt = (indices: Tensor) =>
    options.classes > 0 ? classBatch(indices, dataShape[0], options.classes) : undefined;
  let noises = 0;
  let augmented = 0;
  /** Pictures as D sees them. */
  const seen = (pictures: Tensor): Tensor => {
    const { augment, instanceNoise } = options;
    const uniform = (shape: readonly number[]) =>
      random(state, shape, { distribution: 'uniform', stream: streams.augment + augmented++ });
    const x = augment === 'none' ? pictures : diffAugment(pictures, augment, uniform);
    if (instanceNoise === 0) return x;
    const stream = streams.noise + noises++;
    return add(x, mul(random(state, x.shape, { distribution: 'normal', stream }), instanceNoise));
  };

  const drawReal = (d: number, part: number) => {
    const indices = shuffledIndices(state, {
      count: dataShape[0],
      size,
      first: d * batchSize + part * size,
      stride: dSteps * batchSize,
      stream: 0,
    });
    const stream = streams.flip + d * parts + part;
    const real = gatherPictures(data, indices, state, { flip: options.flip, stream });
    return { real, classes: classesAt(indices) };
  };
  const drawPair = (d: number, part: number) => {
    const { real, classes } = drawReal(d, part);
    return { real, classes, fake: generate(streams.latent + d * parts + part, classes) };
  };

  /** D's loss of a part of a batch. */
  const lossOfD = (d: number, part: number, { real, fake, classes }: Drawn): Tensor => {
    const pictures = { real: seen(real), fake: seen(fake) };
    const logits = judge(discriminator, pictures, classes, options.mixedBatch);
    const { lossReal, lossFake } = objective.discriminator(logits.real, logits.fake);
    const penalty = slopePenalty(players, pictures, classes, logits, () => {
      const stream = streams.mix + d * parts + part;
      const u = random(state, [size, 1, 1, 1], { distribution: 'uniform', stream });
      return add(mul(u, 0.5), 0.5);
    });
    const judged = add(lossReal, lossFake);
    const loss = penalty ? add(judged, penalty) : judged;
    const [dReal, dFake] = [logits.real, logits.fake].map((x) => mean(sigmoid(x)));
    measure(part, { lossD: loss, lossDReal: lossReal, lossDFake: lossFake, dReal, dFake });
    return loss;
  };

  /** What D was shown last, part by part. */
  let shown: (() => Drawn)[] = [];
  for (let d = 0; d < dSteps; d++) {
    shown = [];
    const { gradNorm } = players.optimiserD.minimiseMean(parts, (part) => {
      const before = buffersOf(generator, graph);
      const drawn = drawPair(d, part);
      const again = () => asBefore(generator, graph, before, () => drawPair(d, part));
      shown.push(parts === 1 ? () => drawn : again);
      return lossOfD(d, part, drawn);
    });
    if (options.clipWeights > 0) clipWeights(discriminator, graph, options.clipWeights);
    metrics.set('gradNormD', gradNorm);
  }

  const drawAfresh = (part: number) => {
    const draw = { count: dataShape[0], size, first: part * size, stride: batchSize };
    const classes = classesAt(shuffledIndices(state, { ...draw, stream: 1 }));
    return { fake: generate(streams.freshLatent + part, classes), classes };
  };
  const { gradNorm } = players.optimiserG.minimiseMean(parts, (part) => {
    const last = shown[part];
    const { fake, classes } = options.freshLatent ? drawAfresh(part) : last();
    const logits = discriminator.forward(seen(fake), { training, classes });
    const loss = objective.generator(logits, () => {
      const { real, classes } = last();
      return discriminator.forward(seen(real), { training, classes });
    });
    measure(part, { lossG: loss, dFakeAfter: mean(sigmoid(logits)) });
    return loss;
  });
  metrics.set('gradNormG', gradNorm);
  players.average?.update(graph);

  graph.assign(variableNames.state, advance(state));
  reportMetrics(
    graph,
    metricNames.map((name) => metrics.get(name) as Tensor),
  );
  return graph;
}

/**
 * Pictures [count, size, size, channels] of fixed latents (and classes, one-hot [count, classes]), by running
 * statistics. Output `pictures`.
 */
export function traceSamples({ options, generator, average }: Players, count: number): Graph {
  const graph = new Graph();
  const latents = graph.variable(variableNames.sampleLatents, [count, 1, 1, options.latentDim]);
  const weights = (average ?? generator).weights(graph);
  const classes =
    options.classes > 0
      ? graph.variable(variableNames.sampleClasses, [count, options.classes])
      : undefined;
  graph.output('pictures', generator.forward(latents, { training: false, weights, classes }));
  return graph;
}

/** What decides which latents samples are drawn from. */
export type LatentOptions = Pick<GanOptions, 'latentDim' | 'latent' | 'seed'>;

/** The latents of the sample grid: drawn on the host, so that they never change with the adapter. */
export function sampleLatents(
  { latentDim, latent, seed }: LatentOptions,
  count: number,
): Float32Array<ArrayBuffer> {
  const host = new HostRandom(seed, 2);
  const draw = latent === 'normal' ? () => host.normal() : () => 2 * host.uniform() - 1;
  return Float32Array.from({ length: count * latentDim }, draw);
}
