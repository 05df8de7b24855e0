// The installed package trains wherever its users may run it, and does there what the sources do.
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'puppeteer-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { vulkanEnvironment } from '../support/vulkan.node.ts';
import type { Trained } from './app/src/train.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const app = inject('app');
const tool = (...path: string[]): string => join(app, 'node_modules', ...path);

let browser: Browser;
let server: PreviewServer;
let origin: string;

beforeAll(async () => {
  ({ browser } = await launchBrowser({ adapter: 'software' }));
  server = await preview({
    root: app,
    configFile: false,
    logLevel: 'error',
    build: { outDir: '.' },
    preview: { host: '127.0.0.1', port: 0 },
  });
  [origin] = server.resolvedUrls!.local;
});

afterAll(async () => {
  await browser.close();
  await server.close();
});

/** What a page of the app leaves in `result`. */
async function resultOf(path: string): Promise<unknown> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(new URL(path, origin).href);
  await page.waitForFunction('globalThis.result !== undefined').catch((error: unknown) => {
    throw errors.length > 0 ? new Error(errors.join('\n')) : error;
  });
  const result = await page.evaluate('globalThis.result');
  await page.close();
  expect(errors).toEqual([]);
  return result;
}

function expectTrained({ losses, pixels }: Trained): void {
  expect(losses).toHaveLength(4);
  expect(losses.flat().every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
  expect(pixels).toBeGreaterThan(0);
}

let onPage: Trained;

test('a strict TypeScript app compiles with its declarations, libraries checked too', async () => {
  await run(process.execPath, [tool('typescript', 'bin', 'tsc'), '-p', app]).catch((error) => {
    throw new Error(error.stdout);
  });
});

test('in a Vite app: on the page, in a worker of its own, and in one of a single line', async () => {
  await run(process.execPath, [tool('vite', 'bin', 'vite.js'), 'build', '--base', './'], {
    cwd: app,
  });
  const results = (await resultOf('dist/')) as Trained[];
  [onPage] = results;
  expectTrained(onPage);
  // The same adapter and seed: the same numbers, to the bit.
  expect(results).toEqual([onPage, onPage, onPage]);
});

test('in plain HTML, from the built file', async () => {
  expect(await resultOf('plain.html')).toEqual(onPage);
});

test('in Node, on the package webgpu', async () => {
  const env = { ...process.env, ...(await vulkanEnvironment()) };
  const { stdout } = await run(process.execPath, ['node.mjs'], { cwd: app, env });
  const trained = JSON.parse(stdout) as Trained;
  expectTrained(trained);
  trained.losses.flat().forEach((loss, i) => {
    expect(loss).toBeCloseTo(onPage.losses.flat()[i], 3);
  });
});

test('the sources, with shaders as they are written, compute the same', async () => {
  await build({
    root: app,
    base: './',
    configFile: false,
    logLevel: 'error',
    resolve: {
      alias: {
        'ganvas/worker': join(root, 'src', 'worker.ts'),
        ganvas: join(root, 'src', 'index.ts'),
      },
    },
    build: { outDir: 'from-source', target: 'esnext' },
  });
  const [fromSource] = (await resultOf('from-source/')) as [Trained];
  expect(fromSource).toEqual(onPage);
  await rm(join(app, 'from-source'), { recursive: true });
});
