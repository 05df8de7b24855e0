// Looking into the machine on the page: layers, feature maps, filters, a step's kernels, memory.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { SMALL, useStudio } from '../support/studio.ts';
import { pause, START_MS, Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

async function open(width: number): Promise<void> {
  visitor = await Visitor.open(studio.context, `${studio.host.url}#${SMALL}`, { width });
  await showMachine();
}

async function showMachine(): Promise<void> {
  await visitor.says('Ready to train.', START_MS);
  await (await visitor.find('Machine', 'tab')).click();
  await visitor.page.waitForSelector('.stages');
}

async function train(steps: number): Promise<void> {
  await visitor.press('Train');
  await visitor.says('Training.', START_MS);
  await visitor.reaches(steps);
}

/** Nothing went wrong, and nothing is in anybody's way. */
async function fine(): Promise<void> {
  const { page } = visitor;
  expect(await visitor.alert()).toBe('');
  expect(visitor.complaints).toEqual([]);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('.machine details'))
      details.open = true;
  });
  await page.evaluate(axe.source);
  const violations = await page.evaluate(
    async () => (await (globalThis as unknown as { axe: typeof axe }).axe.run()).violations,
  );
  expect(violations).toEqual([]);
  const { width } = page.viewport()!;
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
}

/** Opens a layer by the keyboard, and waits until its maps are there. */
async function look(layer: string): Promise<void> {
  await visitor.page.focus(`[data-layer="${layer}"]`);
  await visitor.page.keyboard.press('Enter');
  await visitor.page.waitForSelector(
    `.stage-item:has([data-layer="${layer}"][aria-expanded=true]) .maps-pictures`,
    { timeout: START_MS },
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

async function setSample(number: number): Promise<void> {
  const input = await visitor.find('Sample', 'spinbutton');
  await input.evaluate((element, value) => {
    (element as HTMLInputElement).value = String(value);
    element.dispatchEvent(new Event('change', { bubbles: true }));
  }, number);
}

/** Waits for a sample that differs from this one. */
async function sampleOtherThan(before: readonly number[]): Promise<number[]> {
  for (let tries = 0; tries < 600; tries++) {
    const { values } = await greys('canvas.maps-sample');
    if (largest(before, values) > 2) return values;
    await pause(100);
  }
  throw new Error('The sample stays the same.');
}

it('lists the layers of both networks before a run, as the settings make them', async () => {
  await open(390);
  const { page } = visitor;
  const stages = () =>
    page.$$eval('.stage-row', (all) => all.map((row) => row.textContent?.replace(/\s+/g, ' ')));
  expect(await stages()).toEqual([
    'ConvTranspose 4×4stride 1, 16 → 8, 4×4 2,048 parametersBatchNormReLU',
    'ConvTranspose 4×4stride 2, 8 → 4, 8×8 512 parametersBatchNormReLU',
    'ConvTranspose 4×4stride 2, 4 → 1, 16×16 64 parametersTanh',
    'Conv 4×4stride 2, 1 → 4, 8×8 64 parametersLeakyReLU',
    'Conv 4×4stride 2, 4 → 8, 4×4 512 parametersBatchNormLeakyReLU',
    'Conv 4×4stride 1, 8 → 1, 1×1 128 parameters',
  ]);
  // Narrow pages fold the settings.
  await page.$eval('.setup', (setup) => {
    (setup as HTMLDetailsElement).open = true;
  });
  await visitor.choose('Image size', '32');
  await page.waitForFunction(() => document.querySelectorAll('.stage-row').length === 8);
  expect((await stages())[3]).toMatch(/4 → 1, 32×32/);
  // Maps need numbers: what has to be done first is said where they would be.
  await page.click('[data-layer="generator main.0"]');
  expect(await page.$eval('.maps', (maps) => maps.textContent)).toMatch(/Press Train/);
  await page.click('[data-layer="generator main.0"]');
  expect(await page.$('.maps')).toBeNull();
  await fine();
});

it('shows what a layer makes of a sample, and of a real picture', async () => {
  await open(1440);
  const { page } = visitor;
  await train(40);
  await visitor.press('Pause');
  await visitor.says('Paused.');
  // Of one step: the samples on their canvas, and the maps.
  await visitor.press('Save picture');
  let file: Buffer | undefined;
  for (let tries = 0; tries < 300 && !file?.length; tries++) {
    const [name] = (await readdir(studio.downloads)).filter((found) => found.endsWith('.png'));
    if (name !== undefined) file = await readFile(join(studio.downloads, name));
    await pause(100);
  }
  const { data, width } = PNG.sync.read(file!);
  const tile = (n: number) =>
    Array.from({ length: 256 }, (_, i) => {
      const [x, y] = [2 + n * 18 + (i % 16), 2 + Math.floor(i / 16)];
      return data[4 * (y * width + x)]!;
    });

  await look('generator main.7');
  const first = await greys('canvas.maps-sample');
  expect(first.width).toBe(16);
  expect(largest(first.values, tile(0))).toBeLessThanOrEqual(1);
  await setSample(3);
  expect(largest(await sampleOtherThan(first.values), tile(2))).toBeLessThanOrEqual(1);

  // Four maps of 8 × 8 after the second ReLU: none is below zero, and they are not blank.
  await look('generator main.5');
  expect(await page.$eval('.maps .hint.tabular', (p) => p.textContent)).toMatch(
    /^4 maps, values from 0\.00 to \d.*after step \d+.*black is 0/,
  );
  const maps = await greys('.maps-pictures canvas:not(.maps-sample)');
  expect(Math.max(...maps.values)).toBe(255);

  await look('discriminator main.0');
  const drawn = (await greys('canvas.maps-sample')).values;
  await visitor.choose('Picture', 'real');
  const real = await sampleOtherThan(drawn);
  const shown = await greys('.real canvas', [2, 2, 16]);
  expect(largest(real, shown.values)).toBeLessThanOrEqual(1);
  expect(await page.$eval('.maps .hint.tabular', (p) => p.textContent)).toMatch(/violet below/);
  // The generator is given no pictures.
  await look('generator main.2');
  expect(await page.$$eval('.maps select', (all) => all.length)).toBe(0);

  await page.waitForFunction(() => document.querySelectorAll('.filters canvas').length === 2);
  expect(await page.$$eval('.filters .hint', (all) => all.map((p) => p.textContent))).toEqual([
    expect.stringMatching(/^4 filters, values from -\d/),
    expect.stringMatching(/^4 filters, values from -\d/),
  ]);
  await visitor.press('Resume');
  const at = await visitor.step();
  // The maps follow the run.
  await page.waitForFunction(
    (step) => {
      const words = document.querySelector('.maps .hint.tabular')?.textContent ?? '';
      return Number(/after step ([\d,]+)/.exec(words)?.[1]?.replaceAll(',', '')) > step;
    },
    { timeout: START_MS },
    at,
  );
  await fine();
});

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

it('measures a step kernel by kernel while training goes on, and says what memory is for', async () => {
  await open(390);
  const { page } = visitor;
  await train(10);
  await visitor.press('Measure a step');
  await page.waitForSelector('.step-tables', { timeout: START_MS });
  const said = await page.$eval('.step [role=status]', (status) => status.textContent);
  const [, kernels] = /^Step \d+: (\d+) kernels, [\d.]+ ms on the GPU\.$/.exec(said!)!;
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
  const bars = await page.$$('.step-bar .forward');
  const widths = await Promise.all(bars.map(async (bar) => (await bar.boundingBox())?.width ?? 0));
  // Most kernels are over in less time than has a width.
  await bars[widths.indexOf(Math.max(...widths))]!.hover();
  await page.waitForFunction(() =>
    /: [\d.]+ ms$/.test(document.querySelector('.step-bars figcaption')?.textContent ?? ''),
  );
  await visitor.reaches((await visitor.step()) + 5);

  await page.waitForFunction(() => document.querySelectorAll('.memory-kinds dt').length > 0);
  const memory = await page.$eval('.memory', (section) => section.textContent ?? '');
  expect(memory).toMatch(/^Memory and work[\d.]+ MB in \d+ buffers on the GPU/);
  for (const kind of ['Parameters', 'Optimisers', 'Running statistics', 'Data set', 'Activations'])
    expect(memory).toContain(kind);
  expect(memory).toContain(`(dispatches)${kernels}`);
  expect(memory).toMatch(/GPU clock/);
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  expect(await page.$('.step-tables')).toBeNull();
  await fine();
});

/** An adapter without a clock: what the worker imports first takes it away. */
const CLOCKLESS = `
  const Real = Worker;
  globalThis.Worker = class extends Real {
    constructor(url, options) {
      const module = (code) => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const none =
        'Object.defineProperty(GPUAdapter.prototype, "features", { get: () => new Set() });';
      const names = [module(none), new URL(url, location.href).href];
      super(module(names.map((name) => 'import ' + JSON.stringify(name) + ';').join('')), options);
    }
  };`;

it('shows work in the place of time where there is no clock', async () => {
  await open(1440);
  const { page } = visitor;
  // The page lets no other code in than its own.
  await page.setBypassCSP(true);
  await page.evaluateOnNewDocument(CLOCKLESS);
  await page.reload();
  await showMachine();
  await train(5);
  await visitor.press('Measure a step');
  await page.waitForSelector('.step-tables', { timeout: START_MS });
  const step = await page.$eval('.step', (section) => section.textContent ?? '');
  expect(step).toMatch(/Each step: \d+ kernels, [\d.]+ GFLOP\./);
  expect(step).toMatch(/no access to the GPU’s clock/);
  const byKernel = await rowsOf('By kernel');
  expect(byKernel[0]![0]).toMatch(/^conv2d/);
  // Runs, share and work.
  expect(byKernel[0]).toHaveLength(4);
  expect(Number(byKernel[0]![3])).toBeGreaterThan(0);
  await fine();
});
