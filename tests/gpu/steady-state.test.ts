// What a trainer does while it runs: nothing is created, memory stays, and it obeys.
import { describe, expect, test } from 'vitest';
import {
  Engine,
  type GanOptions,
  GanTrainer,
  NonFiniteError,
  type RunOptions,
  readSafetensors,
  type StepMetrics,
} from '../../src/index.ts';
import { countCreations } from '../support/count-calls.ts';
import { engineForTests, forTest } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const tiny: Partial<GanOptions> = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1 };
const pictures = noisePictures(20, 16);

const engine = await engineForTests();

const train = (options: Partial<GanOptions> = {}, on = engine): Promise<GanTrainer> =>
  forTest(GanTrainer.create(on, pictures, { ...tiny, ...options }));

/** All that a run yields. */
async function all(trainer: GanTrainer, options?: RunOptions): Promise<StepMetrics[]> {
  const seen: StepMetrics[] = [];
  for await (const metrics of trainer.run(options)) seen.push(metrics);
  return seen;
}
const stepsOf = (metrics: readonly StepMetrics[]): number[] => metrics.map((m) => m.step);
const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('steady state', () => {
  test('50 steps create nothing, with a canvas attached or not', async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const device = await adapter.requestDevice();
    const counts = countCreations(device);
    const shared = await Engine.create({ device });
    const trainer = await train({ ema: 0.9, dSteps: 2, flip: true }, shared);
    await all(trainer, { steps: 3 });
    // The counter counts: all of these were needed to get here.
    for (const name of ['createBuffer', 'createBindGroup', 'createComputePipelineAsync'])
      expect(counts.get(name), name).toBeGreaterThan(0);

    counts.clear();
    await all(trainer, { steps: 50 });
    expect([...counts]).toEqual([]);

    const canvas = new OffscreenCanvas(1, 1);
    const view = await trainer.attachCanvas(canvas, { count: 4, columns: 2 });
    view.draw();
    counts.clear();
    for await (const { step } of trainer.run({ steps: 20 })) if (step % 5 === 0) view.draw();
    expect([...counts]).toEqual([]);
    expect([canvas.width, canvas.height]).toEqual([2 + 2 * 18, 2 + 2 * 18]);
    view.detach();
    trainer.dispose();
    await pause(0);
    expect(shared.device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
    device.destroy();
  });

  test('memory is the same after 500 steps, samples and all', async () => {
    const trainer = await train();
    await all(trainer, { steps: 2 });
    await trainer.sampleGrid({ count: 4 });
    const { buffers, bufferBytes } = engine.device.counters;
    let steps = 0;
    for await (const { step } of trainer.run({ steps: 500 })) {
      steps++;
      if (step % 100 === 0) await trainer.sampleGrid({ count: 4 });
    }
    await trainer.checkpoint();
    expect(steps).toBe(500);
    expect(engine.device.counters).toMatchObject({ buffers, bufferBytes });
    expect(trainer.memory()).toMatchObject({ bytes: bufferBytes, buffers });
    expect(trainer.memory().constantBytes).toBeGreaterThanOrEqual(20 * 256);
  });

  test('dispose() gives everything back, attached canvases too', async () => {
    const { buffers, bufferBytes } = engine.device.counters;
    const trainer = await train();
    await all(trainer, { steps: 2 });
    await trainer.sampleGrid({ count: 3 });
    const view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 5 });
    view.draw();
    trainer.dispose();
    trainer.dispose();
    await pause(0);
    expect(engine.device.counters).toMatchObject({ buffers, bufferBytes });
    expect(() => view.draw()).toThrow(/disposed/);
    view.detach();
  });

  test('dispose() while something is being made leaves nothing behind', async () => {
    const { buffers } = engine.device.counters;
    const trainer = await train({ latentDim: 5 });
    const samples = trainer.sampleGrid({ count: 7 });
    trainer.dispose();
    await expect(samples).rejects.toThrow(expect.objectContaining({ code: 'disposed' }));
    await pause(0);
    expect(engine.device.counters.buffers).toBe(buffers);
  });
});

describe('run', () => {
  test('yields every step once, in order, and goes on from there', async () => {
    const trainer = await train();
    expect(trainer.step).toBe(0);
    expect(stepsOf(await all(trainer, { steps: 7 }))).toEqual(upTo(1, 7));
    expect(trainer.step).toBe(7);
    expect(await all(trainer, { steps: 0 })).toEqual([]);
    const more = await all(trainer, { steps: 3 });
    expect(stepsOf(more)).toEqual([8, 9, 10]);
    expect(more.every((m) => m.timeMs >= 0 && Number.isFinite(m.gradNormG))).toBe(true);
    const again = await train();
    expect(stepsOf(await all(again, { steps: 10 }))).toEqual(upTo(1, 10));
    expect(await again.parameters()).toEqual(await trainer.parameters());
  });

  test('ends when its time is over', async () => {
    const trainer = await train();
    const seen = await all(trainer, { seconds: 0.2 });
    expect(stepsOf(seen)).toEqual(upTo(1, trainer.step));
    expect(await all(trainer, { seconds: 0 })).toEqual([]);
  });

  test('is one at a time', async () => {
    const trainer = await train();
    const first = trainer.run({ steps: 4 });
    expect((await first.next()).value).toMatchObject({ step: 1 });
    await expect(trainer.run({ steps: 1 }).next()).rejects.toThrow(
      expect.objectContaining({ code: 'busy' }),
    );
    const rest: number[] = [];
    for await (const { step } of first) rest.push(step);
    expect(rest).toEqual([2, 3, 4]);
    expect(stepsOf(await all(trainer, { steps: 1 }))).toEqual([5]);
  });

  test('can be left with break, or by an error of the loop', async () => {
    const trainer = await train();
    for await (const { step } of trainer.run()) if (step === 3) break;
    const { step } = trainer;
    expect(step).toBeGreaterThanOrEqual(3);
    expect(stepsOf(await all(trainer, { steps: 2 }))).toEqual([step + 1, step + 2]);
    const failing = async () => {
      for await (const metrics of trainer.run()) throw new Error(`at ${metrics.step}`);
    };
    await expect(failing()).rejects.toThrow(`at ${step + 3}`);
    expect(await all(trainer, { steps: 1 })).toHaveLength(1);
  });

  test('has nothing in flight at a boundary', async () => {
    const trainer = await train();
    for await (const { step } of trainer.run({ steps: 9, boundaryEvery: 4 })) {
      if (step % 4 === 0) expect(trainer.step).toBe(step);
    }
    expect(trainer.step).toBe(9);
    const grid = await trainer.sampleGrid({ count: 2 });
    expect(grid).toMatchObject({ width: 16, height: 16, channels: 1, count: 2, step: 9 });
    expect(grid.pixels).toHaveLength(2 * 256);
  });

  test('reports what diverges, and by which step', async () => {
    const trainer = await train();
    trainer.setLearningRates({ lrD: 1e30, lrG: 1e30 });
    const error = await all(trainer, { steps: 50 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ code: 'non-finite' });
    expect((error as NonFiniteError).step).toBeLessThanOrEqual(trainer.step);
  });
});

test('a checkpoint shows one moment, even of a run that goes on', async () => {
  const trainer = await train({ ema: 0.9 });
  let file: Promise<Uint8Array<ArrayBuffer>> | undefined;
  for await (const { step } of trainer.run({ steps: 12 }))
    if (step === 4) file = trainer.checkpoint();
  const { metadata } = readSafetensors(await file!);
  const again = await train({ ema: 0.9 });
  await all(again, { steps: Number(metadata.step) });
  expect(await again.checkpoint()).toEqual(await file);
});

describe('pause, resume and stop', () => {
  test('a pause reports what is in flight, then holds until it is over', async () => {
    const trainer = await train();
    const run = trainer.run({ steps: 6 });
    await run.next();
    trainer.pause();
    trainer.pause();
    expect(trainer.paused).toBe(true);
    const held = trainer.step;
    for (let step = 2; step <= held; step++)
      expect((await run.next()).value).toMatchObject({ step });
    let arrived = false;
    const next = run.next().finally(() => {
      arrived = true;
    });
    await pause(100);
    expect(arrived).toBe(false);
    expect(trainer.step).toBe(held);
    // Samples can be drawn meanwhile.
    expect((await trainer.sampleGrid({ count: 1 })).step).toBe(held);
    trainer.resume();
    expect(trainer.paused).toBe(false);
    expect((await next).value).toMatchObject({ step: held + 1 });
    const rest: number[] = [];
    for await (const { step } of run) rest.push(step);
    expect(rest).toEqual(upTo(held + 2, 6));
  });

  test('stop ends a run after the steps in flight', async () => {
    const trainer = await train();
    const seen: number[] = [];
    for await (const { step } of trainer.run()) {
      seen.push(step);
      if (step === 4) trainer.stop();
    }
    expect(seen).toEqual(upTo(1, trainer.step));
    expect(trainer.step).toBeLessThanOrEqual(6);
    expect(await all(trainer, { steps: 2 })).toHaveLength(2);
  });

  test('stop ends a pause too, and a run that is about to begin', async () => {
    const trainer = await train();
    trainer.pause();
    const held = all(trainer);
    await pause(20);
    trainer.stop();
    expect(await held).toEqual([]);
    expect(trainer.paused).toBe(false);
    trainer.stop();
    expect(await all(trainer)).toEqual([]);
    expect(await all(trainer, { steps: 1 })).toHaveLength(1);
  });

  test('a signal ends a run with its reason', async () => {
    const trainer = await train();
    const reason = new Error('enough');
    const controller = new AbortController();
    const seen: number[] = [];
    const run = async () => {
      for await (const { step } of trainer.run({ signal: controller.signal })) {
        seen.push(step);
        if (step === 3) controller.abort(reason);
      }
    };
    await expect(run()).rejects.toBe(reason);
    expect(seen).toEqual(upTo(1, trainer.step));
    await expect(all(trainer, { signal: controller.signal })).rejects.toBe(reason);
    expect(stepsOf(await all(trainer, { steps: 2 }))).toEqual(
      upTo(seen.length + 1, seen.length + 2),
    );

    const paused = new AbortController();
    trainer.pause();
    const held = all(trainer, { signal: paused.signal });
    await pause(20);
    paused.abort();
    await expect(held).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }));
  });

  test('a signal that outlives its run does nothing to the next', async () => {
    const trainer = await train();
    const controller = new AbortController();
    await all(trainer, { steps: 2, signal: controller.signal });
    controller.abort();
    expect(await all(trainer, { steps: 2 })).toHaveLength(2);
  });

  test('dispose() in the middle ends the run, without a word', async () => {
    const trainer = await train();
    const seen: number[] = [];
    for await (const { step } of trainer.run()) {
      seen.push(step);
      if (step !== 3) continue;
      trainer.dispose();
      // Long enough for the reads in flight to fail while nobody waits for them.
      await pause(300);
    }
    expect(seen).toEqual([1, 2, 3]);
    const disposed = expect.objectContaining({ code: 'disposed' });
    await expect(all(trainer)).rejects.toThrow(disposed);
    await expect(trainer.sampleGrid()).rejects.toThrow(disposed);
    await expect(trainer.parameters()).rejects.toThrow(disposed);
    await expect(trainer.attachCanvas(new OffscreenCanvas(1, 1))).rejects.toThrow(disposed);
    await expect(trainer.checkpoint()).rejects.toThrow(disposed);
    expect(() => trainer.setLearningRates({ lrD: 1 })).toThrow(disposed);
  });

  test('dispose() ends a run that waits', async () => {
    const trainer = await train();
    trainer.pause();
    const held = all(trainer);
    await pause(20);
    trainer.dispose();
    expect(await held).toEqual([]);
  });
});

describe('setLearningRates', () => {
  test('0 freezes a net, and the other learns on', async () => {
    const trainer = await train();
    await all(trainer, { steps: 2 });
    const before = await trainer.parameters();
    trainer.setLearningRates({ lrD: 0 });
    await all(trainer, { steps: 2 });
    const after = await trainer.parameters();
    expect(after.discriminator).toEqual(before.discriminator);
    expect(after.generator).not.toEqual(before.generator);
    trainer.setLearningRates({ lrD: 1e-3, lrG: 0 });
    await all(trainer, { steps: 1 });
    const last = await trainer.parameters();
    expect(last.generator).toEqual(after.generator);
    expect(last.discriminator).not.toEqual(after.discriminator);
  });

  test('is what was asked for from the first step on', async () => {
    const early = await train({ lrD: 3e-4, lrG: 5e-4 });
    const late = await train({ lrD: 1, lrG: 1 });
    late.setLearningRates({ lrD: 3e-4, lrG: 5e-4 });
    for (const trainer of [early, late]) await all(trainer, { steps: 3 });
    expect(await late.parameters()).toEqual(await early.parameters());
    // Also by its checkpoint, from which it could go on.
    expect(await late.checkpoint()).toEqual(await early.checkpoint());
  });

  test('refuses what is no rate', async () => {
    const trainer = await train();
    for (const lr of [-1, Number.NaN])
      expect(() => trainer.setLearningRates({ lrD: 0, lrG: lr })).toThrow(/learning rate is/);
    await all(trainer, { steps: 1 });
    const untouched = await train();
    await all(untouched, { steps: 1 });
    expect(await trainer.parameters()).toEqual(await untouched.parameters());
  });
});
