// Objectives, regularisers and optimisers in a step of one's own, on the device and in float64.
import { expect, test } from 'vitest';
import {
  Adam,
  AdamW,
  add,
  clipWeights,
  cosineAnnealingLR,
  diffAugment,
  Flatten,
  gradientPenalty,
  hinge,
  LeakyReLU,
  Linear,
  mean,
  mul,
  Net,
  neg,
  objectiveOf,
  RMSProp,
  relu,
  Sequential,
  SGD,
  spectralNorm,
  square,
  stepLR,
  sub,
  Tanh,
  Trainer,
  traceTraining,
  Unflatten,
  wasserstein,
  zeroCentredPenalty,
} from '../../src/index.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { engineForTests } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const engine = await engineForTests();

const points = { shape: [40, 2], values: new RandomValues(1).normal(80) };
const training = true;

/** A GAN on points: what its D lowers besides the objective, and who updates it, is up to the test. */
function penalised() {
  const G = new Net('G', new Sequential(new Linear(3, 8), new Tanh(), new Linear(8, 2)));
  const D = new Net('D', new Sequential(new Linear(2, 8), new LeakyReLU(0.2), new Linear(8, 1)));
  const [optD, optG] = [new RMSProp(D, { lr: 1e-3 }), new AdamW(G, { lr: 1e-3, clipNorm: 0.01 })];
  return traceTraining({
    seed: 2,
    optimisers: [optD, optG],
    data: { points },
    step({ normal, uniform, batch }) {
      const real = batch('points', 8);
      const fake = G.forward(normal([8, 3]), { training });
      const judge = (x: typeof real) => D.forward(x, { training });
      const { lossReal, lossFake } = wasserstein.discriminator(judge(real), judge(fake));
      const penalty = gradientPenalty(judge, real, fake, uniform([8, 1]));
      const lossD = add(add(lossReal, lossFake), mul(penalty, 10));
      const { gradNorm } = optD.minimise(lossD);
      const lossG = wasserstein.generator(judge(fake), () => judge(real));
      const { gradNorm: gradNormG } = optG.minimise(lossG);
      return { lossD, lossG, gradNorm, gradNormG };
    },
  });
}

/** D of normalised weights; an objective of one's own, and R1. */
function normalised() {
  const own = objectiveOf({
    real: (logits) => square(relu(sub(1, logits))),
    fake: (logits) => square(relu(add(1, logits))),
    generator: neg,
  });
  const layer = { norm: spectralNorm };
  const G = new Net('G', new Linear(3, 2));
  const D = new Net(
    'D',
    new Sequential(new Linear(2, 8, layer), new LeakyReLU(0.2), new Linear(8, 1, layer)),
  );
  const [optD, optG] = [new SGD(D, { lr: 0.05, momentum: 0.5 }), new SGD(G, { lr: 0.05 })];
  return traceTraining({
    seed: 3,
    optimisers: [optD, optG],
    data: { points },
    step({ graph, normal, batch }) {
      const real = batch('points', 8);
      const fake = G.forward(normal([8, 3]), { training });
      const outputs = D.forward(real, { training });
      const judged = own.discriminator(outputs, D.forward(fake, { training }));
      const r1 = zeroCentredPenalty(outputs, real);
      const lossD = add(add(judged.lossReal, judged.lossFake), r1);
      optD.minimise(lossD);
      clipWeights(D, graph, 0.9);
      const lossG = own.generator(D.forward(fake, { training }), () => outputs);
      optG.minimise(lossG);
      return { lossD, lossG, r1, size: mean(square(D.weights(graph))) };
    },
  });
}

/** A batch in parts, changed before D sees it; rates that fall. */
function inParts() {
  const G = new Net('G', new Sequential(new Linear(3, 64), new Tanh(), new Unflatten([1, 8, 8])));
  const D = new Net(
    'D',
    new Sequential(new Flatten(), new Linear(64, 8), new LeakyReLU(0.2), new Linear(8, 1)),
  );
  const optD = new SGD(D, { lr: 0.05, schedule: cosineAnnealingLR({ tMax: 9 }) });
  const optG = new Adam(G, { lr: 0.01, schedule: stepLR({ stepSize: 3, gamma: 0.5 }) });
  return traceTraining({
    seed: 4,
    optimisers: [optD, optG],
    data: { pictures: noisePictures(20, 8, 1) },
    step({ normal, uniform, batch }) {
      const judge = (x: ReturnType<typeof normal>) =>
        D.forward(diffAugment(x, 'color,translation,cutout', uniform), { training });
      const fake = () => G.forward(normal([3, 3]), { training });
      const { loss: lossD, gradNorm } = optD.minimiseMean(2, () => {
        const [onReal, onFake] = [judge(batch('pictures', 3)), judge(fake())];
        const { lossReal, lossFake } = hinge.discriminator(onReal, onFake);
        return add(lossReal, lossFake);
      });
      const { loss: lossG, gradNorm: gradNormG } = optG.minimiseMean(2, () =>
        neg(mean(judge(fake()))),
      );
      return { lossD, lossG, gradNorm, gradNormG };
    },
  });
}

test.each([
  ['penalised', penalised],
  ['normalised', normalised],
  ['in parts', inParts],
] as const)(
  '%s: ten steps stay with float64, and go on from a state bit by bit',
  async (_, make) => {
    const program = make();
    let state: ReadonlyMap<string, ArrayLike<number>> = program.initial;
    const trainer = await Trainer.create<string>(engine, program);
    let half: Awaited<ReturnType<typeof trainer.save>> | undefined;
    for await (const metrics of trainer.run({ steps: 10 })) {
      const { outputs, variables } = interpret(program.step, state);
      state = variables;
      program.metrics.forEach((name, i) => {
        const expected = outputs.get('metrics')![i * METRIC_PITCH];
        const within = 1e-4 * Math.max(1, Math.abs(expected));
        expect(Math.abs(metrics[name] - expected), `${name} ${metrics.step}`).toBeLessThan(within);
      });
      if (metrics.step === 4) half = await trainer.save();
    }
    const last = await trainer.save();
    trainer.dispose();

    const again = await Trainer.create<string>(engine, make(), { state: half! });
    for await (const _ of again.run({ steps: 10 - again.step }));
    expect(await again.save()).toEqual(last);
    again.dispose();
  },
);
