// Pictures moved by whole pixels, exact to the last bit: there and back, at both vector widths, with a
// chain fused to it, and so far that nothing is left.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { mul, neg } from '../../src/ops/elementwise.ts';
import { translateOp } from '../../src/ops/translate.ts';
import { RandomValues } from '../reference/random-values.ts';
import { largestError, runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

interface Options {
  readonly back?: boolean;
  readonly chain?: (y: Tensor) => Tensor;
  readonly shifts?: Float32Array;
  readonly traits?: Partial<DeviceTraits>;
}

async function check(
  shape: readonly number[],
  { back = false, chain = (y) => y, shifts, traits }: Options = {},
) {
  const random = new RandomValues(sizeOf(shape));
  const [n, height, width] = shape;
  const given = new Map([
    ['x', random.normal(sizeOf(shape))],
    // Beyond the edge at times, and with halves among them.
    ['shifts', shifts ?? Float32Array.from(random.integers(2 * n, 0, 60), (k) => k / 4 - 7)],
    ['mask', random.normal(n * height * width)],
  ]);
  const graph = new Graph();
  const inputs = [graph.variable('x', shape), graph.variable('shifts', [n, 2])];
  graph.output('y', chain(graph.add(translateOp.name, inputs, { back })[0]));
  const [{ values, expected }] = await runOp(device, graph, given, traits);
  expect(largestError(values, Float32Array.from(expected))).toBe(0);
  return expected;
}

const shapes = [
  ...[
    [1, 1, 1, 1],
    [3, 7, 5, 1],
    [5, 8, 8, 3],
  ],
  ...[
    [4, 16, 9, 4],
    [2, 5, 6, 8],
    [7, 32, 32, 1],
  ],
];

test.each(shapes.map((shape) => ({ shape })))('$shape', async ({ shape }) => {
  for (const back of [false, true]) {
    const expected = await check(shape, { back });
    if (shape[1] > 6) expect(expected.some((y) => y !== 0)).toBe(true);
  }
});

test('with a chain fused to it, in vectors and by element', async () => {
  const byElement = (y: Tensor) => mul(y, y.graph.variable('mask', [...y.shape.slice(0, 3), 1]));
  for (const chain of [neg, byElement])
    for (const channels of [3, 4]) await check([3, 8, 8, channels], { chain });
});

test('far outside nothing is left, however far', async () => {
  const shifts = Float32Array.of(3e38, 0, 0, -3e38, 8, 0, 0, -8);
  const expected = await check([4, 8, 8, 1], { shifts });
  expect(expected.every((y) => y === 0)).toBe(true);
});

test('more workgroups than a dimension holds', async () => {
  await check([40, 16, 16, 3], { traits: { maxWorkgroupsPerDimension: 37 } });
});
