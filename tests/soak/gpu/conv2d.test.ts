// Every layer with every way to run it, those of other devices too: most of it is compiling.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Device, openDevice } from '../../../src/gpu/device.ts';
import { checkConv, convOps, layers, randomLayer } from '../../support/conv-layers.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

describe.each(convOps)('%s', (op) => {
  test.each(Object.entries(layers))('%s', (_, layer) => checkConv(device, op, layer));

  test('random layers', async () => {
    await fc.assert(
      fc.asyncProperty(randomLayer(18), (layer) => checkConv(device, op, layer)),
      { seed: 13, numRuns: 8 },
    );
  });
});
