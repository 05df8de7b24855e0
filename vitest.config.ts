import { defineConfig } from 'vitest/config';
import { KernelsFirst } from './tests/support/kernels-first.ts';
import { puppeteer } from './tests/support/puppeteer-provider.ts';

const needBrowser = './tests/support/need-browser.ts';

export default defineConfig({
  test: {
    // On a small machine a software adapter takes every core while it computes, and one core while it
    // compiles, which is most of the time: so there are at most two things at once, each with one
    // browser. What measures a time is among the soak tests.
    sequence: { sequencer: KernelsFirst },
    // Vitest asks for this one of the whole, not of a project.
    browser: { connectTimeout: 180_000 },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts', 'tests/docs/pages.test.ts'],
          environment: 'node',
          testTimeout: 30_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // A dependency found in the middle of a run would make Vite bundle it and reload the page,
        // with the tests in it: so none is looked for, and those that tests use are named.
        optimizeDeps: { noDiscovery: true, include: ['fast-check'] },
        test: {
          name: 'gpu',
          include: ['tests/gpu/**/*.test.ts'],
          globalSetup: needBrowser,
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
          browser: {
            enabled: true,
            provider: puppeteer(),
            instances: [{ browser: 'chromium' }],
            headless: process.env.GANVAS_HEADED === undefined,
            ui: false,
            screenshotFailures: false,
          },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          environment: 'node',
          globalSetup: needBrowser,
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/ganvas/test-report.json' }]],
  },
});
