// What is too large for a device: refused with the numbers, or made possible by higher limits.
import { describe, expect, test } from 'vitest';
import {
  GanTrainer,
  type ImageSet,
  OutOfMemoryError,
  RunLimitError,
  requirements,
} from '../../src/index.ts';
import { engineForTest } from '../support/engine.ts';

/** Pictures of one pixel, which become as large as a model wants them. */
const pixels = (count: number): ImageSet => ({
  name: 'pixels',
  count,
  height: 1,
  width: 1,
  channels: 1,
  data: Uint8Array.from({ length: count }, (_, i) => i),
});

const small = { imageSize: 16, width: 4, batchSize: 4, latentDim: 8 };

async function refusal(promise: Promise<unknown>): Promise<RunLimitError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RunLimitError) return error;
  throw error ?? new Error('nothing was refused');
}

describe('limits', () => {
  test('a data set beyond the default limits', async () => {
    const many = pixels(600_000);
    const bytes = 600_000 * 16 * 16;
    const plain = await engineForTest();
    expect(await refusal(GanTrainer.create(plain, many, small))).toMatchObject({
      code: 'limit',
      limit: 'maxStorageBufferBindingSize',
      needed: bytes,
      available: plain.adapter.limits.maxStorageBufferBindingSize,
      largestBatch: null,
    });

    const { limits } = requirements(small, many);
    expect(limits).toEqual({ maxStorageBufferBindingSize: bytes });
    const large = await engineForTest({ wantedLimits: limits });
    if (large.adapter.limits.maxStorageBufferBindingSize < bytes) {
      await refusal(GanTrainer.create(large, many, small));
      return;
    }
    const trainer = await GanTrainer.create(large, many, small);
    let steps = 0;
    for await (const { lossD } of trainer.run({ steps: 2 })) {
      expect(lossD).toBeGreaterThan(0);
      steps++;
    }
    expect(steps).toBe(2);
  });

  test('limits are raised as far as the adapter goes', async () => {
    const { limits } = requirements({ imageSize: 256, width: 1024 }, { count: 2 });
    const engine = await engineForTest({ wantedLimits: limits });
    const { maxStorageBufferBindingSize, maxBufferSize } = engine.adapter.limits;
    expect(maxStorageBufferBindingSize).toBeGreaterThanOrEqual(128 * 2 ** 20);
    expect(maxStorageBufferBindingSize).toBeLessThanOrEqual(
      limits.maxStorageBufferBindingSize ?? 0,
    );
    expect(maxBufferSize).toBeGreaterThanOrEqual(256 * 2 ** 20);
  });

  test('a batch that is too large: the error says which is not', async () => {
    const engine = await engineForTest();
    const options = { ...small, imageSize: 256, width: 16, batchSize: 4096 };
    const error = await refusal(GanTrainer.create(engine, pixels(4), options));
    expect(error.largestBatch).toBe(128);
    expect(error.message).toMatch(
      /^A batch of 4096 × 256×256×1 needs .* 134217728\. The largest batch size that fits is 128\.$/,
    );
    // Nothing of the attempt is left behind.
    expect(engine.device.counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
  });

  test('a grid that is too large, from a trainer that goes on', async () => {
    const engine = await engineForTest();
    const trainer = await GanTrainer.create(engine, pixels(4), {
      ...small,
      imageSize: 64,
      width: 32,
    });
    expect((await refusal(trainer.sampleGrid({ count: 4096 }))).message).toMatch(
      /^A grid of 4096 pictures needs .* Ask for fewer pictures/,
    );
    expect((await trainer.sampleGrid({ count: 2 })).count).toBe(2);
  });

  test('no memory left', async () => {
    const engine = await engineForTest();
    const { gpu, counters } = engine.device;
    const errors: unknown[] = [];
    engine.onError((error) => errors.push(error));
    // Filling the machine's memory for real would take others down with it.
    const push = gpu.pushErrorScope.bind(gpu);
    const pop = gpu.popErrorScope.bind(gpu);
    const filters: GPUErrorFilter[] = [];
    gpu.pushErrorScope = (filter) => {
      filters.push(filter);
      push(filter);
    };
    gpu.popErrorScope = async () => {
      const full = filters.pop() === 'out-of-memory';
      const error = await pop();
      return full ? new GPUOutOfMemoryError('none left') : error;
    };
    await expect(GanTrainer.create(engine, pixels(4), small)).rejects.toThrow(OutOfMemoryError);
    gpu.pushErrorScope = push;
    gpu.popErrorScope = pop;
    expect(counters).toMatchObject({ buffers: 0, bufferBytes: 0 });
    const trainer = await GanTrainer.create(engine, pixels(4), small);
    await expect(trainer.run({ steps: 1 }).next()).resolves.toMatchObject({ value: { step: 1 } });
    expect(errors).toEqual([]);
  });
});
