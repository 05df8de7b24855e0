import { Graph, type Tensor } from '../graph/graph.ts';
import type { NamedPart } from '../nn/file-layout.ts';
import { HostRandom } from '../nn/initialisers.ts';
import { Net, wholePart } from '../nn/net.ts';
import { Adam } from '../nn/optimisers.ts';
import { add, div, mul, sigmoid, sub } from '../ops/elementwise.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import { advance, gatherPictures, random, STATE_SHAPE, shuffledIndices } from '../ops/random.ts';
import { mean } from '../ops/reduce.ts';
import { reportMetrics } from '../training/metrics.ts';
import { dcganDiscriminator, dcganGenerator } from './dcgan.ts';
import { type MetricName, metricNames } from './metrics.ts';
import { discriminatorLoss, generatorLoss } from './objectives.ts';
import type { GanOptions } from './options.ts';

/** Independent sequences of random numbers of a run. Batch d of a step uses `latent + d`. */
const streams = { latent: 1 << 8, freshLatent: 1 << 16, flip: 1 << 17 } as const;

/** Variables of a run that are no net's. */
export const variableNames = {
  state: 'state',
  data: 'data',
  ema: 'generator.ema.parameters',
  emaCorrection: 'generator.ema.correction',
  sampleLatents: 'samples.latents',
} as const;

/** The nets of a run and their optimisers. */
export class Players {
  readonly generator: Net;
  readonly discriminator: Net;
  readonly optimiserG: Adam;
  readonly optimiserD: Adam;

  constructor(readonly options: GanOptions) {
    const { lrD, lrG, beta1 } = options;
    this.generator = new Net('generator', dcganGenerator(options));
    this.discriminator = new Net('discriminator', dcganDiscriminator(options));
    this.optimiserG = new Adam(this.generator, { lr: lrG, betas: [beta1, 0.999] });
    this.optimiserD = new Adam(this.discriminator, { lr: lrD, betas: [beta1, 0.999] });
  }

  /** What every variable but the data set starts as. A function of the options alone. */
  initialValues(): Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>> {
    const { seed, ema } = this.options;
    const values = new Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>([
      ...this.generator.initialValues(new HostRandom(seed, 0)),
      ...this.discriminator.initialValues(new HostRandom(seed, 1)),
      ...this.optimiserG.initialValues(),
      ...this.optimiserD.initialValues(),
      [variableNames.state, Uint32Array.of(seed, 0, 0, 0)],
    ]);
    if (ema > 0) {
      values.set(variableNames.ema, new Float32Array(this.generator.size));
      values.set(variableNames.emaCorrection, new Float32Array(1));
    }
    return values;
  }

  /** Names of all that the run's state is made of, as in its checkpoints. */
  parts(): NamedPart[] {
    const { generator, discriminator, optimiserG, optimiserD } = this;
    const owners = [generator, discriminator, optimiserG, optimiserD];
    const parts = owners.flatMap((owner) => owner.parts());
    if (this.options.ema > 0) {
      parts.push(
        ...generator.partsIn(variableNames.ema, 'ema.generator'),
        wholePart(variableNames.emaCorrection, 'ema.generator.correction', [1]),
      );
    }
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

/** D on real and fake pictures: apart, or in one batch. */
function judge(
  discriminator: Net,
  real: Tensor,
  fake: Tensor,
  mixed: boolean,
): { real: Tensor; fake: Tensor } {
  const training = true;
  if (!mixed) {
    return {
      real: discriminator.forward(real, { training }),
      fake: discriminator.forward(fake, { training }),
    };
  }
  const logits = discriminator.forward(concat([real, fake], 0), { training });
  const [n] = real.shape;
  const flat = reshape(logits, [2 * n]);
  return { real: slice(flat, [0], [n]), fake: slice(flat, [n], [2 * n]) };
}

/**
 * Average of G's weights with a bias-corrected start: with c_t = 1 − decayᵗ,
 * e ← e + (p − e)·(1 − decay)/c_t, so that the first average is p itself.
 */
function traceEma(graph: Graph, generator: Net, decay: number) {
  const correction = graph.variable(variableNames.emaCorrection, [1]);
  const corrected = add(correction, mul(sub(1, correction), 1 - decay));
  const average = graph.variable(variableNames.ema, [generator.size]);
  const share = div(1 - decay, corrected);
  graph.assign(variableNames.emaCorrection, corrected);
  graph.assign(variableNames.ema, add(average, mul(sub(generator.weights(graph), average), share)));
}

/**
 * One training step (Goodfellow et al. 2014, algorithm 1): k updates of D, then one of G.
 *
 * The pictures of D's last update also serve G's, as in PyTorch's example, unless `freshLatent`.
 * It reports `metricNames`, in their order.
 */
export function traceStep(
  players: Players,
  dataShape: readonly [number, number, number, number],
): Graph {
  const { options, generator, discriminator } = players;
  const { batchSize, dSteps } = options;
  const graph = new Graph();
  const state = graph.variable(variableNames.state, STATE_SHAPE, 'u32');
  const data = graph.variable(variableNames.data, dataShape, 'u8');

  const metrics = new Map<MetricName, Tensor>();
  let fake: Tensor | undefined;
  for (let d = 0; d < dSteps; d++) {
    const indices = shuffledIndices(state, {
      count: dataShape[0],
      size: batchSize,
      first: d * batchSize,
      stride: dSteps * batchSize,
      stream: 0,
    });
    const real = gatherPictures(data, indices, state, {
      flip: options.flip,
      stream: streams.flip + d,
    });
    fake = generator.forward(latentBatch(state, options, streams.latent + d), { training: true });
    const logits = judge(discriminator, real, fake, options.mixedBatch);
    const { loss, lossReal, lossFake } = discriminatorLoss(
      logits.real,
      logits.fake,
      options.labelSmoothing,
    );
    const { gradNorm } = players.optimiserD.minimise(loss);
    metrics.set('lossD', loss).set('lossDReal', lossReal).set('lossDFake', lossFake);
    metrics.set('dReal', mean(sigmoid(logits.real))).set('dFake', mean(sigmoid(logits.fake)));
    metrics.set('gradNormD', gradNorm);
  }

  if (!fake || options.freshLatent) {
    fake = generator.forward(latentBatch(state, options, streams.freshLatent), { training: true });
  }
  const logits = discriminator.forward(fake, { training: true });
  const loss = generatorLoss(options.generatorLoss, logits);
  const { gradNorm } = players.optimiserG.minimise(loss);
  metrics
    .set('lossG', loss)
    .set('dFakeAfter', mean(sigmoid(logits)))
    .set('gradNormG', gradNorm);
  if (options.ema > 0) traceEma(graph, generator, options.ema);

  graph.assign(variableNames.state, advance(state));
  reportMetrics(
    graph,
    metricNames.map((name) => metrics.get(name) as Tensor),
  );
  return graph;
}

/** Pictures [count, size, size, channels] of fixed latents, by running statistics. Output `pictures`. */
export function traceSamples({ options, generator }: Players, count: number): Graph {
  const graph = new Graph();
  const latents = graph.variable(variableNames.sampleLatents, [count, 1, 1, options.latentDim]);
  const weights =
    options.ema > 0
      ? graph.variable(variableNames.ema, [generator.size])
      : generator.weights(graph);
  graph.output('pictures', generator.forward(latents, { training: false, weights }));
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
