/** The demo page as a person uses it, and hosts that serve it. */

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, sep } from 'node:path';
import { PNG } from 'pngjs';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { build, createServer as createViteServer } from 'vite';
import { expect } from 'vitest';

const CONFIG_FILE = join(import.meta.dirname, '..', '..', 'vite.config.ts');

/** As a project's page on a host that it shares with others. */
const SUB_PATH = '/pages/some-one/ganvas/';

/** Compiling for the software adapter, on a machine of two cores that does other things besides. */
export const START_MS = 90_000;

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

/** A host whose data arrive cut short while `damaged` is set. */
export interface StaticHost extends Host {
  damaged: boolean;
  /** The folder that is served. */
  dist: string;
}

/** As a careful host says it: nothing but scripts and workers of its own. */
const POLICY = "script-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'";

/** Serves the files of the production build, and nothing else, under a sub-path. */
export async function serveBuilt(dist: string): Promise<StaticHost> {
  const server: Server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const { dist } = host;
    const path = normalize(join(dist, pathname.slice(SUB_PATH.length) || 'index.html'));
    try {
      if (!pathname.startsWith(SUB_PATH) || !path.startsWith(dist + sep)) throw new Error('no');
      const all = await readFile(path);
      const cut = host.damaged && path.endsWith('.gz');
      const bytes = cut ? all.subarray(0, all.length >> 1) : all;
      response.setHeader('content-security-policy', POLICY);
      response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
      response.setHeader('content-length', bytes.length).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host: StaticHost = {
    url: `http://127.0.0.1:${port}${SUB_PATH}`,
    damaged: false,
    dist,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return host;
}

/** Milliseconds from a press. */
export interface Times {
  readonly changed: number;
  readonly shown: number;
}

/** The page as a person uses it: by the names of its controls and the words on it. */
export class Visitor {
  /** All that the browser complained of. */
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on('console', (message) => {
      if (!message.text().startsWith('[vite] connect')) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('requestfailed', (request) => {
      // A picture of the film that nobody looks at any more need not be loaded to its end.
      const left =
        request.url().startsWith('blob:') && /ABORTED/.test(request.failure()?.errorText ?? '');
      if (!left) this.complaints.push(`failed: ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
  }

  /** @param script runs before the page's own */
  static async open(
    browser: Pick<Browser, 'newPage'>,
    url: string,
    { width = 1280, script }: { width?: number; script?: string } = {},
  ): Promise<Visitor> {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 900 });
    if (script) await page.evaluateOnNewDocument(script);
    const visitor = new Visitor(page);
    await page.goto(url);
    return visitor;
  }

  async find(name: string, role: string): Promise<ElementHandle<Element>> {
    const found = await this.page.waitForSelector(`::-p-aria([name="${name}"][role="${role}"])`);
    if (!found) throw new Error(`There is no ${role} "${name}".`);
    return found;
  }

  async press(name: string): Promise<void> {
    await (await this.find(name, 'button')).click();
  }

  async choose(name: string, value: string): Promise<void> {
    await (await this.find(name, 'combobox')).select(value);
  }

  /** A model that the software adapter trains at many steps a second. */
  async chooseSmallest(): Promise<void> {
    await this.choose('Image size', '16');
    await this.choose('Width', '8');
    await this.choose('Batch', '16');
  }

  /** Waits until the line that says how things are says this. */
  async says(status: string, timeout = 30_000): Promise<void> {
    await this.page.waitForFunction(
      (text) => document.querySelector('[role=status]')?.textContent === text,
      { timeout, polling: 50 },
      status,
    );
  }

  async reaches(step: number): Promise<void> {
    await this.page.waitForFunction(
      (least) =>
        Number(document.querySelector('.readouts dd')?.textContent?.replaceAll(',', '')) >= least,
      { timeout: START_MS, polling: 50 },
      step,
    );
  }

  async step(): Promise<number> {
    return Number((await this.readouts())[0]?.replaceAll(',', ''));
  }

  readouts(): Promise<string[]> {
    return this.page.$$eval('.readouts dd', (all) => all.map((dd) => dd.textContent ?? ''));
  }

  /** Both losses, D(x) and D(G(z)), as they stand above the charts. */
  values(): Promise<number[]> {
    return this.page.$$eval('.legend dd', (all) =>
      all.slice(0, 4).map((dd) => Number(dd.textContent)),
    );
  }

  alert(): Promise<string> {
    return this.page.$eval('[role=alert]', (element) => element.textContent ?? '');
  }

  /** What is to be seen where the samples are. */
  async samples(): Promise<Buffer> {
    const canvas = await this.page.$('canvas#samples');
    if (!canvas) throw new Error('There is no canvas of samples.');
    return PNG.sync.read(Buffer.from(await canvas.screenshot())).data;
  }

  /** Presses a button; gives the times until the status has changed and until that is shown. */
  async timesToAnswer(button: string): Promise<Times> {
    await this.page.evaluate(() => {
      const status = document.querySelector('[role=status]');
      if (!status) throw new Error('There is no status.');
      let pressed = 0;
      // The event's own time: what it waited for the page to be free counts.
      const note = (event: Event) => {
        pressed = event.timeStamp;
      };
      addEventListener('pointerup', note, { once: true, capture: true });
      const answered = new Promise<Times>((resolve) => {
        const observer = new MutationObserver(() => {
          observer.disconnect();
          const changed = performance.now() - pressed;
          requestAnimationFrame(() => resolve({ changed, shown: performance.now() - pressed }));
        });
        observer.observe(status, { attributes: true, childList: true, subtree: true });
      });
      Object.assign(window, { answered });
    });
    await this.press(button);
    return await this.page.evaluate(
      () => (window as unknown as { answered: Promise<Times> }).answered,
    );
  }
}

/** Share of pixels that differ visibly. */
export function difference(a: Buffer, b: Buffer): number {
  expect(b.length).toBe(a.length);
  let differing = 0;
  for (let i = 0; i < a.length; i += 4) {
    if (Math.abs((a[i] ?? 0) - (b[i] ?? 0)) > 8) differing++;
  }
  return (4 * differing) / a.length;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
