import { defineConfig } from 'vitest/config';

/** The package as installed, and the guides, whose code is its users': `npm run test:package`. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'package',
    include: ['tests/package/**/*.test.ts', 'tests/docs/guides.test.ts'],
    environment: 'node',
    globalSetup: './tests/package/setup.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: [
      'default',
      ['json', { outputFile: 'node_modules/.cache/ganvas/package-report.json' }],
    ],
  },
});
