import { defineConfig } from 'vitest/config';

/** Apart from the other projects, because they run where there is no PyTorch: `npm run test:pytorch`. */
export default defineConfig({
  root: new URL('../..', import.meta.url).pathname,
  test: {
    name: 'pytorch',
    include: ['tests/pytorch/**/*.test.ts'],
    environment: 'node',
    globalSetup: './tests/pytorch/find-python.ts',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: [
      'default',
      ['json', { outputFile: 'node_modules/.cache/ganvas/pytorch-report.json' }],
    ],
  },
});
