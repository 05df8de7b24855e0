// What happens at the wrong moment: choices that are taken back, a run that diverges, faults of the worker.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { useStudio } from '../support/studio.ts';
import type { Visitor } from '../support/visitor.ts';

const studio = useStudio();

/** Pictures of one shade of grey each. */
async function pictures(shade: number, count: number): Promise<string[]> {
  const paths: string[] = [];
  for (let n = 0; n < count; n++) {
    const png = new PNG({ width: 16, height: 16 });
    png.data.fill(shade);
    for (let i = 3; i < png.data.length; i += 4) png.data[i] = 255;
    paths.push(join(studio.dir, `${shade}-${n}.png`));
    await writeFile(paths.at(-1)!, PNG.sync.write(png));
  }
  return paths;
}

/** The shade of the pictures that the page says it will learn from. */
const shadeSeen = ({ page }: Visitor) =>
  page.$eval('.real canvas', (canvas) => {
    const context = (canvas as HTMLCanvasElement).getContext('2d');
    return context?.getImageData(8, 8, 1, 1).data[0];
  });

it('pictures chosen after others were forgotten are the ones to learn from', async () => {
  const visitor = await studio.visit({
    ...{ hash: '#data=pictures', status: 'Choose pictures to train on.' },
  });
  const { page } = visitor;
  const give = async (paths: string[]) => {
    await visitor.give('files', ...paths);
    await visitor.says('Ready to train.');
  };
  await give(await pictures(40, 3));
  expect(await shadeSeen(visitor)).toBe(40);
  await visitor.press('Forget them');
  await visitor.says('Choose pictures to train on.');
  await give(await pictures(200, 2));
  expect(await page.$eval('.chosen p', (p) => p.textContent)).toBe('2 pictures to learn from');
  expect(await shadeSeen(visitor)).toBe(200);
});

it('pictures are said to be forgotten when the browser has none of them any more', async () => {
  const visitor = await studio.visit({
    ...{ hash: '#data=pictures', status: 'Choose pictures to train on.' },
    // As on a slow disk.
    inWorker: `
      const remove = FileSystemDirectoryHandle.prototype.removeEntry;
      FileSystemDirectoryHandle.prototype.removeEntry = async function (...args) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        return remove.apply(this, args);
      };`,
  });
  await visitor.give('files', ...(await pictures(40, 3)));
  await visitor.says('Ready to train.');
  await visitor.press('Forget them');
  await visitor.says('Forgetting your pictures…');
  await visitor.says('Choose pictures to train on.');
  const kept = await visitor.page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    return Array.fromAsync((await root.getDirectoryHandle('ganvas-pictures')).keys());
  });
  expect(kept).toEqual([]);
  await visitor.quiet();
});

it('a link that is put into the address of the open page is taken up, but not in a run', async () => {
  const visitor = await studio.visit();
  const { page } = visitor;
  const width = async () =>
    (await visitor.find('Width', 'combobox')).evaluate((e) => (e as HTMLSelectElement).value);
  const goTo = (hash: string) =>
    page.evaluate((to) => {
      location.hash = to;
    }, hash);
  await goTo('width=16');
  await expect.poll(width).toBe('16');
  await visitor.says('Ready to train.');
  await goTo('width=4');
  await expect.poll(width).toBe('4');
  await visitor.train(1);
  await goTo('width=16');
  await page.waitForFunction(() => location.hash.includes('width=4'));
  expect(await width()).toBe('4');
});

it('an error in the worker is told, and the page does not take it for the worker’s end', async () => {
  const visitor = await studio.visit();
  const [worker] = visitor.page.workers();
  await worker!.evaluate(() => {
    setTimeout(() => {
      throw new Error('out of nowhere');
    });
  });
  const problem = await visitor.page.waitForSelector('.problem');
  // Of a script without an address the browser says no more than that there was an error.
  expect(await problem?.evaluate((e) => e.textContent)).toMatch(/Script error|out of nowhere/);
  await visitor.press('Dismiss');
  await visitor.train(3);
});

it('where there is no WebGPU nothing is trained, and nothing breaks', async () => {
  const script = 'delete Navigator.prototype.gpu';
  const visitor = await studio.visit({ script, status: 'Training is not possible here.' });
  await visitor.choose('Samples shown', '16');
  await visitor.choose('Effort', '0.5');
  await (await visitor.find("Frames: D's belief", 'checkbox')).click();
  await visitor.tab('Keep');
  const [file] = await pictures(1, 1);
  await visitor.give('checkpoint', file!);
  await visitor.tab('Machine');
  expect(await visitor.alert()).toMatch(/^WebGPU is missing/);
});

it('new learning rates are kept with the run', async () => {
  const visitor = await studio.visit();
  const { page } = visitor;
  await visitor.train(3);
  await visitor.unfold('More settings', 'Learning');
  await visitor.type('Learning rate of G', '0.001');
  await visitor.press('Pause');
  await visitor.tab('Keep');
  await page.waitForFunction(
    () => Number(document.querySelector<HTMLElement>('[data-saved]')?.dataset.saved) > 0,
  );
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  await page.goto('about:blank');
  await page.goto(studio.host.url);
  await visitor.says('Ready to train.');
  await visitor.tab('Keep');
  await visitor.press('Go on with MNIST');
  await visitor.says('Training.');
  expect(await page.evaluate(() => location.hash)).toMatch(/lrG=0\.001\b/);
});
