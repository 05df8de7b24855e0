import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, toFloat32, writeSafetensors } from '../../src/io/safetensors.ts';
import {
  type ReadTensor,
  SafetensorsError,
  type WritableTensor,
} from '../../src/io/safetensors-format.ts';

/** A file from a header (an object, or text or its bytes as they stand) and the bytes after it. */
function fileOf(header: unknown, data: Uint8Array | number = 0): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = header instanceof Uint8Array ? header : new TextEncoder().encode(text);
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

  it.each(['F64', 'U64', 'I16', 'U16', 'I8'] as const)('reads and writes %s', (dtype) => {
    const arrays = { F64: Float64Array, I16: Int16Array, U16: Uint16Array, I8: Int8Array };
    const data = dtype === 'U64' ? BigUint64Array.of(2n ** 63n, 1n) : arrays[dtype].of(-1, 3);
    const tensor = { dtype, shape: [2], data } as WritableTensor;
    const { tensors } = readSafetensors(writeSafetensors(new Map([['a', tensor]])));
    expect(tensors.get('a')).toEqual(tensor);
  });

  it('reads booleans as bytes', () => {
    const file = fileOf({ a: { dtype: 'BOOL', shape: [2], data_offsets: [0, 2] } }, 2);
    expect(readSafetensors(file).tensors.get('a')?.data).toEqual(new Uint8Array(2));
  });

  it('gives floats of any width as float32', () => {
    const { tensors } = readSafetensors(sample());
    expect(toFloat32(tensors.get('main.0.weight')!)).toBe(tensors.get('main.0.weight')!.data);
    const wide: ReadTensor = { dtype: 'F64', shape: [1], data: Float64Array.of(0.1) };
    expect(toFloat32(wide)).toEqual(Float32Array.of(0.1));
    expect(() => toFloat32(tensors.get('step')!)).toThrow(/I64 is no float type/);
  });

  it('gives metadata that inherit nothing', () => {
    const { metadata } = readSafetensors(fileOf('{"__metadata__":{"__proto__":"x"}}'));
    expect(Object.keys(metadata)).toEqual(['__proto__']);
    expect(metadata.toString).toBeUndefined();
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

/** What an engine would fall over if it looked at it carelessly. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    ...[null, true, '', 'F32', 'F16', 'BOOL', '__proto__', 'constructor', -1, -0, 0.5],
    ...[2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, [], {}, [[]], [0, 0], [2 ** 53 - 1, 0]],
    ...[[65536, 65536, 65536], { dtype: 'F32' }, 'x'.repeat(5000), Array(2000).fill(1)],
  ),
  fc.nat(64),
  fc.array(fc.nat(8), { maxLength: 4 }),
);

interface Place {
  readonly within: Record<string, unknown>;
  readonly key: string;
}

/** Every value in a tree of JSON. */
function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const within = value as Record<string, unknown>;
  return Object.keys(within).flatMap((key) => [{ within, key }, ...placesIn(within[key])]);
}

type Mutation = (file: Uint8Array) => Uint8Array;

/** Where the data would start, in a file that may be broken. */
function headerEnd(file: Uint8Array): number {
  if (file.length < 8) return file.length;
  const length = new DataView(file.buffer, file.byteOffset).getBigUint64(0, true);
  return Math.min(file.length, 8 + Number(length));
}

/** Uniform, where `fc.double` would mostly be next to 0. */
const fraction = fc.nat(999_999).map((n) => n / 1e6);

/** A change of the header as what it means, with the length in front made to fit. */
const structural: fc.Arbitrary<Mutation> = fc
  .record({
    kind: fc.constantFrom('set', 'remove', 'rename', 'copy', 'twice'),
    at: fraction,
    other: fraction,
    value: hostile,
  })
  .map(({ kind, at, other, value }) => (file) => {
    const text = new TextDecoder().decode(file.subarray(8, headerEnd(file)));
    const data = file.subarray(headerEnd(file));
    let header: unknown;
    try {
      header = JSON.parse(text);
    } catch {
      // A change before this one broke it.
      return file;
    }
    const places = placesIn(header);
    if (places.length === 0) return file;
    const { within, key } = places[Math.floor(at * places.length)];
    const source = places[Math.floor(other * places.length)];
    if (kind === 'set') within[key] = structuredClone(value);
    else if (kind === 'remove') delete within[key];
    else if (kind === 'copy') within[key] = structuredClone(source.within[source.key]);
    else if (kind === 'rename' && !Array.isArray(within)) {
      Object.defineProperty(within, String(value), { value: within[key], enumerable: true });
      delete within[key];
    }
    const changed = JSON.stringify(header);
    if (kind !== 'twice') return fileOf(changed, data);
    return fileOf(`{${JSON.stringify(key)}:${JSON.stringify(value)},${changed.slice(1)}`, data);
  });

// Characters of the header's own alphabet keep the JSON alive for longer.
const anyByte = fc.oneof(
  fc.nat(255),
  fc.constantFrom(...new TextEncoder().encode('{}[]",:\\0123456789eF-. ')),
);

/** A change of the header's text, with the length in front made to fit. */
const textual: fc.Arbitrary<Mutation> = fc
  .record({ at: fraction, remove: fc.nat(3), insert: fc.array(anyByte, { maxLength: 3 }) })
  .map(({ at, remove, insert }) => (file) => {
    const text = file.subarray(8, headerEnd(file));
    const i = Math.floor(at * text.length);
    const changed = Uint8Array.of(...text.subarray(0, i), ...insert, ...text.subarray(i + remove));
    return fileOf(changed, file.subarray(headerEnd(file)));
  });

/** A change of any bytes. */
const bytewise: fc.Arbitrary<Mutation> = fc
  .record({
    kind: fc.constantFrom('set', 'set', 'set', 'cut', 'insert', 'truncate', 'extend', 'length'),
    at: fraction,
    count: fc.nat(40),
    value: anyByte,
    length: fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 2000n }),
    ),
  })
  .map(({ kind, at, count, value, length }) => (file) => {
    const i = Math.floor(at * file.length);
    if (kind === 'truncate') return file.slice(0, i);
    if (kind === 'extend') return Uint8Array.of(...file, ...Array(count).fill(value));
    if (kind === 'cut') return Uint8Array.of(...file.subarray(0, i), ...file.subarray(i + count));
    if (kind === 'insert') return Uint8Array.of(...file.subarray(0, i), value, ...file.subarray(i));
    const changed = file.slice();
    if (kind === 'set') changed[i] = value;
    else if (file.length >= 8) new DataView(changed.buffer).setBigUint64(0, length, true);
    return changed;
  });

describe('whatever is done to a file', () => {
  /** Bytes that the engine holds, garbage included. */
  const held = () => {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
    return heap + external;
  };

  /** What became of a file; within bounds of time (0.5 s, and 1 s a MB), of memory and of what a message may quote. */
  function outcome(file: Uint8Array): string {
    const before = held();
    const begun = process.cpuUsage();
    let code = 'loads';
    try {
      const { tensors } = readSafetensors(file);
      let bytes = 0;
      for (const { data } of tensors.values()) bytes += data.byteLength;
      // Half floats take twice their room.
      expect(bytes).toBeLessThanOrEqual(2 * file.length);
    } catch (error) {
      if (!(error instanceof SafetensorsError)) throw error;
      expect(error.message.length).toBeLessThan(600);
      code = error.code.replace('safetensors-', '');
    }
    // Processor time: the machine may be busy with other things. Garbage only lowers what is held.
    const { user, system } = process.cpuUsage(begun);
    expect((user + system) / 1000).toBeLessThan(500 + file.length / 1000);
    expect(held() - before).toBeLessThan(2 ** 20 + 100 * file.length);
    return code;
  }

  it('10,000 times, there is a named error, or it loads', () => {
    const original = sample();
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(structural, { minLength: 1, maxLength: 3 }),
          fc.array(textual, { minLength: 1, maxLength: 2 }),
          fc.array(bytewise, { minLength: 1, maxLength: 3 }),
          fc.array(fc.oneof(structural, textual, bytewise), { minLength: 2, maxLength: 5 }),
        ),
        (mutations) => {
          let file: Uint8Array = original;
          for (const mutate of mutations) file = mutate(file);
          const code = outcome(file);
          seen.set(code, (seen.get(code) ?? 0) + 1);
        },
      ),
      { seed: 2, numRuns: 10_000 },
    );
    // Changes inside the data are no damage that could be seen; most of the rest is, in every way.
    for (const code of ['dtype', 'header', 'length', 'metadata', 'offsets', 'shape'])
      expect(seen.get(code), code).toBeGreaterThan(100);
    expect(seen.get('loads')).toBeGreaterThan(100);
    expect(seen.get('loads')).toBeLessThan(5_000);
  });

  const million = 1_000_000;
  const entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  it.each<[string, () => Uint8Array, string]>([
    ['a name of 4 MB', () => fileOf(`{"${'x'.repeat(4 * million)}":{}}`), 'dtype'],
    ['a text of backslashes', () => fileOf(`{"${'\\\\'.repeat(million)}":1}`), 'header'],
    ['a dtype of 4 MB', () => fileOf({ a: { dtype: 'F'.repeat(4 * million) } }), 'dtype'],
    ['a million lists in lists', () => fileOf(`{"a":${'['.repeat(million)}`), 'header'],
    ['a million objects in objects', () => fileOf('{"a":'.repeat(million)), 'header'],
    [
      'a shape of a million axes',
      () => fileOf({ a: f32(Array(million).fill(1), [0, 4]) }, 4),
      'loads',
    ],
    ['a shape that overflows late', () => fileOf({ a: f32([2 ** 52, 4, 0], [0, 0]) }), 'shape'],
    [
      'a shape of −0',
      () => fileOf('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'),
      'shape',
    ],
    ['a name of half a character', () => fileOf(`{"\\ud800":${entry}}`), 'name'],
    ['metadata of half a character', () => fileOf('{"__metadata__":{"a":"\\ud800"}}'), 'metadata'],
    [
      'twenty thousand tensors',
      () => fileOf(`{${Array.from({ length: 2e4 }, (_, i) => `"${i}":${entry}`)}}`),
      'loads',
    ],
  ])('%s', (_, file, code) => {
    expect(outcome(file())).toBe(code);
  });
});
