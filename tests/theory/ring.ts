// A GAN on the ring of eight Gaussians, for every objective, and what its samples are worth.
import { type ObjectiveName, objectiveFor } from '../../src/gan/objectives/index.ts';
import {
  Adam,
  add,
  clipWeights,
  type Engine,
  type Grid,
  gaussianRing,
  gradientPenalty,
  gridHistogram,
  gridMasses,
  HostRandom,
  jsDivergence,
  LeakyReLU,
  Linear,
  mul,
  Net,
  ReLU,
  ringModes,
  Sequential,
  spectralNorm,
  type Tensor,
  Trainer,
  traceFunction,
  traceTraining,
  WeightAverage,
  zeroCentredPenalty,
} from '../../src/index.ts';

/** How an objective is trained on the ring: the same nets for all, and what each needs beside. */
export interface RingSetting {
  readonly objective: ObjectiveName;
  /** γ of R1, of which half is the penalty's weight. */
  readonly r1?: number;
  /** λ of the gradient penalty. */
  readonly gradientPenalty?: number;
  /** Bound of D's weights. */
  readonly clipWeights?: number;
  /** D's layers have normalised weights. */
  readonly spectralNorm?: true;
  /** Deviation of the noise on all that D sees. */
  readonly instanceNoise?: number;
  /** Taken off the target of real points. */
  readonly labelSmoothing?: number;
  /** Gradients of either net are at most this long. */
  readonly clipGradients?: number;
  /** Decay of the average of G's weights that points are drawn with. */
  readonly ema?: number;
  /** Updates of D for each of G. */
  readonly stepsD?: number;
  /** Learning rate of both, 2e-3 if left out; or D's own. */
  readonly lr?: number;
  readonly lrD?: number;
}

export const WIDTH = 32;
export const BATCH = 64;
export const LATENT = 8;
/** Numbers that D gives for a point where an objective compares features. */
const FEATURES = 8;
export const STD = 0.1;
export const SAMPLES = 4096;
/** From which share of the steps on, which share of the learning rate: players that circle settle. */
const SCHEDULE = [
  [2 / 3, 0.3],
  [5 / 6, 0.1],
] as const;
const training = true;

export const ring = gaussianRing({ std: STD });

function ringGan(setting: RingSetting, seed: number) {
  const { r1 = 0, gradientPenalty: lambda = 0, stepsD = 1, lr = 2e-3, lrD = lr } = setting;
  const objective = objectiveFor(setting);
  const outputs = setting.objective.startsWith('mmd-') ? FEATURES : 1;
  const perceptron = (
    [from, to]: readonly [number, number],
    activation: () => ReLU | LeakyReLU,
    options: { norm?: typeof spectralNorm } = {},
  ) =>
    new Sequential(
      ...[new Linear(from, WIDTH, options), activation()],
      ...[new Linear(WIDTH, WIDTH, options), activation()],
      new Linear(WIDTH, to, options),
    );
  const G = new Net(
    'G',
    perceptron([LATENT, 2], () => new ReLU()),
  );
  const norm = setting.spectralNorm ? { norm: spectralNorm } : {};
  const D = new Net(
    'D',
    perceptron([2, outputs], () => new LeakyReLU(0.2), norm),
  );
  const { instanceNoise = 0, clipGradients: clipNorm, ema = 0 } = setting;
  const common = { betas: [0.5, 0.9], ...(clipNorm !== undefined && { clipNorm }) } as const;
  const optD = new Adam(D, { lr: lrD, ...common });
  const optG = new Adam(G, { lr, ...common });
  const average = ema > 0 ? new WeightAverage(G, ema) : undefined;
  const program = traceTraining({
    seed,
    optimisers: [optD, optG],
    averages: average ? [average] : [],
    step(context) {
      const { graph, normal, uniform } = context;
      const judge = (x: Tensor) => {
        const noisy = instanceNoise > 0 ? add(x, mul(normal(x.shape), instanceNoise)) : x;
        return D.forward(noisy, { training });
      };
      const latents = () => normal([BATCH, LATENT]);
      const updateD = () => {
        const real = ring.sample(context, BATCH);
        const fake = G.forward(latents(), { training });
        const [onReal, onFake] = [judge(real), judge(fake)];
        const { lossReal, lossFake } = objective.discriminator(onReal, onFake);
        const critic = (x: Tensor, on = judge(x)) => objective.critic(on, onReal, onFake);
        let lossD = add(lossReal, lossFake);
        if (lambda > 0) {
          const penalty = gradientPenalty(critic, real, fake, uniform([BATCH, 1]));
          lossD = add(lossD, mul(penalty, lambda));
        }
        if (r1 > 0) lossD = add(lossD, mul(zeroCentredPenalty(critic(real, onReal), real), r1 / 2));
        optD.minimise(lossD);
        if (setting.clipWeights) clipWeights(D, graph, setting.clipWeights);
        return { real, lossD };
      };
      let updated = updateD();
      for (let i = 1; i < stepsD; i++) updated = updateD();
      const fake = G.forward(latents(), { training });
      const lossG = objective.generator(judge(fake), () => judge(updated.real));
      optG.minimise(lossG);
      average?.update(graph);
      return { lossD: updated.lossD, lossG };
    },
  });
  const generate = traceFunction({ z: [SAMPLES, LATENT] }, ({ z }) => ({
    points: G.forward(z, { training: false, weights: (average ?? G).weights(z.graph) }),
  }));
  const rates: [Adam, number][] = [
    [optD, lrD],
    [optG, lr],
  ];
  return { program, generate, rates };
}

const grid: Grid = { low: [-3, -3], high: [3, 3], cells: [30, 30] };
const masses = gridMasses(grid, ring.density, 5);
const modes = ringModes();

/** What points [n, 2] are worth. */
export interface RingMeasures {
  /** Modes that have at least a quarter of their share of the points near them. */
  readonly modes: number;
  /** Share of points within three standard deviations of a mode. */
  readonly near: number;
  /** Jensen-Shannon divergence of the points' histogram, 30 × 30 cells of [−3, 3]², from the masses. */
  readonly js: number;
}

export function measureRing(points: ArrayLike<number>): RingMeasures {
  const count = points.length / 2;
  const found = modes.map(([x, y]) => {
    let near = 0;
    for (let i = 0; i < count; i++)
      if (Math.hypot(points[2 * i] - x, points[2 * i + 1] - y) < 3 * STD) near++;
    return near / count;
  });
  return {
    modes: found.filter((share) => share > 1 / 8 / 4).length,
    near: found.reduce((a, b) => a + b, 0),
    js: jsDivergence(gridHistogram(grid, points), masses),
  };
}

export interface RingRun extends RingMeasures {
  readonly points: number[];
  readonly seconds: number;
}

/** Trains for so many steps of G, and measures samples. */
export async function runRing(
  engine: Engine,
  setting: RingSetting,
  { seed, steps }: { readonly seed: number; readonly steps: number },
): Promise<RingRun> {
  const begun = performance.now();
  const { program, generate, rates } = ringGan(setting, seed);
  const trainer = await Trainer.create(engine, program);
  try {
    const sample = await trainer.compile(generate);
    for (const [from, share] of SCHEDULE) {
      for await (const _ of trainer.run({ steps: Math.round(from * steps) - trainer.step }));
      for (const [optimiser, rate] of rates) trainer.setLearningRate(optimiser, share * rate);
    }
    for await (const _ of trainer.run({ steps: steps - trainer.step }));
    const random = new HostRandom(1);
    const z = Float32Array.from({ length: SAMPLES * LATENT }, () => random.normal());
    const { points } = await sample.call({ z });
    const seconds = (performance.now() - begun) / 1000;
    return { ...measureRing(points), points: [...points], seconds };
  } finally {
    trainer.dispose();
  }
}
