// What there is to learn from: the sets that come with the page, and the visitor's own pictures.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { faceToSvgString, generate } from 'facesjs';
import { strToU8, zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { afterEach, expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import type { Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

afterEach(() => {
  studio.host.slow = false;
});

/** Pixels of a row of real pictures of the small preset's size. */
const PREVIEW = 8 * 34 + 2;

/** Waits until the real pictures are to be seen. */
const preview = (width = PREVIEW) =>
  visitor.page.waitForFunction(
    (expected) => document.querySelector<HTMLCanvasElement>('.real canvas')?.width === expected,
    {},
    width,
  );

/** Waits until somewhere red and blue differ: colours, not greys. */
const coloured = (expected: boolean) =>
  visitor.page.waitForFunction(
    (expected) => {
      const shown = document.querySelector<HTMLCanvasElement>('.real canvas');
      if (!shown) return false;
      const copy = new OffscreenCanvas(shown.width, shown.height).getContext('2d')!;
      copy.drawImage(shown, 0, 0);
      const { data } = copy.getImageData(0, 0, shown.width, shown.height);
      return expected === data.some((v, i) => i % 4 === 0 && Math.abs(v - data[i + 2]!) > 40);
    },
    {},
    expected,
  );

const SETS = [
  { data: 'mnist', count: 60_000, trainedAt: undefined },
  { data: 'emoji', count: 3786, trainedAt: 1440 },
  { data: 'persons', count: 997, trainedAt: 390 },
  { data: 'faces', count: 1000, trainedAt: 390 },
  { data: 'avatars', count: 1000, trainedAt: 1440 },
];

it.each(WIDTHS)('sets that come with the page are shown and learned, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  await visitor.unfold('Set-up');
  for (const { data, count, trainedAt } of SETS) {
    await visitor.learnFrom(data);
    await coloured(data !== 'mnist');
    await preview();
    const card = await visitor.page.$eval(`label:has([value=${data}])`, (e) => e.textContent);
    expect(card).toContain(count.toLocaleString('en'));
    await visitor.keep(`2-${data}`);
    if (width !== trainedAt) continue;
    await visitor.train(5);
    await visitor.rest();
    // The whole set: what is shown of an epoch is so many steps of 16 pictures.
    const [step, , epoch] = (await visitor.readouts()).map(Number);
    expect(epoch).toBeCloseTo((16 * step!) / count, 2);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');
  }
  await visitor.quiet();
});

/** Notes every progress bar that is somewhere in the middle, also one that is gone before anybody looks. */
const WATCH_BARS = `
  globalThis.bars = new Set();
  new MutationObserver(() => {
    const bar = document.querySelector('progress');
    if (bar?.position > 0 && bar.position < 1) bars.add(bar.ariaLabel);
  }).observe(document, { subtree: true, childList: true, attributes: true });`;

const bars = () => visitor.page.evaluate('[...bars]') as Promise<string[]>;

it.each(WIDTHS)('data come with a progress bar, at %i px', async (width) => {
  studio.host.slow = true;
  visitor = await studio.visit({ width, script: WATCH_BARS });
  await preview();
  expect(await bars()).toContainEqual(expect.stringMatching(/^MNIST: [\d.]+ .B of [\d.]+ .B$/));
  await visitor.quiet();
});

const EMOJI = join(import.meta.dirname, '../../node_modules/emoji-datasource-google/img/google/64');

/** Two emoji side by side, with room above and below, before bands of red, green and blue. */
async function wide(left: string, right: string): Promise<Uint8Array> {
  const picture = new PNG({ width: 128, height: 80 });
  const pair = await Promise.all([left, right].map((name) => readFile(join(EMOJI, name))));
  const halves = pair.map((bytes) => PNG.sync.read(bytes).data);
  for (let i = 0; i < 128 * 80; i++) {
    const [x, y] = [i % 128, Math.floor(i / 128) - 8];
    const band = x < 20 ? [255, 0, 0] : x < 108 ? [0, 255, 0] : [0, 0, 255];
    const emoji = halves[x >> 6]!.subarray(4 * (y * 64 + (x & 63)));
    const opacity = y >= 0 && y < 64 ? emoji[3]! / 255 : 0;
    const colour = band.map((c, n) => opacity * (emoji[n] ?? 0) + (1 - opacity) * c);
    picture.data.set([...colour, 255], 4 * i);
  }
  return new Uint8Array(PNG.sync.write(picture));
}

/** The colour of the first real picture's upper left corner, by the parts that are bright. */
const corner = () =>
  visitor.page.$eval('.real canvas', (canvas) => {
    const shown = canvas as HTMLCanvasElement;
    const copy = new OffscreenCanvas(shown.width, shown.height).getContext('2d')!;
    copy.drawImage(shown, 0, 0);
    const { data } = copy.getImageData(2, 2, 1, 1);
    return ['red', 'green', 'blue'].filter((_, c) => data[c]! > 128).join(' ');
  });

it.each(WIDTHS)(
  'pictures out of a zip file are cropped, learned, kept and forgotten, at %i px',
  async (width) => {
    const names = (await readdir(EMOJI)).filter((name) => name.endsWith('.png')).slice(200, 240);
    const entries: Record<string, Uint8Array> = {
      'notes.txt': strToU8('no picture'),
      '__MACOSX/x.png': strToU8('?'),
    };
    for (let n = 0; n < names.length; n += 2)
      entries[`pictures/${n}.png`] = await wide(names[n]!, names[n + 1]!);
    const path = join(studio.dir, 'pictures.zip');
    await writeFile(path, zipSync(entries, { level: 1 }));

    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.unfold('Set-up');
    expect(await page.$eval('label:has([value=pictures])', (e) => e.textContent)).toMatch(
      /never leave this machine/,
    );
    await visitor.learnFrom('pictures');
    await visitor.says('Choose pictures to train on.');
    await visitor.give('files', path);
    await visitor.says('Ready to train.');
    const count = () => page.$eval('.chosen p', (p) => p.textContent);
    expect(await count()).toBe('20 pictures to learn from');
    await visitor.unfold('1 left out');
    expect(await page.$eval('.chosen li', (li) => li.textContent)).toMatch(
      /^pictures\.zip\/notes\.txt: .{10}/,
    );

    // What the network will see: the middle, all of it on white, or all of it narrower.
    const seen = { cover: 'green', contain: 'red green blue', fill: 'red' };
    for (const [fit, colour] of Object.entries(seen)) {
      await visitor.choose('Pictures that are not square', fit);
      await expect.poll(corner).toBe(colour);
    }
    await visitor.keep('2-own-pictures');

    // The browser has all of them when it has their index.
    await page.waitForFunction(async () => {
      const root = await navigator.storage.getDirectory();
      return root
        .getDirectoryHandle('ganvas-pictures')
        .then((folder) => folder.getFileHandle('index.json'))
        .then((handle) => handle.getFile())
        .then(
          // It is there, and empty, as soon as it begins to be written.
          ({ size }) => size > 0,
          () => false,
        );
    });
    await page.reload();
    await visitor.says('Ready to train.');
    await visitor.reads('.chosen p', /^20 pictures to learn from$/);
    await visitor.train(3);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');
    await visitor.unfold('Set-up');
    await visitor.press('Forget them');
    await visitor.says('Choose pictures to train on.');
    await page.reload();
    await visitor.says('Choose pictures to train on.');
    await visitor.quiet();
  },
);

/** One face with many expressions. */
function character(pictures: number): Record<string, Uint8Array> {
  const face = generate();
  const drawn = Array.from({ length: pictures }, (_, n) => {
    const { eye, eyebrow, mouth } = generate();
    const svg = faceToSvgString({ ...face, eye, eyebrow, mouth });
    const font = { loadSystemFonts: false };
    const fitTo = { mode: 'width', value: 300 } as const;
    return [`${n}.png`, new Resvg(svg, { fitTo, font, background: 'white' }).render().asPng()];
  });
  return Object.fromEntries(drawn);
}

// At 256×256 a step of the preset's width and batch takes seconds in software.
it('a few hundred pictures of one character are learned at 256×256', async () => {
  const path = join(studio.dir, 'character.zip');
  await writeFile(path, zipSync(character(240), { level: 0 }));
  const hash = '#data=pictures&imageSize=256&width=4&batchSize=4&latentDim=16';
  visitor = await studio.visit({
    ...{ hash, status: 'Choose pictures to train on.' },
    script: WATCH_BARS,
  });
  const { page } = visitor;
  await visitor.give('files', path);
  await visitor.says('Ready to train.');
  expect(await bars()).toContainEqual(expect.stringMatching(/^Pictures: \d+ of 240$/));
  expect(await page.$eval('.chosen p', (p) => p.textContent)).toBe('240 pictures to learn from');
  await preview(8 * 258 + 2);
  await visitor.train(3);
  await visitor.rest();
  await visitor.keep('2-character');
  await visitor.quiet();
});
