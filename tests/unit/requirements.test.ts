import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/gan/dcgan.ts';
import { RunLimitError, requirements } from '../../src/gan/requirements.ts';
import { LimitError } from '../../src/gpu/errors.ts';

const MIB = 2 ** 20;

/** WebGPU's defaults. */
const defaults = { maxStorageBufferBindingSize: 128 * MIB, maxBufferSize: 256 * MIB };

function refusal(work: () => void): RunLimitError {
  try {
    work();
  } catch (error) {
    if (error instanceof RunLimitError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('requirements', () => {
  it('are met by every device for the default models', () => {
    const mnist = { count: 60_000 };
    for (const options of [
      {},
      { width: 8, latentDim: 64, batchSize: 16 },
      { imageSize: 64, batchSize: 128 },
    ]) {
      const { imageSize = 32 } = options;
      const needs = requirements(options, { count: imageSize === 32 ? 60_000 : 10_000 });
      expect(needs.limits).toEqual({});
      needs.check(defaults);
    }
    requirements({}, mnist).check({});
  });

  it('tell parameters, memory and work beforehand', () => {
    // PyTorch's DCGAN example; the work of its step was counted by hand for the benchmark.
    const example = { imageSize: 64, channels: 3, width: 64, latentDim: 100 };
    const needs = requirements({ ...example, batchSize: 16 }, { count: 1000 });
    expect(needs.parameters).toEqual({ generator: 3_576_704, discriminator: 2_765_568 });
    expect(needs.flops / 1e9).toBeCloseTo(36.4, 1);
    const larger = requirements({ ...example, batchSize: 32 }, { count: 1000 });
    expect(larger.flops).toBe(2 * needs.flops);
    expect(larger.memoryBytes).toBeGreaterThan(1.1 * needs.memoryBytes);
    // Parameters, Adam's two moments and the gradients of both nets are the least of it.
    expect(needs.memoryBytes).toBeGreaterThan(4 * 4 * (3_576_704 + 2_765_568));
    const more = requirements({ ...example, batchSize: 16 }, { count: 2000 });
    expect(more.memoryBytes - needs.memoryBytes).toBe(1000 * 64 * 64 * 3);
  });

  it('raise only the limits that are exceeded', () => {
    // 48,828 × 64 × 64 bytes are 190.7 MiB, 97,656 twice that.
    const bytes = 48_828 * 64 * 64;
    const options = { imageSize: 64, width: 8 };
    expect(requirements(options, { count: 48_828 }).limits).toEqual({
      maxStorageBufferBindingSize: bytes,
    });
    expect(requirements(options, { count: 97_656 }).limits).toEqual({
      maxStorageBufferBindingSize: 2 * bytes,
      maxBufferSize: 2 * bytes,
    });
  });

  it('say what is wrong with a data set that is too large', () => {
    const needs = requirements({ imageSize: 64, channels: 3 }, { count: 60_000 });
    const error = refusal(() => needs.check(defaults));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({
      code: 'limit',
      limit: 'maxStorageBufferBindingSize',
      needed: 60_000 * 64 * 64 * 3,
      available: 128 * MIB,
      largestBatch: null,
    });
    expect(error.message).toBe(
      'A data set of 60000 × 64×64×3 needs maxStorageBufferBindingSize 737280000, but there is ' +
        '134217728. Use fewer or smaller pictures.',
    );
    needs.check({ maxStorageBufferBindingSize: 737_280_000, maxBufferSize: 737_280_000 });
    // The lower of the two counts, whichever it is.
    const other = refusal(() => needs.check({ ...defaults, maxStorageBufferBindingSize: 2 ** 30 }));
    expect(other.limit).toBe('maxBufferSize');
  });

  it('name the largest batch that fits', () => {
    const options = { imageSize: 256, channels: 3, width: 16 };
    const of = (batchSize: number) => requirements({ ...options, batchSize }, { count: 100 });
    const error = refusal(() => of(500).check(defaults));
    const { largestBatch } = error;
    if (largestBatch === null) throw new Error('no batch fits');
    expect(error.message).toContain(`The largest batch size that fits is ${largestBatch}.`);
    // G's last hidden maps are 128 × 128 × 16 floats, and D has as many: 1 MiB a picture.
    expect(largestBatch).toBe(128);
    of(largestBatch).check(defaults);
    expect(refusal(() => of(largestBatch + 1).check(defaults)).largestBatch).toBe(largestBatch);
  });

  it('do not blame the batch for a model that no batch makes fit', () => {
    const error = refusal(() =>
      requirements({ imageSize: 256, width: 512 }, { count: 2 }).check(defaults),
    );
    expect(error.largestBatch).toBeNull();
    expect(error.message).toMatch(/^A model of width 512 for 256×256×1 needs .* smaller width/);
  });

  it('count the grid of samples', () => {
    const options = { imageSize: 256, width: 16 };
    requirements(options, { count: 2 }, { samples: 64 }).check(defaults);
    const error = refusal(() =>
      requirements(options, { count: 2 }, { samples: 4096 }).check(defaults),
    );
    expect(error.message).toMatch(/^A grid of 4096 pictures needs .* Ask for fewer/);
  });

  it('refuse options that make no model', () => {
    expect(() => requirements({ imageSize: 17 }, { count: 2 })).toThrow(ModelError);
  });
});
