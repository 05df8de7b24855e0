// No memory left: said clearly, with what would fit, and nothing left behind.
import { afterEach, describe, expect, test } from 'vitest';
import {
  type GanOptions,
  GanTrainer,
  OutOfMemoryError,
  RunMemoryError,
  Trainer,
} from '../../src/index.ts';
import { watchedGpu } from '../support/accidents.ts';
import { engineForTest } from '../support/engine.ts';
import { limitMemory } from '../support/memory-budget.ts';
import { noisePictures } from '../support/pictures.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const MIB = 2 ** 20;
/** More than anything here needs. */
const ALL = 2 ** 40;
const options: Partial<GanOptions> = { imageSize: 16, width: 4, latentDim: 4, batchSize: 4096 };
const pictures = noisePictures(20, 16);

const errors: Error[] = [];
afterEach(() => {
  // What is refused is told to who asked, and not to everybody.
  expect(errors.splice(0)).toEqual([]);
});

async function engineWith(budget: number) {
  const memories: ReturnType<typeof limitMemory>[] = [];
  const { gpu } = watchedGpu((device) => memories.push(limitMemory(device, budget)));
  const engine = await engineForTest({ gpu });
  engine.onError((error) => errors.push(error));
  return { engine, memory: memories[0] };
}

const nothing = { buffers: 0, bufferBytes: 0 };

describe('out of memory', () => {
  test('a run: what it needs, what is in use, and which batch would fit', async () => {
    const { engine, memory } = await engineWith(24 * MIB);
    const other = await GanTrainer.create(engine, pictures, { ...options, batchSize: 4 });
    const { bytes: held } = engine.memory();
    const error = await GanTrainer.create(engine, pictures, options).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RunMemoryError);
    expect(error).toBeInstanceOf(OutOfMemoryError);
    const { needed, available, largestBatch, message } = error as RunMemoryError;
    expect(error).toMatchObject({ code: 'out-of-memory', held });
    expect(needed).toBeGreaterThan(24 * MIB);
    expect(available).toBeGreaterThan(16 * MIB);
    expect(available).toBeLessThanOrEqual(24 * MIB - held);
    expect(largestBatch).toBeGreaterThan(64);
    expect(largestBatch).toBeLessThan(4096);
    expect(message).toMatch(
      /^The GPU is out of memory: [\d.]+ MiB were asked for beside [\d.]+ MiB that are in use\. That is what a batch of 4096 × 16×16×1 at width 4 needs\. The largest batch size that fits is \d+, with [\d.]+ MiB\.$/,
    );
    expect(engine.memory().bytes).toBe(held);
    expect(memory.used).toBe(held);
    // Who was there is not harmed, and what was said is true.
    for await (const { lossD } of other.run({ steps: 2 })) expect(lossD).toBeGreaterThan(0);
    const fitting = { ...options, batchSize: largestBatch! };
    const trainer = await GanTrainer.create(engine, pictures, fitting, { snapshotSeconds: 0 });
    for await (const { step } of trainer.run({ steps: 2 })) expect(step).toBeLessThan(3);
    await trainer.checkpoint();
    await trainer.sampleGrid();
    await expect(
      GanTrainer.create(engine, pictures, { ...options, batchSize: 2 * largestBatch! }),
    ).rejects.toThrow(RunMemoryError);
  });

  test('autoBatch takes that', async () => {
    const { engine } = await engineWith(8 * MIB);
    const error = await GanTrainer.create(engine, pictures, options).catch((e: unknown) => e);
    const { largestBatch } = error as RunMemoryError;
    const auto = { autoBatch: true };
    const trainer = await GanTrainer.create(engine, pictures, options, auto);
    expect(trainer.options.batchSize).toBe(largestBatch);
    for await (const { step } of trainer.run({ steps: 1 })) expect(step).toBe(1);
    trainer.dispose();
    expect(engine.device.counters).toMatchObject(nothing);
    // Where all is well, it is what was asked for.
    const small = { ...options, batchSize: 6 };
    const asked = await GanTrainer.create(engine, pictures, small, auto);
    expect(asked.options.batchSize).toBe(6);
  });

  test('not even the smallest batch', async () => {
    const { engine, memory } = await engineWith(20_000);
    const auto = { autoBatch: true };
    const failing = GanTrainer.create(engine, pictures, options, auto);
    await expect(failing).rejects.toThrow(
      expect.objectContaining({
        largestBatch: null,
        available: null,
        advice: expect.stringMatching(/^Use a smaller width/),
      }),
    );
    expect(engine.device.counters).toMatchObject(nothing);
    expect(memory.used).toBe(0);
  });

  test('for a buffer anywhere on the way: nothing stays, and the next attempt succeeds', async () => {
    const { engine: plain } = await engineWith(ALL);
    const { program, guess } = tinyProgram();
    const trainer = await Trainer.create(plain, program);
    const { buffers } = plain.memory();
    expect(buffers).toBeGreaterThan(10);
    trainer.dispose();

    const engine = await engineForTest();
    engine.onError((error) => errors.push(error));
    const { createBuffer } = engine.device;
    const { device } = engine;
    const memory = limitMemory(device.gpu, ALL);
    for (let refused = 1; refused <= buffers; refused++) {
      let made = 0;
      device.createBuffer = (label, bytes, usage) => {
        // As if all were in use at that moment.
        if (++made === refused) memory.used = ALL;
        const buffer = createBuffer.call(device, label, bytes, usage);
        if (made === refused) memory.used = 0;
        return buffer;
      };
      await expect(Trainer.create(engine, program)).rejects.toThrow(OutOfMemoryError);
      expect(device.counters).toMatchObject(nothing);
    }
    device.createBuffer = createBuffer;
    expect(memory.refused).toBe(buffers);
    const next = await Trainer.create(engine, program);
    const { bytes } = engine.memory();

    // Beside a trainer that is there: a function of it, and a copy of its state.
    memory.used = ALL;
    await expect(next.compile(guess)).rejects.toThrow(OutOfMemoryError);
    await expect(next.save()).rejects.toThrow(
      expect.objectContaining({ code: 'out-of-memory', held: expect.any(Number) }),
    );
    expect(engine.memory().bytes).toBe(bytes);
    memory.used = 0;
    for await (const { step } of next.run({ steps: 2 })) expect(step).toBeLessThan(3);
    await next.save();
    expect(engine.memory().bytes).toBe(bytes);
  });
});
