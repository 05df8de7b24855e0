import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import normalOverlay from '../../shaders/random_normal.wgsl?raw';
import { bufferUsage, type Device, openDevice } from '../../src/gpu/device.ts';
import { pipelinesOf } from '../../src/gpu/pipelines.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import '../../src/kernels/random.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { link } from '../../src/kernels/wgsl.ts';
import { add, mul, tanh } from '../../src/ops/elementwise.ts';
import {
  advance,
  type Distribution,
  type Draw,
  gatherPictures,
  gatherRows,
  random,
  shuffledIndices,
} from '../../src/ops/random.ts';
import { mirrored } from '../reference/random.ts';
import { RandomValues } from '../reference/random-values.ts';
import { largestError, runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

type Given = Map<string, Float32Array | Uint32Array | Uint8Array>;
const SEED = [0xdeadbeef, 0x12345678] as const;
const stateAt = (step: number): Given => new Map([['state', Uint32Array.of(...SEED, step, 0)]]);

async function draw(
  shape: readonly number[],
  distribution: Distribution,
  {
    stream = 0,
    step = 0,
    traits,
    chain = (y) => y,
  }: {
    stream?: number;
    step?: number;
    traits?: Partial<DeviceTraits>;
    chain?: (y: Tensor) => Tensor;
  } = {},
) {
  const graph = new Graph();
  const y = random(graph.variable('state', [4], 'u32'), shape, { distribution, stream });
  graph.output('y', chain(y));
  const [result] = await runOp(device, graph, stateAt(step), traits);
  return result;
}

describe('random', () => {
  const shapes = [[], [1], [2], [3], [4], [5], [7, 13], [64, 100], [257, 4], [100_003]];
  test.each(shapes.map((shape) => ({ shape })))('$shape', async ({ shape }) => {
    for (const [stream, step] of [
      [0, 0],
      [3, 0xffffffff],
    ]) {
      // Every step from the words to uniform numbers is exact, so this compares integers.
      const uniform = await draw(shape, 'uniform', { stream, step });
      expect(Float64Array.from(uniform.values)).toEqual(uniform.expected);
      const normal = await draw(shape, 'normal', { stream, step });
      expect(largestError(normal.values, normal.expected)).toBeLessThan(2e-6);
    }
  });

  test('mean, variance and kurtosis of a million normals', async () => {
    const { values } = await draw([1 << 20], 'normal', { step: 5 });
    const moment = (k: number) => [...values].reduce((sum, x) => sum + x ** k, 0) / values.length;
    // Each within four standard errors.
    expect(Math.abs(moment(1))).toBeLessThan(4 / 1024);
    expect(Math.abs(moment(2) - 1)).toBeLessThan((4 * Math.sqrt(2)) / 1024);
    expect(Math.abs(moment(4) - 3)).toBeLessThan((4 * Math.sqrt(96)) / 1024);
  });

  test('steps and streams have numbers of their own', async () => {
    const draws = await Promise.all(
      [{}, { step: 1 }, { stream: 1 }].map((options) => draw([256], 'uniform', options)),
    );
    expect(new Set(draws.flatMap((d) => [...d.values])).size).toBe(3 * 256);
  });

  test.each([[[64, 8]], [[9, 7]]])('with a chain fused to it: %j', async (shape) => {
    const chain = (y: Tensor) => tanh(add(mul(y, 2), 1));
    const { values, expected } = await draw(shape, 'uniform', { chain });
    expect(largestError(values, expected)).toBeLessThan(1e-5);
  });

  test('more workgroups than a dimension holds', async () => {
    const traits = { maxWorkgroupsPerDimension: 3 };
    const { values, expected } = await draw([5000], 'uniform', { traits });
    expect(Float64Array.from(values)).toEqual(expected);
  });
});

test('normals from every corner of the words', async () => {
  // Pairs (u₀, u₁) at the ends of both ranges, at the seams of the polynomials, and all over.
  const top = 2 ** 23;
  const seams = [0, 1, 2, 3, top - 3, top - 2, top - 1];
  for (let e = 1; e <= 23; e++) {
    for (const seam of [2 ** e, 2 ** e * Math.SQRT1_2]) {
      seams.push(Math.floor(seam) - 1, Math.floor(seam));
    }
  }
  for (let eighth = 1; eighth < 8; eighth++) {
    seams.push((eighth * top) / 8 - 1, (eighth * top) / 8);
  }
  const inside = seams.filter((n) => n < top);
  const r = new RandomValues(7);
  const pairs = inside.flatMap((a) => inside.map((b) => [a, b]));
  for (let i = 0; i < 50_000; i++) pairs.push([r.integer(0, top - 1), r.integer(0, top - 1)]);
  if (pairs.length % 2) pairs.push([0, 0]);

  const words = Uint32Array.from(pairs.flat(), (n) => n * 512 + r.integer(0, 511));
  const shader = link(
    `
    @group(0) @binding(0) var<storage, read_write> data: array<vec4u>;
    fn distribute(words: vec4u) -> vec4f { return vec4f(words); }
    @compute @workgroup_size(64)
    fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x < arrayLength(&data)) { data[id.x] = bitcast<vec4u>(distribute(data[id.x])); }
    }`,
    [normalOverlay],
  );
  const { storage, copySource, copyTarget } = bufferUsage;
  const data = device.createBuffer('words', words.byteLength, storage | copySource | copyTarget);
  device.gpu.queue.writeBuffer(data, 0, words);
  const encoder = device.gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(await pipelinesOf(device).pipeline(shader, 'corners'));
  pass.setBindGroup(0, pipelinesOf(device).bindGroup(shader, { data }, 'corners'));
  pass.dispatchWorkgroups(Math.ceil(words.length / 4 / 64));
  pass.end();
  device.gpu.queue.submit([encoder.finish()]);
  const normals = new Float32Array(await readBuffer(device, data));
  device.destroyBuffer(data);

  const expected = pairs.flatMap(([a, b]) => {
    const radius = Math.sqrt(-2 * Math.log((a + 0.5) / top));
    const angle = (2 * Math.PI * (b + 0.5)) / top;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
  expect(largestError(normals, expected)).toBeLessThan(2e-6);
});

test.each([0, 41, 0xffffffff])('advance from step %i', async (step) => {
  const graph = new Graph();
  const state = graph.variable('state', [4], 'u32');
  graph.assign('state', advance(state));
  const [{ values, expected }] = await runOp(device, graph, stateAt(step));
  expect(Float64Array.from(values)).toEqual(expected);
});

describe('shuffledIndices', () => {
  const indices = async (
    options: Partial<Draw> & Pick<Draw, 'count' | 'size'>,
    step = 0,
    traits?: Partial<DeviceTraits>,
  ) => {
    const graph = new Graph();
    const state = graph.variable('state', [4], 'u32');
    graph.output(
      'i',
      shuffledIndices(state, { first: 0, stride: options.size, stream: 0, ...options }),
    );
    const [{ values, expected }] = await runOp(device, graph, stateAt(step), traits);
    expect(Float64Array.from(values)).toEqual(expected);
    return [...values];
  };

  test.each([1, 2, 3, 4, 5, 15, 16, 17, 64, 65, 1021, 4096, 60_000])(
    'an epoch of %i is a permutation, and the next is another',
    async (count) => {
      const epochs = [
        await indices({ count, size: count }, 0),
        await indices({ count, size: count }, 1),
      ];
      const all = Array.from({ length: count }, (_, i) => i);
      for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual(all);
      if (count > 8) expect(epochs[0]).not.toEqual(epochs[1]);
    },
  );

  test('batches follow one another, over the end of an epoch too', async () => {
    const [count, size, batches] = [100, 32, 2];
    const seen: number[] = [];
    for (const step of [0, 1, 2]) {
      for (const batch of [0, 1])
        seen.push(
          ...(await indices({ count, size, first: batch * size, stride: batches * size }, step)),
        );
    }
    expect(new Set(seen.slice(0, 100)).size).toBe(100);
    expect(seen.slice(0, 100)).toEqual(await indices({ count, size: 100 }));
  });

  test('any sizes', async () => {
    const options = fc.record({
      count: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 30 })),
      size: fc.integer({ min: 1, max: 300 }),
      first: fc.integer({ min: 0, max: 700 }),
      stride: fc.integer({ min: 1, max: 1000 }),
      stream: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    });
    const steps = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    await fc.assert(
      fc.asyncProperty(options, steps, async (o, step) => void (await indices(o, step))),
      { seed: 2, numRuns: 40 },
    );
  });

  test('more workgroups than a dimension holds', async () => {
    await indices({ count: 1000, size: 999 }, 3, { maxWorkgroupsPerDimension: 4 });
  });
});

describe('gatherRows', () => {
  const gather = async (
    shape: readonly number[],
    batch: number,
    {
      traits,
      chain = (y) => y,
    }: { traits?: Partial<DeviceTraits>; chain?: (y: Tensor) => Tensor } = {},
  ) => {
    const r = new RandomValues(batch);
    const given: Given = new Map();
    given.set('data', r.normal(sizeOf(shape)));
    given.set('indices', r.integers(batch, 0, shape[0] - 1));
    const graph = new Graph();
    const data = graph.variable('data', shape);
    const indices = graph.variable('indices', [batch], 'u32');
    graph.output('y', chain(gatherRows(data, indices)));
    const [{ values, expected }] = await runOp(device, graph, given, traits);
    expect(largestError(values, expected)).toBeLessThan(1e-6);
  };

  const shapes = [[1], [9], [5, 1], [1000, 2], [7, 4], [6, 3, 5], [4, 2, 2, 3], [100, 784]];
  test.each(shapes.map((shape) => ({ shape })))('of $shape', async ({ shape }) => {
    for (const batch of [1, 17, 64]) await gather(shape, batch);
  });

  test('with a chain fused to it', async () => {
    for (const shape of [
      [9, 8],
      [9, 3],
    ])
      await gather(shape, 5, { chain: (y) => tanh(mul(y, 2)) });
  });

  test('more workgroups than a dimension holds', async () => {
    await gather([50, 7], 1000, { traits: { maxWorkgroupsPerDimension: 37 } });
  });
});

describe('gatherPictures', () => {
  const gather = async (
    [count, height, width, channels]: readonly number[],
    batch: number,
    flip: boolean,
    {
      traits,
      chain = (y) => y,
    }: { traits?: Partial<DeviceTraits>; chain?: (y: Tensor) => Tensor } = {},
  ) => {
    const r = new RandomValues(batch);
    const shape = [count, height, width, channels];
    const given: Given = stateAt(9)
      .set('data', Uint8Array.from(r.integers(sizeOf(shape), 0, 255)))
      .set('indices', r.integers(batch, 0, count - 1))
      .set('row', r.normal(height));
    const graph = new Graph();
    const data = graph.variable('data', shape, 'u8');
    const indices = graph.variable('indices', [batch], 'u32');
    const state = graph.variable('state', [4], 'u32');
    graph.output('y', chain(gatherPictures(data, indices, state, { flip, stream: 4 })));
    const [{ values, expected }] = await runOp(device, graph, given, traits);
    // Neighbouring bytes are 8e-3 apart.
    expect(largestError(values, expected)).toBeLessThan(1e-6);
  };

  const shapes = [
    [1, 1, 1, 1],
    [5, 5, 5, 1],
    [3, 2, 7, 2],
    [10, 4, 4, 3],
    [6, 3, 1, 4],
    [4, 3, 5, 4],
    [9, 2, 2, 5],
    [30, 28, 28, 1],
    [3, 64, 64, 3],
  ];
  describe.each([{ flip: false }, { flip: true }])('%o', ({ flip }) => {
    test.each(shapes.map((shape) => ({ shape })))('of $shape', async ({ shape }) => {
      for (const batch of [1, 17]) await gather(shape, batch, flip);
    });
  });

  test('the reference mirrors some of 17 pictures, and not all', () => {
    const bits = Array.from({ length: 17 }, (_, i) => mirrored(i, 4, [...SEED, 9, 0]));
    expect(new Set(bits).size).toBe(2);
  });

  test('any shape', async () => {
    const size = (max: number) => fc.integer({ min: 1, max });
    const shapes = fc.tuple(size(20), size(9), size(9), size(5));
    await fc.assert(
      fc.asyncProperty(shapes, size(12), fc.boolean(), (shape, batch, flip) =>
        gather(shape, batch, flip),
      ),
      {
        seed: 3,
        numRuns: 40,
      },
    );
  });

  test('black and white are exactly −1 and 1', async () => {
    const graph = new Graph();
    const data = graph.variable('data', [1, 1, 4, 1], 'u8');
    const indices = graph.variable('indices', [1], 'u32');
    const state = graph.variable('state', [4], 'u32');
    graph.output('y', gatherPictures(data, indices, state, { flip: false, stream: 0 }));
    const given = stateAt(0)
      .set('data', Uint8Array.of(0, 255, 255, 0))
      .set('indices', Uint32Array.of(0));
    const [{ values }] = await runOp(device, graph, given);
    expect([...values]).toEqual([-1, 1, 1, -1]);
  });

  test('with a chain fused to it', async () => {
    const inVectors = (y: Tensor) => mul(y, 0.5);
    const byElement = (y: Tensor) => mul(y, y.graph.variable('row', [8, 1, 1]));
    for (const chain of [inVectors, byElement]) await gather([5, 8, 8, 3], 7, true, { chain });
  });

  test('more pictures than a dimension holds', async () => {
    await gather([50, 4, 4, 1], 1000, true, { traits: { maxWorkgroupsPerDimension: 37 } });
  });
});
