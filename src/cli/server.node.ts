/**
 * The server of one run: the page with the engine (through Vite, which compiles TypeScript and
 * shaders on the way), the data files, and a place to which the page sends its results.
 *
 * It listens on the loopback interface only. Data and results have a random path, so that no other
 * page that is open on this machine can read or write them.
 */

import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createLogger, createServer as createViteServer } from 'vite';

/** The project's root: the page imports the engine's sources from there. */
const ROOT = join(import.meta.dirname, '..', '..');

/** Takes what the page sends: a grid or a checkpoint. */
export type ResultHandler = (
  kind: string,
  parameters: URLSearchParams,
  body: Buffer,
) => Promise<void>;

/** A running server. */
export interface RunServer {
  /** Address of the page. */
  readonly pageUrl: string;
  /** Path under which results are received: `${resultsUrl}/KIND?PARAMETERS`. */
  readonly resultsUrl: string;
  /** Path of a data file, by its index in the list given. */
  fileUrl(index: number): string;
  close(): Promise<void>;
}

/**
 * Starts the server on a free port of 127.0.0.1.
 *
 * @param files paths of the data files that the page may read
 * @param onResult its rejection is answered with status 500 and its message
 */
export async function startServer(
  files: readonly string[],
  onResult: ResultHandler,
): Promise<RunServer> {
  const secret = `/ganvas-${randomBytes(16).toString('hex')}`;
  // Standard output belongs to --json, and nobody here can act on a warning of Vite's.
  const logger = createLogger('silent');
  const http = createHttpServer();
  const vite = await createViteServer({
    root: ROOT,
    configFile: false,
    appType: 'custom',
    customLogger: logger,
    clearScreen: false,
    publicDir: false,
    // The engine has no dependencies; looking for some would make Vite reload the page.
    optimizeDeps: { noDiscovery: true, include: [] },
    // A source that changes during a run must not change the run.
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/') {
      const page = await readFile(join(import.meta.dirname, 'page', 'index.html'));
      response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
    } else if (url.pathname.startsWith(`${secret}/files/`)) {
      const path = files[Number(url.pathname.slice(`${secret}/files/`.length))];
      if (path === undefined) response.writeHead(404).end();
      else await sendFile(path, response);
    } else if (url.pathname.startsWith(`${secret}/results/`) && request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const kind = url.pathname.slice(`${secret}/results/`.length);
      await onResult(kind, url.searchParams, Buffer.concat(chunks));
      response.writeHead(204).end();
    } else {
      vite.middlewares(request, response, () => response.writeHead(404).end());
    }
  };
  http.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(error instanceof Error ? error.message : String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', resolve);
  });

  return {
    pageUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    resultsUrl: `${secret}/results`,
    fileUrl: (index) => `${secret}/files/${index}`,
    async close() {
      http.closeAllConnections();
      await Promise.all([
        new Promise<void>((resolve) => {
          http.close(() => resolve());
        }),
        vite.close(),
      ]);
    },
  };
}

async function sendFile(path: string, response: ServerResponse): Promise<void> {
  const { size } = await stat(path);
  response.setHeader('content-type', 'application/octet-stream').setHeader('content-length', size);
  await pipeline(createReadStream(path), response);
}
