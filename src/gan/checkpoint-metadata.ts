// What a checkpoint says about itself, in the metadata of its file.

import type { ImageSet } from '../data/image-set.ts';
import { GanvasError } from '../graph/errors.ts';
import { sha256 } from '../io/digest.ts';
import { excerpt, type SafetensorsFile } from '../io/safetensors-format.ts';
import type { Choices } from '../runtime/plan.ts';
import { AT_LEAST_0 } from './checkpoint-layout.ts';
import { ModelError } from './dcgan.ts';
import { defaultOptions, type GanOptions, resolveOptions } from './options.ts';

/** What this code writes and reads in full. */
export const FORMAT = 'ganvas-2';

/** Keys of the metadata that say what the checkpoint is. */
export const OWN_METADATA = new Set(['format', 'step', 'options', 'choices', 'data', 'classNames']);

/**
 * A checkpoint cannot be used. `code` is `checkpoint-` and one of
 *
 * - `format`: it is no checkpoint of this engine, or of another version
 * - `metadata`, `options`: what the file says about itself is damaged, or no model
 * - `missing`, `unknown`, `dtype`, `shape`, `value`: of a tensor, which the message names
 * - `variables`: values to write do not belong to the nets they are said to be of
 * - `data`: the run was trained on other pictures, or on other labels
 */
export class CheckpointError extends GanvasError {
  override readonly name = 'CheckpointError';

  constructor(
    code:
      | 'format'
      | 'metadata'
      | 'options'
      | 'missing'
      | 'unknown'
      | 'dtype'
      | 'shape'
      | 'value'
      | 'variables'
      | 'data',
    message: string,
    advice = 'The file is damaged, or not of this model: take another checkpoint.',
  ) {
    super(`checkpoint-${code}`, message, advice);
  }
}

/** What the pictures of a run were: enough to notice others. */
export interface DataFingerprint {
  /** Number of pictures. */
  readonly count: number;
  /** SHA-256 of their bytes as they are trained on, in hexadecimal. */
  readonly digest: string;
  /** Likewise of their labels, a byte a picture, where the run has classes. */
  readonly labels?: string;
}

export function checkFormat({ format }: SafetensorsFile['metadata']): void {
  if (format === FORMAT) return;
  throw new CheckpointError(
    'format',
    `This is no checkpoint of the format ${FORMAT}, but ${format === undefined ? 'of none' : excerpt(format)}.`,
    "Training goes on from Ganvas's own checkpoints. Weights alone are enough for drawing samples.",
  );
}

/** The metadata's entry of a key, an object in JSON. */
export function readJson(
  metadata: SafetensorsFile['metadata'],
  key: string,
): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(metadata[key] ?? '');
  } catch {
    // Told below, with everything else that is no object.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointError('metadata', `The metadata's ${key} are no object in JSON.`);
  }
  return value as Record<string, unknown>;
}

/** The options in a file, checked. Learning rates may be 0: one that was set so freezes a net. */
export function readOptions(metadata: SafetensorsFile['metadata']): GanOptions {
  const { lrD, lrG, ...given } = readJson(metadata, 'options');
  for (const [name, rate] of Object.entries({ lrD, lrG })) {
    if (!(typeof rate === 'number' && AT_LEAST_0.holds(Math.fround(rate)))) {
      throw new CheckpointError('options', `The option ${name} is ${excerpt(rate)}.`);
    }
  }
  const options = asOptions(given);
  return { ...options, lrD: lrD as number, lrG: lrG as number };
}

/** `resolveOptions`, of something out of a file. */
export function asOptions(given: Record<string, unknown>): GanOptions {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(defaultOptions, name));
  if (unknown !== undefined) {
    throw new CheckpointError(
      'options',
      `The option ${excerpt(unknown)} is not known here.`,
      'A newer version may have written the file: use that one.',
    );
  }
  try {
    return resolveOptions(given);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new CheckpointError('options', `There is no such model. ${error.message}`);
  }
}

export function readChoices(metadata: SafetensorsFile['metadata']): Choices {
  const choices = readJson(metadata, 'choices');
  const odd = Object.keys(choices).find((key) => typeof choices[key] !== 'string');
  if (odd !== undefined) {
    throw new CheckpointError('metadata', `The choice of ${excerpt(odd)} is no string.`);
  }
  return choices as Choices;
}

/** What the metadata say of the pictures, where they do. */
export function readData(metadata: SafetensorsFile['metadata']): DataFingerprint | undefined {
  if (metadata.data === undefined) return undefined;
  const { count, digest, labels } = readJson(metadata, 'data');
  const counted = Number.isSafeInteger(count) && (count as number) > 0;
  const isDigest = (x: unknown): x is string => typeof x === 'string' && /^[0-9a-f]{64}$/.test(x);
  if (!counted || !isDigest(digest) || !(labels === undefined || isDigest(labels))) {
    throw new CheckpointError('metadata', "The metadata's data are no count and SHA-256 digests.");
  }
  return { count: count as number, digest, ...(labels !== undefined && { labels }) };
}

export function readClassNames(
  metadata: SafetensorsFile['metadata'],
  classes: number,
): string[] | undefined {
  if (metadata.classNames === undefined) return undefined;
  let names: unknown;
  try {
    names = JSON.parse(metadata.classNames);
  } catch {
    // Told below, with everything else that is no list of names.
  }
  const isName = (name: unknown): name is string => typeof name === 'string';
  if (!(Array.isArray(names) && names.length === classes && names.every(isName))) {
    throw new CheckpointError(
      'metadata',
      `The metadata's classNames are not the names of ${classes} classes.`,
    );
  }
  return names;
}

/**
 * What the pictures of a run are, to store with its checkpoints. Reads them all, beside the main
 * thread: some milliseconds for each 10 MB.
 *
 * @param pictures as they are trained on: fitted to the model's size and channels
 * @param labels theirs, where they are trained on too
 */
export async function fingerprintOf(
  { count, data }: ImageSet,
  labels?: Uint8Array,
): Promise<DataFingerprint> {
  const [digest, ofLabels] = await Promise.all([sha256(data), labels && sha256(labels)]);
  return { count, digest, ...(ofLabels && { labels: ofLabels }) };
}

/**
 * Makes sure that a run goes on with the pictures it began with, where the checkpoint says what they
 * were: on others, its batches would not go on where they were, and it would be another run.
 *
 * @throws {CheckpointError} `checkpoint-data` if they are others.
 */
export function checkSameData(
  { data }: { readonly data: DataFingerprint | undefined },
  { count, digest, labels }: DataFingerprint,
): void {
  if (!data) return;
  const same = data.count === count && data.digest === digest;
  if (same && data.labels === labels) return;
  const what = same
    ? `other labels than those of the ${count} pictures`
    : data.count === count
      ? `others than the ${count} pictures`
      : `${count} pictures, and not the ${data.count}`;
  throw new CheckpointError(
    'data',
    `These are ${what} that the run was trained on.`,
    'Give the same data set in the same order, or start a new run.',
  );
}
