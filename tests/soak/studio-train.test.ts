// The first minute on the page: one button, and pictures grow out of noise; or words on why there are none.
import { expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { difference } from '../support/visitor.ts';

const studio = useStudio();

it.each(WIDTHS)(
  'learns at the first click, with what fits the adapter, at %i px',
  async (width) => {
    const visitor = await studio.visit({ width });
    const { page } = visitor;
    // Seen without scrolling, and the only button that stands out.
    const train = await visitor.find('Train', 'button');
    expect(await train.isIntersectingViewport({ threshold: 1 })).toBe(true);
    const primary = await page.$$eval('.button.primary', (all) => all.map((e) => e.textContent));
    expect(primary).toEqual(['Train']);

    expect(await page.$eval('.adapter', (e) => e.textContent)).toMatch(/swiftshader.*software/i);
    expect(await page.$eval('.software.note', (e) => e.textContent)).toMatch(
      /small preset was chosen.*turn on the browser's hardware acceleration/,
    );
    await visitor.unfold('Set-up');
    const preset = await visitor.find('Preset', 'combobox');
    expect(await preset.evaluate((e) => 'value' in e && e.value)).toBe('small');
    await page.waitForSelector('.real canvas');
    await visitor.keep('1-ready');

    await visitor.train(1);
    const noise = await visitor.samples();
    const distance = () => visitor.value('Sliced Wasserstein distance');
    await expect.poll(distance).toBeGreaterThan(0);
    const first = await distance();
    // Nearer to real pictures, by what the page itself measures.
    await visitor.reaches(60);
    await expect.poll(distance).toBeLessThan(0.9 * first);
    const seen = await visitor.samples();
    expect(difference(noise, seen)).toBeGreaterThan(0.1);
    // Not of one colour.
    expect(new Set(seen).size).toBeGreaterThan(32);
    await visitor.keep('1-learns');
    await visitor.quiet();
  },
);

it.each(WIDTHS)('says what to do where there is no WebGPU, at %i px', async (width) => {
  const visitor = await studio.visit({
    ...{ width, status: 'Training is not possible here.' },
    script: 'delete Navigator.prototype.gpu',
  });
  expect(await visitor.alert()).toMatch(/WebGPU is missing.*Chrome.*Safari.*Firefox/);
  expect(await (await visitor.find('Train', 'button')).evaluate((e) => e.ariaDisabled)).toBe(
    'true',
  );
  await visitor.keep('1-no-webgpu');
  await visitor.press('Train');
  await visitor.says('Training is not possible here.');
});

it.each(WIDTHS)(
  'says what to do where there is no adapter, and looks again, at %i px',
  async (width) => {
    const visitor = await studio.visit({
      ...{ width, status: 'Training is not possible here.' },
      // As where hardware acceleration is switched on while the page is open.
      inWorker: `
      const request = GPU.prototype.requestAdapter;
      let asked = 0;
      GPU.prototype.requestAdapter = function (options) {
        return asked++ === 0 ? Promise.resolve(null) : request.call(this, options);
      };`,
    });
    expect(await visitor.alert()).toMatch(/No graphics adapter.*hardware acceleration.*driver/);
    await visitor.keep('1-no-adapter');
    await visitor.press('Try again');
    await visitor.says('Ready to train.');
    await visitor.quiet();
  },
);
