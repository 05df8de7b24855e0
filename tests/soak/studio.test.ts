// What the page can do beside training, as a person does it, on the production build.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { strToU8, zipSync } from 'fflate';
import { PNG } from 'pngjs';
import type { ElementHandle } from 'puppeteer-core';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { SMALL, useStudio } from '../support/studio.ts';
import { difference, pause, START_MS, Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

async function open(hash = `#${SMALL}`): Promise<void> {
  visitor = await Visitor.open(studio.context, studio.host.url + hash);
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

const tab = async (name: string) => (await visitor.find(name, 'tab')).click();

/** The file of that ending, when the browser has written all of it. */
async function downloaded(ending: string): Promise<Buffer> {
  for (let tries = 0; tries < 300; tries++) {
    const [name] = (await readdir(studio.downloads)).filter((file) => file.endsWith(ending));
    const bytes = name === undefined ? undefined : await readFile(join(studio.downloads, name));
    if (bytes && bytes.length > 0) return bytes;
    await pause(100);
  }
  throw new Error(`No file *${ending} was given.`);
}

async function give(pick: string, ...paths: string[]): Promise<void> {
  const input = await visitor.page.$(`input[data-pick=${pick}]`);
  await (input as ElementHandle<HTMLInputElement>).uploadFile(...paths);
}

describe('data', () => {
  it.each([
    { data: 'persons', count: '997' },
    { data: 'faces', count: '1,000' },
    { data: 'avatars', count: '1,000' },
  ])('learns $data from a sheet, in colour', async ({ data }) => {
    await open(`#data=${data}&${SMALL}`);
    await train(3);
    await visitor.page.waitForFunction(
      (width) => document.querySelector<HTMLCanvasElement>('.real canvas')?.width === width,
      {},
      8 * 18 + 2,
    );
    // Colours, not greys: somewhere red and blue differ.
    const coloured = await visitor.page.$eval('.real canvas', (canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const { data } = (canvas as HTMLCanvasElement)
        .getContext('2d')!
        .getImageData(0, 0, width, height);
      return data.some((value, i) => i % 4 === 0 && Math.abs(value - data[i + 2]!) > 40);
    });
    expect(coloured).toBe(true);
    await quiet();
  });

  it('learns pictures out of a zip file, keeps them over a reload, and forgets them', async () => {
    const png = (shade: number) => {
      const picture = new PNG({ width: 20, height: 30 });
      picture.data.fill(255).fill(shade, 0, picture.data.length >> 1);
      return new Uint8Array(PNG.sync.write(picture));
    };
    const entries = Object.fromEntries(
      Array.from({ length: 10 }, (_, n) => [`pictures/${n}.png`, png(25 * n)]),
    );
    const archive = zipSync({
      ...entries,
      'notes.txt': strToU8('no picture'),
      '__MACOSX/x.png': strToU8('?'),
    });
    const path = join(studio.dir, 'pictures.zip');
    await writeFile(path, archive);
    visitor = await Visitor.open(studio.context, `${studio.host.url}#data=pictures&${SMALL}`);
    await visitor.says('Choose pictures to train on.');
    await give('files', path);
    await visitor.says('Ready to train.');
    expect(await visitor.page.$eval('.chosen p', (p) => p.textContent)).toBe(
      '10 pictures to learn from',
    );
    expect(await visitor.page.$eval('.chosen li', (li) => li.textContent)).toMatch(
      /^pictures\.zip\/notes\.txt: ./,
    );
    await visitor.choose('Pictures that are not square', 'contain');
    await visitor.says('Ready to train.');

    // The browser has all of them when it has their index.
    await visitor.page.waitForFunction(async () => {
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
    await visitor.page.reload();
    await visitor.says('Ready to train.');
    await visitor.page.waitForFunction(
      () => document.querySelector('.chosen p')?.textContent === '10 pictures to learn from',
    );
    await train(3);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');
    await visitor.press('Forget them');
    await visitor.says('Choose pictures to train on.');
    await visitor.page.reload();
    await visitor.says('Choose pictures to train on.');
    await quiet();
  });
});

describe('settings', () => {
  it('are checked together before a run, with what it takes, and shared by a link', async () => {
    await open();
    const { page } = visitor;
    const estimate = () => page.$eval('.estimate', (e) => e.textContent ?? '');
    await page.waitForFunction(() =>
      /GFLOP/.test(document.querySelector('.estimate')?.textContent ?? ''),
    );
    expect(await estimate()).toMatch(/G [\d,]+, D [\d,]+.*about [\d.]+ MB.*GFLOP.*about [\d.]+ ms/);

    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    await visitor.choose('Objective', 'hinge');
    const field = (await visitor.find('R1', 'spinbutton')) as ElementHandle<HTMLInputElement>;
    await field.evaluate((input) => {
      input.value = '10';
      input.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await page.waitForSelector('.estimate .refused');
    expect(await estimate()).toMatch(/batch-norm/);
    await visitor.choose('Normalisation of D', 'none');
    await page.waitForFunction(() => !document.querySelector('.estimate .refused'));

    const address = page.url();
    expect(address).toContain('objective=hinge');
    // First the new page: a context whose last one closes is gone.
    visitor = await Visitor.open(studio.context, address);
    await page.close();
    await visitor.says('Ready to train.');
    expect(
      await (await visitor.find('Image size', 'combobox')).evaluate((e) => 'value' in e && e.value),
    ).toBe('16');
    await train(3);
    await quiet();
  });

  it('say which parts of a link mean nothing', async () => {
    await open(`#${SMALL}&wings=2`);
    expect(await visitor.alert()).toMatch(/wings=2/);
    await visitor.press('Dismiss');
    await quiet();
  });

  it('of learning rates change in the middle of a run', async () => {
    await open();
    await train(3);
    // G learns nothing at all at the smallest rate, and its samples stand still.
    for (const name of ['Learning rate of G', 'Learning rate of D']) {
      const input = await visitor.page.evaluateHandle((label) => {
        const found = [...document.querySelectorAll('label')].find((l) => l.textContent === label);
        return document.getElementById(found!.htmlFor) as HTMLInputElement;
      }, name);
      expect(await input.evaluate((e) => e.disabled)).toBe(false);
      await input.evaluate((e) => {
        e.value = '0.000001';
        e.dispatchEvent(new Event('change', { bubbles: true }));
      });
    }
    const at = await visitor.step();
    // Running statistics of batch-norm settle first: they are what samples are drawn by.
    await visitor.reaches(at + 100);
    const before = await visitor.samples();
    await visitor.reaches(at + 200);
    // EMA is off in this model, so what is seen is the generator itself.
    expect(difference(before, await visitor.samples())).toBeLessThan(0.05);
    await quiet();
  });
});

describe('a run', () => {
  it('can be looked back at, and taken home as picture, video and checkpoint', async () => {
    await open();
    await train(60);
    await visitor.press('Pause');
    await visitor.says('Paused.');
    await pause(500);
    const now = await visitor.samples();
    const { page } = visitor;
    const slider = await visitor.find('Time', 'slider');
    await slider.focus();
    await page.keyboard.press('Home');
    await page.waitForSelector('img.past');
    expect(await slider.evaluate((e) => e.getAttribute('aria-valuetext'))).toBe('step 0');
    const past = await (await page.$('.stage'))!.screenshot();
    expect(difference(now, PNG.sync.read(Buffer.from(past)).data)).toBeGreaterThan(0.05);
    await visitor.press('Save picture');
    const picture = PNG.sync.read(await downloaded('-0.png'));
    expect([picture.width, picture.height]).toEqual([8 * 18 + 2, 8 * 18 + 2]);
    await visitor.press('Back to now');
    await page.waitForFunction(() => document.querySelector('img.past') === null);

    await visitor.press('Save video');
    const video = await downloaded('.webm');
    // The magic number of EBML, which WebM is.
    expect(video.subarray(0, 4).toString('hex')).toBe('1a45dfa3');
    const seconds = await page.evaluate(async (bytes) => {
      const element = document.createElement('video');
      const data = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
      element.src = URL.createObjectURL(new Blob([data], { type: 'video/webm' }));
      await new Promise((resolve, reject) => {
        element.onloadedmetadata = resolve;
        element.onerror = () => reject(new Error('The browser cannot play it.'));
      });
      return element.duration;
    }, video.toString('base64'));
    expect(seconds).toBeGreaterThan(2);

    await tab('Keep');
    await visitor.press('Save checkpoint');
    const checkpoint = readSafetensors(new Uint8Array(await downloaded('.safetensors')));
    expect(Number(checkpoint.metadata.step)).toBe(await visitor.step());
    await quiet();
  });

  it('is kept when it pauses, and goes on after a reload, from a copy and from a file', async () => {
    await open();
    await train(30);
    await visitor.press('Pause');
    await visitor.says('Paused.');
    await tab('Keep');
    await visitor.page.waitForFunction(
      () => Number(document.querySelector('[data-saved]')?.getAttribute('data-saved')) > 0,
    );
    await visitor.press('Save checkpoint');
    await downloaded('.safetensors');
    const [file] = await readdir(studio.downloads);
    const keptAt = await visitor.step();

    await visitor.page.reload();
    await visitor.says('Ready to train.');
    await tab('Keep');
    await visitor.press('Duplicate MNIST');
    await visitor.press('Go on with Copy of MNIST');
    await visitor.says('Training.', START_MS);
    await visitor.reaches(keptAt + 3);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');

    visitor.page.on('dialog', (dialog) => void dialog.accept());
    await visitor.press('Delete Copy of MNIST');
    await visitor.page.waitForFunction(() => document.querySelectorAll('.run').length === 1);
    await give('checkpoint', join(studio.downloads, file!));
    await visitor.says('Training.', START_MS);
    await visitor.reaches(keptAt + 3);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');

    const broken = join(studio.dir, 'broken.safetensors');
    await writeFile(broken, 'not a checkpoint');
    await give('checkpoint', broken);
    await visitor.page.waitForSelector('[role=alert] h2');
    expect(await visitor.alert()).toMatch(/safetensors/);
    await visitor.press('Dismiss');
    await train(3);
    await quiet();
  });

  it('works less where less effort is asked for, and rests in between', async () => {
    await open();
    await train(20);
    await visitor.choose('Effort', '0.25');
    await visitor.says('Training.');
    const at = await visitor.step();
    await visitor.reaches(at + 5);
    await visitor.press('Pause');
    await visitor.says('Paused.');
    await pause(1500);
    const paused = await visitor.step();
    await pause(1500);
    // Resting must not end a pause.
    expect(await visitor.step()).toBe(paused);
    await visitor.press('Resume');
    await visitor.reaches(paused + 5);
    await quiet();
  });
});

describe('everybody', () => {
  /** What the automatic check finds, in words. */
  async function violations(): Promise<string[]> {
    await visitor.page.evaluate(axe.source);
    const { violations } = (await visitor.page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    )) as AxeResults;
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' ')}`,
    );
  }

  it.each(['light', 'dark'])('finds a page without barriers, in %s colours', async (scheme) => {
    await open();
    const { page } = visitor;
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value: scheme },
      // Colours on their way from one to another are nobody's.
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    await page.evaluate(() => {
      for (const details of document.querySelectorAll('details')) details.open = true;
    });
    expect(await violations()).toEqual([]);
    await train(3);
    expect(await violations()).toEqual([]);
    for (const name of ['Explore', 'Machine', 'How it works', 'Keep']) {
      await tab(name);
      expect(await violations()).toEqual([]);
    }
    await quiet();
  });

  it('can read it in Japanese, and finds it so again', async () => {
    await open();
    await visitor.choose('Language', 'ja');
    await visitor.find('学習する', 'button');
    expect(await visitor.page.evaluate(() => document.documentElement.lang)).toBe('ja');
    await visitor.page.reload();
    await visitor.find('学習する', 'button');
    expect(await visitor.page.title()).toMatch(/学習/);
    await visitor.choose('言語', 'en');
    await visitor.find('Train', 'button');
    await quiet();
  });

  it('is told how it works, with the equations where they are wanted', async () => {
    await open();
    await tab('How it works');
    const said = () => visitor.page.$eval('.tour-step', (step) => step.textContent ?? '');
    expect(await said()).toMatch(/1 of 5.*The generator/);
    for (const title of ['The discriminator', 'The game', 'How it should end', 'Try it']) {
      expect(await visitor.page.$('.tour math')).not.toBeNull();
      await visitor.press('Next');
      expect(await said()).toContain(title);
    }
    expect(await (await visitor.find('Next', 'button')).evaluate((e) => e.ariaDisabled)).toBe(
      'true',
    );
    await quiet();
  });

  it('goes through the tabs with the arrow keys', async () => {
    await open();
    const { page } = visitor;
    await (await visitor.find('Progress', 'tab')).focus();
    await page.keyboard.press('ArrowRight');
    const chosen = () => page.evaluate(() => document.activeElement?.textContent);
    expect(await chosen()).toBe('Explore');
    await page.keyboard.press('End');
    expect(await chosen()).toBe('Keep');
    await visitor.find('Save checkpoint', 'button');
    await page.keyboard.press('ArrowRight');
    expect(await chosen()).toBe('Progress');
    await quiet();
  });
});
