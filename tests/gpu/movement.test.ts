// What only moves elements: exact to the last bit, alone, folded into the loads of a chain, and as
// windows of buffers.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { type Shape, sizeOf } from '../../src/graph/shape.ts';
import { add, maximum, mul, neg } from '../../src/ops/elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import {
  broadcastTo,
  concat,
  pack,
  pad,
  reshape,
  slice,
  transpose,
  view,
} from '../../src/ops/movement.ts';
import { sum } from '../../src/ops/reduce.ts';
import { engineForTests } from '../support/engine.ts';
import { checkGraph, type RunOptions } from '../support/run-graph.ts';

const engine = await engineForTests();

/** Runs what `build` makes of a variable, twice in a row. */
async function check(
  shape: Shape,
  build: (x: Tensor) => Tensor | readonly Tensor[],
  { tolerance = 0, ...options }: RunOptions & { tolerance?: number } = {},
) {
  const graph = new Graph();
  const made = build(graph.variable('x', shape));
  (Array.isArray(made) ? made : [made]).forEach((t: Tensor, i) => {
    graph.output(`y${i}`, t);
  });
  await checkGraph(engine, graph, { ...options, steps: 2, tolerance });
}

const awkward: Shape[] = [[1], [7], [64], [1, 1, 1], [3, 5], [8, 16], [2, 3, 5, 7], [4, 1, 4, 2]];

describe.each(awkward.map((shape) => ({ shape })))('$shape', ({ shape }) => {
  const ends = (n: number) => shape.map((_, i) => (i + n) % 3);

  test('moved in every way', async () => {
    await check(shape, (x) => [
      transpose(
        x,
        shape.map((_, i) => shape.length - 1 - i),
      ),
      slice(
        x,
        shape.map((n) => Math.floor(n / 3)),
        shape.map((n) => Math.max(Math.floor(n / 3) + 1, n - 1)),
      ),
      pad(x, ends(0), ends(1)),
      pad(x, ends(2), ends(0)),
      broadcastTo(reshape(x, [1, ...shape]), [3, ...shape]),
      broadcastTo(reshape(x, [...shape, 1]), [...shape, 4]),
      reshape(x, [sizeOf(shape)]),
    ]);
  });

  test('folded into the loads of a chain', async () => {
    const reversed = shape.map((_, i) => shape.length - 1 - i);
    await check(shape, (x) => {
      const y = x.graph.variable('y', [...shape].reverse());
      return maximum(neg(transpose(y, reversed)), x);
    });
  });

  test('joined along every axis', async () => {
    await check(shape, (x) =>
      shape.flatMap((_, axis) => {
        const longer = x.graph.variable(
          `longer${axis}`,
          shape.map((n, i) => (i === axis ? n + 2 : n)),
        );
        return [concat([x, longer], axis), concat([longer, x, x], axis), concat([x], axis)];
      }),
    );
  });
});

test('all orders of four axes', async () => {
  const permutations = [
    ...[
      [0, 1, 3, 2],
      [0, 2, 1, 3],
      [0, 3, 1, 2],
      [1, 0, 2, 3],
      [2, 3, 0, 1],
      [3, 0, 2, 1],
    ],
  ];
  await check([2, 3, 4, 5], (x) => permutations.map((axes) => transpose(x, axes)));
});

test('a movement of a movement, of a chain and of a kernel’s result', async () => {
  await check(
    [6, 8],
    (x) => [
      transpose(pad(slice(x, [1, 0], [5, 8]), [0, 1], [2, 0]), [1, 0]),
      pad(neg(x), [1, 1], [1, 1]),
      transpose(matmul(x, x, { transposeB: true }), [1, 0]),
    ],
    { tolerance: 1e-6 },
  );
});

test('ten tensors joined: more than a dispatch can bind', async () => {
  await check([3, 4], (x) =>
    concat(
      Array.from({ length: 10 }, (_, i) => x.graph.variable(`x${i}`, [i + 1, 4])),
      0,
    ),
  );
});

test('random movements', async () => {
  const cases = fc
    .array(fc.constantFrom(1, 2, 3, 4, 8, 11), { minLength: 1, maxLength: 4 })
    .chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        a: fc.array(fc.nat(9), { minLength: shape.length, maxLength: shape.length }),
        b: fc.array(fc.nat(9), { minLength: shape.length, maxLength: shape.length }),
      }),
    );
  await fc.assert(
    fc.asyncProperty(cases, async ({ shape, a, b }) => {
      const start = shape.map((n, i) => a[i] % n);
      const end = shape.map((n, i) => start[i] + 1 + (b[i] % (n - start[i])));
      const order = shape.map((_, i) => i).sort((i, j) => a[i] - a[j]);
      await check(shape, (x) => [transpose(slice(x, start, end), order), pad(x, a, b)]);
    }),
    { seed: 1, numRuns: 15 },
  );
});

describe('views', () => {
  // 64 elements are 256 bytes, by which bindings are aligned.
  test.each([0, 64, 128, 1, 3, 4, 63, 65])('from element %i on', async (offset) => {
    await check(
      [260],
      (x) => {
        const window = view(x, offset, [8, 12]);
        return [
          window,
          neg(window),
          transpose(window, [1, 0]),
          matmul(window, window, { transposeA: true }),
          sum(window, [0]),
          view(view(x, offset, [130]), 64, [5]),
          view(view(x, offset, [130]), 3, [4]),
          view(neg(x), offset, [9]),
        ];
      },
      { tolerance: 1e-6 },
    );
  });

  test('of a result that is kept, overwritten and moved', async () => {
    const graph = new Graph();
    const x = graph.variable('x', [200]);
    const y = neg(x);
    graph.assign('x', add(x, mul(y, 0.5)));
    graph.output('y', y);
    graph.output('aligned', view(y, 64, [50]));
    graph.output('odd', view(y, 10, [50]));
    await checkGraph(engine, graph, { steps: 2, tolerance: 1e-6 });
  });
});

describe('packs', () => {
  const parts = (x: Tensor) => ({ x, square: matmul(x, x), negative: neg(x) });
  const cases: Record<string, (p: ReturnType<typeof parts>) => Tensor> = {
    'in aligned windows, with zeros between': (p) => pack([p.square, p.negative], [64, 192], 300),
    'at odd offsets': (p) => pack([p.square, p.negative], [1, 66], 150),
    'tight after a part of odd size': (p) => {
      const few = neg(slice(p.x, [0, 0], [3, 3]));
      return pack([few, p.square, p.negative], [0, 64, 128], 192);
    },
    'a part twice': (p) => pack([p.square, p.square], [0, 64], 128),
    'a part and a window of it': (p) => pack([p.square, view(p.square, 0, [5])], [0, 64], 128),
    'odd and aligned windows of a part': (p) =>
      pack([view(p.square, 7, [9]), view(p.square, 0, [9])], [0, 64], 128),
    'a variable, under another shape': (p) => pack([reshape(p.x, [64]), p.square], [0, 64], 128),
    constants: (p) =>
      pack([p.x.graph.add('constant', [], { value: 2.5, shape: [7] })[0], p.square], [1, 64], 128),
    'a pack': (p) => pack([pack([p.square], [64], 128), p.negative], [0, 128], 200),
    'one part alone, and no gap': (p) => pack([p.square], [0], 64),
  };
  test.each(Object.keys(cases))('%s', async (name) => {
    await check([8, 8], (x) => cases[name](parts(x)), { tolerance: 1e-6 });
  });

  test('are read by what follows, window by window and whole', async () => {
    await check(
      [8, 8],
      (x) => {
        const all = pack([matmul(x, x), neg(x)], [0, 64], 192);
        return [mul(all, 2), matmul(view(all, 64, [8, 8]), x), view(all, 120, [40])];
      },
      { tolerance: 1e-6 },
    );
  });

  test('parts made of one another in one buffer', async () => {
    await check(
      [8, 8],
      (x) => {
        const a = matmul(x, x);
        const b = matmul(a, x);
        return pack([a, b, sum(b, [0])], [0, 64, 128], 200);
      },
      { tolerance: 1e-6 },
    );
  });

  test('become variables', async () => {
    const graph = new Graph();
    const x = graph.variable('x', [8, 8]);
    graph.variable('all', [150]);
    graph.assign('all', pack([mul(x, 0.5), matmul(x, x)], [3, 80], 150));
    graph.assign('x', mul(x, 0.5));
    await checkGraph(engine, graph, { steps: 2, tolerance: 1e-6 });
  });
});

test('more elements than a dimension has invocations', async () => {
  await check([71, 1000], (x) => transpose(pad(x, [1, 0], [0, 3]), [1, 0]), {
    traits: { maxWorkgroupsPerDimension: 50 },
  });
});
