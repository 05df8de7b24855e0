// Choosing the model, and what of it can change in a run; and sharing all of it by a link.
import { expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { difference, type Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

const GROUPS = ['Learning', 'The game', 'Regularisers', 'Networks', 'Data and chance'] as const;
const showSettings = () => visitor.unfold('Set-up', 'More settings', ...GROUPS);

type Choice = readonly [label: string, value: string, said: string];

/** Each of another value than the small preset has, and how a link says it. */
const LISTS: readonly Choice[] = [
  ['Image size', '16', 'imageSize=16'],
  ['Width', '16', 'width=16'],
  ['Batch', '8', 'batchSize=8'],
  ['Generator loss', 'minimax', 'generatorLoss=minimax'],
  ['Normalisation of D', 'spectral', 'normD=spectral'],
  ['Augmentation (DiffAugment)', 'translation', 'augment=translation'],
];
const NUMBERS: readonly Choice[] = [
  ['Learning rate of D', '0.001', 'lrD=0.001'],
  ['Learning rate of G', '0.003', 'lrG=0.003'],
  ['β1', '0.4', 'beta1=0.4'],
  ['Averaging (EMA)', '0.5', 'ema=0.5'],
  ['Steps of D', '2', 'dSteps=2'],
  ['Label smoothing', '0.1', 'labelSmoothing=0.1'],
  ['R1', '1', 'r1=1'],
  ['Gradient clipping', '50', 'clipGradients=50'],
  ['Instance noise', '0.1', 'instanceNoise=0.1'],
  ['Latent size', '16', 'latentDim=16'],
];
const MIRROR = 'Mirror pictures at random';

const chosen = async (label: string, role: string) =>
  (await visitor.find(label, role)).evaluate((e) => ('value' in e ? String(e.value) : ''));

it.each(WIDTHS)(
  'all of it is chosen, explained, learned with, and shared, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    let { page } = visitor;
    await showSettings();
    await visitor.reads(
      '.estimate',
      /G 43,248, D 10,976.*about [\d.]+ MB.*GFLOP.*about [\d.,]+ ms/,
    );
    const estimate = await page.$eval('.estimate', (e) => e.textContent);
    for (const [label, value] of LISTS) await visitor.choose(label, value);
    for (const [label, value] of NUMBERS) await visitor.type(label, value);
    await (await visitor.find(MIRROR, 'checkbox')).click();
    await page.waitForFunction(
      (before) => {
        const now = document.querySelector('.estimate')?.textContent;
        return now !== before && /GFLOP/.test(now ?? '');
      },
      {},
      estimate,
    );
    for (const [, , said] of [...LISTS, ...NUMBERS]) expect(page.url()).toContain(said);
    expect(await chosen('Preset', 'combobox')).toBe('custom');
    // Each of the further ones has a line on what it does.
    const unexplained = await page.$$eval('.group .field', (all) =>
      all.filter((field) => !field.querySelector('.hint')?.textContent).map((f) => f.textContent),
    );
    expect(unexplained).toEqual([]);
    await visitor.keep('3-settings');

    const { origin } = new URL(page.url());
    await studio.context.overridePermissions(origin, []);
    await visitor.press('Copy link');
    await visitor.reads('[role=alert]', /Copy it from the address bar/);
    await visitor.press('Dismiss');
    await studio.context.overridePermissions(origin, [
      'clipboard-read',
      'clipboard-write',
      'clipboard-sanitized-write',
    ]);
    await visitor.press('Copy link');
    await visitor.reads('[data-share]', /^Copied/);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(link).toBe(page.url());
    // First the new page: a context whose last one closes is gone.
    const sharer = page;
    visitor = await studio.visit({ width, hash: new URL(link).hash });
    ({ page } = visitor);
    await sharer.close();
    await showSettings();
    for (const [label, value] of LISTS) expect(await chosen(label, 'combobox')).toBe(value);
    for (const [label, value] of NUMBERS) expect(await chosen(label, 'spinbutton')).toBe(value);
    expect(await page.$eval('#app', () => location.href)).toBe(link);

    await visitor.train(5);
    // Fixed from now on, but for these.
    const free = await page.$$eval('.setup :is(input, select):not(:disabled)', (all) =>
      all.map((e) => (e as HTMLInputElement).labels?.[0]?.textContent),
    );
    expect(free).toEqual(['Learning rate of D', 'Learning rate of G', 'Effort']);
    // G learns nothing at all at the smallest rate, and its samples stand still.
    await visitor.type('Learning rate of G', '0.000001');
    await visitor.type('Learning rate of D', '0.000001');
    const at = await visitor.step();
    // Running statistics of batch-norm settle first: they are what samples are drawn by.
    await visitor.reaches(at + 60);
    const before = await visitor.samples();
    await visitor.reaches(at + 100);
    expect(difference(before, await visitor.samples())).toBeLessThan(0.05);
    await visitor.keep('3-locked');
    await visitor.quiet();
  },
);

it.each(WIDTHS)(
  'settings that make no sense together are refused before a run, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await showSettings();
    await visitor.choose('Objective', 'hinge');
    await visitor.type('R1', '10');
    await page.waitForSelector('.estimate .refused');
    await visitor.reads('.estimate', /batch-norm/);
    await visitor.keep('3-refused');
    await visitor.choose('Normalisation of D', 'none');
    await page.waitForFunction(() => !document.querySelector('.estimate .refused'));
    // Presets bring everything back that they decide.
    await visitor.choose('Preset', 'full');
    expect(await chosen('Image size', 'combobox')).toBe('32');
    expect(await chosen('Width', 'combobox')).toBe('64');
    await visitor.choose('Preset', 'small');
    expect(await chosen('Width', 'combobox')).toBe('8');
    await visitor.quiet();
  },
);

it.each(WIDTHS)('what a link says that means nothing is told, at %i px', async (width) => {
  visitor = await studio.visit({ width, hash: '#data=faces&wings=2' });
  expect(await visitor.alert()).toMatch(/wings=2/);
  await visitor.keep('9-unknown');
  await visitor.press('Dismiss');
  await visitor.unfold('Set-up');
  expect(await visitor.page.$eval('[value=faces]', (e) => (e as HTMLInputElement).checked)).toBe(
    true,
  );
  await visitor.quiet();
});
