// Ten minutes of training with a visitor who is never at rest: nothing grows, on the page, in its worker
// or on the GPU. It goes on beside the other files, so that nothing in it depends on how fast things are.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, ElementHandle } from 'puppeteer-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { softwareBrowser } from '../support/software-browser.ts';
import { buildPage, START_MS, type StaticHost, serveBuilt, Visitor } from '../support/visitor.ts';

const MINUTES = 10;

/** Rounds between two looks. Before the first, panels get what they need once, some after compiling. */
const ROUNDS = 10;

let dir: string;
let downloads: string;
let browser: Browser;
let host: StaticHost;
let visitor: Visitor;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-long-'));
  downloads = await mkdtemp(join(dir, 'downloads-'));
  browser = await softwareBrowser();
  const dist = join(dir, 'dist');
  await buildPage(dist);
  host = await serveBuilt(dist);
});
afterAll(async () => {
  await browser.close();
  await host.close();
  await rm(dir, { recursive: true, force: true });
});

interface Held {
  /** Of JavaScript, in bytes. */
  readonly page: number;
  readonly worker: number;
  /** On the GPU. */
  readonly buffers: number;
  readonly bufferBytes: number;
  readonly elements: number;
}

async function heap(session: CDPSession): Promise<number> {
  for (let i = 0; i < 3; i++) await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize;
}

/** Number and size of the worker's live GPU buffers: those that were destroyed but not collected too. */
async function buffersOf(session: CDPSession): Promise<[number, number]> {
  const { result } = await session.send('Runtime.evaluate', { expression: 'GPUBuffer.prototype' });
  const { objects } = await session.send('Runtime.queryObjects', {
    prototypeObjectId: result.objectId!,
  });
  const { result: found } = await session.send('Runtime.callFunctionOn', {
    objectId: objects.objectId!,
    functionDeclaration:
      'function () { return [this.length, this.reduce((sum, { size }) => sum + size, 0)]; }',
    returnByValue: true,
  });
  await session.send('Runtime.releaseObject', { objectId: objects.objectId! });
  return found.value as [number, number];
}

/** What is alive once all garbage is gone. */
async function held(ofPage: CDPSession, ofWorker: CDPSession): Promise<Held> {
  const [page, worker] = [await heap(ofPage), await heap(ofWorker)];
  const [buffers, bufferBytes] = await buffersOf(ofWorker);
  const elements = await visitor.page.$$eval('*', (all) => all.length);
  return { page, worker, buffers, bufferBytes, elements };
}

async function setRate(name: string, rate: string): Promise<void> {
  await visitor.page.evaluate(
    (label, value) => {
      const found = [...document.querySelectorAll('label')].find((l) => l.textContent === label);
      const input = document.getElementById(found!.htmlFor) as HTMLInputElement;
      input.value = value;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    },
    name,
    rate,
  );
}

/** All that a visitor touches while it trains. */
async function round(number: number): Promise<void> {
  const { page } = visitor;
  const steps = await visitor.step();
  // Those of the side alone: a tab has tabs of its own, which go with it.
  for (const tab of await page.$$('.workspace > .tabs > [role=tablist] > [role=tab]')) {
    await tab.click();
    await page.waitForFunction((e) => e.ariaSelected === 'true', {}, tab as ElementHandle);
  }
  const slider = await visitor.find('Time', 'slider');
  await slider.focus();
  await page.keyboard.press('Home');
  await page.waitForSelector('img.past');
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  // A young film ends before that.
  await page.keyboard.press('Home');
  await visitor.press('Save picture');
  await visitor.press('Back to now');
  await page.waitForFunction(() => document.querySelector('img.past') === null);
  await visitor.press('Save picture');
  await setRate('Learning rate of G', number % 2 === 0 ? '0.001' : '0.0005');
  await setRate('Learning rate of D', number % 2 === 0 ? '0.0005' : '0.001');
  await page.setViewport({ width: number % 2 === 0 ? 1440 : 390, height: 900 });
  await visitor.reaches(steps + 20);
  await visitor.press('Pause');
  await visitor.says('Paused.');
  // Until what was trained is kept, nobody knows what a save still holds.
  await (await visitor.find('Keep', 'tab')).click();
  await page.waitForFunction(
    (least) => Number(document.querySelector('[data-saved]')?.getAttribute('data-saved')) >= least,
    { timeout: START_MS },
    steps + 20,
  );
}

it(`${MINUTES} minutes of training and of clicks`, {
  timeout: (MINUTES + 8) * 60_000,
}, async () => {
  const hash = '#imageSize=16&width=4&batchSize=8&latentDim=16';
  visitor = await Visitor.open(browser, host.url + hash, { width: 1440 });
  const { page } = visitor;
  const ofPage = await page.createCDPSession();
  await ofPage.send('Browser.setDownloadBehavior', {
    behavior: 'allow',
    downloadPath: downloads,
  });
  await visitor.says('Ready to train.');
  // Learning rates are among the settings, which are folded away on a narrow page.
  await page.$$eval('details', (all) => {
    for (const details of all) details.open = true;
  });
  await visitor.press('Train');
  await visitor.says('Training.', START_MS);
  const ofWorker = page.workers()[0]!.client;

  let rounds = 0;
  let before: Held | undefined;
  const end = performance.now() + MINUTES * 60_000;
  const looks: Held[] = [];
  while (performance.now() < end) {
    await round(rounds++);
    if (rounds % ROUNDS === 0) looks.push(await held(ofPage, ofWorker));
    before ??= looks[0];
    for (const name of await readdir(downloads)) await rm(join(downloads, name));
    await visitor.press('Resume');
    await visitor.says('Training.');
  }
  await round(rounds++);
  const after = await held(ofPage, ofWorker);
  const steps = await visitor.step();
  console.log(JSON.stringify({ rounds, steps, looks, after }));
  if (!before) throw new Error(`There were but ${rounds} rounds.`);
  // The film grows by a picture for every 5 % of steps; the charts hold 1,024 points at most.
  expect(after.page - before.page).toBeLessThan(2 ** 20);
  expect(after.worker - before.worker).toBeLessThan(2 ** 19);
  expect(after.buffers - before.buffers).toBeLessThan(5);
  expect(after.bufferBytes - before.bufferBytes).toBeLessThan(2 ** 16);
  expect(after.elements - before.elements).toBeLessThan(50);
  expect(await visitor.alert()).toBe('');
  expect(visitor.complaints).toEqual([]);
});
