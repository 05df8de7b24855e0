// Watching a run on the page: how many samples, what D makes of them, and real pictures from the start.
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { SMALL, useStudio } from '../support/studio.ts';
import { difference, pause, START_MS, Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

async function open(hash: string, width?: number): Promise<void> {
  visitor = await Visitor.open(studio.context, studio.host.url + hash, { ...(width && { width }) });
  await visitor.says('Ready to train.');
}

async function train(steps: number): Promise<void> {
  await visitor.press('Train');
  await visitor.says('Training.', START_MS);
  await visitor.reaches(steps);
}

const quiet = async () => {
  expect(await visitor.alert()).toBe('');
  expect(visitor.complaints).toEqual([]);
};

const waitForText = (selector: string, pattern: RegExp) =>
  visitor.page.waitForFunction(
    (where, source) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ''),
    { timeout: START_MS, polling: 50 },
    selector,
    pattern.source,
  );

const label = () => visitor.page.$eval('canvas#samples', (canvas) => canvas.ariaLabel ?? '');

/** So many samples are on the canvas. */
async function showSamples(count: number): Promise<void> {
  await visitor.choose('Samples shown', String(count));
  await visitor.page.waitForFunction(
    (start) => document.querySelector('canvas#samples')?.ariaLabel?.startsWith(start),
    { timeout: START_MS, polling: 50 },
    `${count} pictures`,
  );
}

/** The picture that `Save picture` gives, as the only one of its folder. */
async function saved(): Promise<PNG> {
  for (const file of await readdir(studio.downloads)) await rm(join(studio.downloads, file));
  await visitor.press('Save picture');
  for (let tries = 0; tries < 300; tries++) {
    const [name] = (await readdir(studio.downloads)).filter((file) => file.endsWith('.png'));
    const bytes = name === undefined ? Buffer.of() : await readFile(join(studio.downloads, name));
    if (bytes.length > 0) return PNG.sync.read(bytes);
    await pause(100);
  }
  throw new Error('No picture was given.');
}

/** Pixels of the first four samples. */
function firstRow({ data, width }: PNG): Buffer {
  const rows = Array.from({ length: 18 }, (_, y) =>
    data.subarray(y * width * 4, (y * width + 4 * 18) * 4),
  );
  return Buffer.concat(rows);
}

it('shows what there is to learn as soon as it is chosen, in whatever size', async () => {
  await open(`#${SMALL}`);
  const { page } = visitor;
  const showsWidth = (width: number) =>
    page.waitForFunction(
      (expected) => document.querySelector<HTMLCanvasElement>('.real canvas')?.width === expected,
      {},
      width,
    );
  await showsWidth(8 * 18 + 2);
  await visitor.choose('Image size', '32');
  await showsWidth(8 * 34 + 2);
  await (await page.$('input[value=avatars]'))!.click();
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.real canvas');
    if (!canvas) return false;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 0 && Math.abs(value - data[i + 2]!) > 40);
  });
  expect(await visitor.step()).toBe(0);
  // Also where reading was cancelled together with a run.
  await (await page.$('input[value=faces]'))!.click();
  await page.waitForSelector('.unread');
  await visitor.press('Train');
  await visitor.press('Cancel');
  await visitor.says('Ready to train.');
  await page.waitForSelector('.real canvas');
  await quiet();
});

it('changes how many samples are shown in the middle of a run, and keeps the film of all', async () => {
  await open(`#${SMALL}`, 390);
  const { page } = visitor;
  await train(10);
  expect(await label()).toMatch(/^64 pictures.*in 8 rows/);
  await showSamples(256);
  await visitor.reaches((await visitor.step()) + 40);
  await visitor.press('Pause');
  await visitor.says('Paused.');
  const many = await saved();
  expect([many.width, many.height]).toEqual([16 * 18 + 2, 16 * 18 + 2]);
  await showSamples(16);
  const few = await saved();
  expect([few.width, few.height]).toEqual([4 * 18 + 2, 4 * 18 + 2]);
  expect(difference(firstRow(few), firstRow(many))).toBeLessThan(0.01);

  // The past has as many as there were then.
  const slider = await visitor.find('Time', 'slider');
  await slider.focus();
  await page.keyboard.press('Home');
  await page.waitForSelector('img.past');
  expect(await label()).toMatch(/^64 pictures/);
  await visitor.press('Back to now');
  await page.waitForFunction(() => document.querySelector('img.past') === null);
  expect(await label()).toMatch(/^16 pictures/);
  await visitor.press('Save video');
  await page.waitForFunction(
    () => [...document.querySelectorAll('button')].some((b) => b.textContent === 'Save video'),
    { polling: 100 },
  );

  // Pixels as large as wanted: what is then wider than the window scrolls inside.
  await visitor.choose('Zoom', '4');
  await visitor.find('Enlarged samples', 'region');
  const width = () => page.$eval('.stage', (stage) => stage.clientWidth);
  expect(await width()).toBe(4 * (4 * 18 + 2));
  await showSamples(256);
  expect(await width()).toBe(4 * (16 * 18 + 2));
  await visitor.page.evaluate(axe.source);
  const violations = await page.evaluate(
    async () => (await (globalThis as unknown as { axe: typeof axe }).axe.run()).violations,
  );
  expect(violations).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  await quiet();
});

it('shows what D makes of each sample, in colours, numbers and a histogram', async () => {
  await open(`#${SMALL}`, 1440);
  const { page } = visitor;
  await train(20);
  await waitForText('.frames-legend', /D takes \d+ of 64 samples for real/);
  await visitor.press('Pause');
  await visitor.says('Paused.');
  // A frame has a colour of its own around each sample.
  const opaque = () =>
    page.$eval('canvas.frames', (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const context = (canvas as HTMLCanvasElement).getContext('2d')!;
      const pitch = width / (8 * 18 + 2);
      const { data } = context.getImageData(0, 0, width, height);
      const at = (x: number, y: number) => data[(Math.round(y) * width + Math.round(x)) * 4 + 3]!;
      return Array.from({ length: 64 }, (_, n) => {
        const [x, y] = [2 + (n % 8) * 18, 2 + Math.floor(n / 8) * 18];
        // On its left edge, and in its middle.
        return [at((x - 0.5) * pitch, (y + 8) * pitch) > 0, at((x + 8) * pitch, (y + 8) * pitch)];
      });
    });
  expect(await opaque()).toEqual(Array.from({ length: 64 }, () => [true, 0]));

  // Of the sample under the pointer there are words.
  const box = (await (await page.$('.stage'))!.boundingBox())!;
  const [x, y] = [box.x + box.width * 0.18, box.y + box.height * 0.06];
  await page.mouse.move(x, y);
  await waitForText('.frames-legend', /Sample 2: D says [01]\.\d\d/);

  await waitForText('.charts', /D's logit of a picture/);
  const histogram = (await page.$('.charts .histogram svg'))!;
  await histogram.evaluate((svg) => svg.scrollIntoView({ block: 'center' }));
  const bars = (await histogram.boundingBox())!;
  await page.mouse.move(bars.x + bars.width / 2, bars.y + bars.height / 2);
  await waitForText('.charts .histogram figcaption', /to -?\d.*\d %.*\d %/);

  // A click goes through the frames to the sample.
  await page.evaluate(() => scrollTo(0, 0));
  await page.mouse.click(x, y);
  await waitForText('.picked-bar', /^Sample 2(?!\d)/);
  await (await visitor.find("Frames: D's belief", 'checkbox')).click();
  await page.waitForFunction(() => !document.querySelector('.frames, .frames-legend'));
  await quiet();
});

it('says so where D gives no probability', async () => {
  await open(`#${SMALL}&objective=hinge`);
  await train(20);
  await waitForText('.frames-legend', /no probability: samples -?\d.*real pictures -?\d/);
  await quiet();
});
