// Checkpoints: that reading undoes writing bit for bit, and that nothing damaged or foreign is taken.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckpointExtras,
  checkpointVariables,
  decodeCheckpoint,
  decodeGenerator,
  encodeCheckpoint,
} from '../../src/gan/checkpoint.ts';
import {
  CheckpointError,
  checkSameData,
  fingerprintOf,
} from '../../src/gan/checkpoint-metadata.ts';
import { defaultOptions, type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, sampleLatents, variableNames } from '../../src/gan/step.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import { readSafetensors, writeSafetensors } from '../../src/io/safetensors.ts';
import { SafetensorsError, type WritableTensor } from '../../src/io/safetensors-format.ts';
import type { Elements } from '../../src/runtime/variables.ts';
import { RandomValues } from '../reference/random-values.ts';

const small: Partial<GanOptions> = { imageSize: 16, width: 1, latentDim: 3, batchSize: 2 };

/** A run's variables as some step may leave them: numbers everywhere but in the gaps of flat buffers. */
function stateOf(players: Players, step: number, seed = 1): Map<string, Elements> {
  const random = new RandomValues(seed);
  const values = new Map<string, Elements>(players.initialValues());
  values.set(variableNames.state, Uint32Array.of(players.options.seed, 0, step, 0));
  for (const optimiser of [players.optimiserG, players.optimiserD]) {
    const { net } = optimiser;
    const moments = [...optimiser.initialValues().keys()].filter((name) => /\.[mv]$/.test(name));
    const flat = [
      net.variable,
      ...moments,
      ...(net.name === 'generator' && players.options.ema > 0 ? ['generator.ema.parameters'] : []),
    ];
    for (const name of flat) {
      const own = new Float32Array(net.size);
      for (const { offset, size } of net.parameters.values()) {
        for (let i = 0; i < size; i++) {
          const x = 2 * random.next() - 1;
          own[offset + i] = /(adam|rmsprop)\.v$/.test(name) ? x * x : x;
        }
      }
      own[0] = -0;
      values.set(name, own);
    }
    for (const { variable, shape } of net.buffers.values()) {
      const own = Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.next());
      values.set(variable, own);
    }
    const corrections = `${net.name}.adam.corrections`;
    if (values.has(corrections)) values.set(corrections, Float32Array.of(0.75, 0.002));
  }
  if (players.options.ema > 0) values.set('generator.ema.correction', Float32Array.of(0.3));
  return values;
}

const extras: CheckpointExtras = {
  choices: { 'conv2d 3': 'tile8x8' },
  data: { count: 7, digest: 'ab'.repeat(32) },
  metadata: { adapter: 'a/b', ['__proto__']: 'x' },
};

function fileOf(given: Partial<GanOptions> = {}, step = 5): Uint8Array {
  const players = new Players(resolveOptions({ ...small, ...given }));
  return encodeCheckpoint(players, stateOf(players, step), extras);
}

/** The file with something done to what is in it. */
function changed(
  file: Uint8Array,
  change: (tensors: Map<string, WritableTensor>, metadata: Record<string, string>) => void,
): Uint8Array {
  const { tensors, metadata } = readSafetensors(file);
  const writable = tensors as Map<string, WritableTensor>;
  change(writable, metadata);
  return writeSafetensors(writable, metadata);
}

function errorOf(read: () => unknown): CheckpointError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return error as CheckpointError;
  }
  throw new Error('it was read');
}

/** F32 tensors as F16 or BF16, which writeSafetensors does not make. */
function halved(file: Uint8Array, dtype: 'F16' | 'BF16'): Uint8Array {
  const { tensors, metadata } = readSafetensors(file);
  const header: Record<string, unknown> = { __metadata__: { ...metadata } };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, tensor] of tensors) {
    let bytes: Uint8Array;
    if (tensor.dtype === 'F32') {
      // Of powers of two, both are easily written: sign, exponent, no fraction.
      const bits = Uint16Array.from(tensor.data, (x) => {
        if (x === 0) return 0;
        const exponent = Math.max(-14, Math.round(Math.log2(Math.abs(x))));
        const sign = x < 0 ? 0x8000 : 0;
        return sign | (dtype === 'F16' ? (exponent + 15) << 10 : (exponent + 127) << 7);
      });
      bytes = new Uint8Array(bits.buffer);
    } else {
      const { buffer, byteOffset, byteLength } = tensor.data;
      bytes = new Uint8Array(buffer, byteOffset, byteLength);
    }
    const entry = { dtype: tensor.dtype === 'F32' ? dtype : tensor.dtype, shape: tensor.shape };
    header[name] = { ...entry, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    parts.push(bytes);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const result = new Uint8Array(8 + json.length + at);
  new DataView(result.buffer).setBigUint64(0, BigInt(json.length), true);
  result.set(json, 8);
  let position = 8 + json.length;
  for (const part of parts) {
    result.set(part, position);
    position += part.length;
  }
  return result;
}

const anyOptions = fc
  .record({
    imageSize: fc.constantFrom(16, 32),
    channels: fc.integer({ min: 1, max: 4 }),
    width: fc.integer({ min: 1, max: 3 }),
    latentDim: fc.integer({ min: 1, max: 9 }),
    latent: fc.constantFrom('normal' as const, 'uniform' as const),
    batchSize: fc.integer({ min: 2, max: 64 }),
    lrD: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    lrG: fc.double({ min: 1e-6, max: 1, noNaN: true }),
    beta1: fc.double({ min: 0, max: 0.99, noNaN: true }),
    dSteps: fc.integer({ min: 1, max: 5 }),
    freshLatent: fc.boolean(),
    mixedBatch: fc.boolean(),
    generatorLoss: fc.constantFrom('non-saturating' as const, 'maximum-likelihood' as const),
    optimiser: fc.constantFrom('adam' as const, 'sgd' as const),
    clipGradients: fc.constantFrom(0, 0.1),
    regularised: fc.constantFrom<Partial<GanOptions>>(
      ...[{}, { clipWeights: 0.01 }, { r1: 1, normD: 'none' as const }],
      ...[{ gradientPenalty: 10, normD: 'none' as const }],
      // An MMD's D has several outputs.
      { objective: 'mmd-gaussian', generatorLoss: 'non-saturating', clipWeights: 1 },
      { optimiser: 'rmsprop', beta1: 0.5, normD: 'spectral' },
      { normD: 'spectral', spectralNormG: true, augment: 'color,cutout' as const },
      { lrSchedule: 'exponential', lrSteps: 50, lrGamma: 0.5, batchSize: 12, accumulate: 3 },
    ),
    ema: fc.constantFrom(0, 0.9, 0.999),
    flip: fc.boolean(),
    classes: fc.constantFrom(0, 3),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  })
  .map(({ regularised, classes, ...options }) =>
    resolveOptions({ ...options, ...regularised, classes: regularised.objective ? 0 : classes }),
  );

// It refuses files with options of which it has never heard, so it must have heard of all.
it('has no option that the script for PyTorch does not name', () => {
  const path = new URL('../../docs/pytorch/ganvas_dcgan.py', import.meta.url);
  const script = readFileSync(path, 'utf8');
  const [known] = /^OPTIONS = .*?^ONLY = .*?^\}/ms.exec(script)!;
  expect(Object.keys(defaultOptions).filter((name) => !known.includes(`"${name}"`))).toEqual([]);
});

describe('a checkpoint', () => {
  it('gives back every value, and writes as the same bytes again', () => {
    fc.assert(
      fc.property(
        anyOptions,
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fc.dictionary(fc.string(), fc.string()),
        fc.option(
          fc.record({ count: fc.integer({ min: 1 }), digest: fc.constant('0'.repeat(64)) }),
          {
            nil: undefined,
          },
        ),
        (options, step, choices, data) => {
          const players = new Players(options);
          const values = stateOf(players, step);
          const file = encodeCheckpoint(players, values, { choices, data });
          const read = decodeCheckpoint(file);
          expect(read.options).toEqual(options);
          expect(read.step).toBe(step);
          expect(read.data).toEqual(data);
          expect(Object.entries(read.choices)).toEqual(Object.entries(choices));
          expect(read.latents).toEqual(sampleLatents(options, 64));
          expect([...read.values.keys()].sort()).toEqual([...values.keys()].sort());
          for (const [name, value] of values) {
            // Byte by byte: −0 is not 0.
            const bytes = (a?: Elements) => a && Buffer.from(a.buffer, a.byteOffset, a.byteLength);
            expect(bytes(read.values.get(name))?.equals(bytes(value)!), name).toBe(true);
          }
          const again = encodeCheckpoint(new Players(read.options), read.values, read);
          expect(Buffer.from(again).equals(file)).toBe(true);
        },
      ),
      { seed: 3, numRuns: 40 },
    );
  });

  it('keeps other metadata, and any number of latents', () => {
    const players = new Players(resolveOptions(small));
    const latents = Float32Array.from({ length: 15 }, (_, i) => i);
    const file = encodeCheckpoint(players, stateOf(players, 1), { ...extras, latents });
    const read = decodeCheckpoint(file);
    expect(Object.entries(read.metadata)).toEqual(Object.entries(extras.metadata!));
    expect(read.latents).toEqual(latents);
    expect(readSafetensors(file).tensors.get('samples.latents')?.shape).toEqual([5, 3]);
  });

  it('has PyTorch’s names, shapes and order of elements', () => {
    const options = resolveOptions({ ...small, imageSize: 64, channels: 3, latentDim: 5 });
    const players = new Players(options);
    const values = stateOf(players, 7);
    const { tensors } = readSafetensors(encodeCheckpoint(players, values, extras));
    const names = (prefix: string) =>
      [...tensors.keys()].filter((key) => key.startsWith(prefix)).sort();
    const norm = (i: number) =>
      ['bias', 'num_batches_tracked', 'running_mean', 'running_var', 'weight'].map(
        (part) => `main.${i}.${part}`,
      );
    const g = [0, 3, 6, 9, 12].map((i) => `main.${i}.weight`).concat([1, 4, 7, 10].flatMap(norm));
    const d = [0, 2, 5, 8, 11].map((i) => `main.${i}.weight`).concat([3, 6, 9].flatMap(norm));
    expect(names('generator.')).toEqual(g.map((key) => `generator.${key}`).sort());
    expect(names('discriminator.')).toEqual(d.map((key) => `discriminator.${key}`).sort());
    const learned = g.filter((key) => /weight|bias/.test(key));
    expect(names('adam.generator.m.')).toEqual(learned.map((k) => `adam.generator.m.${k}`).sort());

    // Here [kH, kW, small, large]; there [in, out, kH, kW], and [out, in, kH, kW].
    for (const [net, key, shape] of [
      [players.generator, 'main.3.weight', [8, 4, 4, 4]],
      [players.discriminator, 'main.5.weight', [4, 2, 4, 4]],
    ] as const) {
      const tensor = tensors.get(`${net.name}.${key}`)!;
      expect(tensor.shape).toEqual(shape);
      const { offset } = net.parameters.get(key)!;
      const flat = values.get(net.variable)!;
      const [c0, c1] = shape;
      for (const [a, b, y, x] of [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [3, 1, 2, 3],
      ]) {
        expect(tensor.data[((a * c1 + b) * 4 + y) * 4 + x]).toBe(
          flat[offset + ((y * 4 + x) * c1 + b) * c0 + a],
        );
      }
    }
  });

  it('has the embeddings of classes among the parameters, and their names beside them', () => {
    const options = resolveOptions({ ...small, classes: 3, ema: 0.9 });
    const players = new Players(options);
    const classNames = ['cat', 'dog', 'ünïcorn'];
    const labels = 'cd'.repeat(32);
    const data = { count: 7, digest: 'ab'.repeat(32), labels };
    const file = encodeCheckpoint(players, stateOf(players, 7), { choices: {}, classNames, data });
    const { tensors } = readSafetensors(file);
    expect(tensors.get('generator.embedding.weight')?.shape).toEqual([3, 3]);
    expect(tensors.get('discriminator.embedding.weight')?.shape).toEqual([3, 2]);
    expect(tensors.get('ema.generator.embedding.weight')?.shape).toEqual([3, 3]);
    expect(tensors.get('adam.generator.v.embedding.weight')?.shape).toEqual([3, 3]);
    expect(tensors.get('generator.main.0.weight')?.shape).toEqual([6, 2, 4, 4]);
    expect(decodeCheckpoint(file)).toMatchObject({ classNames, data, options });
    expect(decodeGenerator(file)).toMatchObject({ classNames, options: { classes: 3 } });
    for (const odd of ['{', '3', '["a","b"]', '["a","b",3]', 'null']) {
      const damaged = changed(file, (_, metadata) => {
        metadata.classNames = odd;
      });
      expect(errorOf(() => decodeCheckpoint(damaged)).code).toBe('checkpoint-metadata');
      expect(errorOf(() => decodeGenerator(damaged)).code).toBe('checkpoint-metadata');
    }
  });

  it('counts batches as PyTorch does', () => {
    const count = (given: Partial<GanOptions>) => {
      const { tensors } = readSafetensors(fileOf(given, 10));
      return ['generator.main.1', 'discriminator.main.3'].map((module) =>
        Number(tensors.get(`${module}.num_batches_tracked`)?.data[0]),
      );
    };
    expect(count({})).toEqual([10, 30]);
    expect(count({ dSteps: 3, freshLatent: true })).toEqual([40, 70]);
    expect(count({ dSteps: 3, mixedBatch: true })).toEqual([30, 40]);
    expect(count({ objective: 'mmd-gaussian', clipWeights: 1 })).toEqual([10, 40]);
  });

  it('is read where it was written before there were so many options', () => {
    const old = [
      ...['imageSize', 'channels', 'width', 'latentDim', 'latent', 'batchSize', 'lrD', 'lrG'],
      ...['beta1', 'dSteps', 'freshLatent', 'mixedBatch', 'generatorLoss', 'labelSmoothing'],
      ...['ema', 'flip', 'seed'],
    ];
    const file = fileOf({ generatorLoss: 'minimax', labelSmoothing: 0.1, ema: 0.9 });
    const before = changed(file, (_, metadata) => {
      metadata.options = JSON.stringify(JSON.parse(metadata.options), old);
    });
    expect(decodeCheckpoint(before)).toEqual(decodeCheckpoint(file));
    expect(decodeCheckpoint(before).options.objective).toBe('original');
  });

  it('knows the learning rates in force, as short numbers', () => {
    const players = new Players(resolveOptions({ ...small, lrD: 0.00012345678901, lrG: 1e-3 }));
    const values = stateOf(players, 1);
    const set = (lr: number) => {
      const { variable, values: hyper } = players.optimiserG.withLearningRate(lr);
      values.set(variable, hyper);
      return decodeCheckpoint(encodeCheckpoint(players, values, extras));
    };
    for (const lr of [3e-4, 0, 0.1, 1e-30, 12345.678, 1 / 3]) {
      const { options, values: read } = set(lr);
      expect(options.lrD).toBe(0.00012345678901);
      expect(Math.fround(options.lrG)).toBe(Math.fround(lr));
      expect(read.get('generator.adam.hyper')).toEqual(values.get('generator.adam.hyper'));
    }
    expect(set(3e-4).options.lrG).toBe(3e-4);
    expect(set(12345.678).options.lrG).toBe(12345.678);
    expect(set(0).options.lrG).toBe(0);
  });

  it.each(['F16', 'BF16'] as const)('may have its floats as %s', (dtype) => {
    const file = halved(fileOf({ ema: 0.9 }), dtype);
    const { options, values } = decodeCheckpoint(file);
    const { tensors } = readSafetensors(file);
    const [, first] = tensors.get('ema.generator.main.1.weight')!.data;
    expect(Number.isInteger(Math.log2(Math.abs(Number(first))))).toBe(true);
    const { offset } = new Players(options).generator.parameters.get('main.1.weight')!;
    expect(values.get('generator.ema.parameters')![offset + 1]).toBe(first);
    expect(decodeGenerator(file).values.size).toBe(3);
  });

  it('needs all variables, of their sizes', () => {
    const players = new Players(resolveOptions({ ...small, ema: 0.5 }));
    const all = stateOf(players, 1);
    expect(checkpointVariables(players).sort()).toEqual([...all.keys()].sort());
    for (const name of checkpointVariables(players)) {
      const without = new Map(all);
      without.delete(name);
      expect(errorOf(() => encodeCheckpoint(players, without, extras))).toMatchObject({
        code: 'checkpoint-variables',
        message: expect.stringContaining(name),
      });
      without.set(name, new Float32Array(1 + all.get(name)!.length));
      expect(errorOf(() => encodeCheckpoint(players, without, extras)).message).toContain(name);
    }
    const wrong = (more: Partial<CheckpointExtras>) =>
      errorOf(() => encodeCheckpoint(players, all, { ...extras, ...more })).code;
    expect(wrong({ metadata: { step: '1' } })).toBe('checkpoint-metadata');
    expect(wrong({ latents: new Float32Array(4) })).toBe('checkpoint-shape');
    expect(wrong({ latents: new Float32Array(0) })).toBe('checkpoint-shape');
  });
});

describe('what is no whole checkpoint is refused', () => {
  const file = fileOf({ ema: 0.9 });
  const names = [...readSafetensors(file).tensors.keys()];

  it('a missing tensor, whichever', () => {
    for (const name of names) {
      const error = errorOf(() =>
        decodeCheckpoint(changed(file, (tensors) => tensors.delete(name))),
      );
      expect(error.code).toBe('checkpoint-missing');
      expect(error.message).toContain(name);
    }
  });

  it('a tensor of another shape or dtype, whichever', () => {
    for (const name of names) {
      const reshaped = changed(file, (tensors) => {
        const tensor = tensors.get(name)!;
        tensors.set(name, { ...tensor, shape: [1, ...tensor.shape] });
      });
      const retyped = changed(file, (tensors) => {
        const { shape, data } = tensors.get(name)!;
        tensors.set(name, { dtype: 'I32', shape, data: new Int32Array(data.length) });
      });
      expect(errorOf(() => decodeCheckpoint(reshaped)).message).toContain(`${name} has the shape`);
      expect(errorOf(() => decodeCheckpoint(retyped))).toMatchObject({
        code: 'checkpoint-dtype',
        message: expect.stringContaining(`${name} is I32`),
      });
    }
  });

  it('numbers that are none, whichever tensor they are in', () => {
    for (const name of names) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const damaged = changed(file, (tensors) => {
          const { data } = tensors.get(name)!;
          if (data instanceof Float32Array) data[data.length - 1] = bad;
          else if (data instanceof Uint32Array) data[0] ^= 1;
          else data[0] = 3n as never;
        });
        const error = errorOf(() => decodeCheckpoint(damaged));
        expect(error.code, name).toBe('checkpoint-value');
        expect(error.message).toContain(name);
      }
    }
    const negative = changed(file, (tensors) => {
      tensors.get('adam.generator.v.main.0.weight')!.data[0] = -1;
    });
    expect(errorOf(() => decodeCheckpoint(negative)).message).toContain('has -1 at 0');
  });

  it('tensors that do not belong', () => {
    for (const name of ['extra', 'generator.main.99.weight', '__proto__']) {
      const more = changed(file, (tensors) =>
        tensors.set(name, { dtype: 'F32', shape: [1], data: new Float32Array(1) }),
      );
      expect(errorOf(() => decodeCheckpoint(more))).toMatchObject({
        code: 'checkpoint-unknown',
        message: expect.stringContaining(name),
      });
    }
  });

  const optionsWith = (more: string) => (metadata: Record<string, string>) => {
    metadata.options = `${metadata.options.slice(0, -1)},${more}}`;
  };
  it.each<[string, (metadata: Record<string, string>) => void, string]>([
    ['no format', (m) => delete m.format, 'format'],
    ['another format', (m) => (m.format = 'ganvas-9'), 'format'],
    ['no options', (m) => delete m.options, 'metadata'],
    ['options that are no JSON', (m) => (m.options = '{'), 'metadata'],
    ['options that are a list', (m) => (m.options = '[]'), 'metadata'],
    ['an unknown option', optionsWith('"colour":1'), 'options'],
    ['an option __proto__', optionsWith('"__proto__":{"ema":0}'), 'options'],
    ['an option of another type', optionsWith('"flip":"no"'), 'options'],
    ['a model that cannot be', optionsWith('"imageSize":48'), 'options'],
    ['a model that is too large', optionsWith('"width":1e9'), 'options'],
    ['the largest model', optionsWith('"width":1024,"imageSize":256,"latentDim":65536'), 'shape'],
    ['no learning rate', optionsWith('"lrD":null'), 'options'],
    ['a negative learning rate', optionsWith('"lrG":-1'), 'options'],
    ['a learning rate beyond float32', optionsWith('"lrG":1e39'), 'options'],
    ['another width', optionsWith('"width":2'), 'shape'],
    ['another seed', optionsWith('"seed":9'), 'value'],
    ['another number of D steps', optionsWith('"dSteps":2'), 'value'],
    ['no average where there is one', optionsWith('"ema":0'), 'unknown'],
    ['another step', (m) => (m.step = '6'), 'metadata'],
    ['no choices', (m) => delete m.choices, 'metadata'],
    ['choices of numbers', (m) => (m.choices = '{"a":1}'), 'metadata'],
    ['data without a count', (m) => (m.data = '{"digest":"0"}'), 'metadata'],
    ['data without a digest', (m) => (m.data = '{"count":1}'), 'metadata'],
    [
      'data with labels of no digest',
      (m) => (m.data = JSON.stringify({ count: 1, digest: '0'.repeat(64), labels: 3 })),
      'metadata',
    ],
  ])('%s', (_, change, code) => {
    const begun = performance.now();
    const damaged = changed(file, (_tensors, metadata) => change(metadata));
    expect(errorOf(() => decodeCheckpoint(damaged)).code).toBe(`checkpoint-${code}`);
    // Whatever the options say, nothing is made for them before the tensors are seen.
    expect(performance.now() - begun).toBeLessThan(1000);
    expect(({} as { ema?: number }).ema).toBeUndefined();
  });

  it('latents of no picture, or of too many', () => {
    for (const rows of [0, 4097]) {
      const damaged = changed(file, (tensors) => {
        const data = new Float32Array(rows * 3);
        tensors.set('samples.latents', { dtype: 'F32', shape: [rows, 3], data });
      });
      expect(errorOf(() => decodeCheckpoint(damaged)).code).toBe('checkpoint-shape');
    }
  });

  it('any damage is told by name, or does no harm', () => {
    const headerEnd = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    const at = fc.oneof(fc.nat(headerEnd - 1), fc.nat(file.length - 1));
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const bytes = Uint8Array.from(file);
          for (const [position, value] of changes) bytes[position] = value;
          for (const decode of [decodeCheckpoint, decodeGenerator]) {
            try {
              decode(bytes);
              read++;
            } catch (error) {
              const named = error instanceof CheckpointError || error instanceof SafetensorsError;
              if (!named) throw error;
            }
          }
        },
      ),
      { seed: 4, numRuns: 500 },
    );
    expect(read).toBeGreaterThan(10);
  });
});

describe('decodeGenerator', () => {
  const players = new Players(resolveOptions({ ...small, ema: 0.9, width: 2 }));
  const values = stateOf(players, 5);
  const file = encodeCheckpoint(players, values, extras);

  it('takes the averaged weights of a checkpoint', () => {
    const { options, step, values: read } = decodeGenerator(file);
    expect(options).toEqual({ ...players.options, ema: 0 });
    expect(step).toBe(5);
    expect(read.get('generator.parameters')).toEqual(values.get('generator.ema.parameters'));
    expect(read.get('generator.main.1.running')).toEqual(values.get('generator.main.1.running'));
    expect(read.size).toBe(3);
  });

  it('takes the weights themselves where there is no average', () => {
    const plain = new Players(resolveOptions(small));
    const state = stateOf(plain, 2);
    const read = decodeGenerator(encodeCheckpoint(plain, state, extras));
    expect(read.values.get('generator.parameters')).toEqual(state.get('generator.parameters'));
  });

  /** What a PyTorch program would have saved of the generator. */
  const weights = (prefix: string, counters = true) => {
    const kept = [...readSafetensors(file).tensors]
      .filter(([key]) => key.startsWith('generator.') && (counters || !key.includes('num_')))
      .map(([key, t]) => [key.replace('generator.', prefix), t as WritableTensor] as const);
    return new Map(kept);
  };

  it.each([
    ['by itself', writeSafetensors(weights(''))],
    ['with names of the net', writeSafetensors(weights('generator.'), { format: 'pt' })],
    ['without counters', writeSafetensors(weights('', false))],
  ])('takes a state_dict of PyTorch %s', (_, bytes) => {
    const { options, step, values: read } = decodeGenerator(bytes);
    expect(options).toMatchObject({ imageSize: 16, channels: 1, width: 2, latentDim: 3, ema: 0 });
    expect(step).toBeUndefined();
    expect(read.get('generator.parameters')).toEqual(values.get('generator.parameters'));
    expect(errorOf(() => decodeCheckpoint(bytes)).code).toBe('checkpoint-format');
  });

  it('takes a state_dict with an embedding of classes', () => {
    const conditional = new Players(resolveOptions({ ...small, classes: 4, latentDim: 5 }));
    const state = stateOf(conditional, 1);
    const kept = [...readSafetensors(encodeCheckpoint(conditional, state, extras)).tensors]
      .filter(([key]) => key.startsWith('generator.'))
      .map(([key, t]) => [key.replace('generator.', ''), t as WritableTensor] as const);
    const read = decodeGenerator(writeSafetensors(new Map(kept)));
    expect(read.options).toMatchObject({ latentDim: 5, classes: 4 });
    expect(read.classNames).toBeUndefined();
    expect(read.values.get('generator.parameters')).toEqual(state.get('generator.parameters'));
    const short = new Map(kept);
    const [rows, length] = short.get('embedding.weight')!.shape;
    const data = new Float32Array(rows * (length + 9));
    short.set('embedding.weight', { dtype: 'F32', shape: [rows, length + 9], data });
    expect(errorOf(() => decodeGenerator(writeSafetensors(short))).code).toBe('checkpoint-options');
  });

  it('refuses other nets', () => {
    const codeOf = (tensors: Map<string, WritableTensor>) =>
      errorOf(() => decodeGenerator(writeSafetensors(tensors))).code;
    expect(codeOf(new Map())).toBe('checkpoint-missing');
    const discriminator = [...readSafetensors(file).tensors]
      .filter(([key]) => key.startsWith('discriminator.'))
      .map(([key, t]) => [key.replace('discriminator.', ''), t as WritableTensor] as const);
    expect(codeOf(new Map(discriminator))).toMatch(/checkpoint-(options|shape|missing)/);
    const more = weights('');
    more.set('main.99.weight', { dtype: 'F32', shape: [1], data: new Float32Array(1) });
    expect(codeOf(more)).toBe('checkpoint-unknown');
    const flat = weights('');
    flat.set('main.0.weight', { dtype: 'F32', shape: [1], data: new Float32Array(1) });
    expect(codeOf(flat)).toBe('checkpoint-missing');
  });
});

describe('the data of a run', () => {
  const set = (data: Uint8Array) => ({
    ...{ name: 'x', count: data.length, height: 1, width: 1, channels: 1 },
    data,
  });

  it('are known by their number and SHA-256', async () => {
    const data = await fingerprintOf(set(new TextEncoder().encode('abc')));
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(data).toEqual({ count: 3, digest });
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set(new TextEncoder().encode('abc'));
    expect(await fingerprintOf(set(shared))).toEqual(data);
    const labels = await fingerprintOf(set(Uint8Array.of(1)), new TextEncoder().encode('abc'));
    expect(labels.labels).toBe(digest);
  });

  it('must be the same to go on', () => {
    const data = { count: 3, digest: 'aa' };
    expect(() => checkSameData({ data }, { ...data })).not.toThrow();
    expect(() => checkSameData({ data: undefined }, data)).not.toThrow();
    const others = errorOf(() => checkSameData({ data }, { count: 3, digest: 'ab' }));
    expect(others.code).toBe('checkpoint-data');
    expect(others.message).toContain('others than the 3 pictures');
    const more = errorOf(() => checkSameData({ data }, { count: 4, digest: 'aa' }));
    expect(more.message).toContain('4 pictures, and not the 3');
    const told = { ...data, labels: 'cc' };
    expect(() => checkSameData({ data: told }, { ...told })).not.toThrow();
    const relabelled = errorOf(() => checkSameData({ data: told }, { ...told, labels: 'cd' }));
    expect(relabelled.message).toContain('other labels than those of the 3 pictures');
  });
});
