import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph } from '../../src/graph/graph.ts';
import { firstNonFinite, NONE_FOUND } from '../../src/ops/first-non-finite.ts';
import { runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

/** What the device finds among tensors of these bits; throws unless float64 says the same. */
async function find(tensors: readonly Uint32Array[], software = device.traits.software) {
  const graph = new Graph();
  const inputs = tensors.map((bits, i) => graph.variable(`x${i}`, [bits.length]));
  graph.output('found', firstNonFinite(inputs));
  const given = new Map(tensors.map((bits, i) => [`x${i}`, new Float32Array(bits.buffer)]));
  const [{ values, expected }] = await runOp(device, graph, given, { software });
  // Only bits tell one NaN from another, and JavaScript may change them.
  expect([...values.subarray(0, 2)]).toEqual([...expected.subarray(0, 2)]);
  return [...values];
}

/** Numbers of all kinds that are finite, the largest and the smallest of both signs among them. */
function finite(size: number): Uint32Array<ArrayBuffer> {
  const ends = [0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x7f7fffff, 0xff7fffff, 0x3f800000];
  return Uint32Array.from({ length: size }, (_, i) => ends[i % ends.length]);
}

const kinds: [string, number][] = [
  ['+∞', 0x7f800000],
  ['−∞', 0xff800000],
  ['a quiet NaN', 0x7fc00000],
  ['a signalling NaN', 0x7f800001],
  ['a negative NaN', 0xffc00001],
  ['the last NaN', 0x7fffffff],
];

describe('firstNonFinite', () => {
  test('finds nothing where all is finite', async () => {
    // What lies behind the last element of each is NaN.
    const tensors = [1, 2, 3, 4, 5, 100, 4099].map(finite);
    expect(await find(tensors)).toEqual([NONE_FOUND, 0, 0, 0]);
  });

  test.each(kinds)('finds %s by its bits', async (_, bits) => {
    const x = finite(6);
    x[4] = bits;
    expect(await find([finite(3), x])).toEqual([1, 4, bits, 0]);
  });

  test.each([true, false])(
    'finds the first one, wherever it is (software: %s)',
    async (software) => {
      const sizes = [1, 7, 70_001];
      for (const at of [0, 1, 3, 4, 255, 256, 4095, 4096, 50_003, 69_999, 70_000]) {
        const tensors = sizes.map(finite);
        tensors[2][at] = 0x7fc00000;
        tensors[2][70_000] = 0x7f800000;
        expect((await find(tensors, software)).slice(0, 2)).toEqual([2, at]);
      }
      const tensors = sizes.map(finite);
      for (const t of tensors) t[t.length - 1] = 0x7f800000;
      tensors[0][0] = 0;
      expect(await find(tensors, software)).toEqual([1, 6, 0x7f800000, 0]);
    },
  );

  test('looks through more slices than a workgroup', async () => {
    const x = finite(3_000_001);
    x[2_999_999] = 0x7f800000;
    expect(await find([finite(5), x])).toEqual([1, 2_999_999, 0x7f800000, 0]);
  });
});
