// Products of any size and order by every way to run them, those of other devices too.
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { type Device, openDevice } from '../../../src/gpu/device.ts';
import { matmul } from '../../../src/ops/matmul.ts';
import { checkCandidates } from '../../support/check-candidates.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

test('random sizes', async () => {
  const size = fc.integer({ min: 1, max: 150 });
  const cases = fc.tuple(size, size, size, fc.boolean(), fc.boolean());
  await fc.assert(
    fc.asyncProperty(cases, ([m, k, n, transposeA, transposeB]) =>
      checkCandidates(
        device,
        [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]],
        k,
        (a, b) => matmul(a, b, { transposeA, transposeB }),
      ),
    ),
    { seed: 8, numRuns: 24 },
  );
});
