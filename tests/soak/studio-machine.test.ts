// Looking into the machine on the page: layers, feature maps, filters, a step's kernels, memory.
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { type Accidents, pause, type Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

/** Pixels of a side of the small preset's pictures, and from one to the next on a canvas. */
const SIZE = 32;
const PITCH = SIZE + 2;

async function open(how: Accidents & { readonly width: number }): Promise<void> {
  visitor = await studio.visit(how);
  await visitor.tab('Machine');
  await visitor.page.waitForSelector('.stages');
}

/** Nothing went wrong, and nothing is in anybody's way. */
async function fine(): Promise<void> {
  await visitor.page.$$eval('.machine details', (all) => {
    for (const details of all) details.open = true;
  });
  expect(await visitor.barriers()).toEqual([]);
  await visitor.quiet();
}

/** Opens a layer by the keyboard, and waits until its maps are there. */
async function look(layer: string): Promise<void> {
  await visitor.page.focus(`[data-layer="${layer}"]`);
  await visitor.page.keyboard.press('Enter');
  await visitor.page.waitForSelector(
    `.stage-item:has([data-layer="${layer}"][aria-expanded=true]) .maps-pictures`,
    {},
  );
}

/**
 * Grey values of a canvas, or of a square in it, and its width. Of a copy: a canvas that is read again and
 * again is one that browsers complain of.
 */
const greys = (selector: string, square?: readonly [left: number, top: number, side: number]) =>
  visitor.page.$eval(
    selector,
    (canvas, part) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const [left, top, w, h] = part ? [...part, part[2]] : [0, 0, width, height];
      const copy = new OffscreenCanvas(width, height).getContext('2d', {
        willReadFrequently: true,
      })!;
      copy.drawImage(canvas as HTMLCanvasElement, 0, 0);
      const { data } = copy.getImageData(left!, top!, w!, h!);
      return { width, values: [...data].filter((_, i) => i % 4 === 0) };
    },
    square,
  );

const largest = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);

/** Waits for a sample that differs from this one. */
async function sampleOtherThan(before: readonly number[]): Promise<number[]> {
  for (let tries = 0; tries < 600; tries++) {
    const { values } = await greys('canvas.maps-sample');
    if (largest(before, values) > 2) return values;
    await pause(100);
  }
  throw new Error('The sample stays the same.');
}

it.each(WIDTHS)('lists the layers of both networks before a run, at %i px', async (width) => {
  await open({ width });
  const { page } = visitor;
  const stages = () =>
    page.$$eval('.stage-row', (all) => all.map((row) => row.textContent?.replace(/\s+/g, ' ')));
  expect(await stages()).toEqual([
    'ConvTranspose 4×4stride 1, 64 → 32, 4×4 32,768 parametersBatchNormReLU',
    'ConvTranspose 4×4stride 2, 32 → 16, 8×8 8,192 parametersBatchNormReLU',
    'ConvTranspose 4×4stride 2, 16 → 8, 16×16 2,048 parametersBatchNormReLU',
    'ConvTranspose 4×4stride 2, 8 → 1, 32×32 128 parametersTanh',
    'Conv 4×4stride 2, 1 → 8, 16×16 128 parametersLeakyReLU',
    'Conv 4×4stride 2, 8 → 16, 8×8 2,048 parametersBatchNormLeakyReLU',
    'Conv 4×4stride 2, 16 → 32, 4×4 8,192 parametersBatchNormLeakyReLU',
    'Conv 4×4stride 1, 32 → 1, 1×1 512 parameters',
  ]);
  await visitor.unfold('Set-up');
  await visitor.choose('Image size', '64');
  await page.waitForFunction(() => document.querySelectorAll('.stage-row').length === 10);
  expect((await stages())[4]).toMatch(/8 → 1, 64×64/);
  // Maps need numbers: what has to be done first is said where they would be.
  await page.click('[data-layer="generator main.0"]');
  expect(await page.$eval('.maps', (maps) => maps.textContent)).toMatch(/Press Train/);
  await page.click('[data-layer="generator main.0"]');
  expect(await page.$('.maps')).toBeNull();
  await fine();
});

it.each(WIDTHS)(
  'shows what a layer makes of a sample, and of a real picture, at %i px',
  async (width) => {
    await open({ width });
    const { page } = visitor;
    await visitor.train(40);
    await visitor.rest();
    // Of one step: the samples on their canvas, and the maps.
    await visitor.press('Save picture');
    const { data, width: row } = PNG.sync.read(await studio.downloaded('.png'));
    const tile = (n: number) =>
      Array.from({ length: SIZE * SIZE }, (_, i) => {
        const [x, y] = [2 + n * PITCH + (i % SIZE), 2 + Math.floor(i / SIZE)];
        return data[4 * (y * row + x)]!;
      });

    await look('generator main.10');
    const first = await greys('canvas.maps-sample');
    expect(first.width).toBe(SIZE);
    expect(largest(first.values, tile(0))).toBeLessThanOrEqual(1);
    await visitor.type('Sample', '3');
    expect(largest(await sampleOtherThan(first.values), tile(2))).toBeLessThanOrEqual(1);

    // Eight maps of 16 × 16 after the third ReLU: none is below zero, and they are not blank.
    await look('generator main.8');
    expect(await page.$eval('.maps .hint.tabular', (p) => p.textContent)).toMatch(
      /^8 maps, values from 0\.00 to \d.*after step \d+.*black is 0/,
    );
    const maps = await greys('.maps-pictures canvas:not(.maps-sample)');
    expect(Math.max(...maps.values)).toBe(255);

    await look('discriminator main.0');
    const drawn = (await greys('canvas.maps-sample')).values;
    await visitor.choose('Picture', 'real');
    const real = await sampleOtherThan(drawn);
    const shown = await greys('.real canvas', [2, 2, SIZE]);
    expect(largest(real, shown.values)).toBeLessThanOrEqual(1);
    expect(await page.$eval('.maps .hint.tabular', (p) => p.textContent)).toMatch(/violet below/);
    // The generator is given no pictures.
    await look('generator main.2');
    expect(await page.$$eval('.maps select', (all) => all.length)).toBe(0);

    await page.waitForFunction(() => document.querySelectorAll('.filters canvas').length === 2);
    expect(await page.$$eval('.filters .hint', (all) => all.map((p) => p.textContent))).toEqual([
      expect.stringMatching(/^8 filters, values from -\d/),
      expect.stringMatching(/^8 filters, values from -\d/),
    ]);
    await visitor.keep('7-maps');
    await visitor.press('Resume');
    const at = await visitor.step();
    // The maps follow the run.
    await page.waitForFunction(
      (step) => {
        const words = document.querySelector('.maps .hint.tabular')?.textContent ?? '';
        return Number(/after step ([\d,]+)/.exec(words)?.[1]?.replaceAll(',', '')) > step;
      },
      {},
      at,
    );
    await fine();
  },
);

/** Rows of a table by its caption. */
const rowsOf = (caption: string) =>
  visitor.page.$$eval(
    '.step-tables table',
    (all, name) =>
      [...(all.find((t) => t.caption?.textContent === name)?.tBodies[0]?.rows ?? [])].map((row) =>
        [...row.cells].map((cell) => cell.textContent ?? ''),
      ),
    caption,
  );

const sum = (rows: readonly string[][], column: number) =>
  rows.reduce((total, row) => total + Number.parseFloat(row[column]!), 0);

it.each(WIDTHS)(
  'measures a step while training goes on, and tells of memory, at %i px',
  async (width) => {
    await open({ width });
    const { page } = visitor;
    await visitor.train(10);
    await visitor.press('Measure a step');
    await page.waitForSelector('.step-tables');
    const said = await page.$eval('.step [role=status]', (status) => status.textContent);
    const [, kernels] = /^Step \d+: (\d+) kernels, [\d.,]+ ms on the GPU\.$/.exec(said!)!;
    const parts = await rowsOf('By part of the step');
    expect(parts.map(([name]) => name)).toEqual([
      'D’s update: batch, losses, metrics',
      'D’s update: G forward',
      'D’s update: D forward',
      'D’s update: D backward',
      'D’s update: D optimiser',
      'G’s update: D forward',
      'G’s update: batch, losses, metrics',
      'G’s update: D backward',
      'G’s update: G backward',
      'G’s update: G optimiser',
      'Afterwards: batch, losses, metrics',
    ]);
    const byKernel = await rowsOf('By kernel');
    expect(byKernel.map(([name]) => name)).toContain('conv2dWeightGrad');
    const all = await rowsOf('All of them, in order');
    expect(all).toHaveLength(Number(kernels));
    for (const rows of [parts, byKernel]) {
      expect(sum(rows, 1)).toBe(Number(kernels));
      expect(sum(rows, 3)).toBeGreaterThan(98);
      expect(sum(rows, 3)).toBeLessThan(102);
    }
    // What the pointer is on is told in words.
    const bars = await page.$$('.step-bar .part');
    const widths = await Promise.all(
      bars.map(async (bar) => (await bar.boundingBox())?.width ?? 0),
    );
    // Most kernels are over in less time than has a width.
    await bars[widths.indexOf(Math.max(...widths))]!.hover();
    await page.waitForFunction(() =>
      /: [\d.,]+ ms$/.test(document.querySelector('.step-bars figcaption')?.textContent ?? ''),
    );
    await visitor.reaches((await visitor.step()) + 5);

    await page.waitForFunction(() => document.querySelectorAll('.memory-kinds dt').length > 0);
    const memory = await page.$eval('.memory', (section) => section.textContent ?? '');
    expect(memory).toMatch(/^Memory and work[\d.]+ MB in \d+ buffers on the GPU/);
    for (const kind of [
      'Parameters',
      'Optimisers',
      'Running statistics',
      'Data set',
      'Activations',
    ])
      expect(memory).toContain(kind);
    expect(memory).toContain(`(dispatches)${kernels}`);
    expect(memory).toMatch(/GPU clock/);
    await visitor.keep('7-step');
    await visitor.press('Reset');
    await visitor.says('Ready to train.');
    expect(await page.$('.step-tables')).toBeNull();
    await fine();
  },
);

it('shows work in the place of time where there is no clock', async () => {
  const none = 'Object.defineProperty(GPUAdapter.prototype, "features", { get: () => new Set() });';
  await open({ width: 1440, inWorker: none });
  await visitor.train(5);
  await visitor.press('Measure a step');
  await visitor.page.waitForSelector('.step-tables');
  const step = await visitor.page.$eval('.step', (section) => section.textContent ?? '');
  expect(step).toMatch(/Each step: \d+ kernels, [\d.]+ GFLOP\./);
  expect(step).toMatch(/no access to the GPU’s clock/);
  const byKernel = await rowsOf('By kernel');
  expect(byKernel[0]![0]).toMatch(/^conv2d/);
  // Runs, share and work.
  expect(byKernel[0]).toHaveLength(4);
  expect(Number(byKernel[0]![3])).toBeGreaterThan(0);
  await fine();
});
