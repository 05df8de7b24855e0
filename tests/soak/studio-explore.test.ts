// Looking into the latent space on the page, as a person does it: all pixels are what they should be.
import type { ElementHandle } from 'puppeteer-core';
import { expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import type { Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

/** Pixels of a side of the small preset's pictures. */
const SIZE = 32;

const SAMPLES = 'canvas#samples';
const view = (name: string) => `canvas[data-view=${name}]`;
const optionName = (n: number) => `.picker [role=option]:nth-child(${n})`;
const clickSample = (n: number) => visitor.page.click(optionName(n));

/** The pixels of one picture on a canvas, by its place among so many in a row. */
async function pixels(canvas: string, place = 0, columns = 1, gap = 0): Promise<number[]> {
  const from = (n: number) => gap + n * (SIZE + gap);
  const [x, y] = [from(place % columns), from(Math.floor(place / columns))];
  const found = await visitor.page.evaluate(
    (selector, x, y, size) => {
      const shown = document.querySelector<HTMLCanvasElement>(selector);
      if (!shown) return null;
      const context = new OffscreenCanvas(size, size).getContext('2d');
      context?.drawImage(shown, -x, -y);
      return [...(context?.getImageData(0, 0, size, size).data ?? [])];
    },
    canvas,
    x,
    y,
    SIZE,
  );
  if (!found) throw new Error(`There is no ${canvas}.`);
  return found;
}

/** Of the grid, by its number from 1. */
const sample = (n: number) => () => pixels(SAMPLES, n - 1, 8, 2);

const distance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((largest, x, i) => Math.max(largest, Math.abs(x - b[i]!)), 0);

/** Kernels for other numbers of pictures may round otherwise. */
const ALIKE = 2;

type Look = () => Promise<number[]>;

/**
 * Waits until two places show the same: each is drawn a little after it was asked for, and after a
 * pause once more, when the last step is done.
 */
async function expectAlike(found: Look, wanted: Look): Promise<void> {
  await expect.poll(async () => distance(await found(), await wanted())).toBeLessThanOrEqual(ALIKE);
}

/** Waits until they do not. */
async function expectUnlike(found: Look, other: Look): Promise<void> {
  await expect.poll(async () => distance(await found(), await other())).toBeGreaterThan(ALIKE);
}

const focused = () => visitor.page.evaluate(() => document.activeElement?.ariaLabel);

/** Moves the pointer to the middle of a picture of the plane's map. */
async function pointAt(place: number): Promise<void> {
  const map = (await visitor.page.$('.map')) as ElementHandle<Element>;
  await map.scrollIntoView();
  const box = (await map.boundingBox())!;
  const middle = (n: number) => (n + 0.5) / 5;
  await visitor.page.mouse.move(
    box.x + box.width * middle(place % 5),
    box.y + box.height * middle(Math.floor(place / 5)),
  );
}

it.each(WIDTHS)('enlarges, mixes, walks between and adds up samples, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  const { page } = visitor;
  await visitor.tab('Explore');
  expect(await page.$eval('[role=tabpanel]', (panel) => panel.textContent)).toMatch(/^Train first/);
  await visitor.train(60);
  await visitor.rest();
  const [first, second, third] = [sample(1), sample(2), sample(3)] as const;
  // Else nothing below would mean anything.
  await expectUnlike(first, second);
  await expectUnlike(second, third);

  // By mouse, then by keyboard: one to the right and one down.
  await clickSample(12);
  await expectAlike(() => pixels(view('picked')), sample(12));
  expect(await focused()).toBe('Sample 12 of 64');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('Sample 21 of 64');
  await page.keyboard.press('Enter');
  await expectAlike(() => pixels(view('picked')), sample(21));
  expect(await page.$eval(optionName(21), (option) => option.ariaSelected)).toBe('true');
  await page.keyboard.press('End');
  expect(await focused()).toBe('Sample 64 of 64');
  await page.keyboard.press('ArrowDown');
  expect(await focused()).toBe('Sample 64 of 64');
  await page.keyboard.press('Home');
  expect(await focused()).toBe('Sample 1 of 64, part of A');

  // The way from A to B begins and ends at them.
  const onStrip = (place: number) => () => pixels(view('strip'), place, 9, 2);
  await expectAlike(onStrip(0), first);
  await expectAlike(onStrip(8), second);
  await visitor.press('Take as B');
  const picked = sample(21);
  await expectAlike(onStrip(8), picked);
  for (const end of [first, picked]) await expectUnlike(onStrip(4), end);
  await expectAlike(() => pixels(view('mixed')), onStrip(4));
  const slider = await visitor.find('Place', 'slider');
  await slider.focus();
  await page.keyboard.press('Home');
  await expectAlike(() => pixels(view('mixed')), first);
  await page.keyboard.press('End');
  await expectAlike(() => pixels(view('mixed')), picked);

  // The plane has A, B and C in three of its corners.
  await visitor.tab('Walk');
  const onMap = (place: number) => () => pixels(view('map'), place, 5, 2);
  await expectAlike(onMap(0), first);
  await expectAlike(onMap(4), picked);
  await expectAlike(onMap(20), third);
  for (const place of [4, 12, 20, 0]) {
    await pointAt(place);
    await expectAlike(() => pixels(view('walked')), onMap(place));
  }
  await page.focus('.map');
  for (let n = 0; n < 25; n++) await page.keyboard.press('ArrowRight');
  await expectAlike(() => pixels(view('walked')), picked);
  await (await visitor.find('A to B', 'slider')).focus();
  await page.keyboard.press('Home');
  await (await visitor.find('A to C', 'slider')).focus();
  await page.keyboard.press('End');
  await expectAlike(() => pixels(view('walked')), third);

  await visitor.keep('6-walk');

  // What is taken away and added again changes nothing.
  await visitor.tab('A − B + C');
  await visitor.press('Take as A');
  await expectAlike(() => pixels(view('result')), third);
  const near = (place: number) => () => pixels(view('around'), place, 3, 2);
  await expectAlike(near(4), third);
  await expectUnlike(near(0), third);
  // The mean of two is neither; without both there is nothing to compute.
  await clickSample(12);
  const ofA = (place: number) => () => pixels(view('corners'), place, 6, 2);
  await expectAlike(ofA(5), picked);
  await visitor.press('Add sample 12 to A');
  await expectAlike(ofA(1), sample(12));
  await expectUnlike(ofA(5), picked);
  await visitor.press('Remove sample 21 from A');
  await expectAlike(ofA(5), sample(12));
  await visitor.press('Remove sample 12 from A');
  expect(await page.$eval('.explore .note', (note) => note.textContent)).toMatch(
    /no sample in A\./,
  );
  await visitor.keep('6-arithmetic');

  // Another run has other samples, and the same places.
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  expect(await page.$(`.explore, ${view('corners')}, .picker`)).toBeNull();
  await visitor.quiet();
});

it.each(WIDTHS)('finds the real pictures that are nearest, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  const { page } = visitor;
  await visitor.train(20);
  await clickSample(7);
  // On a wide page what is picked is in sight.
  if (width === 390) await visitor.press('Explore');
  await visitor.tab('Nearest');
  const said = async () => (await page.$eval('.tool', (tool) => tool.textContent)) ?? '';
  await expect.poll(said).toMatch(/Searched after step/);
  const distances = /Distances, row by row: ([\d., ]+)\./.exec(await said())![1]!.split(', ');
  expect(distances).toHaveLength(8);
  const numbers = distances.map(Number);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(numbers[0]).toBeGreaterThan(0);
  // Digits on black, two rows of four.
  const sides = await page.$eval('.neighbours canvas', (canvas) => [
    (canvas as HTMLCanvasElement).width,
    (canvas as HTMLCanvasElement).height,
  ]);
  expect(sides).toEqual([4 * (SIZE + 2) + 2, 2 * (SIZE + 2) + 2]);
  for (let place = 0; place < 8; place++) {
    const found = await pixels('.neighbours canvas', place, 4, 2);
    expect(Math.max(...found.filter((_, i) => i % 4 < 3))).toBeGreaterThan(128);
    expect(found[0]).toBe(0);
  }
  const before = await visitor.step();
  await visitor.reaches(before + 10);
  await visitor.press('Search again');
  await expect
    .poll(async () => Number(/step ([\d,]+)/.exec(await said())?.[1]?.replaceAll(',', '')))
    .toBeGreaterThan(before);
  await visitor.keep('6-nearest');
  await visitor.quiet();
});

it('says why uniform latents are mixed along a line, and follows training', async () => {
  visitor = await studio.visit({ hash: '#latent=uniform' });
  const { page } = visitor;
  await visitor.train(10);
  await clickSample(5);
  const hint = () => page.$eval('.tool .hint', (text) => text.textContent);
  expect(await hint()).toMatch(/straight line: these latents are uniform/);
  const then = await pixels(view('picked'));
  await expect
    .poll(async () => distance(await pixels(view('picked')), then))
    .toBeGreaterThan(ALIKE);
  // Training goes on beside somebody who walks all the time.
  await visitor.tab('Walk');
  const step = await visitor.step();
  for (let place = 0; (await visitor.step()) < step + 5; place = (place + 1) % 25)
    await pointAt(place);
  await visitor.rest();
  await expectAlike(() => pixels(view('picked')), sample(5));
  await visitor.quiet();
});
