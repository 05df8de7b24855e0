import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DataFormatError,
  DataReadError,
  DataSizeError,
  EmptyDataError,
  GzipError,
  TrailingDataError,
  TruncatedDataError,
} from '../../src/data/errors.ts';
import {
  type IdxSource,
  readIdxDataset,
  readIdxImages,
  readIdxLabels,
} from '../../src/data/idx.ts';
import type { DataProgress } from '../../src/data/image-set.ts';
import { GanvasError } from '../../src/graph/errors.ts';

function idx(magic: number, shape: readonly number[], data: readonly number[]): Uint8Array {
  const file = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, magic);
  shape.forEach((size, i) => {
    view.setUint32(4 + 4 * i, size);
  });
  file.set(data, 4 + 4 * shape.length);
  return file;
}

const pixels = Array.from({ length: 24 }, (_, i) => i * 10);
const images = idx(0x803, [2, 3, 4], pixels);
const labels = idx(0x801, [2], [7, 3]);

/** A stream that hands out `bytes` in pieces of `size`. */
function streamOf(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

async function errorOf(promise: Promise<unknown>): Promise<GanvasError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GanvasError);
  return error as GanvasError;
}

describe('readIdxImages', () => {
  const gzipped = new Uint8Array(gzipSync(images));
  const sources: [string, () => IdxSource][] = [
    ['bytes', () => images],
    ['a part of a buffer', () => Uint8Array.of(9, 9, ...images, 9).subarray(2, -1)],
    ['an ArrayBuffer', () => images.slice().buffer],
    ['a Blob', () => new Blob([images.slice()])],
    ['a stream, byte by byte', () => streamOf(images, 1)],
    ['a stream in threes', () => streamOf(images, 3)],
    ['gzipped bytes', () => gzipped],
    ['a gzipped stream, byte by byte', () => streamOf(gzipped, 1)],
  ];
  it.each(sources)('reads %s', async (_, make) => {
    const set = await readIdxImages(make(), { name: 'test' });
    expect(set).toMatchObject({ name: 'test', count: 2, height: 3, width: 4, channels: 1 });
    expect([...set.data]).toEqual(pixels);
  });

  it('keeps no part of the bytes it was given', async () => {
    const copy = images.slice();
    const set = await readIdxImages(copy);
    copy.fill(0);
    expect(set.data[1]).toBe(10);
  });

  it('takes labels, and pairs them with their pictures', async () => {
    expect([...(await readIdxLabels(labels))]).toEqual([7, 3]);
    const set = await readIdxDataset(images, labels, { name: 'pair' });
    expect([...(set.labels ?? [])]).toEqual([7, 3]);
    const error = await errorOf(readIdxDataset(images, idx(0x801, [3], [1, 2, 3])));
    expect(error).toBeInstanceOf(DataSizeError);
    expect(error.message).toContain('3 labels for 2 pictures');
  });

  const header = images.slice(0, 16);
  type Class = new (...args: never[]) => GanvasError;
  const bad: [string, Uint8Array, Class, string][] = [
    ['an empty file', new Uint8Array(0), EmptyDataError, 'empty'],
    ['a gzipped empty file', new Uint8Array(gzipSync('')), EmptyDataError, 'empty'],
    ['one byte', Uint8Array.of(0), TruncatedDataError, '1 bytes'],
    ['half a header', images.slice(0, 10), TruncatedDataError, '10 bytes'],
    ['a header without pixels', header, TruncatedDataError, 'promises 40'],
    ['a missing byte', images.slice(0, -1), TruncatedDataError, '39 bytes'],
    ['a byte too many', Uint8Array.of(...images, 0), TrailingDataError, 'after the 40'],
    [
      'a gzipped byte too many',
      new Uint8Array(gzipSync(Uint8Array.of(...images, 0))),
      TrailingDataError,
      'after the 40',
    ],
    ['a label file', labels, DataFormatError, 'label file'],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html>'), DataFormatError, 'web page'],
    ['a PNG', Uint8Array.of(0x89, 0x50, 0x4e, 0x47), DataFormatError, '0x89504e47'],
    ['floats', idx(0xd03, [1, 1, 1], [0, 0, 0, 0]), DataFormatError, 'unsigned bytes'],
    ['no pictures', idx(0x803, [0, 28, 28], []), EmptyDataError, '0 × 28 × 28'],
    ['no pixels', idx(0x803, [2, 0, 28], []), DataSizeError, '2 × 0 × 28'],
    [
      'an enormous count',
      idx(0x803, [2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [1]),
      DataSizeError,
      'more than',
    ],
    ['a count near the limit', idx(0x803, [2 ** 30, 1, 1], [1]), TruncatedDataError, '17 bytes'],
  ];
  it.each(bad)('refuses %s', async (_, bytes, type, text) => {
    const error = await errorOf(readIdxImages(bytes, { name: 'some file' }));
    expect(error).toBeInstanceOf(type);
    expect(error.message).toContain('some file');
    expect(error.message).toContain(text);
    expect(error.advice).not.toBe('');
    expect(error.code).toMatch(/^data-/);
  });

  it('refuses a gzipped file that is cut short or damaged', async () => {
    const noise = idx(
      0x803,
      [10, 10, 10],
      Array.from({ length: 1000 }, (_, i) => (i * 7919) & 255),
    );
    const packed = new Uint8Array(gzipSync(noise));
    const cut = await errorOf(readIdxImages(packed.slice(0, -30)));
    expect(cut).toBeInstanceOf(GzipError);
    const damaged = packed.slice();
    damaged.fill(0xff, 40, 60);
    expect(await errorOf(readIdxImages(damaged))).toBeInstanceOf(GzipError);
    expect(await errorOf(readIdxImages(packed.slice(0, 5)))).toBeInstanceOf(GzipError);
  });

  it('reads no further than the header promises', async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(pulled++ === 0 ? images : new Uint8Array(1000));
      },
    });
    expect(await errorOf(readIdxImages(endless))).toBeInstanceOf(TrailingDataError);
    expect(pulled).toBeLessThan(5);
  });

  it('passes on what goes wrong in the source', async () => {
    const broken = (first: Uint8Array) =>
      new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(first),
        pull: (controller) => controller.error(new Error('the cable is out')),
      });
    for (const first of [images.slice(0, 20), gzipped.slice(0, 12)]) {
      const error = await errorOf(readIdxImages(broken(first)));
      expect(error).toBeInstanceOf(DataReadError);
      expect(error.message).toContain('the cable is out');
    }
  });
});

describe('readIdxImages from an address', () => {
  let server: Server;
  let base: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/images') response.end(images);
      else if (request.url === '/images.gz') response.end(gzipSync(images));
      else if (request.url === '/encoded') {
        response.setHeader('content-encoding', 'gzip').end(gzipSync(images));
      } else if (request.url === '/slow') response.write(images.slice(0, 20));
      else if (request.url === '/cut') {
        response.setHeader('content-length', images.length).write(images.slice(0, 20));
        setTimeout(() => response.destroy(), 20);
      } else response.writeHead(404).end('<html>');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['/images', '/images.gz', '/encoded'])('reads %s and tells progress', async (path) => {
    const seen: DataProgress[] = [];
    const set = await readIdxImages(new URL(path, base), { onProgress: (p) => seen.push(p) });
    expect([...set.data]).toEqual(pixels);
    expect(seen.at(0)).toMatchObject({ status: 'start', file: base + path, loaded: 0 });
    const last = seen.at(-1)!;
    expect(last.status).toBe('done');
    // With a content encoding the length is that of other bytes than those that arrive.
    expect(last.total).toBe(path === '/encoded' ? undefined : last.loaded);
    expect(seen.some((p) => p.status === 'progress')).toBe(true);
  });

  it('names the address when there is nothing', async () => {
    const error = await errorOf(readIdxImages(`${base}/missing`));
    expect(error).toBeInstanceOf(DataReadError);
    expect(error.message).toContain('/missing: the server answered 404');
    const closed = await errorOf(readIdxImages('http://127.0.0.1:9/x'));
    expect(closed).toBeInstanceOf(DataReadError);
    expect(await errorOf(readIdxImages(`${base}/cut`))).toBeInstanceOf(DataReadError);
  });

  it('stops when told to', async () => {
    const control = new AbortController();
    const promise = readIdxImages(`${base}/slow`, {
      signal: control.signal,
      onProgress: ({ status }) => status === 'progress' && control.abort(new Error('enough')),
    });
    await expect(promise).rejects.toThrow('enough');
    await expect(readIdxImages(images, { signal: control.signal })).rejects.toThrow('enough');
  });
});
