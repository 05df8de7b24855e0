// The built page without a network, and while a new version of it comes out.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { buildPage, START_MS, type StaticHost, serveBuilt, Visitor } from '../support/visitor.ts';

let dir: string;
let browser: Browser;
let host: StaticHost;
/** Of one test: what another one stored in the browser is not there. */
let context: BrowserContext;
let visitor: Visitor;

const first = () => join(dir, 'first');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-offline-'));
  ({ browser } = await launchBrowser({ adapter: 'software' }));
  await buildPage(first());
});
afterAll(async () => {
  await browser.close();
  await rm(dir, { recursive: true, force: true });
});

beforeEach(async () => {
  context = await browser.createBrowserContext();
  host = await serveBuilt(first());
});
afterEach(async () => {
  await context.close();
  await host.close();
});

const SMALL = 'imageSize=16&width=4&batchSize=8&latentDim=16';

async function train(): Promise<void> {
  await visitor.press('Train');
  await visitor.says('Training.', START_MS);
  await visitor.reaches(3);
  expect(await visitor.alert()).toBe('');
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

it.each(['mnist', 'faces'])('the page opens and learns %s with its host gone', async (data) => {
  visitor = await Visitor.open(context, `${host.url}#data=${data}&${SMALL}`);
  await visitor.says('Ready to train.');
  await train();
  await installed(visitor.page);
  await host.close();

  await visitor.page.reload();
  await visitor.says('Ready to train.');
  await train();
  expect(visitor.complaints).toEqual([]);
});

it('a new version leaves an open page whole, and is there on the next visit', async () => {
  const next = join(dir, 'next');
  await buildPage(next, 'next');
  visitor = await Visitor.open(context, `${host.url}#${SMALL}`);
  await visitor.says('Ready to train.');
  const { page } = visitor;
  await installed(page);
  const before = await scripts(page);
  host.dist = next;
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await page.waitForFunction(
    async () => (await navigator.serviceWorker.ready).waiting?.state === 'installed',
  );
  await train();
  // What makes videos is loaded only now, and is nowhere any more but in the browser.
  await visitor.press('Save video');
  await visitor.find('Save video', 'button');
  expect(await visitor.alert()).toBe('');
  expect(visitor.complaints).toEqual([]);

  // First a new page: a context whose last one closes is gone.
  await context.newPage();
  await page.close();
  visitor = await Visitor.open(context, `${host.url}#${SMALL}`);
  await visitor.says('Ready to train.');
  const after = await scripts(visitor.page);
  expect(after).not.toEqual(before);
  expect(after[0]).toMatch(/^\.\/next\//);
  await train();
  expect(visitor.complaints).toEqual([]);
});
