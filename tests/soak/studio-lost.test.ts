// What the page makes of a crash of the browser's GPU process: with nothing going on, and in a run.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import type { Browser, CDPSession } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { buildPage, START_MS, type StaticHost, serveBuilt, Visitor } from '../support/visitor.ts';

let dir: string;
let browser: Browser;
let devtools: CDPSession;
let host: StaticHost;
let visitor: Visitor;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-studio-lost-'));
  await buildPage(join(dir, 'dist'));
  host = await serveBuilt(join(dir, 'dist'));
});

afterAll(async () => {
  await host.close();
  await rm(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  ({ browser } = await launchBrowser({ adapter: 'software' }));
  devtools = await browser.target().createCDPSession();
  const settings = 'imageSize=16&width=4&batchSize=8&latentDim=16';
  visitor = await Visitor.open(browser, `${host.url}#${settings}`);
  await visitor.says('Ready to train.', START_MS);
  // They would be seen on a blank canvas too.
  await (await visitor.find("Frames: D's belief", 'checkbox')).click();
});

afterEach(() => browser.close());

/** Ends the process that every GPU device lives in, and waits until another one has begun. */
async function crash(): Promise<void> {
  const before = await gpuProcess();
  // Its answer would come from what it ends.
  devtools.send('Browser.crashGpuProcess').catch(() => {});
  await expect.poll(gpuProcess, { timeout: START_MS }).not.toBe(before);
}

async function gpuProcess(): Promise<number | undefined> {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return processInfo.find(({ type }) => type === 'GPU')?.id;
}

test('a crash between two runs is none of the visitor’s business', async () => {
  await visitor.press('Train');
  await visitor.reaches(5);
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  await crash();
  await visitor.press('Train');
  await visitor.reaches(20);
  expect(await visitor.page.$('[role=alert] .problem')).toBeNull();
  await showsPictures('canvas#samples');
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
  await expect.poll(contrast, { timeout: START_MS }).toBeGreaterThan(8);
}

test('a run goes on after a crash, and the page says so meanwhile', async () => {
  const { page } = visitor;
  // Every alert of the page, also one that is gone before anybody looks.
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => {
      seen.push(document.querySelector('[role=alert]')?.textContent ?? '');
    }).observe(document.body, { childList: true, subtree: true });
  });
  await visitor.press('Train');
  await visitor.reaches(20);
  await (await visitor.find('Explore', 'tab')).click();
  await page.click('.picker [role=option]:nth-child(3)');
  await showsPictures('canvas[data-view=picked]');
  await crash();
  await page.waitForFunction(
    () => (window as unknown as { seen: string[] }).seen.some((text) => text.includes('was lost')),
    { timeout: START_MS },
  );
  await visitor.reaches((await visitor.step()) + 20);
  expect(await page.$('[role=alert] .problem')).toBeNull();
  await visitor.says('Training.');
  await showsPictures('canvas#samples');
  await showsPictures('canvas[data-view=picked]');
});
