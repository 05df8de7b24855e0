// Steps of one's own on the device: they learn, compute what float64 computes, and can be saved,
// restored, called and refused.
import { describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  BatchNorm2d,
  bceWithLogitsLoss,
  Conv2d,
  constantInit,
  crossEntropyLoss,
  Flatten,
  type GraphFunction,
  Linear,
  type Metrics,
  Module,
  ModuleBuffer,
  matmul,
  mean,
  mul,
  Net,
  normalInit,
  oneHot,
  Parameter,
  type Pass,
  ReLU,
  readSafetensors,
  Sequential,
  SGD,
  square,
  sub,
  type Tensor,
  Trainer,
  type TrainOptions,
  traceFunction,
  traceTraining,
  WeightAverage,
} from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { engineForTests } from '../support/engine.ts';
import { interpretSteps } from '../support/interpret-steps.ts';
import { noisePictures } from '../support/pictures.ts';

const engine = await engineForTests();

const training = true;
const MODES = 8;
const cornerOf = (mode: number) => {
  const angle = (2 * Math.PI * mode) / MODES;
  return [Math.cos(angle), Math.sin(angle)] as const;
};

/** Points around the corners of a regular octagon. */
function ring(count: number) {
  const noise = new RandomValues(1).normal(2 * count);
  const values = noise.map((x, i) => cornerOf(Math.floor(i / 2))[i % 2] + 0.05 * x);
  return { shape: [count, 2], values };
}

/** How many corners have at least a hundredth of the points close to them. */
function covered(points: Float32Array): number {
  const near = new Array<number>(MODES).fill(0);
  for (let i = 0; i < points.length; i += 2) {
    for (let mode = 0; mode < MODES; mode++) {
      const [x, y] = cornerOf(mode);
      if (Math.hypot(points[i] - x, points[i + 1] - y) < 0.3) near[mode]++;
    }
  }
  return near.filter((n) => n >= points.length / 200).length;
}

function ringGan() {
  const layers = (inputs: number, outputs: number) =>
    new Sequential(
      ...[new Linear(inputs, 64), new ReLU(), new Linear(64, 64), new ReLU()],
      new Linear(64, outputs),
    );
  const G = new Net('generator', layers(4, 2));
  const D = new Net('discriminator', layers(2, 1));
  const optG = new Adam(G, { lr: 1e-3, betas: [0.5, 0.999] });
  const optD = new Adam(D, { lr: 2e-3, betas: [0.5, 0.999] });
  const program = traceTraining({
    seed: 3,
    optimisers: [optD, optG],
    data: { points: ring(1024) },
    step({ normal, batch }) {
      const fake = G.forward(normal([128, 4]), { training });
      const real = D.forward(batch('points', 128), { training });
      const judged = D.forward(fake, { training });
      const lossD = add(bceWithLogitsLoss(real, 1), bceWithLogitsLoss(judged, 0));
      optD.minimise(lossD);
      const lossG = bceWithLogitsLoss(D.forward(fake, { training }), 1);
      optG.minimise(lossG);
      return { lossD, lossG };
    },
  });
  const samples = traceFunction({ z: [512, 4] }, ({ z }) => ({
    points: G.forward(z, { training: false }),
  }));
  return { program, samples, G, D, optD, optG };
}

/** Runs so many steps, and gives what they measured. */
async function run<Name extends string>(trainer: Trainer<Name>, steps: number) {
  const seen: Metrics<Name>[] = [];
  for await (const metrics of trainer.run({ steps })) seen.push(metrics);
  return seen;
}

describe('what it learns', () => {
  test('a GAN comes to cover a ring of points', { timeout: 240_000 }, async () => {
    const { program, samples } = ringGan();
    using trainer = await Trainer.create(engine, program);
    const generate = await trainer.compile(samples);
    const z = new RandomValues(5).normal(512 * 4);
    expect(covered((await generate.call({ z })).points)).toBeLessThan(3);
    await run(trainer, 600);
    // 8 in every look from step 300 on, when this was written.
    expect(covered((await generate.call()).points)).toBeGreaterThanOrEqual(7);
  });

  test('a classifier learns bars, and tells those that it has not seen', {
    timeout: 240_000,
  }, async () => {
    // Pictures with a bright row, or a bright column, in noise.
    const bars = (count: number, seed: number) => {
      const { data, ...set } = noisePictures(count, 8, 1, seed);
      const labels = Array.from({ length: count }, (_, i) => i % 2);
      const pixels = data.map((x, at) => {
        const [i, y, x0] = [Math.floor(at / 64), Math.floor(at / 8) % 8, at % 8];
        const place = (i * 5) % 8;
        return Math.min(255, x / 2 + ((labels[i] ? y : x0) === place ? 120 : 0));
      });
      return { pictures: { ...set, data: pixels }, labels };
    };
    const seen = bars(256, 1);
    const net = new Net(
      'classifier',
      new Sequential(
        new Conv2d(1, 8, { kernelSize: 3, padding: 1 }),
        new BatchNorm2d(8),
        new ReLU(),
        new Conv2d(8, 8, { kernelSize: 4, stride: 2, padding: 1 }),
        new ReLU(),
        new Flatten(),
        new Linear(128, 2),
      ),
    );
    const optimiser = new Adam(net, { lr: 3e-3 });
    const program = traceTraining({
      seed: 1,
      optimisers: [optimiser],
      data: { pictures: seen.pictures, labels: oneHot(seen.labels, 2) },
      step({ batch }) {
        const [x, t] = batch(['pictures', 'labels'], 32);
        const loss = crossEntropyLoss(net.forward(x, { training }), t);
        optimiser.minimise(loss);
        return { loss };
      },
    });
    using trainer = await Trainer.create(engine, program);
    const classify = await trainer.compile(
      traceFunction({ x: [64, 8, 8, 1] }, ({ x }) => ({
        logits: net.forward(x, { training: false }),
      })),
    );
    const unseen = bars(64, 2);
    const x = Float32Array.from(unseen.pictures.data, (byte) => byte / 127.5 - 1);
    const accuracy = async () => {
      const { logits } = await classify.call({ x });
      const right = unseen.labels.filter((t, i) => +(logits[2 * i + 1] > logits[2 * i]) === t);
      return right.length / unseen.labels.length;
    };
    expect(await accuracy()).toBeLessThan(0.8);
    const losses = await run(trainer, 120);
    expect(losses[119].loss).toBeLessThan(losses[0].loss / 2);
    expect(await accuracy()).toBeGreaterThan(0.9);
  });
});

/** x·W with a weight of its own, and a count of its passes: nothing of the library's layers. */
class Project extends Module {
  private readonly matrix: Parameter;
  private readonly passes = new ModuleBuffer([1], new Float32Array(1));
  override readonly parameters: ReadonlyMap<string, Parameter>;
  override readonly buffers = new Map([['passes', this.passes]]);

  constructor(inputs: number, outputs: number) {
    super();
    this.matrix = new Parameter([inputs, outputs], normalInit(0, 0.5), { axes: [1, 0] });
    this.parameters = new Map([['matrix', this.matrix]]);
  }

  forward(x: Tensor, { weights, training: updates }: Pass): Tensor {
    if (updates) this.passes.assign(add(this.passes.read(x.graph), 1));
    return matmul(x, this.matrix.read(weights));
  }
}

/** Modules, a loss, a variable and an average of one's own. */
function ownThings() {
  const net = new Net('own', new Sequential(new Project(3, 5), new ReLU(), new Project(5, 2)));
  const frozen = new Net(
    'frozen',
    new Linear(3, 2, { weightInit: constantInit(0.5), biasInit: constantInit(-1) }),
  );
  const optimiser = new SGD(net, { lr: 0.05, momentum: 0.9 });
  const average = new WeightAverage(net, 0.8);
  const program = traceTraining({
    seed: 9,
    nets: [frozen],
    optimisers: [optimiser],
    averages: [average],
    data: { rows: { shape: [10, 3], values: new RandomValues(2).normal(30) } },
    step({ batch, uniform, variable, assign, graph }) {
      const x = add(batch('rows', 4), mul(uniform([4, 3], -0.1, 0.1), 0.5));
      const y = net.forward(x, { training });
      // Pseudo-Huber, weighed by how the loss has been so far.
      const error = sub(y, frozen.forward(x, { training }));
      const loss = mean(sub(mul(square(add(1, square(error))), 0.5), 0.5));
      const { gradNorm } = optimiser.minimise(loss);
      const seen = variable('seen', { shape: [], values: Float32Array.of(1) });
      assign('seen', add(mul(seen, 0.9), mul(loss, 0.1)));
      average.update(graph);
      return { loss, gradNorm, seen };
    },
  });
  return { program, net, frozen, optimiser, average };
}

test('modules, losses and variables of one’s own compute what float64 computes', async () => {
  const { program } = ownThings();
  using trainer = await Trainer.create(engine, program);
  const expected = interpretSteps(program, 8);
  const got = await run(trainer, 8);
  got.forEach((metrics, i) => {
    for (const name of program.metrics) {
      const exact = expected[i].metrics[name];
      expect(Math.abs(metrics[name] / exact - 1), `${name} of step ${i + 1}`).toBeLessThan(1e-4);
    }
  });
  const { tensors } = readSafetensors(await trainer.save());
  const weight = tensors.get('own.0.matrix')!;
  // In the file's order of axes, which the module chose: [5, 3].
  expect(weight.shape).toEqual([5, 3]);
  const flat = expected[7].variables.get('own.parameters')!;
  Array.from(weight.data as Float32Array).forEach((x, i) => {
    expect(x).toBeCloseTo(flat[(i % 3) * 5 + Math.floor(i / 3)], 4);
  });
  expect([...(tensors.get('own.0.passes')!.data as Float32Array)]).toEqual([8]);
  expect([...(tensors.get('frozen.bias')!.data as Float32Array)]).toEqual([-1, -1]);
  expect([...(tensors.get('state')!.data as Uint32Array)]).toEqual([9, 0, 8, 0]);
});

describe('save and restore', () => {
  test.each([
    ['a GAN', () => ringGan().program],
    ['everything of one’s own', () => ownThings().program],
  ])('%s goes on bit by bit', async (_, make) => {
    using straight = await Trainer.create(engine, make());
    await run(straight, 12);
    using half = await Trainer.create(engine, make());
    await run(half, 5);
    const state = await half.save();
    // Another program of the same code, as after a reload.
    using rest = await Trainer.create(engine, make(), { state });
    expect(rest.step).toBe(5);
    expect(await rest.save()).toEqual(state);
    const steps = await run(rest, 7);
    expect(steps.map(({ step }) => step)).toEqual([6, 7, 8, 9, 10, 11, 12]);
    expect(await rest.save()).toEqual(await straight.save());
    expect(await rest.save()).not.toEqual(state);
  });

  test('a learning rate that was set is part of it', async () => {
    const { program, optimiser } = ownThings();
    using trainer = await Trainer.create(engine, program);
    trainer.setLearningRate(optimiser, 0);
    const before = readSafetensors(await trainer.save()).tensors;
    await run(trainer, 2);
    const state = await trainer.save();
    const after = readSafetensors(state).tensors;
    expect(after.get('own.0.matrix')).toEqual(before.get('own.0.matrix'));
    expect(after.get('own.0.passes')).not.toEqual(before.get('own.0.passes'));
    const again = ownThings();
    using frozen = await Trainer.create(engine, again.program, { state });
    await run(frozen, 2);
    const still = readSafetensors(await frozen.save()).tensors;
    expect(still.get('own.0.matrix')).toEqual(before.get('own.0.matrix'));
    frozen.setLearningRate(again.optimiser, 0.05);
    await run(frozen, 1);
    expect(readSafetensors(await frozen.save()).tensors.get('own.0.matrix')).not.toEqual(
      before.get('own.0.matrix'),
    );
  });

  test('a state of another program is refused, and leaves nothing behind', async () => {
    const { buffers } = engine.memory();
    using trainer = await Trainer.create(engine, ownThings().program);
    const state = await trainer.save();
    trainer.dispose();
    await expect(Trainer.create(engine, ringGan().program, { state })).rejects.toMatchObject({
      name: 'StateError',
      code: 'state-missing',
    });
    await expect(
      Trainer.create(engine, ownThings().program, { state: state.subarray(0, 100) }),
    ).rejects.toMatchObject({ name: 'SafetensorsError' });
    expect(engine.memory().buffers).toBe(buffers);
  });
});

describe('functions', () => {
  test('read what is being trained as it is, and averages too', async () => {
    const { program, net, average } = ownThings();
    using trainer = await Trainer.create(engine, program);
    using both = await trainer.compile(
      traceFunction({ x: [2, 3] }, ({ x }) => ({
        newest: net.forward(x, { training: false }),
        average: net.forward(x, { training: false, weights: average.weights(x.graph) }),
      })),
    );
    const x = Float32Array.of(1, 2, 3, -1, 0.5, 1);
    const results = [];
    for (let i = 0; i < 2; i++) {
      await run(trainer, 1);
      results.push(await both.call({ x }));
    }
    const [first, second] = results;
    // The first average is the weights themselves.
    first.average.forEach((v, i) => {
      expect(v).toBeCloseTo(first.newest[i], 5);
    });
    expect(second.newest).not.toEqual(first.newest);
    expect(second.average).not.toEqual(second.newest);
    // Inputs stay; and an output can be read by itself, or stay where it is.
    expect(await both.read('newest')).toEqual(second.newest);
    const { shape, buffer } = both.output('newest');
    expect(shape).toEqual([2, 2]);
    both.run();
    expect(both.output('newest').buffer).toBe(buffer);
  });

  test('calls that follow one another at once do not mix', async () => {
    const { program, net } = ownThings();
    using trainer = await Trainer.create(engine, program);
    const f = await trainer.compile(
      traceFunction({ x: [1, 3] }, ({ x }) => ({ y: net.forward(x, { training: false }) })),
    );
    const inputs = [1, 2, 3].map((n) => Float32Array.of(n, -n, 2 * n));
    const together = await Promise.all(inputs.map((x) => f.call({ x })));
    for (const [i, x] of inputs.entries()) expect(together[i]).toEqual(await f.call({ x }));
    expect(together[0]).not.toEqual(together[1]);
  });

  test('refuse what they do not have', async () => {
    const { program, net } = ownThings();
    using trainer = await Trainer.create(engine, program);
    const f: GraphFunction = await trainer.compile(
      traceFunction({ x: [1, 3] }, ({ x }) => ({ y: net.forward(x, { training: false }) })),
    );
    const graph = (message: RegExp) =>
      expect.objectContaining({ code: 'graph', message: expect.stringMatching(message) });
    // A variable of the trainer, which is not for a function to write.
    expect(() => f.write('own.parameters', new Float32Array(128))).toThrow(
      graph(/no input .*: x\./),
    );
    expect(() => f.write('x', new Float32Array(4))).toThrow(graph(/takes 3 elements/));
    await expect(f.call({ z: new Float32Array(3) })).rejects.toThrow(graph(/no input 'z'/));
    expect(() => f.output('z')).toThrow(graph(/no output 'z'. Known: y\./));
    const stranger = new Net('stranger', new Linear(3, 1));
    const strange = traceFunction({ x: [1, 3] }, ({ x }) => ({
      y: stranger.forward(x, { training: false }),
    }));
    await expect(trainer.compile(strange)).rejects.toThrow(graph(/no 'stranger.parameters'/));
    expect(() => trainer.setLearningRate(new SGD(stranger), 1)).toThrow(graph(/no 'stranger.sgd/));
    f.dispose();
    f.dispose();
    expect(() => f.run()).toThrow(expect.objectContaining({ code: 'disposed' }));
  });

  test('and everything else end with the trainer', async () => {
    const { buffers } = engine.memory();
    const { program, samples } = ringGan();
    const trainer = await Trainer.create(engine, program);
    const f = await trainer.compile(samples);
    const gone = await trainer.compile(samples);
    await f.call();
    gone.dispose();
    trainer.dispose();
    expect(engine.memory().buffers).toBe(buffers);
    await expect(f.call()).rejects.toMatchObject({ code: 'disposed' });
    await expect(trainer.compile(samples)).rejects.toMatchObject({ code: 'disposed' });
    await expect(trainer.save()).rejects.toMatchObject({ code: 'disposed' });
  });
});

describe('train', () => {
  const trainer = async () => Trainer.create(engine, ownThings().program);

  test('calls back with every step, in order, and waits for promises', async () => {
    using t = await trainer();
    const seen: number[] = [];
    let waiting = 0;
    const last = await t.train({
      steps: 5,
      async onStep({ step, loss }) {
        expect(++waiting).toBe(1);
        expect(loss).toBeGreaterThan(0);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(step);
        waiting--;
      },
    });
    expect(seen).toEqual([1, 2, 3, 4, 5]);
    expect(last).toMatchObject({ step: 5 });
    expect(await t.train({ steps: 0 })).toBeUndefined();
  });

  test('ends with what the callback throws, or a signal, and can go on', async () => {
    using t = await trainer();
    const failing: TrainOptions = {
      onStep() {
        throw new Error('enough');
      },
    };
    await expect(t.train(failing)).rejects.toThrow('enough');
    const controller = new AbortController();
    const aborted = t.train({ signal: controller.signal, onStep: () => controller.abort('stop') });
    await expect(aborted).rejects.toBe('stop');
    expect(await t.train({ steps: 2 })).toMatchObject({ step: t.step });
  });

  test('gives way to the page as often as asked', async () => {
    using t = await trainer();
    let turns = 0;
    const { MessageChannel } = globalThis;
    globalThis.MessageChannel = class extends MessageChannel {
      constructor() {
        super();
        turns++;
      }
    };
    try {
      await t.train({ steps: 20, yieldEvery: Number.POSITIVE_INFINITY });
      expect(turns).toBe(0);
      await t.train({ steps: 20, yieldEvery: 0 });
      expect(turns).toBe(20);
      // The loop's body counts: 20 ms each.
      const busy = () => {
        for (const end = performance.now() + 20; performance.now() < end; );
      };
      turns = 0;
      await t.train({ steps: 10, onStep: busy });
      expect(turns).toBeGreaterThanOrEqual(3);
    } finally {
      globalThis.MessageChannel = MessageChannel;
    }
  });
});

test('metrics are typed by their names', async () => {
  const { program } = ringGan();
  using trainer: Trainer<'lossD' | 'lossG'> = await Trainer.create(engine, program);
  for await (const metrics of trainer.run({ steps: 1 })) {
    const { lossD, lossG, step }: { lossD: number; lossG: number; step: number } = metrics;
    expect([lossD, lossG, step].every(Number.isFinite)).toBe(true);
    // @ts-expect-error There is no such metric.
    expect(metrics.loss).toBeUndefined();
  }
});
