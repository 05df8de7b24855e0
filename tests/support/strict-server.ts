// A folder of files over HTTP, as a careful host serves it: nothing but scripts and workers of its own.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';

const POLICY = "default-src 'none'; script-src 'self'; worker-src 'self'; report-uri /violation";

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
};

export interface StrictServer {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Reports of what the policy forbade. */
  readonly violations: string[];
  close(): Promise<void>;
}

export async function serveStrictly(folder: string): Promise<StrictServer> {
  const asked: string[] = [];
  const violations: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/violation') {
      let report = '';
      for await (const chunk of request) report += chunk;
      violations.push(report);
      response.end();
      return;
    }
    asked.push(pathname);
    const path = normalize(join(folder, pathname === '/' ? 'index.html' : pathname));
    try {
      if (!path.startsWith(folder + sep)) throw new Error('outside');
      const bytes = await readFile(path);
      response.setHeader('content-security-policy', POLICY);
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    violations,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
