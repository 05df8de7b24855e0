// Serves files from memory on the loopback interface: only a secure context has WebGPU.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Ganvas: the benchmark</title>
    <link rel="icon" href="data:,">
    <script type="module" src="/main.js"></script>
  </head>
  <body></body>
</html>
`;

export interface FileServer {
  readonly url: string;
  /** By name; may be added to while it serves. */
  readonly files: Map<string, string | Uint8Array>;
  close(): void;
}

/** Serves the page at `/` and `files` by their names. */
export async function serve(files: Map<string, string | Uint8Array>): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const name = decodeURIComponent(path.slice(1));
    const file = name === '' ? PAGE : files.get(name);
    if (file === undefined) {
      response.writeHead(404).end();
      return;
    }
    const type = name === '' ? 'text/html' : /\.js$/.test(name) ? 'text/javascript' : undefined;
    response.setHeader(
      'content-type',
      type ? `${type}; charset=utf-8` : 'application/octet-stream',
    );
    response.end(file);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    files,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
