/**
 * Pictures that a browser can decode (PNG, JPEG, WebP, …) as an ImageSet. Works in a page and in a
 * worker: it needs createImageBitmap and OffscreenCanvas, and no document.
 */

import { EmptyDataError, NoReadablePicturesError, reasonOf } from './errors.ts';
import {
  allocateBytes,
  checkImageSet,
  type DataProgress,
  type ImageSet,
  type LeftOut,
} from './image-set.ts';
import { convertChannels, resizePicture } from './resize.ts';

/** A picture: a file that the user chose, or a name and how to get its bytes when it is its turn. */
export type PictureSource =
  | File
  | {
      /** What to call it in messages. */
      readonly name: string;
      /** Gets its bytes, or the picture itself, which is then closed; called once. */
      readonly open: () => Promise<Blob | ImageBitmap>;
    };

/**
 * How a picture that is not square becomes so, in the words of CSS's `object-fit`: `cover` cuts to the
 * centre, `contain` shows all of it on white (transparent where there is opacity), `fill` stretches.
 */
export type PictureFit = 'cover' | 'contain' | 'fill';

/** What pictures are made into. */
export interface PictureOptions {
  /** Side of the resulting pictures, in pixels. */
  readonly size: number;
  /** 1 (grey), 3 (RGB, transparency over white) or 4 (RGBA). */
  readonly channels: 1 | 3 | 4;
  /** By default `cover`. */
  readonly fit?: PictureFit;
  /** What to call the set; else "pictures". */
  readonly name?: string;
  /** Counts pictures, unreadable ones among them. */
  readonly onProgress?: (progress: DataProgress) => void;
  /** Stops between two pictures; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Pictures decoded at once: enough to keep the decoder threads busy, few enough for memory. */
const CONCURRENCY = 4;

/**
 * Side above which a picture is shrunk by the canvas before it is averaged exactly. Reading back a
 * 24-megapixel photograph to make 64×64 of it would take 100 MB and a good part of a second.
 */
const EXACT_SIDE = 1024;

/**
 * Decodes pictures, makes each square and resizes it to `size` × `size` (exact area average where that
 * shrinks, bilinear where it grows). Orientation tags are applied.
 *
 * @param files in the order of the result; unreadable ones are left out and named in `leftOut`
 * @throws {EmptyDataError} if `files` is empty.
 * @throws {NoReadablePicturesError} if not one could be decoded.
 * @throws {DataSizeError} if the pictures together do not fit in memory.
 */
export async function readPictures(
  files: Iterable<PictureSource>,
  options: PictureOptions,
): Promise<ImageSet> {
  const sources = [...files];
  const { size, channels, fit = 'cover', signal, onProgress, name = 'pictures' } = options;
  signal?.throwIfAborted();
  if (sources.length === 0) throw new EmptyDataError(`${name}: there are no pictures to read.`);

  const bytes = size * size * channels;
  const data = allocateBytes(sources.length * bytes, `${name} at ${size}×${size}×${channels}`);
  const failures = new Map<number, LeftOut>();
  let loaded = 0;
  let next = 0;
  const report = (status: DataProgress['status']) =>
    onProgress?.({ status, file: name, loaded, total: sources.length });
  report('start');

  const work = async () => {
    // Each of the few workers has a canvas of its own, reused for all its pictures.
    const canvas = new OffscreenCanvas(1, 1);
    while (next < sources.length) {
      signal?.throwIfAborted();
      const index = next++;
      const source = sources[index]!;
      let bitmap: ImageBitmap | undefined;
      try {
        const opened = source instanceof Blob ? source : await source.open();
        bitmap = opened instanceof Blob ? await createImageBitmap(opened) : opened;
        data.set(pixelsOf(bitmap, canvas, size, channels, fit), index * bytes);
      } catch (error) {
        failures.set(index, { name: pathOf(source), reason: reasonOf(error) });
      } finally {
        bitmap?.close();
      }
      loaded++;
      report('progress');
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, sources.length) }, work));
  signal?.throwIfAborted();

  const leftOut = [...failures].sort(([a], [b]) => a - b).map(([, failure]) => failure);
  const count = sources.length - leftOut.length;
  if (count === 0) {
    const { name: file, reason } = leftOut[0]!;
    throw new NoReadablePicturesError(
      `${name}: none of ${sources.length} files could be read as a picture (${file}: ${reason}).`,
    );
  }
  report('done');
  return checkImageSet({
    name,
    count,
    height: size,
    width: size,
    channels,
    data: failures.size === 0 ? data : closeGaps(data, bytes, failures),
    leftOut,
  });
}

function pixelsOf(
  bitmap: ImageBitmap,
  canvas: OffscreenCanvas,
  size: number,
  channels: number,
  fit: PictureFit,
): Uint8Array {
  const { width, height } = bitmap;
  const square = fit === 'cover' ? Math.min(width, height) : Math.max(width, height);
  const side = Math.min(square, Math.max(EXACT_SIDE, 2 * size));
  canvas.width = side;
  canvas.height = side;
  // The canvas is only ever read back, so it is kept out of the GPU's memory.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser gives no 2-D canvas');
  context.imageSmoothingQuality = 'high';
  context.clearRect(0, 0, side, side);
  // Whole pixels, so that a picture that is only cut keeps its own.
  const drawn = (length: number) => Math.round((length * side) / square);
  const [w, h] = fit === 'fill' ? [side, side] : [drawn(width), drawn(height)];
  const [left, top] = [(w - side) >> 1, (h - side) >> 1];
  context.drawImage(bitmap, -left, -top, Math.max(1, w), Math.max(1, h));
  const { data } = context.getImageData(0, 0, side, side);
  const rgba = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const pixels = convertChannels(rgba, 4, channels);
  return resizePicture(pixels, side, side, channels, size, size);
}

function closeGaps(
  data: Uint8Array,
  bytes: number,
  failures: ReadonlyMap<number, LeftOut>,
): Uint8Array {
  let kept = 0;
  for (let i = 0; i * bytes < data.length; i++) {
    if (failures.has(i)) continue;
    if (kept !== i) data.copyWithin(kept * bytes, i * bytes, (i + 1) * bytes);
    kept++;
  }
  return data.slice(0, kept * bytes);
}

/** With the folder, where the picture was dropped or chosen with one. */
function pathOf(source: PictureSource): string {
  return ('webkitRelativePath' in source && source.webkitRelativePath) || source.name;
}
