import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import '../../src/kernels/batch-norm.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { add, leakyRelu, mul, relu } from '../../src/ops/elementwise.ts';
import { pack } from '../../src/ops/movement.ts';
import { sum } from '../../src/ops/reduce.ts';
import { Engine } from '../../src/runtime/engine.ts';
import { planGraph } from '../../src/runtime/plan.ts';
import { RandomValues } from '../reference/random-values.ts';
import { checkGraph } from '../support/run-graph.ts';
import { relativeError, runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

interface Case {
  readonly shape: readonly number[];
  readonly mean?: number;
  readonly deviation?: number;
  readonly x?: Float32Array;
  readonly traits?: Partial<DeviceTraits>;
  /** What is fused to the first output. */
  readonly chain?: (y: Tensor) => Tensor;
}

const attrs = { momentum: 0.1, eps: 1e-5 };

function inputs({ shape, mean = 0, deviation = 1, x }: Case) {
  const random = new RandomValues(5);
  const channels = shape[shape.length - 1];
  const running = random.normal(2 * channels);
  // A variance is positive, and so is 1/σ.
  running.subarray(channels).forEach((v, i) => {
    running[channels + i] = Math.abs(v);
  });
  const saved = Float32Array.from(running, (v, i) =>
    i < channels ? mean + v * deviation : (1 + v / 2) / deviation,
  );
  return new Map([
    ['x', x ?? random.normal(sizeOf(shape), mean, deviation)],
    ['dy', random.normal(sizeOf(shape), 0.1)],
    ['gamma', random.normal(channels)],
    ['beta', random.normal(channels)],
    ['running', running],
    ['saved', saved],
    ['column', random.normal(5)],
  ]);
}

function runForward(c: Case) {
  const channels = c.shape[c.shape.length - 1];
  const graph = new Graph();
  const x = graph.variable('x', c.shape);
  const [gamma, beta] = ['gamma', 'beta'].map((name) => graph.variable(name, [channels]));
  const running = graph.variable('running', [2, channels]);
  const [y] = graph.add('batchNorm', [x, gamma, beta, running], attrs);
  graph.output('y', c.chain?.(y) ?? y);
  return runOp(device, graph, inputs(c), c.traits);
}

function runBackward(c: Case) {
  const channels = c.shape[c.shape.length - 1];
  const graph = new Graph();
  const [dy, x] = ['dy', 'x'].map((name) => graph.variable(name, c.shape));
  const gamma = graph.variable('gamma', [channels]);
  const saved = graph.variable('saved', [2, channels]);
  const [dx] = graph.add('batchNormGrad', [dy, x, gamma, saved], { eps: attrs.eps });
  graph.output('dx', c.chain?.(dx) ?? dx);
  return runOp(device, graph, inputs(c), c.traits);
}

/** Both directions against float64. Means and variances are compared apart: their sizes differ. */
async function check(c: Case, tolerance = 1e-5) {
  for (const { tensor, values, expected } of [
    ...(await runForward(c)),
    ...(await runBackward(c)),
  ]) {
    const parts = tensor.shape.length === 2 && tensor.index > 0 ? 2 : 1;
    const size = values.length / parts;
    for (let at = 0; at < values.length; at += size) {
      const error = relativeError(values.subarray(at, at + size), expected.subarray(at, at + size));
      expect(error, `${tensor} from ${at}`).toBeLessThan(tolerance);
    }
  }
}

describe.each([{ software: true }, { software: false }])('as planned for %o', (traits) => {
  test.each(
    [
      [2, 1],
      [7, 3],
      [8, 4],
      [131, 5],
      [16, 4, 4, 64],
      [5, 7, 11, 12],
      [1, 3, 1, 2],
      [3, 1024],
      [16411, 2],
      [64, 16, 16, 32],
    ].map((shape) => ({ shape })),
  )('$shape', async ({ shape }) => {
    await check({ shape, traits });
  });

  test.each(
    [
      [64, 3],
      [4, 9, 13, 8],
      [20000, 4],
    ].map((shape) => ({ shape })),
  )('$shape, whose mean is a thousand deviations', async ({ shape }) => {
    await check({ shape, mean: 1000, traits });
  });

  test('random shapes', async () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 2, max: 400 }),
      channels: fc.integer({ min: 1, max: 70 }),
      mean: fc.constantFrom(0, 3, -1000),
      deviation: fc.constantFrom(1, 0.01, 100),
    });
    await fc.assert(
      fc.asyncProperty(shapes, async ({ rows, channels, mean, deviation }) => {
        await check({ shape: [rows, channels], mean: mean * deviation, deviation, traits }, 2e-5);
      }),
      { seed: 1, numRuns: 30 },
    );
  });
});

test('a first row unlike all others does no harm', async () => {
  const shape = [4096, 4];
  const x = new RandomValues(3).normal(sizeOf(shape), 2);
  x.fill(1000, 0, 4);
  await check({ shape, x });
});

test('without variance: y = β', async () => {
  const shape = [100, 8];
  const [y, saved] = await runForward({ shape, x: new Float32Array(800).fill(7.3) });
  expect(y.values).toEqual(Float32Array.from(y.expected));
  expect(relativeError(saved.values, saved.expected)).toBeLessThan(1e-6);
});

describe('what is fused', () => {
  const chains: Record<string, (y: Tensor) => Tensor> = {
    'LeakyReLU, in vectors': (y) => leakyRelu(y, 0.2),
    'an operand for each channel, in vectors': (y) => mul(relu(y), y.graph.variable('gamma', [12])),
    'an operand for each column, element by element': (y) =>
      mul(y, y.graph.variable('column', [5, 1])),
  };
  test.each(Object.keys(chains))('%s', async (name) => {
    const results = await runForward({ shape: [6, 5, 12], chain: chains[name] });
    for (const { values, expected } of results) {
      expect(relativeError(values, expected)).toBeLessThan(1e-5);
    }
  });

  test('to the gradient, which has no binding to spare', async () => {
    await check({ shape: [50, 12], chain: (dx) => mul(dx, 3) });
  });
});

describe('gradients of several uses, added up in place', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create();
  });
  afterAll(() => engine.dispose());

  /** dγ and dβ of each use of one layer: `count` of them, each with an x and a dy of its own. */
  function uses(graph: Graph, shape: readonly number[], count: number) {
    const channels = shape[shape.length - 1];
    const gamma = graph.variable('gamma', [channels]);
    const running = graph.variable('running', [2, channels]);
    const beta = graph.variable('beta', [channels]);
    return Array.from({ length: count }, (_, i) => {
      const x = graph.variable(`x${i}`, shape);
      const [, saved] = graph.add('batchNorm', [x, gamma, beta, running], attrs);
      const dy = graph.variable(`dy${i}`, shape);
      const [dx, ...rest] = graph.add('batchNormGrad', [dy, x, gamma, saved], { eps: attrs.eps });
      graph.output(`dx${i}`, leakyRelu(dx, 0.2));
      return rest;
    });
  }
  const total = (made: readonly (readonly Tensor[])[], i: number) =>
    made.map((gradients) => gradients[i]).reduce((a, b) => add(a, b));

  /** Compared with float64; dispatches are two a batch-norm and two a gradient, whatever is added. */
  async function checkTotals(graph: Graph, count: number, traits: Partial<DeviceTraits> = {}) {
    const { commands } = planGraph(graph, { ...engine.device.traits, ...traits });
    expect(commands.filter((c) => c.kind === 'dispatch')).toHaveLength(4 * count);
    await checkGraph(engine, graph, { traits, steps: 2 });
  }

  describe.each([{ software: true }, { software: false }])('as planned for %o', (traits) => {
    test.each([
      { shape: [50, 12], count: 2 },
      { shape: [50, 12], count: 3 },
      { shape: [7, 5], count: 2 },
      { shape: [16, 8, 8, 64], count: 2 },
      { shape: [3, 1024], count: 2 },
      { shape: [1031, 3], count: 4 },
    ])('$count times $shape', async ({ shape, count }) => {
      const graph = new Graph();
      const made = uses(graph, shape, count);
      const offset = Math.ceil(shape[shape.length - 1] / 64) * 64;
      graph.output('gradients', pack([total(made, 0), total(made, 1)], [0, offset], 2 * offset));
      await checkTotals(graph, count, traits);
    });
  });

  test('one of them alone, the other apart', async () => {
    for (const [added, apart] of [
      [0, 1],
      [1, 0],
    ]) {
      const graph = new Graph();
      const made = uses(graph, [40, 8], 3);
      graph.output('total', total(made, added));
      made.forEach((gradients, i) => {
        graph.output(`apart ${i}`, gradients[apart]);
      });
      await checkTotals(graph, 3);
    }
  });

  test('onto what another kernel made', async () => {
    const graph = new Graph();
    const column = sum(graph.variable('a', [9, 8]), [0]);
    const [[dgamma, dbeta]] = uses(graph, [40, 8], 1);
    graph.output('totals', mul(add(column, dgamma), 3));
    graph.output('dbeta', dbeta);
    await checkGraph(engine, graph, { steps: 2 });
  });
});

test('more workgroups than a dimension holds', async () => {
  await check({ shape: [4001, 36], traits: { software: false, maxWorkgroupsPerDimension: 5 } });
});

test('the same bits every time', async () => {
  const c = { shape: [64, 8, 8, 20] };
  const [first, second] = [await runForward(c), await runForward(c)];
  expect(second.map((r) => r.values)).toEqual(first.map((r) => r.values));
});
