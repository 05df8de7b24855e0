/** A set of pictures in memory, as bytes: what readers make and what the trainer uploads. */

import { DataFormatError, DataSizeError, EmptyDataError } from './errors.ts';

/** A file that was asked for and could not be used. */
export interface LeftOut {
  /** The file's name, with its folder where that is known. */
  readonly name: string;
  /** Why it could not be used, in words. */
  readonly reason: string;
}

/** Pictures of one size, uint8 (0 to 255, sRGB as stored), channels last. */
export interface ImageSet {
  /** What to call the set in messages and records. */
  readonly name: string;
  /** Number of pictures, at least 1. */
  readonly count: number;
  /** Rows of each picture, in pixels. */
  readonly height: number;
  /** Columns of each picture, in pixels. */
  readonly width: number;
  /** 1 grey, 3 RGB, 4 RGBA with straight (not premultiplied) alpha; 2 is carried as it is. */
  readonly channels: number;
  /** Shape [count, height, width, channels], row-major. */
  readonly data: Uint8Array;
  /** The number of each picture's class, from 0 on, where the source has classes. */
  readonly labels?: Uint8Array;
  /** What the classes are called, by their numbers, where the source has names for them. */
  readonly classNames?: readonly string[];
  /** Files that were asked for and could not be read; absent or empty where all could. */
  readonly leftOut?: readonly LeftOut[];
}

/** Progress of reading a data set. */
export interface DataProgress {
  /** `start` once, `progress` any number of times, `done` once. */
  readonly status: 'start' | 'progress' | 'done';
  /** The file being read, or the name of the set where its files are read together. */
  readonly file: string;
  /** Bytes read of a file; pictures decoded of a set. */
  readonly loaded: number;
  /** In the unit of `loaded`; undefined where it is not known in advance. */
  readonly total: number | undefined;
}

/**
 * Returns `set` if its numbers fit together.
 *
 * @throws {DataFormatError} if the data or labels are anything but a Uint8Array.
 * @throws {EmptyDataError} if it has no pictures.
 * @throws {DataSizeError} if a size is not a positive integer, if the data is not
 *   count × height × width × channels bytes, or if there is not one label per picture.
 */
export function checkImageSet(set: ImageSet): ImageSet {
  // Floats of the right number would pass every test of sizes.
  for (const bytes of set.labels === undefined ? [set.data] : [set.data, set.labels]) {
    if (!(bytes instanceof Uint8Array)) {
      throw new DataFormatError(
        `${set.name}: the pixels or labels are ${Object.prototype.toString.call(bytes).slice(8, -1)}.`,
        'Give a Uint8Array, pixels from 0 to 255.',
      );
    }
  }
  if (set.count === 0) throw new EmptyDataError(`${set.name}: there are no pictures.`);
  for (const key of ['count', 'height', 'width', 'channels'] as const) {
    if (!Number.isSafeInteger(set[key]) || set[key] < 1) {
      throw new DataSizeError(
        `${set.name}: ${key} is ${set[key]}.`,
        'It has to be a positive whole number.',
      );
    }
  }
  if (set.channels > 4) {
    throw new DataSizeError(
      `${set.name}: ${set.channels} channels.`,
      'Pictures have 1 to 4 channels, channels last.',
    );
  }
  const expected = set.count * set.height * set.width * set.channels;
  if (set.data.length !== expected) {
    throw new DataSizeError(
      `${set.name}: ${set.data.length} bytes for ${set.count} pictures of ` +
        `${set.height}×${set.width}×${set.channels}.`,
      `Expected ${expected} bytes.`,
    );
  }
  if (set.labels && set.labels.length !== set.count) {
    throw new DataSizeError(
      `${set.name}: ${set.labels.length} labels for ${set.count} pictures.`,
      'Give the label file that belongs to the picture file.',
    );
  }
  return set;
}

/**
 * A zeroed byte array for `what`.
 *
 * @throws {DataSizeError} where the machine cannot hold it, instead of a bare RangeError.
 */
export function allocateBytes(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch {
    throw new DataSizeError(
      `${what} needs ${Math.ceil(length / 2 ** 20)} MiB, more than this browser can hold at once.`,
      'Use fewer pictures or a smaller size.',
    );
  }
}
