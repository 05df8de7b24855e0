// What a run does without, and how it says that something is not possible, or not possible any more.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { metricNames } from '../../src/gan/metrics.ts';
import { resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { optionalFeatures } from '../../src/gpu/device.ts';
import { prune } from '../../src/graph/prune.ts';
import {
  DataError,
  DeviceLostError,
  Engine,
  type GanOptions,
  GanTrainer,
  type ImageSet,
  ModelError,
  RunLimitError,
  readSafetensors,
  type StepMetrics,
} from '../../src/index.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { engineForTest } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const tiny: Partial<GanOptions> = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 3 };
const pictures = noisePictures(20, 16);

async function all(trainer: GanTrainer, steps: number): Promise<StepMetrics[]> {
  const seen: StepMetrics[] = [];
  for await (const metrics of trainer.run({ steps })) seen.push(metrics);
  return seen;
}
const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it did not reject'),
    (error: unknown) => error,
  );
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a step is right', () => {
  const options = resolveOptions({ ...tiny, width: 6, flip: true, ema: 0.9, batchSize: 5 });
  const players = new Players(options);
  const graph = traceStep(players, [pictures.count, 16, 16, 1]);
  const start = new Map<string, ArrayLike<number>>([
    ...players.initialValues(),
    ['data', pictures.data],
  ]);
  const expected = interpret(graph, start, prune(graph)).outputs.get('metrics')!;

  async function expectRightStep(engine: Engine) {
    const errors: Error[] = [];
    engine.onError((error) => errors.push(error));
    const trainer = await GanTrainer.create(engine, pictures, options);
    const [metrics] = await all(trainer, 1);
    metricNames.forEach((name, i) => {
      expect(metrics[name], name).toBeCloseTo(expected[i * METRIC_PITCH], 4);
    });
    await trainer.sampleGrid({ count: 2 });
    expect(errors).toEqual([]);
  }

  test('with WebGPU’s default limits and no optional feature', async () => {
    const engine = await engineForTest({ features: 'none' });
    expect(engine.adapter.limits).toMatchObject({
      maxStorageBuffersPerShaderStage: 8,
      maxComputeWorkgroupStorageSize: 16384,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupsPerDimension: 65535,
      maxStorageBufferBindingSize: 128 * 2 ** 20,
      minStorageBufferOffsetAlignment: 256,
    });
    for (const feature of optionalFeatures) expect(engine.adapter.features).not.toContain(feature);
    await expectRightStep(engine);
  });

  test.each(optionalFeatures)('with %s alone, where there is such a thing', async (feature) => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const engine = await engineForTest({ features: [feature] });
    expect(engine.device.gpu.features.has(feature)).toBe(adapter.features.has(feature));
    if (adapter.features.has(feature)) await expectRightStep(engine);
  });
});

describe('what is not possible leaves nothing behind', () => {
  const engine = Engine.create();
  afterAll(async () => (await engine).dispose());
  afterEach(async () => {
    await wait(0);
    expect((await engine).device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
  });

  const create = async (set: unknown, options: unknown): Promise<unknown> =>
    rejection(GanTrainer.create(await engine, set as ImageSet, options as Partial<GanOptions>));

  test('a model that is too large, with the numbers', async () => {
    const error = await create(noisePictures(1, 16, 3), {
      ...{ imageSize: 256, channels: 3, width: 512, batchSize: 2 },
    });
    const available = 128 * 2 ** 20;
    expect(error).toBeInstanceOf(RunLimitError);
    expect(error).toMatchObject({
      ...{ code: 'limit', limit: 'maxStorageBufferBindingSize', available, largestBatch: null },
    });
    const { needed, limit, message } = error as RunLimitError;
    expect(needed).toBeGreaterThan(available);
    expect(message).toContain(`width 512 for 256×256×3 needs ${limit} ${needed}`);
    expect(message).toContain(`but there is ${available}`);
  });

  test.each<[string, object]>([
    ['a size', { ...tiny, imageSize: 20 }],
    ['a number of channels', { ...tiny, channels: 7 }],
    ['a batch of one', { ...tiny, batchSize: 1 }],
    ['a loss', { ...tiny, generatorLoss: 'none' }],
    ['an option', { ...tiny, batchsize: 8 }],
  ])('%s', async (_, options) => {
    const error = await create(pictures, options);
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ code: 'model', advice: expect.stringMatching(/./) });
  });

  test.each<[string, unknown, string]>([
    ['no pictures', { ...pictures, count: 0, data: new Uint8Array() }, 'data-empty'],
    ['too few bytes', { ...pictures, data: pictures.data.subarray(1) }, 'data-size'],
    ['too many bytes', { ...pictures, count: 19 }, 'data-size'],
    ['a size of 0', { ...pictures, width: 0 }, 'data-size'],
    ['floats', { ...pictures, data: Float32Array.from(pictures.data) }, 'data-format'],
    ['an array', { ...pictures, data: [...pictures.data] }, 'data-format'],
    ['nothing', { ...pictures, data: undefined }, 'data-format'],
    ['five channels', { ...pictures, channels: 5, count: 4 }, 'data-size'],
    ['two channels, to become one', { ...pictures, channels: 2, count: 10 }, 'data-format'],
  ])('data: %s', async (_, set, code) => {
    const error = await create(set, tiny);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ code, advice: expect.stringMatching(/./) });
  });

  test('a grid or canvas, and the trainer goes on', async () => {
    const trainer = await GanTrainer.create(await engine, pictures, tiny);
    for (const count of [0, 4097, 1.5])
      await expect(trainer.sampleGrid({ count })).rejects.toThrow(/is not possible/);
    const canvas = new OffscreenCanvas(1, 1);
    for (const columns of [0, -1, 1.5, 4096]) {
      const refused = rejection(trainer.attachCanvas(canvas, { count: 2, columns }));
      expect(await refused).toMatchObject({ code: 'canvas' });
    }
    canvas.getContext('2d');
    await expect(trainer.attachCanvas(canvas, { count: 2 })).rejects.toThrow(/another kind/);
    expect(await all(trainer, 1)).toHaveLength(1);
    trainer.dispose();
  });
});

describe('a device that goes', () => {
  /** On a device that is passed in: no other one takes its place. */
  const openShared = async (): Promise<Engine> => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    return engineForTest({ device: await adapter.requestDevice() });
  };
  const lost = { code: 'device-lost', reason: 'destroyed' };

  async function expectGone(engine: Engine, trainer: GanTrainer, reason: string) {
    const gone = expect.objectContaining({ code: 'device-lost', reason });
    await expect(all(trainer, 1)).rejects.toThrow(gone);
    await expect(trainer.sampleGrid({ count: 2 })).rejects.toThrow(gone);
    await expect(trainer.attachCanvas(new OffscreenCanvas(1, 1))).rejects.toThrow(gone);
    await expect(trainer.parameters()).rejects.toThrow(gone);
    // What was copied to the host is not gone, but for whoever disposed of all.
    if (reason === 'disposed') await expect(trainer.checkpoint()).rejects.toThrow(gone);
    else expect(readSafetensors(await trainer.checkpoint()).metadata.step).toBe('0');
    expect(() => trainer.setLearningRates({ lrD: 1e-3 })).toThrow(gone);
    await expect(GanTrainer.create(engine, pictures, tiny)).rejects.toThrow(gone);
    trainer.dispose();
    await wait(0);
    expect(engine.device.counters.buffers).toBe(0);
  }

  test('in the middle of a run', async () => {
    const engine = await openShared();
    const told: Error[] = [];
    engine.onError((error) => told.push(error));
    const trainer = await GanTrainer.create(engine, pictures, tiny);
    const run = async () => {
      for await (const { step } of trainer.run()) {
        if (step !== 5) continue;
        engine.device.gpu.destroy();
        // The reads in flight fail while nobody waits for them.
        await wait(300);
      }
    };
    const error = await rejection(run());
    expect(error).toBeInstanceOf(DeviceLostError);
    expect(error).toMatchObject(lost);
    expect(await engine.lost).toBe(error);
    expect(told).toEqual([error]);
    await expectGone(engine, trainer, 'destroyed');
  });

  test('during a pause, while pictures are drawn', async () => {
    const engine = await openShared();
    const trainer = await GanTrainer.create(engine, pictures, tiny);
    trainer.pause();
    const held = rejection(all(trainer, 3));
    const grid = rejection(trainer.sampleGrid({ count: 3 }));
    engine.device.gpu.destroy();
    expect(await held).toMatchObject(lost);
    expect(await grid).toMatchObject(lost);
  });

  test('while a trainer is being made', async () => {
    const engine = await openShared();
    const made = rejection(GanTrainer.create(engine, pictures, tiny));
    engine.device.gpu.destroy();
    expect(await made).toMatchObject(lost);
    expect(engine.device.counters.buffers).toBe(0);
  });

  test('because its engine was disposed', async () => {
    const engine = await engineForTest();
    const trainer = await GanTrainer.create(engine, pictures, tiny);
    const run = async () => {
      for await (const { step } of trainer.run()) if (step === 3) engine.dispose();
    };
    expect(await rejection(run())).toMatchObject({ code: 'device-lost', reason: 'disposed' });
    await expectGone(engine, trainer, 'disposed');
  });
});

describe('Engine.create', () => {
  test('says that there is no WebGPU, or no adapter', async () => {
    const none = rejection(Engine.create({ gpu: undefined }));
    expect(await none).toMatchObject({ code: 'no-webgpu', name: 'NoWebGPUError' });
    const empty = { requestAdapter: async () => null } as unknown as GPU;
    const missing = rejection(Engine.create({ gpu: empty }));
    expect(await missing).toMatchObject({ code: 'no-adapter', name: 'NoAdapterError' });
  });

  test('says by how much a limit is missed', async () => {
    const error = await rejection(Engine.create({ requiredLimits: { maxBufferSize: 2 ** 50 } }));
    expect(error).toMatchObject({ code: 'limit', limit: 'maxBufferSize', needed: 2 ** 50 });
  });
});
