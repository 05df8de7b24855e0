// Players on the line, where theory says what each of them comes to.
import {
  Adam,
  add,
  constantInit,
  type Engine,
  type Grid,
  gaussian,
  gridCentres,
  gridMasses,
  LeakyReLU,
  Linear,
  mul,
  Net,
  type Objective,
  originalGan,
  readSafetensors,
  Sequential,
  type Tensor,
  Trainer,
  traceFunction,
  traceTraining,
  zeroCentredPenalty,
} from '../../src/index.ts';

const CELLS = 120;
const training = true;

const discriminator = (width: number) =>
  new Net(
    'D',
    new Sequential(
      ...[new Linear(1, width), new LeakyReLU(0.2)],
      ...[new Linear(width, width), new LeakyReLU(0.2), new Linear(width, 1)],
    ),
  );

/** G(z) = mean + std·z: its distribution is a Gaussian that is known. */
const affine = (mean: number, std: number) =>
  new Net('G', new Linear(1, 1, { weightInit: constantInit(std), biasInit: constantInit(mean) }));

export interface Line {
  /** Points of the line, and what p, q and the trained D's logit are there. */
  readonly x: number[];
  readonly p: number[];
  readonly q: number[];
  readonly logits: number[];
  /** What was reported at every step. */
  readonly losses: number[];
}

const grid = (low: number, high: number): Grid => ({ low: [low], high: [high], cells: [CELLS] });

/** Trains at a rate that falls to a tenth, and reads D along the line and G's mean and deviation. */
async function train(
  engine: Engine,
  players: {
    readonly program: ReturnType<typeof traceTraining<string, 'lossD'>>;
    readonly D: Net;
    readonly optimisers: readonly Adam[];
    readonly lr: number;
  },
  steps: number,
  x: readonly number[],
) {
  const { program, D, optimisers, lr } = players;
  const trainer = await Trainer.create(engine, program);
  try {
    const judge = await trainer.compile(
      traceFunction({ x: [CELLS, 1] }, ({ x }) => ({ logits: D.forward(x, { training: false }) })),
    );
    const losses: number[] = [];
    for (const share of [1, 0.3, 0.1]) {
      for (const optimiser of optimisers) trainer.setLearningRate(optimiser, lr * share);
      for await (const { lossD } of trainer.run({ steps: Math.round(steps / 3) }))
        losses.push(lossD);
    }
    const { logits } = await judge.call({ x: Float32Array.from(x) });
    return { logits: [...logits], losses, saved: await trainer.save() };
  } finally {
    trainer.dispose();
  }
}

/** D learns against a G that stays the Gaussian (mean, std), with real data of N(0, 1). */
export async function fixedGenerator(
  engine: Engine,
  {
    objective = originalGan(),
    mean = 1.5,
    std = 0.75,
    steps,
    batch = 256,
    penalty,
  }: {
    readonly objective?: Objective;
    readonly mean?: number;
    readonly std?: number;
    readonly steps: number;
    readonly batch?: number;
    /** Added to D's loss. */
    readonly penalty?: (
      critic: (x: Tensor) => Tensor,
      real: Tensor,
      fake: Tensor,
      mix: Tensor,
    ) => Tensor;
  },
): Promise<Line> {
  const real = gaussian([0], 1);
  const [G, D] = [affine(mean, std), discriminator(32)];
  const lr = 1e-2;
  const optD = new Adam(D, { lr });
  const judge = (x: Tensor) => D.forward(x, { training });
  const program = traceTraining({
    seed: 1,
    optimisers: [optD],
    nets: [G],
    step(context) {
      const x = real.sample(context, batch);
      const fake = G.forward(context.normal([batch, 1]), { training });
      const { lossReal, lossFake } = objective.discriminator(judge(x), judge(fake));
      const lossD = add(lossReal, lossFake);
      const extra = penalty?.(judge, x, fake, context.uniform([batch, 1]));
      optD.minimise(extra ? add(lossD, extra) : lossD);
      return { lossD };
    },
  });
  const line = grid(-4, 5);
  const x = gridCentres(line).flat();
  const trained = await train(engine, { program, D, optimisers: [optD], lr }, steps, x);
  const p = [...gridMasses(line, real.density, 4)];
  const q = [...gridMasses(line, gaussian([mean], std).density, 4)];
  return { x, p, q, ...trained };
}

/** Both learn: D and G(z) = mean + std·z, with real data of N(1, ½). R1 keeps them from circling. */
export async function bothPlayers(
  engine: Engine,
  { steps, batch = 256 }: { readonly steps: number; readonly batch?: number },
): Promise<Line & { readonly mean: number; readonly std: number }> {
  const real = gaussian([1], 0.5);
  const [G, D] = [affine(-1, 1), discriminator(32)];
  const lr = 1e-2;
  const objective = originalGan();
  const [optD, optG] = [D, G].map((net) => new Adam(net, { lr, betas: [0.5, 0.9] }));
  const judge = (x: Tensor) => D.forward(x, { training });
  const program = traceTraining({
    seed: 1,
    optimisers: [optD, optG],
    step(context) {
      const x = real.sample(context, batch);
      const fake = G.forward(context.normal([batch, 1]), { training });
      const onReal = judge(x);
      const { lossReal, lossFake } = objective.discriminator(onReal, judge(fake));
      const lossD = add(lossReal, lossFake);
      optD.minimise(add(lossD, mul(zeroCentredPenalty(onReal, x), 0.5)));
      optG.minimise(objective.generator(judge(fake), () => judge(x)));
      return { lossD };
    },
  });
  const line = grid(-2, 4);
  const x = gridCentres(line).flat();
  const players = { program, D, optimisers: [optD, optG], lr };
  const { saved, ...trained } = await train(engine, players, steps, x);
  const { tensors } = readSafetensors(saved);
  const [mean, std] = ['bias', 'weight'].map((name) => Number(tensors.get(`G.${name}`)!.data[0]));
  const p = [...gridMasses(line, real.density, 4)];
  const q = [...gridMasses(line, gaussian([mean], Math.abs(std)).density, 4)];
  return { x, p, q, mean, std: Math.abs(std), ...trained };
}
