/**
 * What can be wrong with a data set. Every class names the file in its message, says what was
 * found and what was expected, and carries advice; `code` is stable, for programs.
 */

import { GanvasError } from '../graph/errors.ts';

/** Base class of everything that can be wrong with a data set. */
export class DataError extends GanvasError {
  override readonly name: string = 'DataError';
}

/** There is no picture at all: an empty file, a count of zero, an empty list. Code `data-empty`. */
export class EmptyDataError extends DataError {
  override readonly name = 'EmptyDataError';

  constructor(message: string, advice = 'Choose a data set with at least one picture.') {
    super('data-empty', message, advice);
  }
}

/** A file ends before its header says that it should. Code `data-truncated`. */
export class TruncatedDataError extends DataError {
  override readonly name = 'TruncatedDataError';

  constructor(message: string) {
    super('data-truncated', message, 'Download or copy the file again.');
  }
}

/** A file goes on after its header says that it should end. Code `data-trailing`. */
export class TrailingDataError extends DataError {
  override readonly name = 'TrailingDataError';

  constructor(message: string) {
    super('data-trailing', message, 'The header or the file is damaged: download it again.');
  }
}

/** The bytes are not of the expected format. Code `data-format`. */
export class DataFormatError extends DataError {
  override readonly name = 'DataFormatError';

  constructor(message: string, advice: string) {
    super('data-format', message, advice);
  }
}

/** Sizes make no sense, do not fit each other, or do not fit in memory. Code `data-size`. */
export class DataSizeError extends DataError {
  override readonly name = 'DataSizeError';

  constructor(message: string, advice: string) {
    super('data-size', message, advice);
  }
}

/** A gzipped file could not be unpacked. Code `data-gzip`. */
export class GzipError extends DataError {
  override readonly name = 'GzipError';

  constructor(message: string) {
    super('data-gzip', message, 'The file is cut short or damaged: download it again.');
  }
}

/** A URL, a file or a stream could not be read. Code `data-read`. */
export class DataReadError extends DataError {
  override readonly name = 'DataReadError';

  constructor(
    message: string,
    advice = 'Check the address, and that its server allows this page (CORS).',
  ) {
    super('data-read', message, advice);
  }
}

/** Not one picture of a list could be decoded. Code `data-unreadable`. */
export class NoReadablePicturesError extends DataError {
  override readonly name = 'NoReadablePicturesError';

  constructor(message: string) {
    super('data-unreadable', message, 'Choose PNG, JPEG or WebP pictures that a browser can show.');
  }
}

/** Labels are missing, or of no class. Code `data-labels`. */
export class LabelError extends DataError {
  override readonly name = 'LabelError';

  constructor(message: string, advice: string) {
    super('data-labels', message, advice);
  }
}

/** The text of whatever was thrown, for a message of our own. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
