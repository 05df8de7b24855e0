// The page for everybody: by keyboard, by ear, in other colours and languages, on small and large screens, in
// a tab that nobody looks at, on a machine that must stay cool.
import { expect, it } from 'vitest';
import { softwareBrowser } from '../support/software-browser.ts';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { pause, Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

const prefer = (scheme: string) =>
  visitor.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);

/** What the automatic check finds with each of these tabs chosen, and with the tabs in them. */
async function barriersBehind(tabs: string, shot?: string): Promise<string[]> {
  const { page } = visitor;
  const found: string[] = [];
  const count = await page.$$eval(`${tabs} > [role=tablist] > [role=tab]`, (all) => all.length);
  for (let n = 1; n <= count; n++) {
    await page.click(`${tabs} > [role=tablist] > [role=tab]:nth-child(${n})`);
    await visitor.unfoldAll();
    found.push(...(await visitor.barriers()));
    if (shot) await visitor.keep(`${shot}-${n}`);
    if (await page.$(`${tabs} .tabs`)) found.push(...(await barriersBehind(`${tabs} .tabs`)));
  }
  return found;
}

it.each(WIDTHS)('the page is without barriers, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  await prefer('light');
  await visitor.unfoldAll();
  expect(await visitor.barriers()).toEqual([]);
  await visitor.train(10);
  await visitor.rest();
  await visitor.page.click('.picker [role=option]:nth-child(3)');
  for (const scheme of ['light', 'dark']) {
    await prefer(scheme);
    for (const language of ['en', 'ja']) {
      await visitor.page.select('.language', language);
      const shot = (scheme === 'dark') === (language === 'ja') ? `feel-${scheme}` : undefined;
      expect(await barriersBehind('.workspace > .tabs', shot), language).toEqual([]);
    }
  }
  await visitor.quiet();
});

it.each(WIDTHS)(
  'all is reached by keyboard, and it is seen where one is, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.train(5);
    await visitor.rest();
    const focused = () =>
      page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        const style = getComputedStyle(e);
        const { top, bottom, left, right, width, height } = e.getBoundingClientRect();
        return {
          name: e.ariaLabel ?? (e as HTMLInputElement).labels?.[0]?.textContent ?? e.textContent,
          tag: e.tagName,
          outlined: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2,
          seen: width > 0 && height > 0 && bottom > 0 && right > 0,
          within: top < innerHeight && left < innerWidth,
        };
      });
    const stops: Awaited<ReturnType<typeof focused>>[] = [];
    for (;;) {
      await page.keyboard.press('Tab');
      const stop = await focused();
      // Behind the last one is the browser itself, and then the first one.
      if (stop.tag === 'BODY') continue;
      if (stops.length > 0 && stop.name === stops[0]?.name) break;
      stops.push(stop);
      expect(stops.length).toBeLessThan(100);
    }
    expect(stops.filter(({ outlined, seen, within }) => !(outlined && seen && within))).toEqual([]);
    const names = stops.map(({ name }) => name);
    for (const name of ['Language', 'Resume', 'Reset', 'Save picture', 'Time', 'Progress'])
      expect(names.join('\n')).toContain(name);
    await visitor.quiet();
  },
);

it.each(WIDTHS)('tabs are gone through with the arrow keys, at %i px', async (width) => {
  visitor = await studio.visit({ width });
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
});

it.each(WIDTHS)('it is read in Japanese, and found so again, at %i px', async (width) => {
  visitor = await studio.visit({ width });
  const { page } = visitor;
  await visitor.choose('Language', 'ja');
  await visitor.find('学習する', 'button');
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('ja');
  await page.reload();
  await visitor.find('学習する', 'button');
  expect(await page.title()).toMatch(/学習/);
  await visitor.choose('言語', 'en');
  await visitor.find('Train', 'button');
  await visitor.quiet();
});

it.each(WIDTHS)(
  'it is told how it works, with the equations where they are wanted, at %i px',
  async (width) => {
    visitor = await studio.visit({ width });
    const { page } = visitor;
    await visitor.train(5);
    await visitor.tab('How it works');
    const said = () => page.$eval('.tour-step', (step) => step.textContent ?? '');
    expect(await said()).toMatch(/1 of 5.*The generator/);
    for (const title of ['The discriminator', 'The game', 'How it should end', 'Try it']) {
      await visitor.unfold('The equation');
      const equation = await page.waitForSelector('.tour math', { visible: true });
      expect((await equation?.boundingBox())?.height).toBeGreaterThan(10);
      if (title === 'How it should end') await visitor.keep('feel-tour');
      await visitor.press('Next');
      expect(await said()).toContain(title);
    }
    expect(await (await visitor.find('Next', 'button')).evaluate((e) => e.ariaDisabled)).toBe(
      'true',
    );
    // Beside the pictures, or below them, which go on meanwhile.
    const [pictures, tour] = await Promise.all(
      ['.samples', '.tour'].map(async (part) => (await (await page.$(part))!.boundingBox())!),
    );
    if (width > 1000) expect(tour!.x).toBeGreaterThan(pictures!.x + pictures!.width);
    else expect(tour!.y).toBeGreaterThan(pictures!.y + pictures!.height);
    await visitor.reaches((await visitor.step()) + 3);
    await visitor.quiet();
  },
);

it.each([
  { motion: 'no-preference', moves: ['wait'] },
  { motion: 'reduce', moves: [] },
])('what moves by itself, with motion: $motion', async ({ motion, moves }) => {
  visitor = await studio.visit();
  const { page } = visitor;
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: motion }]);
  const seen = new Set<string>();
  // As the browser's own tools have it: scripts see nothing of what is inside a progress bar.
  const devtools = await page.createCDPSession();
  devtools.on('Animation.animationStarted', ({ animation }) => seen.add(animation.name));
  await devtools.send('Animation.enable');
  await visitor.train(3);
  await visitor.tab('Explore');
  await visitor.tab('Keep');
  await visitor.press('Reset');
  await visitor.says('Ready to train.');
  expect([...seen]).toEqual(moves);
});

it('a screen of 4K is filled, with words that can be read', async () => {
  visitor = await studio.visit();
  await visitor.page.setViewport({ width: 3840, height: 2160 });
  await visitor.train(5);
  await visitor.keep('feel-4k');
  const { width } = (await (await visitor.page.$('.workspace'))!.boundingBox())!;
  expect(width).toBeGreaterThan(0.7 * 3840);
  const size = await visitor.page.$eval('.hint', (e) =>
    Number.parseFloat(getComputedStyle(e).fontSize),
  );
  expect(size).toBeGreaterThan(18);
  await visitor.quiet();
});

/** Milliseconds a step takes with an effort, its rest included. */
async function pace(effort: string, steps: number): Promise<number> {
  await visitor.choose('Effort', effort);
  await visitor.reaches((await visitor.step()) + 1);
  const from = await visitor.step();
  const begun = performance.now();
  await visitor.reaches(from + steps);
  return (performance.now() - begun) / ((await visitor.step()) - from);
}

it.each([
  { length: 'short', hash: '', steps: 40 },
  // Longer than a quarter of the time between two rests, and than all of it.
  { length: 'long', hash: '#imageSize=64&width=16&batchSize=16', steps: 4 },
])('less effort makes fewer of $length steps', async ({ hash, steps }) => {
  visitor = await studio.visit({ hash });
  await visitor.train(3);
  // One after the other, again where the machine has become busier or less so meanwhile.
  const slowing = async () => {
    const full = await pace('1', steps);
    return (await pace('0.25', steps)) / full;
  };
  await expect.poll(slowing).toBeGreaterThan(2);
  await visitor.quiet();
});

it('rests end no pause', async () => {
  visitor = await studio.visit({ width: 390 });
  await visitor.unfold('Set-up');
  await visitor.train(3);
  await visitor.choose('Effort', '0.25');
  await visitor.reaches((await visitor.step()) + 10);
  await visitor.says('Training.');
  await visitor.rest();
  await pause(1500);
  const paused = await visitor.step();
  await pause(1500);
  expect(await visitor.step()).toBe(paused);
  await visitor.press('Resume');
  await visitor.reaches(paused + 5);
  await visitor.quiet();
});

it('a tab that nobody sees trains on', async () => {
  // As people have it: with all that slows down what is hidden.
  const browser = await softwareBrowser(
    [],
    [
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
    ],
  );
  try {
    visitor = await Visitor.open(browser, studio.host.url);
    await visitor.says('Ready to train.');
    await visitor.train(3);
    const { page } = visitor;
    await (await browser.newPage()).bringToFront();
    await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('hidden');
    // Of what is hidden no frames are drawn, and its text changes all the same.
    const at = await visitor.step();
    await visitor.reaches(at + 30);
    expect(await page.evaluate(() => document.visibilityState)).toBe('hidden');
    await page.bringToFront();
    await visitor.quiet();
  } finally {
    await browser.close();
  }
});
