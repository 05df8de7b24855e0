// Watching a run on the page: how many samples, what D makes of them, and real pictures from the start.
import { PNG } from 'pngjs';
import type { ElementHandle } from 'puppeteer-core';
import { afterEach, expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { difference, type Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

afterEach(() => {
  studio.host.slow = false;
});

/** Pixels of a side of the small preset's pictures, and from one to the next on a canvas. */
const SIZE = 32;
const PITCH = SIZE + 2;

const label = () => visitor.page.$eval('canvas#samples', (canvas) => canvas.ariaLabel ?? '');

/** So many samples are on the canvas. */
async function showSamples(count: number): Promise<void> {
  await visitor.choose('Samples shown', String(count));
  await visitor.page.waitForFunction(
    (start) => document.querySelector('canvas#samples')?.ariaLabel?.startsWith(start),
    { polling: 50 },
    `${count} pictures`,
  );
}

async function saved(): Promise<PNG> {
  await visitor.press('Save picture');
  return PNG.sync.read(await studio.downloaded('.png'));
}

/** Pixels of the first four samples. */
function firstRow({ data, width }: PNG): Buffer {
  const rows = Array.from({ length: PITCH }, (_, y) =>
    data.subarray(y * width * 4, (y * width + 4 * PITCH) * 4),
  );
  return Buffer.concat(rows);
}

it.each(WIDTHS)('shows what there is to learn as soon as it is chosen, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  await visitor.unfold('Set-up');
  const { page } = visitor;
  const showsWidth = (width: number) =>
    page.waitForFunction(
      (expected) => document.querySelector<HTMLCanvasElement>('.real canvas')?.width === expected,
      {},
      width,
    );
  await showsWidth(8 * PITCH + 2);
  await visitor.choose('Image size', '64');
  await showsWidth(8 * 66 + 2);
  await visitor.learnFrom('avatars');
  await page.waitForFunction(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('.real canvas');
    if (!canvas) return false;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 0 && Math.abs(value - data[i + 2]!) > 40);
  });
  expect(await visitor.step()).toBe(0);
  // Also where reading was cancelled together with a run, in the middle of a file.
  studio.host.slow = true;
  await visitor.learnFrom('faces');
  await page.waitForFunction(() => {
    const bar = document.querySelector<HTMLProgressElement>('.unread progress');
    return bar !== null && bar.position > 0;
  });
  await visitor.press('Train');
  await visitor.press('Cancel');
  await visitor.says('Ready to train.');
  await page.waitForSelector('.real canvas');
  await visitor.quiet();
});

it.each(WIDTHS)(
  'changes how many samples are shown in the middle of a run, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.train(10);
    expect(await label()).toMatch(/^64 pictures.*in 8 rows/);
    await showSamples(256);
    await visitor.reaches((await visitor.step()) + 10);
    await visitor.rest();
    const many = await saved();
    expect([many.width, many.height]).toEqual([16 * PITCH + 2, 16 * PITCH + 2]);
    await showSamples(16);
    const few = await saved();
    expect([few.width, few.height]).toEqual([4 * PITCH + 2, 4 * PITCH + 2]);
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

    // Pixels as large as wanted: what is then wider than the window scrolls inside.
    await visitor.choose('Zoom', '4');
    await visitor.find('Enlarged samples', 'region');
    const stageWidth = () => page.$eval('.stage', (stage) => stage.clientWidth);
    expect(await stageWidth()).toBe(4 * (4 * PITCH + 2));
    await showSamples(256);
    expect(await stageWidth()).toBe(4 * (16 * PITCH + 2));
    await visitor.keep('4-enlarged');
    expect(await visitor.barriers()).toEqual([]);
    await visitor.quiet();
  },
);

it.each(WIDTHS)('shows what D makes of each sample, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  const { page } = visitor;
  await visitor.train(20);
  await visitor.reads('.frames-legend', /D takes \d+ of 64 samples for real/);
  await visitor.rest();
  // A frame has a colour of its own around each sample.
  const opaque = () =>
    page.$eval(
      'canvas.frames',
      (canvas, size) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const context = (canvas as HTMLCanvasElement).getContext('2d')!;
        const pitch = width / (8 * (size + 2) + 2);
        const { data } = context.getImageData(0, 0, width, height);
        const at = (x: number, y: number) => data[(Math.round(y) * width + Math.round(x)) * 4 + 3]!;
        return Array.from({ length: 64 }, (_, n) => {
          const [x, y] = [n % 8, Math.floor(n / 8)].map((place) => 2 + place * (size + 2));
          const middle = (from = 0) => (from + size / 2) * pitch;
          // On its left edge, and in its middle.
          return [at((x! - 0.5) * pitch, middle(y)) > 0, at(middle(x), middle(y))];
        });
      },
      SIZE,
    );
  expect(await opaque()).toEqual(Array.from({ length: 64 }, () => [true, 0]));

  // Of the sample under the pointer there are words.
  await page.evaluate(() => scrollTo(0, 0));
  const box = (await (await page.$('.stage'))!.boundingBox())!;
  const [x, y] = [box.x + box.width * 0.18, box.y + box.height * 0.06];
  await page.mouse.move(x, y);
  await visitor.reads('.frames-legend', /Sample 2: D says [01]\.\d\d/);
  await visitor.keep('4-frames');
  // And of both kinds, beside who plays against whom.
  await visitor.reads('.game', /on generated pictures [01]\.\d\d.*on real pictures [01]\.\d\d/);

  // A click goes through the frames to the sample.
  await page.mouse.click(x, y);
  await visitor.reads('.picked-bar', /^Sample 2(?!\d)/);
  await (await visitor.find("Frames: D's belief", 'checkbox')).click();
  await page.waitForFunction(() => !document.querySelector('.frames, .frames-legend'));
  await visitor.quiet();
});

it('says so where D gives no probability', async () => {
  visitor = await studio.visit({ width: 390, hash: '#objective=hinge' });
  await visitor.train(20);
  await visitor.reads('.frames-legend', /no probability: samples -?\d.*real pictures -?\d/);
  await visitor.quiet();
});

/** What the charts say, by what stands above each: values of the lines, and means of the histograms. */
const CHARTS: Record<string, readonly string[]> = {
  Losses: ['Discriminator', 'Generator'],
  'Gradient norms': ['Discriminator', 'Generator'],
  'Samples beside real pictures': ['Diversity (real: 1)', 'Sliced Wasserstein distance'],
  "D's logit of a picture": ['Real pictures', 'Samples'],
  'Mean brightness of a picture': ['Real pictures', 'Samples'],
};

/** The chart with that title. */
async function chartOf(title: string): Promise<ElementHandle<Element>> {
  const found = await visitor.page.waitForFunction(
    (text) =>
      [...document.querySelectorAll('.chart')].find(
        (e) => e.querySelector('h3')?.textContent === text,
      ),
    {},
    title,
  );
  return found.asElement() as ElementHandle<Element>;
}

/** Moves the pointer to the middle of a part of a chart. */
async function pointAt(chart: ElementHandle<Element>, part: string): Promise<void> {
  const element = (await chart.$(part))!;
  await element.evaluate((e) => e.scrollIntoView({ block: 'center' }));
  await element.hover();
}

it.each(WIDTHS)(
  'draws charts of the run, with values under the pointer, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.train(20);
    await visitor.reads('.charts', /D's logit of a picture.*Mean brightness of a picture/);
    await visitor.rest();
    for (const [title, labels] of Object.entries(CHARTS)) {
      const chart = await chartOf(title);
      expect(await chart.$$eval('dt', (all) => all.map((e) => e.textContent))).toEqual(labels);
    }
    // And how real D takes both to be.
    const values = await page.$$eval('.chart dd', (all) => all.map((e) => Number(e.textContent)));
    expect(values).toHaveLength(12);
    expect(values.filter((value) => !Number.isFinite(value))).toEqual([]);
    for (const label of ['Real, D(x)', 'Generated, D(G(z))']) {
      const belief = await visitor.value(label);
      expect(belief).toBeGreaterThanOrEqual(0);
      expect(belief).toBeLessThanOrEqual(1);
    }
    await visitor.keep('4-charts');

    const losses = await chartOf('Losses');
    await pointAt(losses, '.u-over');
    const above = (chart: ElementHandle<Element>) => () =>
      chart.$eval('figcaption', (e) => e.textContent);
    await expect.poll(above(losses)).toMatch(/step \d+/);
    const logits = await chartOf("D's logit of a picture");
    await pointAt(logits, 'svg');
    await expect.poll(above(logits)).toMatch(/to -?\d.*\d %.*\d %/);

    // Losses lie elsewhere on a logarithmic scale, and where they were without it.
    const plot = () =>
      losses.$eval('canvas', (canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const linear = await plot();
    const log = await visitor.find('Logarithmic scale', 'checkbox');
    await log.click();
    await expect.poll(plot).not.toBe(linear);
    await log.click();
    await expect.poll(plot).toBe(linear);
    await visitor.quiet();
  },
);

const troubled = (trouble: string) =>
  visitor.page.waitForSelector(`.advice[data-trouble=${trouble}]`);

it('warns in words when one side wins and the samples are alike', async () => {
  // A generator that hardly learns.
  visitor = await studio.visit({ width: 390, hash: '#lrG=0.000001' });
  await visitor.train(100);
  for (const step of [200, 300]) await visitor.reaches(step);
  await troubled('d-wins');
  await visitor.reads('.advice', /The discriminator wins.*Try a lower learning rate for D/);
  await visitor.keep('4-d-wins');
  await troubled('collapse');
  await visitor.reads('.advice', /The samples look alike.*lower learning rate/);
  await visitor.quiet();
});

it('says what to try when numbers become too large', async () => {
  const hash = '#optimiser=sgd&lrD=1&lrG=1&objective=f-gan-kl';
  visitor = await studio.visit({ width: 1440, hash });
  await visitor.press('Train');
  await visitor.says('Stopped by an error.');
  expect(await visitor.alert()).toMatch(/Training has gone wrong.*learning rate/);
  await visitor.keep('4-non-finite');
  expect(visitor.complaints).toEqual([]);
});
