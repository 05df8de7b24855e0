// The same API in a worker: the same numbers, the same errors, and nothing left behind.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  Adam,
  type AdapterInfo,
  add,
  bceWithLogitsLoss,
  connect,
  DeviceLostError,
  Engine,
  evaluateQuality,
  FeatureError,
  FeatureNet,
  GanTrainer,
  GanvasError,
  LimitError,
  Linear,
  type Metrics,
  ModelError,
  Net,
  Pictures,
  ReLU,
  type RemoteEngine,
  type RemoteGanTrainer,
  type RemoteGanvas,
  type RemoteVaeTrainer,
  Sequential,
  Trainer,
  traceFunction,
  traceTraining,
  transfer,
  VaeTrainer,
  WorkerError,
} from '../../src/index.ts';
import weights from '../../weights/mnist-features.safetensors?url&inline';
import { RandomValues } from '../reference/random-values.ts';
import { noisePictures } from '../support/pictures.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const start = () =>
  new Worker(new URL('../support/worker.ts', import.meta.url), { type: 'module' });

/** In tests the worker's file is 150 files, on a machine that may be busy. */
const patient = { timeoutSeconds: 120 };
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const options = { imageSize: 16, width: 4, latentDim: 8, batchSize: 4, seed: 5 } as const;
const pictures = noisePictures(24, 16);

let worker: Worker;
let ganvas: RemoteGanvas;
let engine: RemoteEngine;
beforeAll(async () => {
  worker = start();
  ganvas = await connect(worker, patient);
  engine = await ganvas.Engine.create();
});
afterAll(async () => {
  await ganvas.dispose();
  worker.terminate();
});

/** A trainer in the worker, which is disposed after the test. */
const trainers: RemoteGanTrainer[] = [];
afterEach(async () => {
  for (const trainer of trainers.splice(0)) await trainer.dispose();
});
async function makeTrainer(): Promise<RemoteGanTrainer> {
  const trainer = await ganvas.GanTrainer.create(engine, pictures, options);
  trainers.push(trainer);
  return trainer;
}

/** Runs something where it is not in a worker. */
async function onPage<T>(use: (engine: Engine) => Promise<T>): Promise<T> {
  const local = await Engine.create();
  return use(local).finally(() => local.dispose());
}

/** What a step measured, but for how long it took. */
const measured = ({ timeMs: _, ...metrics }: Metrics) => metrics;

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );

const until = async (what: () => Promise<boolean>) => {
  while (!(await what())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('a GanTrainer', () => {
  /** Ten steps, and all that can be had of them. */
  const tenSteps = async (trainer: GanTrainer | RemoteGanTrainer) => {
    const steps: unknown[] = [];
    for await (const metrics of trainer.run({ steps: 6 })) steps.push(measured(metrics));
    await trainer.setLearningRates({ lrD: 1e-3 });
    await trainer.train({ steps: 4, onStep: (metrics) => void steps.push(measured(metrics)) });
    const sample = await trainer.sample({ count: 5 });
    const { generator, discriminator } = await trainer.parameters();
    const { firstStepMs, ...stats } = await trainer.stats();
    expect(firstStepMs).toBeGreaterThan(0);
    const file = await trainer.checkpoint();
    return { steps, sample, generator, discriminator, stats, file, step: await trainer.step };
  };

  test('computes the same bits as on the page, and goes on from its file', async () => {
    const { local, resumed } = await onPage(async (onPageEngine) => {
      const trainer = await GanTrainer.create(onPageEngine, pictures, options);
      const local = await tenSteps(trainer);
      return { local, resumed: await tenSteps(trainer) };
    });
    const trainer = await makeTrainer();
    const remote = await tenSteps(trainer);
    expect(remote).toEqual(local);
    expect(remote.sample).toBeInstanceOf(Pictures);
    expect(remote.sample.toImageData().width).toBe(3 * 18 + 2);
    expect(await trainer.options).toMatchObject(options);
    const again = await ganvas.GanTrainer.resume(engine, pictures, remote.file);
    trainers.push(again);
    expect(await tenSteps(again)).toEqual(resumed);
  });

  test('takes its pictures, where that is wished', async () => {
    const own = noisePictures(24, 16);
    const trainer = await ganvas.GanTrainer.create(engine, transfer(own), options);
    trainers.push(trainer);
    expect(own.data.length).toBe(0);
    const [first] = await Array.fromAsync(trainer.run({ steps: 1 }));
    const copied = await makeTrainer();
    expect(pictures.data.length).toBe(24 * 16 * 16);
    const [other] = await Array.fromAsync(copied.run({ steps: 1 }));
    expect(measured(first)).toEqual(measured(other));
  });

  test('two of them at a time do not mix', async () => {
    const pair = await Promise.all([makeTrainer(), makeTrainer()]);
    const runs = await Promise.all(
      pair.map((trainer) => Array.fromAsync(trainer.run({ steps: 5 }))),
    );
    const [a, b] = runs.map((steps) => steps.map(measured));
    expect(a).toHaveLength(5);
    expect(a).toEqual(b);
  });

  test('draws on a canvas of the page, which a later trainer may have', async () => {
    const canvas = document.createElement('canvas');
    document.body.append(canvas);
    /** Whether the page shows these pictures. */
    const shows = (expected: ImageData): boolean => {
      const { width, height } = expected;
      const context = new OffscreenCanvas(width, height).getContext('2d')!;
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      return data.every((byte, i) => Math.abs(byte - expected.data[i]) <= 1);
    };
    for (const seed of [1, 2]) {
      const learning = { ...options, seed, lrD: 0.01, lrG: 0.01 };
      const trainer = await ganvas.GanTrainer.create(engine, pictures, learning);
      trainers.push(trainer);
      const view = await trainer.attachCanvas(canvas, { count: 4, columns: 2 });
      await trainer.train({ steps: 20 });
      const expected = (await trainer.sample({ count: 4 })).toImageData({ columns: 2 });
      expect(new Set(expected.data).size).toBeGreaterThan(20);
      expect(shows(expected)).toBe(false);
      await view.draw();
      await until(async () => shows(expected));
      await view.detach();
      await trainer.dispose();
    }
    canvas.remove();
  });

  test('leaves pictures in the worker that are drawn there', async () => {
    const trainer = await makeTrainer();
    using sampler = await trainer.sampler({ count: 3 });
    expect(await sampler.count).toBe(3);
    const three = await sampler.read();
    expect(three).toEqual(await trainer.sample({ count: 3 }));
    const bitmap = await three.toImageBitmap(0);
    expect([bitmap.width, bitmap.height]).toEqual([16, 16]);
  });

  test('a generator is loaded from its file', async () => {
    const trainer = await makeTrainer();
    await trainer.train({ steps: 2 });
    await using generator = await ganvas.Generator.load(engine, await trainer.checkpoint());
    expect(await generator.step).toBe(2);
    expect((await generator.sample({ count: 2 })).pixels).toEqual(
      (await trainer.sample({ count: 2 })).pixels,
    );
  });
});

test('a VaeTrainer computes the same bits, and a Vae is loaded from its file', async () => {
  const small = { imageSize: 16, width: 2, latentDim: 2, batchSize: 4, seed: 5 };
  const threeSteps = async (trainer: VaeTrainer | RemoteVaeTrainer) => {
    const steps: unknown[] = [];
    for await (const metrics of trainer.run({ steps: 3 })) steps.push(measured(metrics));
    const drawn = [await trainer.manifold({ size: 3 }), await trainer.reconstruct(pictures)];
    return {
      steps,
      drawn,
      encoded: await trainer.encode(pictures),
      file: await trainer.checkpoint(),
    };
  };
  const local = await onPage(async (page) =>
    threeSteps(await VaeTrainer.create(page, pictures, small)),
  );
  await using trainer = await ganvas.VaeTrainer.create(engine, pictures, small);
  expect(await threeSteps(trainer)).toEqual(local);
  await using vae = await ganvas.Vae.load(engine, local.file);
  expect(await vae.manifold({ size: 3 })).toEqual(local.drawn[0]);
  await using again = await ganvas.VaeTrainer.resume(engine, pictures, local.file);
  expect(await again.step).toBe(3);
});

test('judges pictures by a feature net', async () => {
  const bytes = new Uint8Array(await (await fetch(weights)).arrayBuffer());
  const sets = { pictures: noisePictures(20, 32), real: noisePictures(40, 28, 1, 2) };
  const local = await onPage(async (page) => {
    using net = await FeatureNet.load(page, bytes);
    return {
      shape: net.shape,
      described: await net.describe(sets.pictures),
      report: await evaluateQuality(net, sets, { samples: 16 }),
    };
  });
  await using net = await ganvas.FeatureNet.load(engine, bytes);
  expect({
    shape: await net.shape,
    described: await net.describe(sets.pictures),
    report: await ganvas.evaluateQuality(net, sets, { samples: 16 }),
  }).toEqual(local);
  const few = await failureOf(ganvas.evaluateQuality(net, sets, { samples: 15 }));
  expect(few).toBeInstanceOf(FeatureError);
  expect(few).toMatchObject({ code: 'features-samples' });
});

describe('a run', () => {
  test('waits for a slow consumer 16 steps ahead', async () => {
    const trainer = await makeTrainer();
    const run = trainer.run();
    await run.next();
    let before = -1;
    // It has come to rest when it does no step in the time of many.
    await until(async () => {
      const step = await trainer.step;
      await new Promise((resolve) => setTimeout(resolve, 300));
      const rests = step === before;
      before = step;
      return rests && step >= 17;
    });
    // Those that wait to be consumed, and the one or two that are in flight.
    expect(before).toBeLessThanOrEqual(1 + 16 + 2);
    for (let i = 2; i <= 30; i++) expect((await run.next()).value?.step).toBe(i);
    await run.return();
  });

  test('is at the boundary that its consumer sees', async () => {
    const trainer = await makeTrainer();
    const seen: number[] = [];
    for await (const { step } of trainer.run({ steps: 9, boundaryEvery: 3 })) {
      if (step % 3 === 0) seen.push((await trainer.sample({ count: 1 })).step - step);
    }
    expect(seen).toEqual([0, 0, 0]);
  });

  test('pauses and goes on', async () => {
    const trainer = await makeTrainer();
    await trainer.pause();
    expect(await trainer.paused).toBe(true);
    const run = trainer.run({ steps: 3 });
    const first = run.next();
    const early = await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 300))]);
    expect(early).toBeUndefined();
    await trainer.resume();
    expect((await first).value?.step).toBe(1);
    expect((await Array.fromAsync(run)).map(({ step }) => step)).toEqual([2, 3]);
  });

  test('is left at once, even in a pause, which lasts', async () => {
    const trainer = await makeTrainer();
    for await (const { step } of trainer.run()) {
      if (step === 1) {
        await until(async () => (await trainer.step) >= 17);
        await trainer.pause();
      }
      if (step < 10) continue;
      // Time for the steps in flight: the worker then waits for the end of the pause, not for this loop.
      await new Promise((resolve) => setTimeout(resolve, 500));
      break;
    }
    expect(await trainer.paused).toBe(true);
    await trainer.resume();
    const left = await trainer.step;
    const [next] = await Array.fromAsync(trainer.run({ steps: 1 }));
    expect(next.step).toBe(left + 1);
  });

  test('stops', async () => {
    const trainer = await makeTrainer();
    const steps: number[] = [];
    for await (const { step } of trainer.run()) {
      steps.push(step);
      if (step === 3) await trainer.stop();
    }
    expect(steps).toEqual(Array.from(steps, (_, i) => i + 1));
    expect(steps.length).toBe(await trainer.step);
  });

  test('ends with the reason of a signal: the very same', async () => {
    const trainer = await makeTrainer();
    const reason = { because: 'of this' };
    const early = await failureOf(trainer.run({ signal: AbortSignal.abort(reason) }).next());
    expect(early).toBe(reason);
    expect(await trainer.step).toBe(0);

    const controller = new AbortController();
    const { signal } = controller;
    const late = await failureOf(
      trainer.train({
        signal,
        onStep: ({ step }) => void (step === 2 && controller.abort(reason)),
      }),
    );
    expect(late).toBe(reason);
    controller.abort();
    const plain = AbortSignal.timeout(50);
    const timeout = await failureOf(Array.fromAsync(trainer.run({ signal: plain })));
    expect(timeout).toBe(plain.reason);
    expect(await Array.fromAsync(trainer.run({ steps: 2 }))).toHaveLength(2);
  });

  test('ends with what its callback throws', async () => {
    const trainer = await makeTrainer();
    const thrown = new Error('of the page');
    const failure = failureOf(
      trainer.train({
        onStep: () => {
          throw thrown;
        },
      }),
    );
    expect(await failure).toBe(thrown);
    expect(await Array.fromAsync(trainer.run({ steps: 2 }))).toHaveLength(2);
  });
});

describe('a step of one’s own', () => {
  const points = new RandomValues(2).normal(128);
  const define = () => {
    const G = new Net('generator', new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 2)));
    const D = new Net(
      'discriminator',
      new Sequential(new Linear(2, 8), new ReLU(), new Linear(8, 1)),
    );
    const [optG, optD] = [new Adam(G), new Adam(D)];
    const training = true;
    const program = traceTraining({
      seed: 1,
      optimisers: [optD, optG],
      data: { points: { shape: [64, 2], values: Float32Array.from(points) } },
      step({ normal, batch }) {
        const fake = G.forward(normal([16, 2]), { training });
        const real = D.forward(batch('points', 16), { training });
        const judged = D.forward(fake, { training });
        const lossD = add(bceWithLogitsLoss(real, 1), bceWithLogitsLoss(judged, 0));
        optD.minimise(lossD);
        const lossG = bceWithLogitsLoss(D.forward(fake, { training }), 1);
        optG.minimise(lossG);
        return { lossD, lossG };
      },
    });
    const generate = traceFunction({ z: [4, 2] }, ({ z }) => ({
      points: G.forward(z, { training: false }),
    }));
    return { program, generate, optD };
  };
  const z = Float32Array.from({ length: 8 }, (_, i) => i / 4);

  test('is traced on the page, and gives the same bits in the worker', async () => {
    const local = await onPage(async (onPageEngine) => {
      const { program, generate, optD } = define();
      const trainer = await Trainer.create(onPageEngine, program);
      await trainer.train({ steps: 5 });
      trainer.setLearningRate(optD, 0.1);
      const last = await trainer.train({ steps: 5 });
      const fn = await trainer.compile(generate);
      return { last: measured(last!), points: await fn.call({ z }), file: await trainer.save() };
    });

    const { program, generate, optD } = define();
    const trainer = await ganvas.Trainer.create(engine, program);
    await trainer.train({ steps: 5 });
    const refused = await failureOf(trainer.setLearningRate(optD, -1));
    expect(refused).toBeInstanceOf(GanvasError);
    void trainer.setLearningRate(optD, 0.1);
    const last = await trainer.train({ steps: 5 });
    const fn = await trainer.compile(generate);
    const remote = {
      last: measured(last!),
      points: await fn.call({ z }),
      file: await trainer.save(),
    };
    expect(remote).toEqual(local);
    // The inputs of a call are copied: they are the caller's.
    expect(z.length).toBe(8);

    const resumed = await ganvas.Trainer.create(engine, define().program, { state: remote.file });
    expect(await resumed.step).toBe(10);
    const unknown = await failureOf(fn.write('y' as 'z', z));
    expect(unknown).toMatchObject({ name: 'GraphError', code: 'graph' });
    await fn.dispose();
    await resumed.dispose();
    await trainer.dispose();
  });
});

describe('an engine', () => {
  test('tells what it is', async () => {
    // Browsers list features in any order.
    const sorted = ({ features, ...info }: AdapterInfo) => ({
      ...info,
      features: new Set(features),
    });
    expect(sorted(await engine.adapter)).toEqual(
      await onPage(async (local) => sorted(local.adapter)),
    );
    expect((await engine.memory()).bytes).toBeGreaterThanOrEqual(0);
  });

  test('keeps its choices where the page says', async () => {
    const asked: string[] = [];
    class Store {
      readonly #known = {};
      async load(adapter: string) {
        asked.push(adapter);
        return this.#known;
      }
      async save() {}
    }
    const own = await ganvas.Engine.create({ tuningStore: new Store(), tune: 'cached' });
    await ganvas.Trainer.create(own, tinyProgram().program);
    expect(asked).toHaveLength(1);
    await own.dispose();
  });

  test('reports errors until it is told not to', async () => {
    const heard: unknown[] = [];
    const off = await engine.onError((error) => heard.push(error));
    await off();
    expect(heard).toEqual([]);
  });

  test('frees everything, at the latest when it is disposed', async () => {
    const { bytes } = await engine.memory();
    const trainer = await ganvas.GanTrainer.create(engine, pictures, options);
    expect((await engine.memory()).bytes).toBeGreaterThan(bytes);
    await trainer.dispose();
    await trainer.dispose();
    expect((await engine.memory()).bytes).toBe(bytes);
    expect(await failureOf(trainer.checkpoint())).toMatchObject({ code: 'disposed' });
    const own = await ganvas.Engine.create();
    const { program } = tinyProgram();
    const other = await ganvas.Trainer.create(own, program);
    const ended = failureOf(Array.fromAsync(other.run()));
    await own.dispose();
    await own.dispose();
    expect(await ended).toBeInstanceOf(DeviceLostError);
    for (const making of [
      ganvas.Trainer.create(own, program),
      ganvas.GanTrainer.create(own, pictures, options),
    ])
      expect(await failureOf(making)).toMatchObject({ name: 'GanvasError', code: 'disposed' });
  });

  test('its errors are of the classes that they are of', async () => {
    const model = await failureOf(
      ganvas.GanTrainer.create(engine, pictures, { ...options, imageSize: 17 }),
    );
    expect(model).toBeInstanceOf(ModelError);
    const { message, name, code, advice, stack } = model as ModelError;
    const local = await onPage((e) =>
      failureOf(GanTrainer.create(e, pictures, { ...options, imageSize: 17 })),
    );
    expect({ message, name, code, advice }).toEqual({
      ...{ message: (local as ModelError).message, name: 'ModelError' },
      ...{ code: 'model', advice: (local as ModelError).advice },
    });
    expect(stack).toContain('ModelError');
    const limit = await failureOf(
      ganvas.Engine.create({ requiredLimits: { maxBufferSize: 2 ** 50 } }),
    );
    expect(limit).toBeInstanceOf(LimitError);
    expect(limit).toMatchObject({ limit: 'maxBufferSize', needed: 2 ** 50 });
    // What cannot cross at all is refused where it is passed.
    const odd = { signal: new AbortController().signal, onEvent: () => {}, x: Symbol('x') };
    const clone = await failureOf(ganvas.GanTrainer.create(engine, pictures, options, odd));
    expect(clone).toMatchObject({ name: 'DataCloneError' });
  });
});

describe('data sets', () => {
  test('are read in the worker', async () => {
    const idx = Uint8Array.of(
      0,
      0,
      8,
      3,
      ...[0, 0, 0, 2],
      ...[0, 0, 0, 1],
      ...[0, 0, 0, 2],
      1,
      2,
      3,
      4,
    );
    const progress: string[] = [];
    const onProgress = ({ status }: { status: string }) => void progress.push(status);
    const read = await ganvas.readIdxImages(new File([idx], 'two'), { onProgress });
    expect(read).toMatchObject({ name: 'two', count: 2, height: 1, width: 2 });
    expect([...read.data]).toEqual([1, 2, 3, 4]);
    expect(progress.at(-1)).toBe('done');
    // A class that the API does not export becomes the one that it does.
    const empty = await failureOf(ganvas.readIdxImages(new Uint8Array(3)));
    expect(empty).toMatchObject({ name: 'TruncatedDataError', code: 'data-truncated' });
  });
});

describe('a connection', () => {
  test('needs a worker that loads', async () => {
    const missing = new Worker(new URL('/no-such-worker.js', location.href), { type: 'module' });
    const error = await failureOf(connect(missing));
    expect(error).toBeInstanceOf(WorkerError);
    expect(error).toMatchObject({ code: 'worker-load' });
  });

  test('needs a worker that throws nothing while it loads', async () => {
    const source = new Blob(['throw new Error("of the worker")'], { type: 'text/javascript' });
    const broken = new Worker(URL.createObjectURL(source), { type: 'module' });
    broken.addEventListener('error', (event) => event.preventDefault());
    const error = await failureOf(connect(broken));
    expect(error).toMatchObject({ code: 'worker-load' });
    expect((error as Error).message).toContain('of the worker');
  });

  test('needs a worker that answers', async () => {
    const source = new Blob(['onmessage = () => {}'], { type: 'text/javascript' });
    const silent = new Worker(URL.createObjectURL(source), { type: 'module' });
    const error = await failureOf(connect(silent, { timeoutSeconds: 0.5 }));
    expect(error).toMatchObject({ name: 'WorkerError', code: 'worker-silent' });
    silent.terminate();
  });

  test('says so when the worker is terminated, to all who wait and to all who come', async () => {
    const own = start();
    const { Engine: RemoteEngines, Trainer: Trainers, dispose } = await connect(own, patient);
    const trainer = await Trainers.create(await RemoteEngines.create(), tinyProgram().program);
    const error = await failureOf(
      trainer.train({ onStep: ({ step }) => void (step === 3 && own.terminate()) }),
    );
    expect(error).toBeInstanceOf(WorkerError);
    expect(error).toMatchObject({ code: 'worker-ended' });
    expect(await failureOf(trainer.save())).toBe(error);
    // What is to be freed is gone.
    await trainer.dispose();
    await dispose();
  });

  test('is disposed without harm to the worker and to other connections', async () => {
    const other = await connect(worker);
    const own = await other.Engine.create();
    let lost = false;
    own.lost.then(
      () => {
        lost = true;
      },
      () => {
        lost = true;
      },
    );
    const trainer = await other.Trainer.create(own, tinyProgram().program);
    await trainer.pause();
    const waiting = failureOf(trainer.run().next());
    await other.dispose();
    await other.dispose();
    expect(await waiting).toBeInstanceOf(GanvasError);
    expect(await failureOf(trainer.save())).toMatchObject({ code: 'worker-disposed' });
    expect(lost).toBe(false);
    const survivor = await makeTrainer();
    expect(await Array.fromAsync(survivor.run({ steps: 1 }))).toHaveLength(1);
  });
});
