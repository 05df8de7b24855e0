// Steps of one's own: traced from TypeScript, run, saved, restored.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  Adam,
  type Trainer as AnyTrainer,
  add,
  bceWithLogitsLoss,
  Engine,
  Linear,
  Net,
  ReLU,
  Sequential,
  Trainer,
  traceFunction,
  traceTraining,
} from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';

let engine: Engine;
const errors: Error[] = [];
beforeAll(async () => {
  engine = await Engine.create();
  engine.onError((error) => errors.push(error));
});
afterAll(() => engine.dispose());
afterEach(() => expect(errors.splice(0)).toEqual([]));

const trainers: AnyTrainer[] = [];
afterEach(() => {
  for (const trainer of trainers.splice(0)) trainer.dispose();
});

const MODES = 8;
/** Points around the corners of a regular octagon. */
function ring(count: number) {
  const random = new RandomValues(1);
  const noise = random.normal(2 * count);
  const values = Float32Array.from(noise, (x, i) => {
    const angle = (2 * Math.PI * (i >> 1)) / MODES;
    return (i % 2 ? Math.sin(angle) : Math.cos(angle)) + 0.05 * x;
  });
  return { shape: [count, 2], values };
}

/** How many corners have at least a few points close to them. */
function covered(points: Float32Array): number {
  const near = new Array<number>(MODES).fill(0);
  for (let i = 0; i < points.length; i += 2) {
    const turn = Math.round((Math.atan2(points[i + 1], points[i]) * MODES) / (2 * Math.PI));
    const mode = (turn + MODES) % MODES;
    const angle = (2 * Math.PI * mode) / MODES;
    const off = Math.hypot(points[i] - Math.cos(angle), points[i + 1] - Math.sin(angle));
    if (off < 0.3) near[mode]++;
  }
  return near.filter((n) => n >= 5).length;
}

function ringGan(seed = 3) {
  const layers = (inputs: number, outputs: number) =>
    new Sequential(
      ...[new Linear(inputs, 64), new ReLU(), new Linear(64, 64), new ReLU()],
      new Linear(64, outputs),
    );
  const G = new Net('generator', layers(4, 2));
  const D = new Net('discriminator', layers(2, 1));
  const optG = new Adam(G, { lr: 1e-3, betas: [0.5, 0.999] });
  const optD = new Adam(D, { lr: 2e-3, betas: [0.5, 0.999] });
  const training = true;
  const program = traceTraining({
    seed,
    optimisers: [optD, optG],
    data: { points: ring(1024) },
    step({ normal, batch }) {
      const fake = G.forward(normal([128, 4]), { training });
      const real = D.forward(batch('points', 128), { training });
      const lossD = add(
        bceWithLogitsLoss(real, 1),
        bceWithLogitsLoss(D.forward(fake, { training }), 0),
      );
      optD.minimise(lossD);
      const lossG = bceWithLogitsLoss(D.forward(fake, { training }), 1);
      optG.minimise(lossG);
      return { lossD, lossG };
    },
  });
  const samples = traceFunction({ z: [512, 4] }, ({ z }) => ({
    points: G.forward(z, { training: false }),
  }));
  return { program, samples, optD, optG };
}

async function start<Name extends string>(...args: Parameters<typeof Trainer.create<Name>>) {
  const trainer = await Trainer.create(...args);
  trainers.push(trainer);
  return trainer;
}

test('a GAN on a ring of points covers it', { timeout: 180_000 }, async () => {
  const { program, samples } = ringGan();
  const trainer = await start(engine, program);
  const generate = await trainer.compile(samples);
  const z = new RandomValues(5).normal(512 * 4);
  const before = covered((await generate.call({ z })).points);
  for await (const { step, lossD, lossG } of trainer.run({ steps: 1500 })) {
    if (step % 300 === 0) console.info(step, lossD, lossG, covered((await generate.call()).points));
  }
  const after = covered((await generate.call({ z })).points);
  expect(before).toBeLessThan(3);
  expect(after).toBeGreaterThanOrEqual(7);
});

describe('save and restore', () => {
  test('goes on bit by bit', async () => {
    const { program } = ringGan();
    const straight = await start(engine, program);
    for await (const _ of straight.run({ steps: 12 }));
    const half = await start(engine, program);
    for await (const _ of half.run({ steps: 5 }));
    const state = await half.save();
    const rest = await start(engine, program, { state });
    expect(rest.step).toBe(5);
    expect(await rest.save()).toEqual(state);
    for await (const _ of rest.run({ steps: 7 }));
    expect(await rest.save()).toEqual(await straight.save());
    expect(await rest.save()).not.toEqual(state);
  });
});
