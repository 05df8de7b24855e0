// Random graphs on the device, the whole way from trace to buffers, two steps in a row. What one of
// the many ways of fusing, placing and lowering gets wrong shows here first.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { engineForTests } from '../support/engine.ts';
import { graphOf, recipes } from '../support/random-graph.ts';
import { type Compared, type RunOptions, runGraph } from '../support/run-graph.ts';

const engine = await engineForTests();

/**
 * The largest error, against the largest element. Whatever is wrong in such a graph is wrong by
 * tenths; intermediates are near 1, so that cancelling ones leave errors of 1e-6.
 */
function assertRight({ name, values, expected, exact }: Compared) {
  const scale = expected.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0.1);
  const allowed = exact ? 0 : 1e-4 * scale;
  const wrong = expected.findIndex((x, i) => !(Math.abs(values[i] - x) <= allowed));
  const found = `${name} [${wrong}] of ${expected.length}: ${values[wrong]}, not ${expected[wrong]}`;
  expect(wrong, found).toBe(-1);
}

test.each<Pick<RunOptions, 'traits'>>([
  {},
  { traits: { maxWorkgroupsPerDimension: 16 } },
  { traits: { software: false } },
])('random graphs, %j', async (options) => {
  await fc.assert(
    fc.asyncProperty(recipes, fc.nat(), async (recipe, seed) => {
      for (const result of await runGraph(engine, graphOf(recipe), { seed, steps: 2, ...options }))
        assertRight(result);
    }),
    { seed: 1, numRuns: 60 },
  );
});
