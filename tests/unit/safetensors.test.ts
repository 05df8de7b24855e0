import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readSafetensors,
  SafetensorsError,
  type WritableTensor,
  writeSafetensors,
} from '../../src/io/safetensors.ts';

/** A file from a header (an object, or text as it stands) and the bytes after it. */
function fileOf(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const rest = typeof data === 'number' ? new Uint8Array(data) : data;
  const file = new Uint8Array(8 + json.length + rest.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(rest, 8 + json.length);
  return file;
}

function codeOf(file: Uint8Array): string {
  try {
    readSafetensors(file);
  } catch (error) {
    if (error instanceof SafetensorsError) return error.code.replace('safetensors-', '');
    throw error;
  }
  return 'loads';
}

const f32 = (shape: number[], offsets: number[]) => ({
  dtype: 'F32',
  shape,
  data_offsets: offsets,
});

const sample = () =>
  writeSafetensors(
    new Map<string, WritableTensor>([
      ['flags', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
      ['main.0.weight', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2, 0.5, 1e-40) }],
      ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 40n)) }],
      ['seed', { dtype: 'U32', shape: [1], data: Uint32Array.of(0xffffffff) }],
      ['index', { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 7) }],
      ['none', { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) }],
    ]),
    { format: 'pt', 'näme ☃': 'välue "quoted"' },
  );

describe('safetensors', () => {
  it('reads back what it wrote', () => {
    const { tensors, metadata } = readSafetensors(sample());
    expect(metadata).toEqual({ format: 'pt', 'näme ☃': 'välue "quoted"' });
    expect(tensors.get('main.0.weight')).toEqual({
      dtype: 'F32',
      shape: [2, 2],
      data: Float32Array.of(1, -2, 0.5, 1e-40),
    });
    expect(tensors.get('flags')?.data).toEqual(Uint8Array.of(1, 2, 255));
    expect(tensors.get('step')).toEqual({
      dtype: 'I64',
      shape: [],
      data: BigInt64Array.of(-(2n ** 40n)),
    });
    expect(tensors.get('seed')?.data).toEqual(Uint32Array.of(0xffffffff));
    expect(tensors.get('index')?.data).toEqual(Int32Array.of(-1, 7));
    expect(tensors.get('none')?.shape).toEqual([0, 4]);
    expect(tensors.size).toBe(6);
  });

  it('writes any names, shapes and values so that they come back', () => {
    const tensor = fc
      .array(fc.nat(4), { maxLength: 3 })
      .chain((shape) => {
        const length = shape.reduce((a, b) => a * b, 1);
        return fc.record({
          shape: fc.constant(shape),
          values: fc.array(fc.integer({ min: 0, max: 255 }), {
            minLength: length,
            maxLength: length,
          }),
          dtype: fc.constantFrom('F32' as const, 'U8' as const, 'U32' as const),
        });
      })
      .map(({ shape, values, dtype }): WritableTensor => {
        if (dtype === 'F32') return { dtype, shape, data: Float32Array.from(values) };
        if (dtype === 'U8') return { dtype, shape, data: Uint8Array.from(values) };
        return { dtype, shape, data: Uint32Array.from(values) };
      });
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', ''),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, tensor), { maxLength: 5 }),
        fc.dictionary(name, fc.string({ unit: 'binary' })),
        (entries, metadata) => {
          const tensors = new Map(entries);
          const back = readSafetensors(writeSafetensors(tensors, metadata));
          expect(new Map([...back.tensors].sort())).toEqual(new Map([...tensors].sort()));
          expect(Object.entries(back.metadata)).toEqual(Object.entries(metadata));
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });

  it('starts the data at a multiple of 8 bytes, widest elements first', () => {
    const file = sample();
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect([...readSafetensors(file).tensors.keys()].at(0)).toBe('step');
    expect([...readSafetensors(file).tensors.keys()].at(-1)).toBe('flags');
  });

  it('widens half floats', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00, 0x3555]);
    const f16 = fileOf(
      { a: { dtype: 'F16', shape: [6], data_offsets: [0, 12] } },
      new Uint8Array(halves.buffer),
    );
    const values = [...(readSafetensors(f16).tensors.get('a')?.data ?? [])];
    expect(values).toEqual([1, -2, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN, 0.333251953125]);
    const brain = new Uint16Array([0x3f80, 0xc020]);
    const bf16 = fileOf(
      { a: { dtype: 'BF16', shape: [2], data_offsets: [0, 4] } },
      new Uint8Array(brain.buffer),
    );
    expect(readSafetensors(bf16).tensors.get('a')?.data).toEqual(Float32Array.of(1, -2.5));
  });

  it('reads from the middle of a buffer and keeps none of it', () => {
    const file = sample();
    const padded = new Uint8Array(file.length + 3);
    padded.set(file, 3);
    const { tensors } = readSafetensors(padded.subarray(3));
    padded.fill(0);
    expect(tensors.get('index')?.data).toEqual(Int32Array.of(-1, 7));
  });

  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'length'],
    ['seven bytes', new Uint8Array(7), 'length'],
    ['no header', fileOf(''), 'header'],
    ['a header longer than the file', fileOf('{}').fill(9, 0, 1), 'length'],
    ['a header of 2⁶⁴ − 1 bytes', fileOf('{}').fill(255, 0, 8), 'length'],
    ['an empty header', fileOf({}), 'loads'],
    ['padding with spaces', fileOf('{}    '), 'loads'],
    ['leading space', fileOf(' {}'), 'header'],
    ['an array', fileOf([]), 'header'],
    ['broken JSON', fileOf('{"a":'), 'header'],
    ['bytes that are not UTF-8', fileOf('{"?":{}}').fill(0xff, 10, 11), 'header'],
    ['a key twice', fileOf('{"a":1,"b":[{"a":1}],"\\u0061":2}'), 'header'],
    ['a tensor that is a number', fileOf({ a: 1 }), 'header'],
    ['a tensor that is null', fileOf({ a: null }), 'header'],
    [
      'an unknown dtype',
      fileOf({ a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1),
      'dtype',
    ],
    [
      'an inherited dtype',
      fileOf({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 4] } }, 4),
      'dtype',
    ],
    ['a negative size', fileOf({ a: f32([-1], [0, 4]) }, 4), 'shape'],
    ['a fraction', fileOf({ a: f32([0.5], [0, 2]) }, 2), 'shape'],
    ['an overflowing shape', fileOf({ a: f32([2 ** 52, 2 ** 52], [0, 4]) }, 4), 'shape'],
    ['one offset', fileOf({ a: f32([1], [0]) }, 4), 'offsets'],
    ['a backward range', fileOf({ a: f32([1], [4, 0]) }, 4), 'offsets'],
    ['too few bytes for the shape', fileOf({ a: f32([2], [0, 4]) }, 4), 'offsets'],
    ['data past the end', fileOf({ a: f32([2], [0, 8]) }, 4), 'length'],
    ['an overlap', fileOf({ a: f32([1], [0, 4]), b: f32([2], [0, 8]) }, 8), 'offsets'],
    ['a gap', fileOf({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12), 'offsets'],
    ['a gap at the start', fileOf({ a: f32([1], [4, 8]) }, 8), 'offsets'],
    ['trailing bytes', fileOf({ a: f32([1], [0, 4]) }, 5), 'length'],
    ['metadata that are a string', fileOf({ __metadata__: 'x' }), 'metadata'],
    ['metadata with a number', fileOf({ __metadata__: { a: 1 } }), 'metadata'],
  ])('%s', (_, file, code) => {
    expect(codeOf(file)).toBe(code);
  });

  it('refuses to write what could not be read', () => {
    const write = (name: string, tensor: unknown, metadata = {}) =>
      writeSafetensors(new Map([[name, tensor as WritableTensor]]), metadata);
    const good = { dtype: 'F32', shape: [1], data: new Float32Array(1) };
    expect(() => write('a', good)).not.toThrow();
    expect(() => write('__metadata__', good)).toThrow(SafetensorsError);
    expect(() => write('\ud800', good)).toThrow(SafetensorsError);
    expect(() => write('a', { ...good, shape: [2] })).toThrow(/1 elements for the shape \[2\]/);
    expect(() => write('a', { ...good, dtype: 'U32' })).toThrow(/U32 with a Float32Array/);
    expect(() => write('a', { ...good, dtype: 'F16' })).toThrow(SafetensorsError);
    expect(() => write('a', good, { a: 1 })).toThrow(/metadata "a" is not a Unicode string/);
  });

  it('gives a named error or loads, whatever is done to a file', () => {
    const original = sample();
    const headerEnd = 8 + Number(new DataView(original.buffer).getBigUint64(0, true));
    const position = fc.oneof(
      { weight: 3, arbitrary: fc.nat(headerEnd - 1) },
      fc.nat(original.length - 1),
    );
    const mutation = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        at: position,
        // Characters of the header's own alphabet keep the JSON alive for longer.
        value: fc.oneof(
          fc.nat(255),
          fc.constantFrom(...new TextEncoder().encode('{}[]",:0123456789F')),
        ),
      }),
      fc.record({ kind: fc.constant('cut' as const), at: position, value: fc.nat(20) }),
      fc.record({ kind: fc.constant('insert' as const), at: position, value: fc.nat(255) }),
    );
    let loaded = 0;
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let bytes = [...original];
        for (const { kind, at, value } of mutations) {
          if (kind === 'set') bytes[Math.min(at, bytes.length)] = value;
          else if (kind === 'cut') bytes = [...bytes.slice(0, at), ...bytes.slice(at + value)];
          else bytes.splice(at, 0, value);
        }
        if (codeOf(Uint8Array.from(bytes)) === 'loads') loaded++;
      }),
      { seed: 2, numRuns: 10_000 },
    );
    // Changes inside the data are no damage that could be seen; most of the rest is.
    expect(loaded).toBeGreaterThan(100);
    expect(loaded).toBeLessThan(9_000);
  });
});
