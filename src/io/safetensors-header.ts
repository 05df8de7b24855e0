import {
  elementCount,
  excerpt,
  isObject,
  isSize,
  isUnicode,
  type SafetensorsDtype,
  SafetensorsError,
  SIZES,
} from './safetensors-format.ts';

/** What the header says of a tensor. */
export interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The header's fields by name. */
export function parseHeader(bytes: Uint8Array): Map<string, unknown> {
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

/** The `__metadata__`. */
export function readMetadata(value: unknown): Record<string, string> {
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

/** What is said of a tensor, whose size is that of its data. */
export function readEntry(name: string, value: unknown): Entry {
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

function isIntegers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isSize);
}
