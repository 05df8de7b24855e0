/** Where data sets come from: files beside the page, and what a visitor gives. */

import {
  type DataProgress,
  DataReadError,
  type ImageSet,
  type LeftOut,
  type PictureSource,
  readIdxImages,
  readPictures,
} from '../../src/index.ts';
import { entriesOf } from './archive.ts';
import { keepFile, keptFile } from './kept-data.ts';
import type { DataSource } from './protocol.ts';

export interface Reading {
  readonly size: number;
  readonly channels: 1 | 3;
  readonly signal: AbortSignal;
  readonly onDownload: (progress: DataProgress) => void;
  readonly onDecode: (progress: DataProgress) => void;
}

/** Reads the pictures of a source: a visitor's and a sheet's in the size asked for, MNIST as it is. */
export function readSource(source: DataSource, reading: Reading): Promise<ImageSet> {
  switch (source.kind) {
    case 'mnist':
      return readMnist(source.url, reading);
    case 'atlas':
      return readAtlas(source, reading);
    case 'pictures':
      return readFiles(source, reading);
  }
}

async function readMnist(url: string, { signal, onDownload }: Reading): Promise<ImageSet> {
  const file = await download(url, 'MNIST', signal, onDownload);
  const set = await readIdxImages(file, { name: 'MNIST', signal });
  await keepFile(url, file);
  return set;
}

/** Where the pictures are on a sheet: made by vite-data.node.ts. */
interface Cells {
  /** Side of a picture in pixels. */
  readonly cell: number;
  /** From one picture to the next. */
  readonly pitch: number;
  /** Before the first one. */
  readonly border: number;
  /** Columns and rows. */
  readonly cells: readonly (readonly [number, number])[];
}

async function readAtlas(
  { name, sheet, cells: index }: Extract<DataSource, { kind: 'atlas' }>,
  { size, channels, signal, onDownload, onDecode }: Reading,
): Promise<ImageSet> {
  const [picture, list] = await Promise.all([
    download(sheet, name, signal, onDownload),
    download(index, name, signal),
  ]);
  let found: Cells;
  let whole: ImageBitmap;
  try {
    found = JSON.parse(await list.text()) as Cells;
    whole = await createImageBitmap(picture);
  } catch (error) {
    throw new DataReadError(`${name}: what was downloaded is damaged (${String(error)}).`);
  }
  const { cell, pitch, border, cells } = found;
  const sources = cells.map(([column, row], n): PictureSource => {
    const [x, y] = [column * pitch + border, row * pitch + border];
    return { name: `${name} ${n}`, open: () => createImageBitmap(whole, x, y, cell, cell) };
  });
  try {
    const set = await readPictures(sources, { size, channels, name, signal, onProgress: onDecode });
    await Promise.all([keepFile(sheet, picture), keepFile(index, list)]);
    return set;
  } finally {
    whole.close();
  }
}

/**
 * A file beside the page, or the one that was kept of it, with how much of it has come. Rejects with a
 * DataReadError, or with the reason of `signal` if it is aborted.
 */
async function download(
  url: string,
  name: string,
  signal: AbortSignal,
  onProgress?: (progress: DataProgress) => void,
): Promise<Blob> {
  try {
    const response = (await keptFile(url)) ?? (await fetch(url, { signal }));
    if (!response.ok || !response.body) throw new Error(`the server answered ${response.status}`);
    return await received(response, response.body, name, onProgress);
  } catch (error) {
    // A blob of a response that was told to break off says "Failed to fetch", as if the line were down.
    signal.throwIfAborted();
    throw new DataReadError(`${name}: ${url} could not be fetched (${String(error)}).`);
  }
}

async function received(
  response: Response,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
  onProgress?: (progress: DataProgress) => void,
): Promise<Blob> {
  const total = Number(response.headers.get('content-length')) || undefined;
  let loaded = 0;
  const report = (status: DataProgress['status']) =>
    onProgress?.({ status, file: name, loaded, total });
  report('start');
  const counted = body.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        loaded += chunk.length;
        report('progress');
        controller.enqueue(chunk);
      },
    }),
  );
  const blob = await new Response(counted).blob();
  report('done');
  return blob;
}

async function readFiles(
  { files, fit }: Extract<DataSource, { kind: 'pictures' }>,
  { size, channels, signal, onDecode }: Reading,
): Promise<ImageSet> {
  const unread: LeftOut[] = [];
  const sources: PictureSource[] = [];
  for (const file of files) {
    if (!/\.zip$/i.test(file.name)) sources.push(file);
    else {
      try {
        sources.push(...entriesOf(new Uint8Array(await file.arrayBuffer()), file.name));
      } catch (error) {
        unread.push({ name: file.name, reason: `no zip archive that can be read (${error})` });
      }
    }
    signal.throwIfAborted();
  }
  const name = 'Your pictures';
  // Nothing but an archive that is damaged: said as of any other file that cannot be read.
  const given = sources.length > 0 ? sources : files;
  const set = await readPictures(given, {
    size,
    channels,
    fit,
    name,
    signal,
    onProgress: onDecode,
  });
  return unread.length === 0 ? set : { ...set, leftOut: [...unread, ...(set.leftOut ?? [])] };
}
