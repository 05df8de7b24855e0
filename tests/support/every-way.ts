// Every layer with every way to run it, those of other devices too: most of it is compiling.
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { type ConvOp, checkConv, layers, randomLayer, spoilSecond, square } from './conv-layers.ts';

/** The tests of a convolution: a file for each, so that two of them can run at a time. */
export function testEveryWay(op: ConvOp): void {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.dispose());

  test.each(Object.entries(layers))('%s', (_, layer) => checkConv(device, op, layer));

  test('random layers', async () => {
    await fc.assert(
      fc.asyncProperty(randomLayer(18), (layer) => checkConv(device, op, layer)),
      { seed: 13, numRuns: 8 },
    );
  });

  // A weight gradient is of all pictures.
  if (op === 'conv2dWeightGrad') return;
  test('a picture that is not finite spoils no other', () =>
    checkConv(device, op, square(3, 5, [5, 7], [5, 2, 2]), { spoil: spoilSecond }));
}
