// Making a trainer takes seconds: how far it is can be seen, and it can be given up at any moment.
import { afterEach, expect, test } from 'vitest';
import { type CompileProgress, Engine, GanTrainer, Trainer } from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const options = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4 };
const pictures = noisePictures(20, 16);

const engine = await engineForTests();
afterEach(() => {
  expect(engine.device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
});

test('onProgress counts the pipelines', async () => {
  const seen: CompileProgress[] = [];
  const trainer = await GanTrainer.create(engine, pictures, options, {
    onProgress: (progress) => seen.push(progress),
  });
  const { pipelines } = trainer.stats();
  trainer.dispose();
  expect(seen.map(({ status }) => status)).toEqual([
    'start',
    ...Array.from({ length: pipelines }, () => 'progress'),
    'done',
  ]);
  expect(seen.every(({ total }) => total === pipelines)).toBe(true);
  expect(seen.map(({ loaded }) => loaded)).toEqual([
    ...Array.from({ length: pipelines + 1 }, (_, i) => i),
    pipelines,
  ]);
  expect(new Set(seen.map(({ file }) => file)).size).toBeGreaterThan(pipelines / 2);
});

test('a signal ends creation with its reason, whenever it comes, and leaves nothing', async () => {
  const reason = new Error('no longer wanted');
  const program = tinyProgram().program;
  // On a device of its own, where pipelines are not there already.
  const other = await Engine.create();
  for (let calls = 0; ; calls++) {
    const controller = new AbortController();
    let left = calls;
    const made = Trainer.create(other, program, {
      signal: controller.signal,
      onProgress: () => {
        if (left-- === 0) controller.abort(reason);
      },
    });
    if (calls === 0) controller.abort(reason);
    const trainer = await made.catch((error: unknown) => {
      expect(error).toBe(reason);
    });
    if (trainer) {
      // It was done before the signal would have come.
      expect(controller.signal.aborted).toBe(false);
      expect(calls).toBeGreaterThan(5);
      break;
    }
    expect(other.device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
  }
  other.dispose();

  const aborted = { signal: AbortSignal.abort(reason) };
  await expect(GanTrainer.create(engine, pictures, options, aborted)).rejects.toBe(reason);
  const trainer = await GanTrainer.create(engine, pictures, options);
  const file = await trainer.checkpoint();
  trainer.dispose();
  await expect(GanTrainer.resume(engine, pictures, file, aborted)).rejects.toBe(reason);
  const controller = new AbortController();
  const resumed = GanTrainer.resume(engine, pictures, file, { signal: controller.signal });
  controller.abort(reason);
  await expect(resumed).rejects.toBe(reason);
});

test('a signal does not wait for a driver that compiles for ever', async () => {
  const other = await Engine.create();
  other.device.gpu.createComputePipelineAsync = () => new Promise(() => {});
  const signal = AbortSignal.timeout(100);
  await expect(Trainer.create(other, tinyProgram().program, { signal })).rejects.toThrow(
    expect.objectContaining({ name: 'TimeoutError' }),
  );
  expect(other.device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
  other.dispose();
});

test('what onProgress throws ends creation too', async () => {
  const reason = new Error('a bug of the page');
  const onProgress = ({ loaded }: CompileProgress) => {
    if (loaded === 2) throw reason;
  };
  await expect(GanTrainer.create(engine, pictures, options, { onProgress })).rejects.toBe(reason);
});

test('a signal that comes when the trainer is there does nothing', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const trainer = await GanTrainer.create(engine, pictures, options, { signal });
  controller.abort();
  for await (const { step } of trainer.run({ steps: 1 })) expect(step).toBe(1);
  trainer.dispose();
});
