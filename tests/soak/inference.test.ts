// Posteriors after a long training: it takes minutes. Seeds are fixed.
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunServer, startServer } from '../../src/cli/server.node.ts';
import type { Accuracy } from '../support/posterior-accuracy.ts';
import { softwareBrowser } from '../support/software-browser.ts';
import type { Judged } from './inference-page.ts';

let server: RunServer;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  server = await startServer([], async () => {});
  browser = await softwareBrowser();
  page = await browser.newPage();
  await page.goto(server.pageUrl);
  await page.evaluate(
    "import('/tests/soak/inference-page.ts').then((m) => { globalThis.run = m; })",
  );
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

test('a posterior that is known: mean and variance within 5 % for each of 20 observations', async () => {
  const found = (await page.evaluate('run.gaussian()')) as Accuracy;
  console.log(JSON.stringify(found));
  // In posterior deviations: the mean itself may be 0.
  expect(found.worstMean).toBeLessThan(0.05);
  expect(found.worstVariance).toBeLessThan(0.05);
});

test('predators and prey: true rates are covered, beside ABC at as many simulations', async () => {
  const found = (await page.evaluate('run.predatorPrey()')) as Record<
    'adversarial' | 'calibrated' | 'abc',
    Judged
  >;
  console.log(JSON.stringify(found));
  // Of 90 %, 200 times. What is learned is too narrow by itself, and calibration mends it.
  expect(found.adversarial.covered).toBeGreaterThan(0.7);
  expect(found.calibrated.covered).toBeGreaterThan(0.84);
  expect(found.abc.covered).toBeGreaterThan(0.84);
  // The prior's own mean is off by 1.
  expect(found.adversarial.error).toBeLessThan(0.7);
  expect(found.abc.error).toBeLessThan(0.6);
});
