// Looking back at a run, and keeping it: as pictures, in the browser, and as a file.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { difference, type Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

/** Waits until the browser keeps the run as it is after so many steps at least. */
const kept = (least: number) =>
  visitor.page.waitForFunction(
    (step) => Number(document.querySelector('[data-saved]')?.getAttribute('data-saved')) >= step,
    {},
    least,
  );

/** The checkpoint of the one run that the browser keeps. */
async function storedCheckpoint(): Promise<Uint8Array> {
  const bytes = await visitor.page.evaluate(async () => {
    for await (const run of (await navigator.storage.getDirectory()).values()) {
      if (run.kind === 'file' || !run.name.startsWith('ganvas-run-')) continue;
      for await (const file of run.values())
        if (file.kind === 'file' && file.name.endsWith('.safetensors'))
          return Array.from(new Uint8Array(await (await file.getFile()).arrayBuffer()));
    }
    return [];
  });
  return Uint8Array.from(bytes);
}

it.each(WIDTHS)(
  'a run is looked back at, and taken home as picture and video, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.train(50);
    await visitor.rest();
    const slider = await visitor.find('Time', 'slider');
    await slider.focus();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.waitForSelector('img.past');
    const stage = async () => {
      const shot = await (await page.$('.stage'))!.screenshot();
      return PNG.sync.read(Buffer.from(shot)).data;
    };
    const late = await stage();
    await page.keyboard.press('Home');
    await page.waitForFunction((e) => e.getAttribute('aria-valuetext') === 'step 0', {}, slider);
    await expect.poll(async () => difference(late, await stage())).toBeGreaterThan(0.05);
    await visitor.keep('5-step-0');
    await visitor.press('Save picture');
    const picture = PNG.sync.read(await studio.downloaded('-0.png'));
    expect([picture.width, picture.height]).toEqual([8 * 34 + 2, 8 * 34 + 2]);
    await visitor.press('Back to now');
    await page.waitForFunction(() => document.querySelector('img.past') === null);
    await visitor.press('Save picture');
    const now = PNG.sync.read(await studio.downloaded('.png'));
    expect(difference(picture.data, now.data)).toBeGreaterThan(0.05);

    await visitor.press('Save video');
    const video = await studio.downloaded('.webm');
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
    await visitor.quiet();
  },
);

it.each(WIDTHS)(
  'a run is kept, goes on after a reload, is copied and deleted, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    page.on('dialog', (dialog) => void dialog.accept());
    await visitor.train(20);
    await visitor.rest();
    await visitor.tab('Keep');
    await kept(1);
    // Steps that were on their way when it was pressed may be told of later, or may be in it already.
    const keptAt = Number(await page.$eval('[data-saved]', (e) => e.getAttribute('data-saved')));
    await page.waitForFunction(() => document.querySelectorAll('.run').length === 1);
    await visitor.keep('8-kept');
    expect(readSafetensors(await storedCheckpoint()).metadata.step).toBe(`${keptAt}`);

    await page.reload();
    await visitor.says('Ready to train.');
    await visitor.tab('Keep');
    const words = await (await page.waitForSelector('.run'))!.evaluate((e) => e.textContent);
    expect(words).toMatch(new RegExp(`^MNIST${keptAt} steps, .*20\\d\\d`));
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('.run img')?.naturalWidth ?? 0) > 100,
    );
    await visitor.press('Duplicate MNIST');
    await visitor.press('Go on with Copy of MNIST');
    await visitor.says('Training.');
    await visitor.reaches(keptAt + 3);
    await visitor.press('Reset');
    await visitor.says('Ready to train.');
    await visitor.press('Delete Copy of MNIST');
    await page.waitForFunction(() => document.querySelectorAll('.run').length === 1);
    await visitor.press('Delete MNIST');
    await visitor.reads('.keep', /None yet\./);
    await visitor.quiet();
  },
);

it.each(WIDTHS)('a run is a file, and goes on from it, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  const { page } = visitor;
  await visitor.train(20);
  await visitor.rest();
  await visitor.tab('Keep');
  await visitor.press('Save checkpoint');
  const file = await studio.downloaded('.safetensors');
  const keptAt = await visitor.step();
  expect(Number(readSafetensors(new Uint8Array(file)).metadata.step)).toBe(keptAt);
  await visitor.press('Reset');
  await visitor.says('Ready to train.');

  const broken = join(studio.dir, 'broken.safetensors');
  await writeFile(broken, 'not a checkpoint');
  await visitor.give('checkpoint', broken);
  await page.waitForSelector('[role=alert] h2');
  expect(await visitor.alert()).toMatch(/safetensors/);
  await visitor.press('Dismiss');

  const path = join(studio.dir, 'run.safetensors');
  await writeFile(path, file);
  await visitor.give('checkpoint', path);
  await visitor.says('Training.');
  await visitor.reaches(keptAt + 3);
  await visitor.keep('8-file');
  await visitor.quiet();
});

it('a tab that crashes loses less than a minute of training', async () => {
  visitor = await studio.visit();
  await visitor.tab('Keep');
  await visitor.train(1);
  const begun = performance.now();
  await kept(1);
  // It is kept again after as long a time, so that this is the most that is ever lost.
  expect(performance.now() - begun).toBeLessThan(60_000);
  const { page } = visitor;
  const saved = Number(await page.$eval('[data-saved]', (e) => e.getAttribute('data-saved')));
  await visitor.reaches(saved + 5);
  await visitor.quiet();
  // First another page: a context whose last one closes is gone.
  const next = await studio.context.newPage();
  const crashed = new Promise((resolve) => page.once('error', resolve));
  const devtools = await page.createCDPSession();
  // It answers from a page that is gone.
  devtools.send('Page.crash').catch(() => {});
  await crashed;
  await page.close();

  visitor = await studio.visit();
  await next.close();
  await visitor.tab('Keep');
  await visitor.reads('.run', new RegExp(`^MNIST${saved} steps`));
  await visitor.press('Go on with MNIST');
  await visitor.says('Training.');
  await visitor.reaches(saved + 5);
  await visitor.keep('8-after-a-crash');
  await visitor.quiet();
});
