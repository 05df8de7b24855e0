// What takes minutes: `npm run test:soak`. Not part of `npm test`.
import { defineConfig } from 'vitest/config';
import { LongestFirst } from '../support/longest-first.ts';
import { puppeteer } from '../support/puppeteer-provider.ts';

const root = new URL('../..', import.meta.url).pathname;

/** Of all projects. */
const common = {
  globalSetup: './tests/support/need-browser.ts',
  testTimeout: 1_200_000,
  hookTimeout: 180_000,
  // Beside the test that takes ten minutes, nothing is soon.
  expect: { poll: { timeout: 240_000, interval: 100 } },
};

export default defineConfig({
  test: {
    root,
    sequence: { sequencer: LongestFirst },
    // Vitest asks for this one of the whole, not of a project.
    browser: { connectTimeout: 180_000 },
    projects: [
      {
        root,
        test: {
          ...common,
          name: 'soak',
          include: ['tests/soak/*.test.ts'],
          environment: 'node',
          // One takes ten minutes whatever there is beside it.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        optimizeDeps: { noDiscovery: true, include: ['fast-check'] },
        test: {
          ...common,
          name: 'soak-gpu',
          include: ['tests/soak/gpu/*.test.ts'],
          // Compiling takes one core for each browser.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          browser: {
            enabled: true,
            provider: puppeteer(),
            instances: [{ browser: 'chromium' }],
            headless: true,
            ui: false,
            screenshotFailures: false,
          },
        },
      },
      {
        // How soon the page answers is measured.
        root,
        test: {
          ...common,
          name: 'soak-alone',
          include: ['tests/soak/alone/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/ganvas/soak-report.json' }]],
  },
});
