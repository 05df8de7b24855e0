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

/** The typed array that holds a dtype's elements, one for one. */
const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const satisfies Record<keyof ArrayOf, unknown>;

interface ArrayOf {
  F64: Float64Array;
  F32: Float32Array;
  I64: BigInt64Array;
  U64: BigUint64Array;
  I32: Int32Array;
  U32: Uint32Array;
  I16: Int16Array;
  U16: Uint16Array;
  I8: Int8Array;
  U8: Uint8Array;
}

/** Element types that can be written, each from the typed array of that type. */
export type WritableDtype = keyof ArrayOf;

/** Element types that can be read. F16 and BF16 are widened to float32 on the way in; BOOL is bytes. */
export type SafetensorsDtype = WritableDtype | 'F16' | 'BF16' | 'BOOL';

/** A tensor to write: the data's type follows from the dtype. */
export type WritableTensor = {
  [D in WritableDtype]: {
    /** Type of the elements in the file. */
    readonly dtype: D;
    /** Sizes of the axes, outermost first. */
    readonly shape: readonly number[];
    /** The elements, the last axis fastest. */
    readonly data: ArrayOf[D];
  };
}[WritableDtype];

/** A tensor that was read; `dtype` is the one in the file. */
export type ReadTensor =
  | WritableTensor
  | {
      /** Half precision in the file, widened here. */
      readonly dtype: 'F16' | 'BF16';
      /** Sizes of the axes, outermost first. */
      readonly shape: readonly number[];
      /** The elements, the last axis fastest. */
      readonly data: Float32Array;
    }
  | {
      /** A byte each. */
      readonly dtype: 'BOOL';
      /** Sizes of the axes, outermost first. */
      readonly shape: readonly number[];
      /** The elements, the last axis fastest. */
      readonly data: Uint8Array;
    };

/** What is in a safetensors file. */
export interface SafetensorsFile {
  /** By name, in the order of their data in the file. */
  readonly tensors: Map<string, ReadTensor>;
  /** The `__metadata__` strings; empty where there are none. It inherits nothing, whatever its keys. */
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
  ...(Object.fromEntries(
    Object.entries(ARRAYS).map(([dtype, array]) => [dtype, array.BYTES_PER_ELEMENT]),
  ) as Record<WritableDtype, number>),
  ...{ F16: 2, BF16: 2, BOOL: 1 },
};

/** Something out of a file for a message: its size there is the file's to choose, so not here. */
export function excerpt(value: unknown): string {
  if (Array.isArray(value)) {
    // Only flat: lists inside lists may be deeper than the stack.
    return `[${value.slice(0, 8).map((item) => (Array.isArray(item) ? '[…]' : excerpt(item)))}${value.length > 8 ? ',…' : ''}]`;
  }
  if (isObject(value)) return 'an object';
  const text = typeof value === 'string' ? value : String(value);
  const short = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return typeof value === 'string' ? JSON.stringify(short) : short;
}

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
        `metadata ${excerpt(key)} is not a Unicode string.`,
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
        `${excerpt(name)} cannot be a tensor's name.`,
        'Choose another.',
      );
    }
    const count = elementCount(shape);
    if (count === undefined || data.length !== count) {
      throw new SafetensorsError(
        'shape',
        `${excerpt(name)}: ${data.length} elements for the shape [${shape.join(', ')}].`,
        mine,
      );
    }
    if (!(Object.hasOwn(ARRAYS, dtype) && data instanceof ARRAYS[dtype])) {
      throw new SafetensorsError(
        'dtype',
        `${excerpt(name)}: ${dtype} with a ${data.constructor.name}.`,
        `Writes ${Object.keys(ARRAYS).join(', ')}, each from the typed array of that type.`,
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
 * It takes time and memory in proportion to the file, whatever the file says.
 *
 * @throws {SafetensorsError} for anything that the format does not allow, and for a dtype that is
 *   not a `SafetensorsDtype`.
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
        `${excerpt(name)}: its data starts at ${begin}, ${begin < position ? 'inside' : 'with a gap after'} ` +
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
  checkStructure(text);
  try {
    value = JSON.parse(text);
  } catch {
    throw new SafetensorsError('header', 'The header is not JSON.');
  }
  // It starts with "{" and it is JSON, so it is an object.
  return new Map(Object.entries(value as Record<string, unknown>));
}

/** Levels of objects and lists that a header may have. The format needs 3. */
const MAX_DEPTH = 8;

/**
 * Refuses what JSON.parse would take: nesting without end, and a key that occurs twice in one
 * object. Of two equal keys JSON.parse keeps the last, and other readers the first: two readers would
 * see two different files. Text that is no JSON may pass, as parsing it comes next.
 */
function checkStructure(text: string): void {
  const scopes: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const found = text[i];
    if (found === '{' || found === '[') {
      if (scopes.push(found === '{' ? new Set() : undefined) > MAX_DEPTH) {
        throw new SafetensorsError('header', 'The header has lists inside lists inside lists.');
      }
    } else if (found === '}' || found === ']') {
      scopes.pop();
    } else if (found === '"') {
      const begin = i;
      for (i++; i < text.length && text[i] !== '"'; i++) if (text[i] === '\\') i++;
      let next = i + 1;
      while (' \t\n\r'.includes(text[next] ?? '?')) next++;
      const scope = scopes.at(-1);
      if (text[next] !== ':' || !scope) continue;
      const key = decodeKey(text.slice(begin, i + 1));
      if (scope.has(key)) {
        throw new SafetensorsError('header', `The header has ${excerpt(key)} twice.`);
      }
      scope.add(key);
    }
  }
}

/** A key without its quotes; "a" and "\u0061" are the same. */
function decodeKey(written: string): string {
  if (!written.includes('\\')) return written.slice(1, -1);
  try {
    return JSON.parse(written) as string;
  } catch {
    throw new SafetensorsError('header', 'The header is not JSON.');
  }
}

function readMetadata(value: unknown): Record<string, string> {
  const metadata = Object.create(null) as Record<string, string>;
  if (value === undefined) return metadata;
  if (!isObject(value)) {
    throw new SafetensorsError('metadata', 'The metadata are not an object.');
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string' || !isUnicode(key) || !isUnicode(text)) {
      throw new SafetensorsError('metadata', `Metadata ${excerpt(key)} is no Unicode string.`);
    }
    metadata[key] = text;
  }
  return metadata;
}

function readEntry(name: string, value: unknown): Entry {
  const what = excerpt(name);
  if (!isUnicode(name)) throw new SafetensorsError('name', `${what} is no Unicode string.`);
  if (!isObject(value)) throw new SafetensorsError('header', `${what}: is not an object.`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(SIZES, dtype)) {
    throw new SafetensorsError(
      'dtype',
      `${what}: has the dtype ${excerpt(dtype)}.`,
      `Those that can be read are ${Object.keys(SIZES).join(', ')}.`,
    );
  }
  const known = dtype as SafetensorsDtype;
  const count = isIntegers(shape) ? elementCount(shape) : undefined;
  if (!isIntegers(shape) || count === undefined) {
    throw new SafetensorsError('shape', `${what}: ${excerpt(shape)} is no shape.`);
  }
  if (!isIntegers(offsets) || offsets.length !== 2 || offsets[1]! < offsets[0]!) {
    throw new SafetensorsError('offsets', `${what}: ${excerpt(offsets)} is no range.`);
  }
  const [begin, end] = offsets as [number, number];
  if (end - begin !== count * SIZES[known]) {
    throw new SafetensorsError(
      'offsets',
      `${what}: ${end - begin} bytes for ${known} of the shape ${excerpt(shape)}.`,
    );
  }
  return { name, dtype: known, shape, begin, end };
}

function toTensor(
  dtype: SafetensorsDtype,
  shape: readonly number[],
  buffer: ArrayBuffer,
): ReadTensor {
  switch (dtype) {
    case 'F16':
      return { dtype, shape, data: widen(new Uint16Array(buffer)) };
    case 'BF16': {
      // The upper half of a float32.
      const bits = Uint32Array.from(new Uint16Array(buffer));
      for (let i = 0; i < bits.length; i++) bits[i] <<= 16;
      return { dtype, shape, data: new Float32Array(bits.buffer) };
    }
    case 'BOOL':
      return { dtype, shape, data: new Uint8Array(buffer) };
    default:
      return { dtype, shape, data: new ARRAYS[dtype](buffer) } as WritableTensor;
  }
}

/**
 * The elements of a tensor of any float type as float32; F64 is rounded. Shares the tensor's memory
 * where nothing has to be converted.
 *
 * @throws {SafetensorsError} for integers and booleans, code `safetensors-dtype`.
 */
export function toFloat32({ dtype, data }: ReadTensor): Float32Array {
  switch (dtype) {
    case 'F32':
    case 'F16':
    case 'BF16':
      return data;
    case 'F64':
      return new Float32Array(data);
    default:
      throw new SafetensorsError(
        'dtype',
        `${dtype} is no float type.`,
        'Give F32, F16, BF16 or F64.',
      );
  }
}

function widen(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = halfToFloat(halves[i]);
  return floats;
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
  let count = 1;
  for (const size of shape) {
    count *= size;
    // Checked on the way: a 0 at the end would hide that it has overflown.
    if (!isSize(size) || !isSize(count)) return undefined;
  }
  return count;
}

/** A whole number from 0 that floats express exactly; JSON can also say −0. */
const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);

function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a string has no lone surrogate, which UTF-8 cannot express. */
function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
