// Every row of the element-wise table on the device, alone and in chains, at both vector widths and
// however its operands are broadcast.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attrs, Graph, type Tensor } from '../../src/graph/graph.ts';
import { broadcastShapes, type Shape, sizeOf } from '../../src/graph/shape.ts';
import {
  add,
  bceWithLogits,
  elementwiseTable,
  exp,
  leakyRelu,
  maximum,
  minimum,
  mul,
  neg,
  scalar,
  sigmoid,
  softplus,
  square,
  sub,
  tanh,
} from '../../src/ops/elementwise.ts';
import { slice } from '../../src/ops/movement.ts';
import { RandomValues } from '../reference/random-values.ts';
import { engineForTests } from '../support/engine.ts';
import { checkGraph, type RunOptions, runGraph } from '../support/run-graph.ts';

const engine = await engineForTests();

/** Every element within 1e-5 of its own size, and of 0.1 where it is smaller. */
async function check(graph: Graph, options?: RunOptions) {
  for (const { name, values, expected } of await runGraph(engine, graph, options)) {
    const wrong = expected.findIndex(
      (x, i) => !(Math.abs(values[i] - x) <= 1e-5 * Math.abs(x) + 1e-6),
    );
    const message = `${name} [${wrong}] of ${values.length}: ${values[wrong]}, not ${expected[wrong]}`;
    expect(wrong, message).toBe(-1);
  }
}

const random = new RandomValues(1);
const normals = (size: number) => random.normal(size, 0, 2);
const positive = (size: number) => random.normal(size, 0, 2).map((x) => Math.abs(x) + 0.01);
const awayFromZero = (size: number) => random.away(size, [0], 0.1);
/** Few different numbers, so that comparisons meet equal ones, and conditions zeros. */
const coarse = (size: number) => Float32Array.from(random.integers(size, 0, 4), (n) => n - 2);

/** What a row needs that is not the usual. */
const special: Record<string, { attrs?: Attrs[]; draw?: ((size: number) => Float32Array)[] }> = {
  div: { draw: [normals, awayFromZero] },
  log: { draw: [positive] },
  sqrt: { draw: [positive] },
  rsqrt: { draw: [positive] },
  greater: { draw: [coarse, coarse] },
  greaterEqual: { draw: [coarse, coarse] },
  equal: { draw: [coarse, coarse] },
  floor: { draw: [coarse] },
  sign: { draw: [coarse] },
  select: { draw: [coarse, normals, normals] },
  leakyRelu: { attrs: [{ slope: 0.2 }, { slope: 3 }] },
  reluGrad: { attrs: [{ slope: 0 }, { slope: 0.2 }], draw: [normals, coarse] },
  clamp: {
    attrs: [
      { min: -0.5, max: 1.25 },
      { min: -3.4028234663852886e38, max: 0 },
      { min: 2, max: 1 },
    ],
  },
};

/** Of widths 1 and 4, smaller and larger than a workgroup. */
const sizes = [1, 7, 61, 1021, 4, 64, 1024];

test.each(Object.keys(elementwiseTable))('%s', async (op) => {
  const { attrs = [{}], draw = [normals, normals, normals] } = special[op] ?? {};
  for (const [n, attr] of attrs.entries()) {
    const graph = new Graph();
    const variables = new Map<string, Float32Array>();
    for (const size of n === 0 ? sizes : [64]) {
      const operands = draw.slice(0, elementwiseTable[op].arity).map((values, i) => {
        variables.set(`x${i}.${size}`, values(size));
        return graph.variable(`x${i}.${size}`, [size]);
      });
      graph.output(`y${size}`, graph.add(op, operands, attr)[0]);
    }
    await check(graph, { variables });
  }
});

describe('far from zero', () => {
  const x = Float32Array.from([
    ...[-100, 100, -88.8, 88.8, -104, 104, -1000, 1000, -3e38, 3e38],
    ...[-15, 15, -20, 20, -1e-30, 1e-30, 0, -0, 0.06, -0.06, 2.7, -2.7, -2.8, 1e-3],
  ]);
  const rows: Record<string, (x: Tensor) => Tensor> = {
    tanh,
    sigmoid,
    softplus,
    'bceWithLogits, target 0': (t) => bceWithLogits(t, 0),
    'bceWithLogits, target 1': (t) => bceWithLogits(t, 1),
    'bceWithLogits, target 0.9': (t) => bceWithLogits(t, 0.9),
  };
  test.each(Object.keys(rows))('%s', async (name) => {
    const graph = new Graph();
    graph.output('vectors', rows[name](graph.variable('x', [24])));
    graph.output('scalars', rows[name](graph.variable('z', [23])));
    await check(graph, {
      variables: new Map([
        ...([
          ['x', x],
          ['z', x.subarray(1)],
        ] as const),
      ]),
    });
  });

  test('small values of sigmoid and softplus keep their digits', async () => {
    const graph = new Graph();
    const tail = graph.variable('x', [40]);
    graph.output('sigmoid', sigmoid(tail));
    graph.output('softplus', softplus(tail));
    const values = Float32Array.from({ length: 40 }, (_, i) => -i / 2);
    const results = await runGraph(engine, graph, { variables: new Map([['x', values]]) });
    for (const { name, values, expected } of results.filter((r) => !r.exact)) {
      expected.forEach((e, i) => {
        expect(Math.abs(values[i] / e - 1), `${name} [${i}]`).toBeLessThan(1e-5);
      });
    }
  });
});

describe('broadcasting', () => {
  /** Not commutative, so that operands cannot change places. */
  const both = (graph: Graph, a: Shape, b: Shape) => {
    const [x, y] = [graph.variable('a', a), graph.variable('b', b)];
    graph.output('ab', sub(x, mul(y, 2)));
    graph.output('ba', sub(y, mul(x, 2)));
  };
  test.each<[string, Shape, Shape]>([
    ['a scalar, in vectors', [4, 6], []],
    ['a scalar, one by one', [5, 7], [1, 1]],
    ['a row, in vectors', [5, 8], [8]],
    ['a row, one by one', [5, 6], [1, 6]],
    ['a matrix over the first axis', [3, 4, 5], [4, 5]],
    ['a column', [8, 4], [8, 1]],
    ['the middle axis', [3, 4, 8], [3, 1, 8]],
    ['each over the other', [7, 1, 4], [5, 1]],
    ['all that is there is one', [1, 1], [1]],
    ['four of one', [4], [1]],
  ])('%s', async (_, a, b) => {
    const graph = new Graph();
    both(graph, a, b);
    await check(graph);
  });

  test('random shapes', async () => {
    const axes = fc.array(fc.constantFrom(1, 2, 3, 4, 8, 13), { minLength: 1, maxLength: 4 });
    const pairs = fc
      .tuple(axes, fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }), fc.nat(3), fc.nat(3))
      .map(([shape, ones, dropA, dropB]): [Shape, Shape] => [
        shape.map((n, i) => (ones[i] === 0 ? 1 : n)).slice(dropA),
        shape.map((n, i) => (ones[4 + i] === 0 ? 1 : n)).slice(dropB),
      ]);
    await fc.assert(
      fc.asyncProperty(pairs, async ([a, b]) => {
        fc.pre(broadcastShapes([a, b]) !== undefined && sizeOf(a) * sizeOf(b) < 1e6);
        const graph = new Graph();
        both(graph, a, b);
        await check(graph);
      }),
      { seed: 1, numRuns: 25 },
    );
  });
});

describe('chains', () => {
  test('one tensor read in several ways is bound once', async () => {
    const graph = new Graph();
    const all = Array.from({ length: 7 }, (_, i) => graph.variable(`x${i}`, [8]));
    const first = slice(all[0], [0], [1]);
    // Seven tensors and the result: all the bindings there are.
    graph.output('y', all.reduce(add, first));
    await check(graph);
  });

  test('one tensor read element by element and at other places', async () => {
    const graph = new Graph();
    const x = graph.variable('x', [4, 4]);
    graph.output('y', sub(x, slice(x, [1, 0], [2, 4])));
    graph.output('z', sub(x, mul(slice(x, [0, 0], [1, 4]), slice(x, [0, 0], [1, 1]))));
    await check(graph);
  });

  test('a variable is overwritten as it is read, by vectors and one by one', async () => {
    for (const size of [1, 7, 64, 1030]) {
      const graph = new Graph();
      const x = graph.variable('x', [size]);
      graph.assign('x', add(mul(x, 0.5), graph.variable('step', [size])));
      await check(graph, { steps: 3 });
    }
  });

  test('of twenty operations', async () => {
    const graph = new Graph();
    let x = graph.variable('x', [65]);
    for (let i = 0; i < 5; i++) x = leakyRelu(sub(square(tanh(x)), mul(sigmoid(x), i)), 0.2);
    graph.output('y', x);
    await check(graph);
  });

  test('numbers that overflow when they are computed beforehand', async () => {
    const graph = new Graph();
    const x = graph.variable('x', [8]);
    graph.output('y', minimum(maximum(x, neg(exp(scalar(x, 100)))), exp(scalar(x, 100))));
    await check(graph);
  });

  test('constants of any size', async () => {
    const graph = new Graph();
    const x = graph.variable('x', [8]);
    const values = [1e-7, 123456789, -0.1, 1e20, 16777217, 3, 1e6, -1e-30];
    graph.output(
      'y',
      values.map((v) => mul(minimum(x, 1), v)).reduce((a, b) => maximum(a, b)),
    );
    graph.output(
      'z',
      values.map((v) => mul(minimum(x, 1), v)).reduce((a, b) => minimum(a, b)),
    );
    await check(graph);
  });
});

describe('more workgroups than a dimension holds', () => {
  test('by the device’s own limit', async () => {
    const size = 65_535 * 64 + 1009;
    const graph = new Graph();
    graph.output('y', neg(graph.variable('x', [size])));
    const x = Float32Array.from({ length: size }, (_, i) => i % 8191);
    await checkGraph(engine, graph, { variables: new Map([['x', x]]), tolerance: 0 });
  });

  test.each([1, 3, 7])('by a limit of %i', async (maxWorkgroupsPerDimension) => {
    for (const size of [64 * 7 * 2 + 1, 256 * 9, 4]) {
      const graph = new Graph();
      graph.output('y', neg(graph.variable('x', [size])));
      if (size / 64 > maxWorkgroupsPerDimension ** 2) continue;
      await check(graph, { traits: { maxWorkgroupsPerDimension } });
    }
  });
});
