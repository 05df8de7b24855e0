/** Hosts that serve the demo page: as developers have it, and as it is built. */

import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { build, createServer as createViteServer } from 'vite';

const CONFIG_FILE = join(import.meta.dirname, '..', '..', 'vite.config.ts');

/** As a project's page on a host that it shares with others. */
const SUB_PATH = '/pages/some-one/ganvas/';

/** Somewhere that serves the page. */
export interface Host {
  readonly url: string;
  close(): Promise<void>;
}

export async function startDevServer(): Promise<Host> {
  const server = await createViteServer({
    configFile: CONFIG_FILE,
    logLevel: 'silent',
    // A file that is saved during the test must not reload the page.
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const { port } = server.httpServer!.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.gz': 'application/gzip',
  '.json': 'application/json',
  '.png': 'image/png',
};

/** Makes the production build in a folder, with its scripts in a folder of that. */
export async function buildPage(dist: string, assetsDir = 'assets'): Promise<void> {
  // Vitest says `test`, by which Vite would build as if it were for development.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    const settings = { outDir: dist, assetsDir };
    await build({ configFile: CONFIG_FILE, logLevel: 'silent', build: settings });
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

export interface StaticHost extends Host {
  /** Whether data arrive cut short. */
  damaged: boolean;
  /** Whether data arrive a piece at a time. */
  slow: boolean;
  /** Whether the line goes down in the middle of data. */
  broken: boolean;
  /** The folder that is served. */
  dist: string;
  /** Reports of what the policy forbade, on pages and in their workers. */
  readonly violations: string[];
}

const REPORTS = '/violation';

/** As a careful host says it: nothing from elsewhere, nothing to elsewhere. */
const POLICY = [
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; connect-src 'self'",
  "img-src 'self' data: blob:; media-src blob:; base-uri 'none'; form-action 'none'",
  `report-uri ${REPORTS}`,
].join('; ');

const PIECES = 20;
const PIECE_MS = 60;

/** Sends a file as over a slow line. */
async function trickle(response: ServerResponse, bytes: Buffer): Promise<void> {
  const size = Math.ceil(bytes.length / PIECES);
  for (let from = 0; from < bytes.length; from += size) {
    response.write(bytes.subarray(from, from + size));
    await setTimeout(PIECE_MS);
  }
  response.end();
}

/** Serves the files of the production build, and nothing else, under a sub-path. */
export async function serveBuilt(dist: string): Promise<StaticHost> {
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const { dist, violations } = host;
    if (pathname === REPORTS) {
      violations.push(await text(request));
      response.end();
      return;
    }
    const path = normalize(join(dist, pathname.slice(SUB_PATH.length) || 'index.html'));
    try {
      if (!pathname.startsWith(SUB_PATH) || !path.startsWith(dist + sep)) throw new Error('no');
      if (request.method !== 'GET') throw new Error('Files only.');
      const all = await readFile(path);
      const data = path.startsWith(join(dist, 'data') + sep);
      const cut = host.damaged && data;
      const bytes = cut ? all.subarray(0, all.length >> 1) : all;
      response.setHeader('content-length', bytes.length);
      response.setHeader('content-security-policy', POLICY);
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      if (host.broken && data) response.write(bytes.subarray(0, 10_000), () => response.destroy());
      else if (host.slow && data) await trickle(response, bytes);
      else response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host: StaticHost = {
    url: `http://127.0.0.1:${port}${SUB_PATH}`,
    damaged: false,
    slow: false,
    broken: false,
    dist,
    violations: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return host;
}
