import { Graph, type Tensor } from '../graph/graph.ts';
import { WeightAverage } from '../nn/average.ts';
import type { NamedPart } from '../nn/file-layout.ts';
import { HostRandom } from '../nn/initialisers.ts';
import type { Module } from '../nn/module.ts';
import { Net, wholePart } from '../nn/net.ts';
import { Adam, AdamW, type Optimiser, RMSProp, SGD } from '../nn/optimisers.ts';
import { clipWeights, gradientPenalty, zeroCentredPenalty } from '../nn/regularisers.ts';
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

/** Independent sequences of random numbers of a run. Batch d of a step uses `latent + d`. */
const streams = {
  latent: 1 << 8,
  freshLatent: 1 << 16,
  flip: 1 << 17,
  mix: 1 << 18,
  noise: 1 << 19,
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

function optimiserOf(options: GanOptions, net: Net, lr: number): Optimiser {
  const { beta1, weightDecay, clipGradients } = options;
  const common = { lr, ...(clipGradients > 0 && { clipNorm: clipGradients }) };
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
    const { lrD, lrG, ema, normD: norm, classes, conditioning } = options;
    const { makeG, makeD } = models[options.model];
    this.generator = new Net('generator', makeG(options, { classes }));
    const outputs = hasFeatures(options.objective) ? FEATURES : 1;
    this.discriminator = new Net(
      'discriminator',
      makeD(options, { outputs, norm, classes, conditioning }),
    );
    this.objective = objectiveFor(options);
    this.optimiserG = optimiserOf(options, this.generator, lrG);
    this.optimiserD = optimiserOf(options, this.discriminator, lrD);
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

function latentBatch(
  state: Tensor,
  { batchSize, latentDim, latent }: GanOptions,
  stream: number,
): Tensor {
  return random(state, [batchSize, 1, 1, latentDim], { distribution: latent, stream });
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
 * It reports `metricNames`, in their order.
 */
export function traceStep(
  players: Players,
  dataShape: readonly [number, number, number, number],
): Graph {
  const { options, generator, discriminator, objective } = players;
  const { batchSize, dSteps } = options;
  const graph = new Graph();
  const state = graph.variable(variableNames.state, STATE_SHAPE, 'u32');
  const data = graph.variable(variableNames.data, dataShape, 'u8');

  const training = true;
  const metrics = new Map<MetricName, Tensor>();

  const generate = (stream: number, classes: Tensor | undefined): Tensor =>
    generator.forward(latentBatch(state, options, stream), { training, classes });
  const classesAt = (indices: Tensor) =>
    options.classes > 0 ? classBatch(indices, dataShape[0], options.classes) : undefined;
  let noises = 0;
  /** Pictures as D sees them. */
  const seen = (pictures: Tensor): Tensor => {
    if (options.instanceNoise === 0) return pictures;
    const stream = streams.noise + noises++;
    const noise = random(state, pictures.shape, { distribution: 'normal', stream });
    return add(pictures, mul(noise, options.instanceNoise));
  };

  const updateDiscriminator = (d: number) => {
    const indices = shuffledIndices(state, {
      count: dataShape[0],
      size: batchSize,
      first: d * batchSize,
      stride: dSteps * batchSize,
      stream: 0,
    });
    const stream = streams.flip + d;
    const real = gatherPictures(data, indices, state, { flip: options.flip, stream });
    const classes = classesAt(indices);
    const fake = generate(streams.latent + d, classes);
    const pictures = { real: seen(real), fake: seen(fake) };
    const logits = judge(discriminator, pictures, classes, options.mixedBatch);
    const { lossReal, lossFake } = objective.discriminator(logits.real, logits.fake);
    const penalty = slopePenalty(players, pictures, classes, logits, () => {
      const shape = [batchSize, 1, 1, 1];
      const u = random(state, shape, { distribution: 'uniform', stream: streams.mix + d });
      return add(mul(u, 0.5), 0.5);
    });
    const judged = add(lossReal, lossFake);
    const loss = penalty ? add(judged, penalty) : judged;
    const { gradNorm } = players.optimiserD.minimise(loss);
    if (options.clipWeights > 0) clipWeights(discriminator, graph, options.clipWeights);
    metrics.set('lossD', loss).set('lossDReal', lossReal).set('lossDFake', lossFake);
    metrics.set('dReal', mean(sigmoid(logits.real))).set('dFake', mean(sigmoid(logits.fake)));
    metrics.set('gradNormD', gradNorm);
    return { real, fake, classes };
  };
  const generateAfresh = () => {
    const draw = { count: dataShape[0], size: batchSize, first: 0, stride: batchSize };
    const classes = classesAt(shuffledIndices(state, { ...draw, stream: 1 }));
    return { fake: generate(streams.freshLatent, classes), classes };
  };
  let last = updateDiscriminator(0);
  for (let d = 1; d < dSteps; d++) last = updateDiscriminator(d);

  const { fake, classes } = options.freshLatent ? generateAfresh() : last;
  const logits = discriminator.forward(seen(fake), { training, classes });
  const loss = objective.generator(logits, () =>
    discriminator.forward(seen(last.real), { training, classes: last.classes }),
  );
  const { gradNorm } = players.optimiserG.minimise(loss);
  metrics
    .set('lossG', loss)
    .set('dFakeAfter', mean(sigmoid(logits)))
    .set('gradNormG', gradNorm);
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

/** The latents of the sample grid: drawn on the host, so that they never change with the adapter. */
export function sampleLatents(
  { latentDim, latent, seed }: GanOptions,
  count: number,
): Float32Array<ArrayBuffer> {
  const host = new HostRandom(seed, 2);
  const draw = latent === 'normal' ? () => host.normal() : () => 2 * host.uniform() - 1;
  return Float32Array.from({ length: count * latentDim }, draw);
}
