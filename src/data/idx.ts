/**
 * Reader of the IDX format, in which MNIST and its relatives are published (LeCun, Cortes and
 * Burges): a big-endian header of a magic number and one uint32 per dimension, then the bytes.
 *
 *   images  0x00000803, count, rows, columns, then count × rows × columns bytes
 *   labels  0x00000801, count, then count bytes
 *
 * Strict: a file has exactly the bytes that its header promises. The header is never believed
 * before the bytes have arrived, so a damaged count cannot allocate memory; and a file is read no
 * further than its header says, so a gzip bomb is not unpacked.
 */

import {
  DataError,
  DataFormatError,
  DataReadError,
  DataSizeError,
  EmptyDataError,
  GzipError,
  reasonOf,
  TrailingDataError,
  TruncatedDataError,
} from './errors.ts';
import { allocateBytes, checkImageSet, type DataProgress, type ImageSet } from './image-set.ts';

/** Magic number of an IDX file of pictures: unsigned bytes, 3 dimensions. */
export const IDX_IMAGES = 0x00000803;

/** Magic number of an IDX file of labels: unsigned bytes, 1 dimension. */
export const IDX_LABELS = 0x00000801;

/** A file with more than this many bytes is refused: no GPU buffer could hold it anyway. */
const MAX_BYTES = 2 ** 31;

/**
 * Where an IDX file comes from: bytes in memory, a file that the user chose, an address that
 * `fetch` takes (a string is an address too), or a stream. Gzipped or not is seen from the bytes.
 */
export type IdxSource = Uint8Array | ArrayBuffer | Blob | URL | string | ReadableStream<Uint8Array>;

/** How an IDX file is read. */
export interface IdxOptions {
  /** What to call the file in messages; else its address, its file name, or "IDX data". */
  readonly name?: string;
  /** Counts bytes as they come, packed ones of a gzipped file. */
  readonly onProgress?: (progress: DataProgress) => void;
  /** Aborts the download; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Reads an IDX file of pictures.
 *
 * @returns the pictures, one channel.
 * @throws {DataError} of a named class: EmptyDataError, TruncatedDataError, TrailingDataError,
 *   DataFormatError (wrong magic), DataSizeError, GzipError, DataReadError.
 */
export async function readIdxImages(source: IdxSource, options: IdxOptions = {}) {
  const file = await readIdx(source, IDX_IMAGES, options);
  const [count, height, width] = file.shape as [number, number, number];
  const set: ImageSet = { name: file.name, count, height, width, channels: 1, data: file.data };
  return checkImageSet(set);
}

/**
 * Reads an IDX file of labels.
 *
 * @returns one byte per picture.
 * @throws {DataError} as {@link readIdxImages} does.
 */
export async function readIdxLabels(source: IdxSource, options: IdxOptions = {}) {
  return (await readIdx(source, IDX_LABELS, options)).data;
}

/**
 * Reads pictures and the labels that belong to them.
 *
 * @throws {DataError} as {@link readIdxImages} does, and DataSizeError where the counts differ.
 */
export async function readIdxDataset(
  images: IdxSource,
  labels: IdxSource,
  options: IdxOptions = {},
): Promise<ImageSet> {
  const set = await readIdxImages(images, options);
  // The name given is the set's; the label file goes by its own in messages.
  const { name: _, ...rest } = options;
  return checkImageSet({ ...set, labels: await readIdxLabels(labels, rest) });
}

interface IdxFile {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

async function readIdx(source: IdxSource, magic: number, options: IdxOptions): Promise<IdxFile> {
  const name = options.name ?? nameOf(source);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();

  // Errors of the source pass through a decompressor; this keeps them from being taken for its own.
  let sourceError: DataError | undefined;
  const opened = await open(source, name, signal);
  let loaded = 0;
  const report = (status: DataProgress['status']) => {
    onProgress?.({ status, file: name, loaded, total: opened.total });
  };
  report('start');

  const reader = opened.stream.getReader();
  const pull = async (): Promise<Uint8Array | undefined> => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        loaded += value.length;
        report('progress');
        if (value.length > 0) return value;
      }
    } catch (error) {
      sourceError = new DataReadError(`${name}: reading failed: ${reasonOf(error)}.`);
      throw sourceError;
    }
  };

  let rest: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    // Two bytes tell gzip from IDX, whose first two are zero.
    let head = await pull();
    while (head && head.length < 2) {
      const more = await pull();
      if (!more) break;
      head = concat([head, more], head.length + more.length, name);
    }
    if (!head) throw new EmptyDataError(`${name}: the file is empty.`);

    let next = pull;
    const gzipped = head[0] === 0x1f && head[1] === 0x8b;
    if (gzipped) {
      rest = gunzip(head, pull).getReader();
      const unpacked = rest;
      next = async () => {
        const { done, value } = await unpacked.read();
        return done ? undefined : value;
      };
    } else {
      let first: Uint8Array | undefined = head;
      next = async () => {
        const chunk = first ?? (await pull());
        first = undefined;
        return chunk;
      };
    }

    const file = await assemble(next, magic, name);
    report('done');
    return file;
  } catch (error) {
    signal?.throwIfAborted();
    if (sourceError) throw sourceError;
    if (error instanceof DataError) throw error;
    // What is left can only come from the decompressor.
    throw new GzipError(`${name}: the gzipped data cannot be unpacked (${reasonOf(error)}).`);
  } finally {
    // Where reading ended early the source is told; where it ended by itself this does nothing.
    rest?.cancel().catch(() => {});
    reader.cancel().catch(() => {});
  }
}

/** Collects the bytes of one file, checking its header as soon as that has arrived. */
async function assemble(
  next: () => Promise<Uint8Array | undefined>,
  magic: number,
  name: string,
): Promise<IdxFile> {
  const dimensions = magic & 0xff;
  const headerBytes = 4 + 4 * dimensions;
  const chunks: Uint8Array[] = [];
  let received = 0;
  let shape: number[] | undefined;
  let expected = Number.POSITIVE_INFINITY;

  for (let chunk = await next(); chunk; chunk = await next()) {
    chunks.push(chunk);
    received += chunk.length;
    if (!shape) {
      const head = concat(chunks, received, name);
      if (received >= 4) checkMagic(head, magic, name);
      if (received >= headerBytes) {
        shape = readShape(head, dimensions, name);
        expected = headerBytes + shape.reduce((a, b) => a * b, 1);
      }
    }
    if (received > expected) {
      throw new TrailingDataError(
        `${name}: there is data after the ${expected} bytes that its header ` +
          `(${shape?.join(' × ')}) promises.`,
      );
    }
  }

  if (received === 0) throw new EmptyDataError(`${name}: the file is empty.`);
  if (!shape) {
    throw new TruncatedDataError(
      `${name}: ${received} bytes, fewer than the ${headerBytes} of an IDX header.`,
    );
  }
  if (received < expected) {
    throw new TruncatedDataError(
      `${name}: ${received} bytes, where its header (${shape.join(' × ')}) promises ${expected}.`,
    );
  }
  return { name, shape, data: concat(chunks, received, name).subarray(headerBytes) };
}

function checkMagic(head: Uint8Array, magic: number, name: string): void {
  const found = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (found === magic) return;
  const hex = (value: number) => `0x${value.toString(16).padStart(8, '0')}`;
  const wanted = magic === IDX_IMAGES ? 'pictures' : 'labels';
  const message = `${name}: starts with ${hex(found)}, not with ${hex(magic)} (IDX ${wanted}).`;
  let advice = 'Give an IDX file, gzipped or not, such as train-images-idx3-ubyte.gz.';
  if (found === IDX_IMAGES) advice = 'That is the picture file: give the label file here.';
  else if (found === IDX_LABELS) advice = 'That is the label file: give the picture file here.';
  else if (head[0] === 0 && head[1] === 0 && head[2] !== 8 && (head[2] ?? 0) < 0x0f) {
    advice = 'Only IDX files of unsigned bytes (type 0x08) hold pictures.';
  } else if (head[0] === 0x3c) {
    advice = 'That is a web page, not a data file: check the address.';
  }
  throw new DataFormatError(message, advice);
}

function readShape(head: Uint8Array, dimensions: number, name: string): number[] {
  const view = new DataView(head.buffer, head.byteOffset);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const text = shape.join(' × ');
  if (shape[0] === 0) throw new EmptyDataError(`${name}: its header says ${text}: no entries.`);
  if (shape.includes(0)) {
    throw new DataSizeError(
      `${name}: its header says ${text}: pictures without pixels.`,
      'The header is damaged: download the file again.',
    );
  }
  if (shape.reduce((a, b) => a * b, 1) > MAX_BYTES) {
    throw new DataSizeError(
      `${name}: its header says ${text}, more than the ${MAX_BYTES} bytes that can be used.`,
      'The header is damaged, or the set has to be split.',
    );
  }
  return shape;
}

/** A stream of unpacked bytes of `head` and then whatever `pull` gives. */
function gunzip(
  head: Uint8Array,
  pull: () => Promise<Uint8Array | undefined>,
): ReadableStream<Uint8Array> {
  let first: Uint8Array | undefined = head;
  const packed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const chunk = first ?? (await pull());
      first = undefined;
      // A DecompressionStream takes no shared memory, which the type of a chunk would allow.
      if (chunk) controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      else controller.close();
    },
  });
  return packed.pipeThrough(new DecompressionStream('gzip'));
}

async function open(
  source: IdxSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ stream: ReadableStream<Uint8Array>; total: number | undefined }> {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) {
    const bytes = source instanceof ArrayBuffer ? new Uint8Array(source) : source;
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        if (bytes.length > 0) controller.enqueue(bytes);
        controller.close();
      },
    });
    return { stream, total: bytes.length };
  }
  if (source instanceof Blob) return { stream: source.stream(), total: source.size };
  if (source instanceof ReadableStream) return { stream: source, total: undefined };

  let response: Response;
  try {
    response = await fetch(source, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw new DataReadError(`${name}: could not be fetched: ${reasonOf(error)}.`);
  }
  if (!response.ok || !response.body) {
    throw new DataReadError(`${name}: the server answered ${response.status}.`);
  }
  // With a content encoding the length is that of the packed bytes, and unpacked ones arrive.
  const encoded = response.headers.has('content-encoding');
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  const total = !encoded && Number.isSafeInteger(length) ? length : undefined;
  return { stream: response.body, total };
}

function nameOf(source: IdxSource): string {
  if (typeof source === 'string') return source;
  if (source instanceof URL) return source.href;
  // Not every runtime with Blob has File.
  const name = (source as Partial<File>).name;
  return source instanceof Blob && name ? name : 'IDX data';
}

function concat(chunks: readonly Uint8Array[], length: number, name: string): Uint8Array {
  const all = allocateBytes(length, name);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
