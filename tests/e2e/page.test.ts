import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import type { Browser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { History } from '../../demo/history.ts';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { buildPage, type StaticHost, serveBuilt, startDevServer } from '../support/page-host.ts';
import { difference, pause, Visitor } from '../support/visitor.ts';

let dir: string;
let browser: Browser;
let built: Promise<void> | undefined;

/** One build serves all tests. */
async function startProduction(): Promise<StaticHost> {
  const dist = join(dir, 'dist');
  built ??= buildPage(dist);
  await built;
  return serveBuilt(dist);
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-page-'));
  ({ browser } = await launchBrowser({ adapter: 'software' }));
});

afterAll(async () => {
  await browser.close();
  await rm(dir, { recursive: true, force: true });
});

let visitor: Visitor;

const leave = () => visitor.page.close();

it('trains from the dev server', async () => {
  const host = await startDevServer();
  try {
    visitor = await Visitor.open(browser, host.url);
    await visitor.says('Ready to train.');
    await visitor.press('Train');
    await visitor.reaches(5);
    await visitor.says('Training.');
    expect(await visitor.alert()).toBe('');
    // It would go on serving what was changed since.
    expect(
      await visitor.page.evaluate(async () => {
        const registrations = await navigator.serviceWorker.getRegistrations();
        return registrations.length;
      }),
    ).toBe(0);
    expect(visitor.complaints).toEqual([]);
    await leave();
  } finally {
    await host.close();
  }
});

describe('the page from the production build in a sub-path', () => {
  let host: StaticHost;
  beforeAll(async () => {
    host = await startProduction();
  });
  afterAll(() => host.close());
  afterEach(leave);

  it('trains on MNIST, shows it, pauses, goes on and starts over', async () => {
    visitor = await Visitor.open(browser, host.url);
    await visitor.says('Ready to train.');
    const { page } = visitor;
    expect(await page.$eval('.adapter', (e) => e.textContent)).toMatch(/swiftshader.*software/i);
    expect(
      await (await visitor.find('Preset', 'combobox')).evaluate((e) => 'value' in e && e.value),
    ).toBe('small');
    await visitor.train(1);

    const [lossBefore, samplesBefore] = [await visitor.values(), await visitor.samples()];
    expect(lossBefore.every(Number.isFinite)).toBe(true);
    await visitor.reaches((await visitor.step()) + 40);
    // Two decimals are shown, so that one of the four may be the same by chance.
    expect(await visitor.values()).not.toEqual(lossBefore);
    const samplesAfter = await visitor.samples();
    expect(difference(samplesBefore, samplesAfter)).toBeGreaterThan(0.1);
    // Pictures, not a flat colour: a generator's first ones have as few as 15 shades.
    expect(new Set(samplesAfter).size).toBeGreaterThan(32);
    expect(Number((await visitor.readouts())[1])).toBeGreaterThan(0);

    await visitor.rest();
    // The steps on their way, and the report of them, are still to come.
    await pause(1000);
    const [pausedAt, pausedSamples] = [await visitor.step(), await visitor.samples()];
    await pause(1000);
    expect(await visitor.step()).toBe(pausedAt);
    expect(difference(pausedSamples, await visitor.samples())).toBe(0);
    await visitor.press('Resume');
    await visitor.reaches(pausedAt + 5);

    await visitor.press('Reset');
    await visitor.says('Ready to train.');
    // Nothing of the run that was going on comes in afterwards.
    await pause(600);
    expect(await visitor.readouts()).toEqual(['0', '–', '0.00']);
    await visitor.train(1);
    await visitor.quiet();
  });
});

describe('the page', () => {
  let host: StaticHost;
  let pictures: string[];
  let broken: string;

  beforeAll(async () => {
    host = await startProduction();
    pictures = await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const png = new PNG({ width: 20 + n, height: 24 });
        for (let i = 0; i < png.data.length; i += 4) {
          png.data.set([20 * n, (i / 4) % 256, 255 - 20 * n, 255], i);
        }
        const path = join(dir, `picture-${n}.png`);
        await writeFile(path, PNG.sync.write(png));
        return path;
      }),
    );
    broken = join(dir, 'broken.png');
    await writeFile(broken, 'no picture at all');
  });
  afterAll(() => host.close());
  afterEach(leave);

  describe('with pictures of the visitor', () => {
    beforeEach(async () => {
      visitor = await Visitor.open(browser, host.url);
      await visitor.says('Ready to train.');
    });

    it('reads those that can be read, and names the others', async () => {
      await visitor.learnFrom('pictures');
      await visitor.says('Choose pictures to train on.');
      await visitor.give('files', ...pictures, broken);
      await visitor.says('Ready to train.');
      const chosen = await visitor.page.waitForSelector('.chosen li');
      expect(await chosen?.evaluate((li) => li.textContent)).toMatch(/^broken\.png: ./);
      expect(await visitor.page.$eval('.chosen p', (p) => p.textContent)).toBe(
        '12 pictures to learn from',
      );
      // Drawn in an effect, a moment after the words.
      await visitor.page.waitForFunction(
        (width) => document.querySelector<HTMLCanvasElement>('.real canvas')?.width === width,
        {},
        8 * 34 + 2,
      );
      await visitor.quiet();
    });

    it('takes files that are dropped on it', async () => {
      const bytes = await Promise.all(pictures.map((path) => readFile(path, 'base64')));
      await visitor.page.evaluate((contents) => {
        const transfer = new DataTransfer();
        for (const [i, content] of contents.entries()) {
          const data = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
          transfer.items.add(new File([data], `dropped-${i}.png`, { type: 'image/png' }));
        }
        const options = { dataTransfer: transfer, bubbles: true, cancelable: true };
        document.body.dispatchEvent(new DragEvent('drop', options));
      }, bytes);
      await visitor.page.waitForFunction(
        () => document.querySelector('.chosen')?.textContent === '12 pictures to learn from',
      );
      expect(visitor.complaints).toEqual([]);
    });

    it('says so when none can be read, and goes on with what can', async () => {
      await visitor.learnFrom('pictures');
      await visitor.give('files', broken);
      await visitor.page.waitForSelector('[role=alert] h2');
      expect(await visitor.alert()).toMatch(/The data cannot be used.*broken\.png/);
      await visitor.says('Choose pictures to train on.');
      await visitor.give('files', ...pictures);
      await visitor.says('Ready to train.');
      expect(await visitor.alert()).toBe('');
    });
  });

  it('fits a phone and is worked by keyboard', async () => {
    visitor = await Visitor.open(browser, host.url, { width: 390 });
    await visitor.says('Ready to train.');
    const { page } = visitor;
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toBe('Language');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Train');
    await page.keyboard.press('Enter');
    await visitor.says('Starting…');
    // The button keeps the focus while there is nothing to press.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Starting…');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await visitor.says('Ready to train.');
  });
});

describe('the history of the charts', () => {
  const names = ['lossD', 'lossG', 'dReal', 'dFake'] as const;
  const row = (step: number, value: number) => ({
    step,
    lossD: value,
    lossG: 2 * value,
    dReal: 0.5,
    dFake: 0.25,
  });

  it('keeps the means of a run that is longer than it', () => {
    const history = new History(names, 4);
    for (let step = 1; step <= 10; step++) history.push(row(step, step));
    // Full at 4, in pairs from then on; full at 8 again, in fours.
    expect(history.steps).toEqual([4, 8]);
    expect(history.column('lossD')).toEqual([2.5, 6.5]);
    expect(history.column('lossG')).toEqual([5, 13]);
    // A step that is done again takes the place of what was there, and of what came after it.
    history.push(row(6, 20));
    history.push(row(7, 30));
    history.push(row(8, 40));
    history.push(row(9, 50));
    expect(history.steps).toEqual([4, 9]);
    expect(history.column('lossD')).toEqual([2.5, 35]);
    history.clear();
    history.push(row(1, 7));
    expect(history.column('lossD')).toEqual([7]);
  });

  it('leaves a gap where a number is none', () => {
    const history = new History(names, 8);
    for (const value of [1, Number.NaN, 3]) history.push(row(history.length + 1, value));
    expect(history.column('lossD')).toEqual([1, null, 3]);
    expect(history.column('dReal')).toEqual([0.5, 0.5, 0.5]);
  });
});
