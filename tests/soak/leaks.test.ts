// Nothing grows: not the GPU's memory, not the page's, and nobody waits for what never comes.
import type { Browser, CDPSession, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunServer, startServer } from '../../src/cli/server.node.ts';
import { softwareBrowser } from '../support/software-browser.ts';

let server: RunServer;
let browser: Browser;
let page: Page;
let devtools: CDPSession;

beforeAll(async () => {
  server = await startServer([], async () => {});
  browser = await softwareBrowser([
    '--disable-gpu-process-crash-limit',
    '--disable-domain-blocking-for-3d-apis',
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

beforeEach(async () => {
  page = await browser.newPage();
  await page.goto(server.pageUrl);
  devtools = await page.createCDPSession();
  await page.evaluate("import('/tests/soak/page.ts').then((m) => { globalThis.soak = m; })");
});
afterEach(() => page.close());

interface Held {
  /** Of the page's JavaScript, in bytes. */
  readonly heap: number;
  readonly promises: number;
  readonly buffers: number;
}

async function count(prototype: string): Promise<number> {
  const { result } = await devtools.send('Runtime.evaluate', { expression: prototype });
  const { objects } = await devtools.send('Runtime.queryObjects', {
    prototypeObjectId: result.objectId!,
  });
  const { result: length } = await devtools.send('Runtime.callFunctionOn', {
    objectId: objects.objectId,
    functionDeclaration: 'function () { return this.length; }',
  });
  await devtools.send('Runtime.releaseObject', { objectId: objects.objectId! });
  return length.value as number;
}

/** What is alive once all garbage is gone. */
async function held(): Promise<Held> {
  for (let i = 0; i < 3; i++) {
    await devtools.send('HeapProfiler.collectGarbage');
    await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50))');
  }
  const promises = await count('Promise.prototype');
  const buffers = await count('GPUBuffer.prototype');
  const { usedSize: heap } = await devtools.send('Runtime.getHeapUsage');
  return { heap, promises, buffers };
}

/** A few objects may wait for the collector; what leaks with every step or cycle is far more. */
function expectFlat(before: Held, after: Held): void {
  console.log(JSON.stringify({ before, after }));
  expect(after.promises - before.promises).toBeLessThan(50);
  expect(after.buffers - before.buffers).toBeLessThan(20);
  expect(after.heap - before.heap).toBeLessThan(2 ** 19);
}

test('5,000 steps', async () => {
  await page.evaluate('soak.Training.start().then((t) => { globalThis.training = t; })');
  await page.evaluate('training.run(500)');
  const [before, onGpu] = [await held(), await page.evaluate('training.held()')];
  await page.evaluate('training.run(4500)');
  expect(await page.evaluate('training.trainer.step')).toBe(5000);
  expect(await page.evaluate('training.held()')).toEqual(onGpu);
  expect(await page.evaluate('training.events')).toEqual([]);
  expectFlat(before, await held());
});

test('200 trainers, made and disposed of in the middle of training', async () => {
  await page.evaluate('soak.Engine.create().then((e) => { globalThis.engine = e; })');
  await page.evaluate('soak.cycle(engine, 20)');
  const before = await held();
  expect(await page.evaluate('soak.cycle(engine, 200)')).toEqual({ buffers: 0 });
  expectFlat(before, await held());
});

test('20 devices, opened and closed', async () => {
  await page.evaluate('soak.reopen(3)');
  const before = await held();
  await page.evaluate('soak.reopen(20)');
  expectFlat(before, await held());
});

test('20 losses', async () => {
  await page.evaluate('soak.Training.start().then((t) => { globalThis.training = t; })');
  await page.evaluate('training.run(50)');
  for (let i = 0; i < 3; i++) await page.evaluate('training.lose()');
  const [before, onGpu] = [await held(), await page.evaluate('training.held()')];
  for (let i = 0; i < 20; i++) {
    await page.evaluate('training.lose()');
    expect(await page.evaluate('training.held()')).toEqual(onGpu);
  }
  expectFlat(before, await held());
  const events = (await page.evaluate('training.events')) as string[];
  expect(events.filter((type) => type === 'recovered')).toHaveLength(23);
});

test('20 crashes of the GPU process', async () => {
  await page.evaluate('soak.Training.start().then((t) => { globalThis.training = t; })');
  await page.evaluate('training.run(20)');
  const onGpu = await page.evaluate('training.held()');
  const ofBrowser = await browser.target().createCDPSession();
  const crash = async () => {
    // It answers from a process that is gone, if at all.
    ofBrowser.send('Browser.crashGpuProcess').catch(() => {});
    await page.evaluate('training.engine.lost');
    await page.evaluate('training.run(4)');
    expect(await page.evaluate('training.held()')).toEqual(onGpu);
  };
  for (let i = 0; i < 3; i++) await crash();
  const before = await held();
  for (let i = 0; i < 20; i++) await crash();
  expectFlat(before, await held());
});
