// What only a whole browser can do to a run: crash the GPU process, hide the page, forbid everything
// that it does not need.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { softwareBrowser } from '../support/software-browser.ts';
import { type StrictServer, serveStrictly } from '../support/strict-server.ts';
import type { Watched } from './survival/train.ts';

let dir: string;
let server: StrictServer;
const browsers: Browser[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-survival-'));
  await build({
    root: join(import.meta.dirname, 'survival'),
    base: './',
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: dir, emptyOutDir: true, target: 'esnext', modulePreload: false },
  });
  server = await serveStrictly(dir);
});
afterAll(async () => {
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) await browser.close();
});

async function open(...flags: Parameters<typeof softwareBrowser>): Promise<Page> {
  const browser = await softwareBrowser(...flags);
  browsers.push(browser);
  const page = await browser.newPage();
  await page.goto(server.url);
  return page;
}

/** Begins to train on the page; what happens there, whenever it is asked. */
async function begin(page: Page, run: string, settings = '{}') {
  // From a task of the page's own: what a debugger calls is above the page's policy.
  await page.evaluate(`new Promise((resolve) => {
    setTimeout(() => {
      globalThis.watched = survival.train(${run}, ${settings});
      resolve(null);
    });
  })`);
  const look = () => page.evaluate('watched') as Promise<Watched>;
  /** Waits as long as a busy machine may take. */
  const until = async (happened: (watched: Watched) => unknown): Promise<Watched> => {
    const ended = await vi.waitFor(
      async () => {
        const watched = await look();
        expect(happened(watched) || watched.error, JSON.stringify(watched)).toBeTruthy();
        return watched;
      },
      { timeout: 120_000, interval: 20 },
    );
    if (!happened(ended)) throw new Error(`Training failed: ${ended.error?.message}`);
    return ended;
  };
  return { look, until };
}

describe('the GPU process crashes', () => {
  const crash = async (page: Page) => {
    const devtools = await page.browser().target().createCDPSession();
    // It answers from a process that is gone, if at all.
    devtools.send('Browser.crashGpuProcess').catch(() => {});
  };

  test('in the middle of training, which goes on to the same bits', async () => {
    const page = await open([
      '--disable-gpu-process-crash-limit',
      '--disable-domain-blocking-for-3d-apis',
    ]);
    const { until } = await begin(page, '{ steps: 40 }', '{ snapshotSeconds: 0 }');
    let { bytes } = await until(({ step }) => step >= 8);
    // Twenty of them are for the soak tests.
    for (const crashes of [1, 2]) {
      await crash(page);
      const after = await until(({ told }) => told.length === 2 * crashes);
      expect(after.told.slice(-2)).toEqual(['device-lost', 'recovered']);
      const { step } = after;
      ({ bytes } = await until((watched) => watched.step >= step + 8 && watched.bytes === bytes));
    }
    const { different, mostLost, digest } = await until((watched) => watched.digest);
    expect(different).toBe(0);
    expect(mostLost).toBeLessThanOrEqual(2);
    const plain = await begin(page, '{ steps: 40 }');
    expect((await plain.until((watched) => watched.digest)).digest).toBe(digest);
  });
});

test('a tab that nobody sees trains on', async () => {
  const page = await open(
    [],
    [
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
    ],
  );
  const { until } = await begin(page, '{ steps: 200 }');
  await until(({ step }) => step >= 3);
  const other = await page.browser().newPage();
  await other.bringToFront();
  await vi.waitFor(
    async () => expect(await page.evaluate('document.visibilityState')).toBe('hidden'),
    10_000,
  );
  const { step } = await until(() => true);
  await until((watched) => watched.step >= step + 50);
  expect(await page.evaluate('document.visibilityState')).toBe('hidden');
});

test('a strict policy is kept, and nothing is asked of the network', async () => {
  server.asked.length = 0;
  const page = await open();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  const { until } = await begin(page, '{ steps: 3 }, {}, survival.canvas()');
  const { digest, error } = await until((watched) => watched.digest || watched.error);
  expect(error).toBeNull();
  expect(await page.evaluate('survival.inWorker()')).toMatchObject({ digest, error: null });
  expect(await page.evaluate('survival.violations')).toEqual([]);
  expect(server.violations).toEqual([]);
  // The page and its script before it ran, then the worker's script and what both share.
  for (const url of requests) expect(url).toMatch(/\/assets\/[\w-]+\.js$/);
  const kinds = server.asked.map((path) => path.replace(/-[\w-]+\.js$/, ''));
  expect(new Set(kinds)).toEqual(new Set(['/', '/assets/index', '/assets/worker']));

  // The policy is in force: what it forbids is reported.
  await page.evaluate("setTimeout(() => new Function(''))");
  await vi.waitFor(() => expect(server.violations.join()).toContain('script-src'));
});
