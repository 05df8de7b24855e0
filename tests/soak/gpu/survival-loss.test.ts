// The device goes, at any moment, and training goes on: to the same bits as if nothing had happened.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RecoveryError } from '../../../src/gpu/errors.ts';
import {
  Engine,
  type EngineOptions,
  type GanOptions,
  GanTrainer,
  type Metrics,
  type RunOptions,
  readSafetensors,
  Trainer,
  type TrainerEvent,
  type TrainerOptions,
} from '../../../src/index.ts';
import type { TrainingProgram } from '../../../src/training/program.ts';
import { destroyAt, destroyAtRead, watchedGpu } from '../../support/accidents.ts';
import { noisePictures } from '../../support/pictures.ts';
import { tinyProgram } from '../../support/tiny-program.ts';

const STEPS = 12;

const opened: Engine[] = [];
async function open(options: EngineOptions = {}): Promise<Engine> {
  const engine = await Engine.create(options);
  opened.push(engine);
  return engine;
}
afterEach(() => {
  vi.restoreAllMocks();
  for (const engine of opened.splice(0)) engine.dispose();
});

const options: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 5 },
};
const pictures = noisePictures(20, 16);

/** What there is to lose: a trainer, and all that it is as a file. */
interface Run<T extends Trainer | GanTrainer = Trainer | GanTrainer> {
  readonly trainer: T;
  file(): Promise<Uint8Array>;
}
type Make<T extends Trainer | GanTrainer> = (
  e: Engine,
  settings: TrainerOptions,
) => Promise<Run<T>>;

/** A GAN. */
const gan: Make<GanTrainer> = async (engine, settings) => {
  const trainer = await GanTrainer.create(engine, pictures, options, settings);
  return { trainer, file: () => trainer.checkpoint() };
};

/** Anything that is trained: it compiles in no time. */
const tiny: Make<Trainer> = async (engine, settings) => {
  const trainer = await Trainer.create(engine, tinyProgram().program as TrainingProgram, settings);
  return { trainer, file: () => trainer.save() };
};

/** A trainer, what happens to it, and what it reports, the last word on a step counting. */
class Watched<T extends Trainer | GanTrainer> {
  readonly events: TrainerEvent[] = [];
  readonly reported = new Map<number, Metrics>();
  readonly order: number[] = [];
  private made!: Run<T>;

  static async create<T extends Trainer | GanTrainer>(
    make: Make<T>,
    engine: Engine,
    settings: TrainerOptions = {},
  ): Promise<Watched<T>> {
    const watched = new Watched<T>();
    watched.made = await make(engine, {
      snapshotSeconds: Number.POSITIVE_INFINITY,
      ...settings,
      onEvent: (event) => {
        watched.events.push(event);
        settings.onEvent?.(event);
      },
    });
    return watched;
  }

  get trainer(): T {
    return this.made.trainer;
  }

  async run(
    options: RunOptions = { steps: STEPS },
    at: (step: number) => unknown = () => {},
  ): Promise<void> {
    for await (const metrics of this.trainer.run(options)) {
      this.order.push(metrics.step);
      this.reported.set(metrics.step, metrics);
      await at(metrics.step);
    }
  }

  get told(): string[] {
    return this.events.map((event) => event.type);
  }

  /** The numbers of every step, in order, and all that the run has become. */
  async outcome() {
    const steps = [...this.reported.values()].sort((a, b) => a.step - b.step);
    const numbers = steps.map(({ timeMs, ...rest }) => rest);
    return { numbers, file: await this.made.file() };
  }
}

const undisturbed = new Map<unknown, Promise<unknown>>();

/** Every step was reported, and reported and left behind the bits of a run that nothing happened to. */
async function expectSameBits<T extends Trainer | GanTrainer>(make: Make<T>, watched: Watched<T>) {
  const run = async () => {
    const plain = await Watched.create(make, await open());
    await plain.run();
    expect(plain.events).toEqual([]);
    return plain.outcome();
  };
  if (!undisturbed.has(make)) undisturbed.set(make, run());
  expect(await watched.outcome()).toEqual(await undisturbed.get(make));
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const recovered = ['device-lost', 'recovered'];
const gone = expect.objectContaining({ code: 'device-lost' });

describe('training goes on', () => {
  test('from the last snapshot, with an event', async () => {
    const engine = await open();
    const watched = await Watched.create(gan, engine);
    const { device } = engine;
    await watched.run({ steps: STEPS }, (step) => {
      if (step === 7 && engine.device === device) device.gpu.destroy();
    });
    // There was no snapshot but the first. Of the steps in flight nobody may have heard.
    expect(watched.told).toEqual(recovered);
    expect(watched.events[0]).toMatchObject({ error: { reason: 'destroyed' } });
    expect(watched.events[1]).toMatchObject({ step: 0 });
    const { lostSteps } = watched.events[1] as { lostSteps: number };
    expect(lostSteps).toBeGreaterThanOrEqual(7);
    expect(lostSteps).toBeLessThanOrEqual(7 + 2);
    expect(watched.order.slice(-STEPS)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(watched.trainer.step).toBe(STEPS);
    await expectSameBits(gan, watched);
  });

  test('and costs no more than the steps since that', async () => {
    const engine = await open();
    const watched = await Watched.create(tiny, engine, { snapshotSeconds: 0 });
    const lost = [3, 4, 9];
    await watched.run({ steps: STEPS }, (step) => {
      if (lost[0] === step) engine.device.gpu.destroy();
      if (lost[0] === step) lost.shift();
    });
    expect(watched.told).toEqual([...recovered, ...recovered, ...recovered]);
    for (const event of watched.events)
      if (event.type === 'recovered') expect(event.lostSteps).toBeLessThanOrEqual(2);
    expect(watched.order.length).toBeLessThanOrEqual(STEPS + 3);
    await expectSameBits(tiny, watched);
  });

  test('when the device goes while the loop is busy, and its body asks for something', async () => {
    const engine = await open();
    const watched = await Watched.create(gan, engine);
    const { trainer } = watched;
    const view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 2 });
    const { device } = engine;
    await watched.run({ steps: STEPS }, async (step) => {
      if (step !== 5 || engine.device !== device) return view.draw();
      // Long enough for the step in flight to be done and read, and then for the loss to be noticed.
      await wait(200);
      device.gpu.destroy();
      await wait(50);
      view.draw();
      expect((await trainer.sampleGrid({ count: 2 })).step).toBe(0);
      view.draw();
    });
    // Once, though the run came upon it as well; and what the lost device had done is done again.
    expect(watched.told).toEqual(recovered);
    expect(watched.order.slice(0, 7)).toEqual([1, 2, 3, 4, 5, 1, 2]);
    await expectSameBits(gan, watched);
  });

  test('when whoever is told of the loss asks for something at once', async () => {
    const engine = await open();
    const asked: Promise<unknown>[] = [];
    const watched = await Watched.create(tiny, engine, {
      onEvent: () => asked.push(watched.trainer.save()),
    });
    const { device } = engine;
    await watched.run({ steps: STEPS }, (step) => {
      if (step === 2 && engine.device === device) device.gpu.destroy();
    });
    expect(await Promise.all(asked)).toHaveLength(2);
    expect(watched.told).toEqual(recovered);
    await expectSameBits(tiny, watched);
  });

  test('during a pause, which lasts', async () => {
    const engine = await open();
    const watched = await Watched.create(tiny, engine);
    const { trainer } = watched;
    const running = watched.run({ steps: STEPS }, (step) => {
      if (step === 4 && watched.events.length === 0) trainer.pause();
    });
    await vi.waitFor(() => expect(watched.order).toContain(trainer.step));
    engine.device.gpu.destroy();
    await vi.waitFor(() => expect(watched.told).toEqual(recovered), 30_000);
    const reported = watched.order.length;
    await wait(100);
    expect(watched.order).toHaveLength(reported);
    expect(trainer.paused).toBe(true);
    trainer.resume();
    await running;
    await expectSameBits(tiny, watched);
  });

  test('for two trainers on one engine, on one new device', async () => {
    const { gpu, devices } = watchedGpu();
    const engine = await open({ gpu });
    const both = [await Watched.create(tiny, engine), await Watched.create(tiny, engine)];
    let lost = 0;
    await Promise.all(
      both.map((watched, i) =>
        watched.run({ steps: STEPS }, (step) => {
          if (step === 4 + i && lost++ === 0) devices[0].destroy();
        }),
      ),
    );
    expect(devices).toHaveLength(2);
    for (const watched of both) {
      expect(watched.told).toEqual(recovered);
      await expectSameBits(tiny, watched);
    }
    both[0].trainer.dispose();
    await expectSameBits(tiny, both[1]);
  });

  const moments: [string, (device: GPUDevice) => void][] = [
    ['at once', (device) => device.destroy()],
    ['while memory is allocated', (device) => destroyAt(device, 'createBuffer', 3)],
    ['before it is known whether there was any', (device) => destroyAt(device, 'popErrorScope', 1)],
    ['while pipelines compile', (device) => destroyAt(device, 'createComputePipelineAsync', 5)],
    ['while buffers are bound', (device) => destroyAt(device, 'createBindGroup', 8)],
    ['after its second step', (device) => destroyAtRead(device, 'readback', 2)],
  ];
  test.each(moments)('when the next device goes too, %s', async (_, accident) => {
    const { gpu, devices } = watchedGpu((device, number) => {
      if (number === 1) accident(device);
    });
    const watched = await Watched.create(tiny, await open({ gpu }));
    const guess = await watched.trainer.compile(tinyProgram().guess);
    guess.write('x', new Float32Array(8).fill(1));
    const before = await guess.read('y');
    await watched.run({ steps: STEPS }, (step) => {
      if (step === 3) devices[0].destroy();
    });
    expect(devices).toHaveLength(3);
    expect(await guess.read('y')).not.toEqual(before);
    await expectSameBits(tiny, watched);
  });

  test.each(moments.slice(1))('when it goes while the trainer is made: %s', async (_, accident) => {
    const { gpu, devices } = watchedGpu((device, number) => {
      if (number === 0) accident(device);
    });
    const watched = await Watched.create(tiny, await open({ gpu }));
    await watched.run();
    expect(devices).toHaveLength(2);
    await expectSameBits(tiny, watched);
  });

  test('when it goes in the middle of a snapshot, from the one before', async () => {
    const { gpu, devices } = watchedGpu((device, number) => {
      // Some ten reads a snapshot.
      if (number === 0) destroyAtRead(device, 'read ', 35);
    });
    const watched = await Watched.create(tiny, await open({ gpu }), { snapshotSeconds: 0 });
    await watched.run();
    expect(devices).toHaveLength(2);
    expect(watched.told).toEqual(recovered);
    const { step } = watched.events[1] as { step: number };
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(STEPS);
    await expectSameBits(tiny, watched);
  });
});

describe('what survives', () => {
  test('an idle trainer: whatever is called next finds a device', async () => {
    const engine = await open();
    const watched = await Watched.create(gan, engine);
    const { trainer } = watched;
    const view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 2 });
    const fresh = (await trainer.sampleGrid({ count: 2 })).pixels;
    const asks: (() => unknown)[] = [
      async () => expect((await trainer.sampleGrid({ count: 2 })).pixels).toEqual(fresh),
      () => trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 5 }),
    ];
    for (const ask of asks) {
      engine.device.gpu.destroy();
      await engine.lost;
      view.draw();
      await ask();
    }
    await watched.run();
    await expectSameBits(gan, watched);
  });

  test('an idle engine: so does a trainer that is saved, and one that is made', async () => {
    const engine = await open();
    const watched = await Watched.create(tiny, engine);
    const { trainer } = watched;
    for (const ask of [() => trainer.save(), () => Watched.create(tiny, engine)]) {
      engine.device.gpu.destroy();
      await engine.lost;
      await ask();
    }
    await watched.run();
    await expectSameBits(tiny, watched);
  });

  test('a learning rate that was set, before the loss, after it, or while it is made good', async () => {
    const { adam } = tinyProgram();
    const plain = await Watched.create(tiny, await open());
    plain.trainer.setLearningRate(adam, 0.5);
    await plain.run();
    const expected = await plain.outcome();

    const engine = await open();
    const early = await Watched.create(tiny, engine);
    early.trainer.setLearningRate(adam, 0.5);
    engine.device.gpu.destroy();
    await engine.lost;
    await early.run();
    expect(await early.outcome()).toEqual(expected);

    const late = await Watched.create(tiny, engine);
    engine.device.gpu.destroy();
    await engine.lost;
    late.trainer.setLearningRate(adam, 0.5);
    await late.run();
    expect(await late.outcome()).toEqual(expected);

    const { gpu, devices } = watchedGpu();
    const between = await Watched.create(tiny, await open({ gpu }), {
      onEvent: ({ type }) => {
        if (type !== 'device-lost') return;
        vi.waitFor(() => expect(devices).toHaveLength(2), { timeout: 30_000, interval: 1 }).then(
          () => between.trainer.setLearningRate(adam, 0.5),
        );
      },
    });
    devices[0].destroy();
    await between.run();
    expect(between.told).toEqual(recovered);
    expect(await between.outcome()).toEqual(expected);
  });

  test('canvases', async () => {
    const engine = await open();
    const { trainer } = await Watched.create(gan, engine);
    const canvas = new OffscreenCanvas(1, 1);
    const view = await trainer.attachCanvas(canvas, { count: 4, columns: 2 });
    const look = () => {
      view.draw();
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const context = copy.getContext('2d')!;
      context.drawImage(canvas, 0, 0);
      return context.getImageData(0, 0, copy.width, copy.height).data;
    };
    const before = look();
    expect(new Set(before).size).toBeGreaterThan(2);
    engine.device.gpu.destroy();
    await engine.lost;
    await trainer.parameters();
    expect(look()).toEqual(before);
    view.detach();
  });

  test('memory: losses leave no more of it in use than none', async () => {
    const engine = await open();
    const watched = await Watched.create(tiny, engine);
    await watched.trainer.compile(tinyProgram().guess);
    await watched.run({ steps: 1 });
    const { buffers, bytes } = engine.memory();
    for (let losses = 1; losses <= 2; losses++) {
      engine.device.gpu.destroy();
      await watched.run({ steps: 1 });
      expect(engine.memory()).toMatchObject({ buffers, bytes });
      expect(watched.told).toHaveLength(2 * losses);
    }
  });
});

describe('when it is over', () => {
  /** Waits become short: the engine's last attempt is 16 seconds after the first. */
  function hurry(): void {
    const { setTimeout: timeout } = globalThis;
    vi.spyOn(globalThis, 'setTimeout').mockImplementation(((fn: () => void, ms = 0) =>
      timeout(fn, ms > 200 ? ms / 100 : ms)) as typeof setTimeout);
  }

  test('no adapter is left: a named error, the snapshot is kept, and a later run goes on', async () => {
    hurry();
    const watching = watchedGpu();
    const engine = await open({ gpu: watching.gpu });
    const watched = await Watched.create(tiny, engine, { snapshotSeconds: 0 });
    const run = watched.run({ steps: STEPS }, (step) => {
      if (step !== 6) return;
      watching.available = false;
      watching.devices[0].destroy();
    });
    const error = await run.then(
      () => expect.unreachable('it did not reject'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RecoveryError);
    expect(error).toMatchObject({ code: 'recovery', cause: { code: 'no-adapter' } });
    const { tensors } = readSafetensors(await watched.trainer.save());
    expect(tensors.get('state')?.data[2]).toBe(watched.trainer.step);
    expect(watched.trainer.step).toBeGreaterThanOrEqual(5);

    watching.available = true;
    await watched.run({ steps: STEPS - watched.trainer.step });
    await expectSameBits(tiny, watched);
  });

  test('every device goes at the same step: a named error instead of no end', async () => {
    const { gpu, devices } = watchedGpu((device) => destroyAtRead(device, 'readback', 3));
    const watched = await Watched.create(tiny, await open({ gpu }));
    await expect(watched.run()).rejects.toThrow(
      expect.objectContaining({
        code: 'recovery',
        message: expect.stringMatching(
          /^The GPU device was lost 5 times in a row at step [1-3]: .* is gone/,
        ),
      }),
    );
    expect(devices.length).toBeGreaterThanOrEqual(6);
  });

  test('the engine is disposed: in the middle of a step, in a pause, while it recovers', async () => {
    const midStep = await open();
    const first = await Watched.create(tiny, midStep);
    await expect(
      first.run({}, (step) => {
        if (step === 3) midStep.dispose();
      }),
    ).rejects.toThrow(expect.objectContaining({ code: 'device-lost', reason: 'disposed' }));

    const inPause = await open();
    const second = await Watched.create(tiny, inPause);
    second.trainer.pause();
    const held = second.run();
    const rejected = expect(held).rejects.toThrow(gone);
    await wait(20);
    inPause.dispose();
    await rejected;

    const watching = watchedGpu();
    const recovering = await open({ gpu: watching.gpu });
    const third = await Watched.create(tiny, recovering);
    watching.available = false;
    recovering.device.gpu.destroy();
    const failing = expect(third.run()).rejects.toThrow(gone);
    await vi.waitFor(() => expect(third.told).toEqual(['device-lost']));
    await wait(20);
    recovering.dispose();
    await failing;
    for (const { told } of [first, second]) expect(told).toEqual([]);
  });

  test('the trainer is stopped, aborted or disposed while it recovers', async () => {
    const watching = watchedGpu();
    const engine = await open({ gpu: watching.gpu });
    const watched = await Watched.create(tiny, engine);
    const { trainer } = watched;
    const lose = async (options?: RunOptions) => {
      watched.events.length = 0;
      watching.available = false;
      engine.device.gpu.destroy();
      const run = watched.run(options);
      run.catch(() => {});
      await vi.waitFor(() => expect(watched.told).toEqual(['device-lost']));
      return run;
    };
    const stopped = lose();
    await wait(50);
    trainer.stop();
    await stopped;
    watching.available = true;
    await vi.waitFor(() => expect(watched.told).toEqual(recovered), 30_000);
    await watched.run();
    await expectSameBits(tiny, watched);

    const controller = new AbortController();
    const aborted = lose({ signal: controller.signal });
    await wait(50);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    watching.available = true;
    await trainer.save();

    const disposed = lose();
    await wait(50);
    trainer.dispose();
    await disposed;
    watching.available = true;
    await vi.waitFor(() => expect(engine.device.loss).toBeNull(), 30_000);
    await vi.waitFor(() => expect(engine.memory().buffers).toBe(0), 10_000);
    expect(watched.told).toEqual(['device-lost']);
  });
});
