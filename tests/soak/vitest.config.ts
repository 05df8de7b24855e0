// What takes minutes: `npm run test:soak`. Not part of `npm test`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'soak',
    root: new URL('../..', import.meta.url).pathname,
    include: ['tests/soak/**/*.test.ts'],
    environment: 'node',
    globalSetup: './tests/support/need-browser.ts',
    fileParallelism: false,
    testTimeout: 1_200_000,
    hookTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/ganvas/soak-report.json' }]],
  },
});
