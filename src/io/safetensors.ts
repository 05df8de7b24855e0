/**
 * The safetensors format (Hugging Face): named tensors in one file that is safe to read.
 *
 *   8 bytes   N, the header's length, little-endian uint64
 *   N bytes   a JSON object, { name: { dtype, shape, data_offsets: [begin, end] }, … }, UTF-8,
 *             perhaps padded with spaces; `__metadata__` is an object of strings
 *   the rest  the tensors, row-major, little-endian, without gaps
 *
 * Reading trusts nothing: a file either is exactly this or gives a SafetensorsError.
 */

import { GanvasError } from '../graph/errors.ts';

/** Element types that can be read. F16 and BF16 are widened to float32 on the way in. */
export type SafetensorsDtype = 'F32' | 'F16' | 'BF16' | 'U8' | 'U32' | 'I32' | 'I64';

/** A tensor to write: the data's type follows from the dtype. */
export type WritableTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'F32'; readonly data: Float32Array }
  | { readonly dtype: 'U8'; readonly data: Uint8Array }
  | { readonly dtype: 'U32'; readonly data: Uint32Array }
  | { readonly dtype: 'I32'; readonly data: Int32Array }
  | { readonly dtype: 'I64'; readonly data: BigInt64Array }
);

/** A tensor that was read; `dtype` is the one in the file. */
export type ReadTensor =
  | WritableTensor
  | {
      readonly dtype: 'F16' | 'BF16';
      readonly shape: readonly number[];
      readonly data: Float32Array;
    };

/** What is in a safetensors file. */
export interface SafetensorsFile {
  /** By name, in the order of their data in the file. */
  readonly tensors: Map<string, ReadTensor>;
  /** The `__metadata__` strings; empty where there are none. */
  readonly metadata: Record<string, string>;
}

/**
 * A safetensors file that is damaged, or tensors that cannot be written. `code` is
 * `safetensors-` and one of `length`, `header`, `dtype`, `shape`, `offsets`, `metadata`, `name`.
 */
export class SafetensorsError extends GanvasError {
  override readonly name = 'SafetensorsError';

  constructor(
    code: 'length' | 'header' | 'dtype' | 'shape' | 'offsets' | 'metadata' | 'name',
    message: string,
    advice = 'The file is damaged or is not a safetensors file.',
  ) {
    super(`safetensors-${code}`, message, advice);
  }
}

const METADATA = '__metadata__';

/** The reference implementation's limit on the header. */
const MAX_HEADER = 100_000_000;

/** Bytes per element. */
const SIZES: Readonly<Record<SafetensorsDtype, number>> = {
  F32: 4,
  F16: 2,
  BF16: 2,
  U8: 1,
  U32: 4,
  I32: 4,
  I64: 8,
};

/** What can be written, and from which typed array. */
const ARRAYS = {
  F32: Float32Array,
  U8: Uint8Array,
  U32: Uint32Array,
  I32: Int32Array,
  I64: BigInt64Array,
} as const;

/**
 * Writes a safetensors file.
 *
 * Data is laid out with the widest elements first, else in the map's order, and starts at a
 * multiple of 8 bytes, so that readers can map it without copying.
 *
 * @param metadata strings to keep with the tensors
 * @throws {SafetensorsError} if a name, a shape, a data length or a metadata value is not valid.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const mine = 'Give other tensors.';
  const entries = [...tensors].sort(([, a], [, b]) => SIZES[b.dtype] - SIZES[a.dtype]);
  const header: [string, unknown][] = [];
  const pairs = Object.entries(metadata);
  for (const [key, value] of pairs) {
    if (typeof value !== 'string' || !isUnicode(key) || !isUnicode(value)) {
      throw new SafetensorsError(
        'metadata',
        `metadata ${JSON.stringify(key)} is not a Unicode string.`,
        'Metadata are strings: use JSON.stringify for anything else.',
      );
    }
  }
  if (pairs.length > 0) header.push([METADATA, Object.fromEntries(pairs)]);

  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === METADATA || !isUnicode(name)) {
      throw new SafetensorsError(
        'name',
        `${JSON.stringify(name)} cannot be a tensor's name.`,
        'Choose another.',
      );
    }
    const count = elementCount(shape);
    if (count === undefined || data.length !== count) {
      throw new SafetensorsError(
        'shape',
        `${name}: ${data.length} elements for the shape [${shape.join(', ')}].`,
        mine,
      );
    }
    if (!(Object.hasOwn(ARRAYS, dtype) && data instanceof ARRAYS[dtype])) {
      throw new SafetensorsError(
        'dtype',
        `${name}: ${dtype} with a ${data.constructor.name}.`,
        'Writes F32, U8, U32, I32 and I64 from the typed array of that type.',
      );
    }
    const end = offset + data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }

  // Object.fromEntries defines own properties, so that even "__proto__" is an ordinary name.
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + padded + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.fill(0x20, 8, 8 + padded);
  file.set(json, 8);
  let position = 8 + padded;
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file. The result shares no memory with `bytes`.
 *
 * @throws {SafetensorsError} for anything that the format does not allow, and for a dtype other
 *   than F32, F16, BF16, U8, U32, I32, I64.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  if (bytes.length < 8) {
    throw new SafetensorsError('length', `${bytes.length} bytes are no safetensors file.`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getBigUint64(0, true);
  if (headerLength > MAX_HEADER || headerLength > bytes.length - 8) {
    throw new SafetensorsError(
      'length',
      `The header is said to be ${headerLength} bytes long, in a file of ${bytes.length}.`,
    );
  }
  const start = 8 + Number(headerLength);
  const header = parseHeader(bytes.subarray(8, start));
  const metadata = readMetadata(header.get(METADATA));
  header.delete(METADATA);

  const entries = [...header].map(([name, value]) => readEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== position) {
      throw new SafetensorsError(
        'offsets',
        `${name}: its data starts at ${begin}, ${begin < position ? 'inside' : 'with a gap after'} ` +
          `what ends at ${position}.`,
      );
    }
    position = end;
  }
  if (start + position !== bytes.length) {
    throw new SafetensorsError(
      'length',
      `The file has ${bytes.length} bytes, where its header makes it ${start + position}.`,
    );
  }

  const tensors = new Map<string, ReadTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    // A copy starts at an aligned address, as typed arrays need, and lets go of the file.
    const { buffer } = new Uint8Array(bytes.subarray(start + begin, start + end));
    tensors.set(name, toTensor(dtype, shape, buffer));
  }
  return { tensors, metadata };
}

interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array): Map<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SafetensorsError('header', 'The header is not UTF-8.');
  }
  if (!text.startsWith('{')) {
    throw new SafetensorsError('header', 'The header does not start with "{".');
  }
  try {
    value = JSON.parse(text);
  } catch {
    throw new SafetensorsError('header', 'The header is not JSON.');
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    throw new SafetensorsError('header', `The header has ${twice} twice.`);
  }
  // It starts with "{" and it is JSON, so it is an object.
  return new Map(Object.entries(value as Record<string, unknown>));
}

/**
 * A key that occurs twice in one object, as written, or undefined. JSON.parse keeps the last and
 * says nothing, and other readers keep the first: two readers would see two different files.
 *
 * @param text valid JSON
 */
function duplicateKey(text: string): string | undefined {
  const scopes: (Set<string> | undefined)[] = [];
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [found, colon] = match;
    if (found === '{') scopes.push(new Set());
    else if (found === '[') scopes.push(undefined);
    else if (found === '}' || found === ']') scopes.pop();
    else if (colon) {
      const written = found.slice(0, -colon.length);
      // Decoded, as "a" and "\u0061" are the same key.
      const key = JSON.parse(written) as string;
      const scope = scopes.at(-1);
      if (scope?.has(key)) return written;
      scope?.add(key);
    }
  }
  return undefined;
}

function readMetadata(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) {
    throw new SafetensorsError('metadata', 'The metadata are not an object.');
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new SafetensorsError('metadata', `Metadata ${JSON.stringify(key)} is not a string.`);
    }
  }
  return value as Record<string, string>;
}

function readEntry(name: string, value: unknown): Entry {
  if (!isObject(value)) throw new SafetensorsError('header', `${name}: is not an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(SIZES, dtype)) {
    throw new SafetensorsError(
      'dtype',
      `${name}: has the dtype ${JSON.stringify(dtype)}.`,
      `Those that can be read are ${Object.keys(SIZES).join(', ')}.`,
    );
  }
  const known = dtype as SafetensorsDtype;
  const count = isIntegers(shape) ? elementCount(shape) : undefined;
  if (!isIntegers(shape) || count === undefined) {
    throw new SafetensorsError('shape', `${name}: ${JSON.stringify(shape)} is no shape.`);
  }
  if (!isIntegers(offsets) || offsets.length !== 2 || offsets[1]! < offsets[0]!) {
    throw new SafetensorsError('offsets', `${name}: ${JSON.stringify(offsets)} is no range.`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== count * SIZES[known]) {
    throw new SafetensorsError(
      'offsets',
      `${name}: ${end - begin} bytes for ${known} of the shape [${shape.join(', ')}].`,
    );
  }
  return { name, dtype: known, shape, begin, end };
}

function toTensor(dtype: SafetensorsDtype, shape: readonly number[], buffer: ArrayBuffer) {
  switch (dtype) {
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'F16':
      return { dtype, shape, data: Float32Array.from(new Uint16Array(buffer), halfToFloat) };
    case 'BF16': {
      // The upper half of a float32.
      const bits = Uint32Array.from(new Uint16Array(buffer), (half) => half << 16);
      return { dtype, shape, data: new Float32Array(bits.buffer) };
    }
    case 'U8':
      return { dtype, shape, data: new Uint8Array(buffer) };
    case 'U32':
      return { dtype, shape, data: new Uint32Array(buffer) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer) };
  }
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Number of elements of a shape; undefined where it is no shape or too large for any array. */
function elementCount(shape: readonly number[]): number | undefined {
  if (shape.some((size) => !Number.isSafeInteger(size) || size < 0)) return undefined;
  const count = shape.reduce((a, b) => a * b, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}

function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a string has no lone surrogate, which UTF-8 cannot express. */
function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
