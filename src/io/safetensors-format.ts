import { GanvasError } from '../graph/errors.ts';

/** The typed array that holds a dtype's elements, one for one. */
export const ARRAYS = {
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

export const METADATA = '__metadata__';

/** Bytes per element. */
export const SIZES: Readonly<Record<SafetensorsDtype, number>> = {
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

/** Number of elements of a shape; undefined where it is no shape or too large for any array. */
export function elementCount(shape: readonly number[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    count *= size;
    // Checked on the way: a 0 at the end would hide that it has overflown.
    if (!isSize(size) || !isSize(count)) return undefined;
  }
  return count;
}

/** A whole number from 0 that floats express exactly; JSON can also say −0. */
export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a string has no lone surrogate, which UTF-8 cannot express. */
export function isUnicode(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
