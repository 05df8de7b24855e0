// Ten minutes of training with a visitor who is never at rest: nothing grows, on the page, in its worker
// or on the GPU. It goes on beside the other files, so that nothing in it depends on how fast things are.
import type { CDPSession, ElementHandle } from 'puppeteer-core';
import { expect, it } from 'vitest';
import { useStudio } from '../support/studio.ts';
import type { Visitor } from '../support/visitor.ts';

const MINUTES = 10;

/**
 * Rounds between two looks. Before the second, panels get what they need once; on a busy machine some are
 * still compiling at the first.
 */
const ROUNDS = 10;

const studio = useStudio();
let visitor: Visitor;

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
  await studio.downloaded('.png');
  await visitor.press('Back to now');
  await page.waitForFunction(() => document.querySelector('img.past') === null);
  await visitor.press('Save picture');
  await studio.downloaded('.png');
  await visitor.type('Learning rate of G', number % 2 === 0 ? '0.001' : '0.0005');
  await visitor.type('Learning rate of D', number % 2 === 0 ? '0.0005' : '0.001');
  await page.setViewport({ width: number % 2 === 0 ? 1440 : 390, height: 900 });
  await visitor.reaches(steps + 20);
  await visitor.rest();
  // Until what was trained is kept, nobody knows what a save still holds.
  await visitor.tab('Keep');
  await page.waitForFunction(
    (least) => Number(document.querySelector('[data-saved]')?.getAttribute('data-saved')) >= least,
    {},
    steps + 20,
  );
}

it(`${MINUTES} minutes of training and of clicks`, {
  timeout: (MINUTES + 8) * 60_000,
}, async () => {
  visitor = await studio.visit();
  const { page } = visitor;
  const ofPage = await page.createCDPSession();
  // Learning rates are among the settings, which are folded away on a narrow page.
  await visitor.unfoldAll();
  await visitor.train(1);
  const ofWorker = page.workers()[0]!.client;

  let rounds = 0;
  const end = performance.now() + MINUTES * 60_000;
  const looks: Held[] = [];
  while (performance.now() < end) {
    await round(rounds++);
    if (rounds % ROUNDS === 0) looks.push(await held(ofPage, ofWorker));
    await visitor.press('Resume');
    await visitor.says('Training.');
  }
  await round(rounds++);
  const after = await held(ofPage, ofWorker);
  const steps = await visitor.step();
  console.log(JSON.stringify({ rounds, steps, looks, after }));
  const before = looks[1];
  if (!before) throw new Error(`There were but ${rounds} rounds.`);
  // The film grows by a picture for every 5 % of steps; the charts hold 1,024 points at most.
  expect(after.page - before.page).toBeLessThan(2 ** 20);
  expect(after.worker - before.worker).toBeLessThan(2 ** 19);
  expect(after.buffers - before.buffers).toBeLessThan(5);
  expect(after.bufferBytes - before.bufferBytes).toBeLessThan(2 ** 16);
  expect(after.elements - before.elements).toBeLessThan(50);
  await visitor.keep('long');
  await visitor.quiet();
});
