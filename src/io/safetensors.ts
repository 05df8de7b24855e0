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

import {
  ARRAYS,
  elementCount,
  excerpt,
  isUnicode,
  METADATA,
  type ReadTensor,
  type SafetensorsDtype,
  SafetensorsError,
  type SafetensorsFile,
  SIZES,
  type WritableTensor,
} from './safetensors-format.ts';
import { parseHeader, readEntry, readMetadata } from './safetensors-header.ts';

/** The reference implementation's limit on the header. */
const MAX_HEADER = 100_000_000;

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
