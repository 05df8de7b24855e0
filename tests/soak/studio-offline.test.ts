// The built page from its host: how much that is; without a network; and while a new version comes out.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'puppeteer-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildPage, type StaticHost, serveBuilt } from '../support/page-host.ts';
import { useStudio, WIDTHS } from '../support/studio.ts';
import { Visitor } from '../support/visitor.ts';

const studio = useStudio();
/** Of one test, which may take it away. */
let host: StaticHost;
let visitor: Visitor;

beforeEach(async () => {
  host = await serveBuilt(studio.host.dist);
});
afterEach(() => host.close());

async function visit(hash = '', width: number = WIDTHS[0]): Promise<void> {
  visitor = await Visitor.open(studio.context, host.url + hash, { width });
  await visitor.says('Ready to train.');
}

/** Until the browser has all of the page's files. */
const installed = (page: Page) =>
  page.waitForFunction(async () => {
    const { active } = await navigator.serviceWorker.ready;
    return active?.state === 'activated' && navigator.serviceWorker.controller !== null;
  });

/** Of the files that the page is made of. */
const scripts = (page: Page) =>
  page.$$eval('script[src]', (all) => all.map((script) => script.getAttribute('src')));

it('all that the page is made of is small, the engine and what is loaded late included', async () => {
  const { dist } = studio.host;
  const files = (await readdir(dist, { recursive: true })).filter((f) =>
    /\.(html|js|css)$/.test(f),
  );
  // The page, its style sheet, its script, those of its workers, and that of videos.
  expect(files.length).toBeGreaterThanOrEqual(6);
  const sizes = await Promise.all(
    files.map(async (file) => gzipSync(await readFile(join(dist, file))).length),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
});

it.each([
  { data: 'mnist', width: 1440 },
  { data: 'faces', width: 390 },
])('the page opens and learns $data with its host gone, at $width px', async ({ data, width }) => {
  await visit(`#data=${data}`, width);
  await visitor.train(3);
  await installed(visitor.page);
  await host.close();

  await visitor.page.reload();
  await visitor.says('Ready to train.');
  await visitor.train(3);
  await visitor.keep('feel-offline');
  await visitor.quiet();
});

it('a new version leaves an open page whole, and is there on the next visit', async () => {
  const next = join(studio.dir, 'next');
  await buildPage(next, 'next');
  await visit();
  const { page } = visitor;
  await installed(page);
  const before = await scripts(page);
  host.dist = next;
  // Asked for until it is there: the browser may be looking by itself, and have found the old one.
  const waiting = () =>
    page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      await registration.update();
      return registration.waiting?.state;
    });
  await expect.poll(waiting).toBe('installed');
  await visitor.train(3);
  // What makes videos is loaded only now, and is nowhere any more but in the browser.
  await visitor.press('Save video');
  await visitor.find('Save video', 'button');
  await visitor.quiet();

  // First a new page: a context whose last one closes is gone.
  await studio.context.newPage();
  await page.close();
  await visit();
  const after = await scripts(visitor.page);
  expect(after).not.toEqual(before);
  expect(after[0]).toMatch(/^\.\/next\//);
  await visitor.train(3);
  await visitor.quiet();
});
