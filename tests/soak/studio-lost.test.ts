// What the page makes of the loss of its device: destroyed, or with the browser's GPU process.
import { PNG } from 'pngjs';
import type { CDPSession } from 'puppeteer-core';
import { beforeAll, expect, test } from 'vitest';
import { useStudio } from '../support/studio.ts';
import { difference, type Visitor } from '../support/visitor.ts';

const studio = useStudio();
let devtools: CDPSession;
let visitor: Visitor;

beforeAll(async () => {
  devtools = await studio.browser.target().createCDPSession();
});

async function open(width: number): Promise<void> {
  visitor = await studio.visit({ width });
  // Frames would be seen on a blank canvas too.
  await (await visitor.find("Frames: D's belief", 'checkbox')).click();
}

/** Ends the process that every GPU device lives in, and waits until another one has begun. */
async function crash(): Promise<void> {
  const before = await gpuProcess();
  // Its answer would come from what it ends.
  devtools.send('Browser.crashGpuProcess').catch(() => {});
  await expect.poll(gpuProcess).not.toBe(before);
}

async function gpuProcess(): Promise<number | undefined> {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return processInfo.find(({ type }) => type === 'GPU')?.id;
}

test('a crash between two runs is none of the visitor’s business', async () => {
  await open(390);
  await visitor.train(5);
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  await crash();
  await visitor.train(20);
  await showsPictures('canvas#samples');
  await visitor.quiet();
});

/** That what is to be seen of a canvas is neither blank nor of one colour. */
async function showsPictures(selector: string): Promise<void> {
  const contrast = async () => {
    const canvas = await visitor.page.waitForSelector(selector);
    const { data } = PNG.sync.read(Buffer.from(await canvas!.screenshot()));
    const values = data.filter((_, i) => i % 4 === 0);
    // Of what is in the middle: frames and rounded corners are not the canvas's.
    const middle = [...values.subarray(values.length * 0.3, values.length * 0.7)].sort();
    return middle.at(-Math.ceil(middle.length / 10))! - middle.at(middle.length / 10)!;
  };
  await expect.poll(contrast).toBeGreaterThan(8);
}

interface Seen {
  readonly alerts: string[];
  readonly steps: [time: number, step: number][];
}

/** Notes every alert of the page, also one that is gone before anybody looks; and how far the run was when. */
async function watch(): Promise<() => Promise<Seen>> {
  const { page } = visitor;
  await page.evaluate(() => {
    const seen: Seen = { alerts: [], steps: [] };
    Object.assign(window, { seen });
    new MutationObserver(() => {
      seen.alerts.push(document.querySelector('[role=alert]')?.textContent ?? '');
      const step = document.querySelector('.readouts dd')?.textContent?.replaceAll(',', '');
      seen.steps.push([performance.now(), Number(step)]);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { seen: Seen }).seen);
}

test('a run goes on after a crash, from less than a minute ago, and the page says so', async () => {
  await open(1440);
  const { page } = visitor;
  const seen = await watch();
  await visitor.train(20);
  await visitor.tab('Explore');
  await page.click('.picker [role=option]:nth-child(3)');
  await showsPictures('canvas[data-view=picked]');
  // Longer than what may be lost.
  const begun = await page.evaluate(() => performance.now());
  await page.waitForFunction((start) => performance.now() - start > 65_000, {}, begun);
  const [lostAt, lostStep] = (await seen()).steps.at(-1)!;
  await crash();
  await expect.poll(async () => (await seen()).alerts.join()).toContain('was lost');
  await visitor.keep('8-device-lost');
  // What is done again is counted again.
  await expect
    .poll(async () => (await seen()).steps.some(([at, step]) => at > lostAt && step < lostStep))
    .toBe(true);
  await visitor.reaches(lostStep + 20);
  const { steps } = await seen();
  const again = Math.min(...steps.filter(([at]) => at > lostAt).map(([, step]) => step));
  const [doneAt] = steps.find(([, step]) => step >= again)!;
  expect(lostAt - doneAt).toBeLessThan(60_000);
  await visitor.says('Training.');
  await showsPictures('canvas#samples');
  await showsPictures('canvas[data-view=picked]');
  await visitor.quiet();
});

test('a run goes on from its start after its device is destroyed early', async () => {
  visitor = await studio.visit();
  const [worker] = visitor.page.workers();
  await worker!.evaluate(() => {
    const encode = GPUDevice.prototype.createCommandEncoder;
    GPUDevice.prototype.createCommandEncoder = function (...given) {
      Object.assign(self, { inUse: this });
      return encode.apply(this, given);
    };
  });
  const seen = await watch();
  await visitor.train(20);
  const samples = await visitor.samples();
  const lostAt = await visitor.step();
  await worker!.evaluate(() => (self as unknown as { inUse: GPUDevice }).inUse.destroy());
  await expect.poll(async () => (await seen()).alerts.join()).toContain('was lost');
  await expect.poll(() => visitor.alert()).toBe('');
  // It begins at its last snapshot, which is of the start, and gets further than it was.
  await visitor.reaches(lostAt + 20);
  expect(difference(samples, await visitor.samples())).toBeGreaterThan(0.02);
  await visitor.says('Training.');
  await visitor.quiet();
});
