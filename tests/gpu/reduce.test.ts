// Sums, means and maxima over any axes, with what is fused before and after them.
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { type Shape, sizeOf } from '../../src/graph/shape.ts';
import { abs, add, leakyRelu, mul, neg, sigmoid, square, tanh } from '../../src/ops/elementwise.ts';
import { pad, reshape, transpose, view } from '../../src/ops/movement.ts';
import { max, mean, sum } from '../../src/ops/reduce.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { engineForTests } from '../support/engine.ts';
import { assertClose, linearTolerance, type RunOptions, runGraph } from '../support/run-graph.ts';

const engine = await engineForTests();

type Reduction = (x: Tensor, axes?: readonly number[]) => Tensor;
const reductions: Record<string, Reduction> = { sum, mean, max };

interface Case extends Omit<RunOptions, 'variables'> {
  readonly shape: Shape;
  /** What is reduced; only operations that are no smaller for |x| than they are for x. */
  readonly build: (x: Tensor) => Tensor | readonly Tensor[];
  /** Added to every element: sums then do not cancel, and large ones round. */
  readonly offset?: number;
}

/**
 * Terms cancel, so errors are measured against what the same graph makes of |x|: by the design's
 * bound for as many terms as there are.
 */
async function check({ shape, build, offset = 0, seed = 1, ...options }: Case) {
  const graph = new Graph();
  const made = build(graph.variable('x', shape));
  (Array.isArray(made) ? made : [made]).forEach((t: Tensor, i) => {
    graph.output(`y${i}`, t);
  });
  const random = new RandomValues(seed);
  const variables = new Map(
    [...graph.variables.values()].map((v) => [v.name, random.uniform(sizeOf(v.shape), -1, 1)]),
  );
  variables.set(
    'x',
    variables.get('x')!.map((x) => x + offset),
  );
  const sizes = new Map([...variables].map(([name, values]) => [name, values.map(Math.abs)]));
  const scales = interpret(graph, sizes).outputs;
  for (const result of await runGraph(engine, graph, { ...options, variables })) {
    const scale = scales.get(result.name.replace(/output (\w+), .*/, '$1'));
    assertClose(result, linearTolerance(sizeOf(shape)), scale);
  }
}

/** All ways to reduce so many axes. */
const subsets = (rank: number): number[][] =>
  Array.from({ length: 2 ** rank }, (_, bits) =>
    Array.from({ length: rank }, (_, i) => i).filter((i) => bits & (2 ** i)),
  );

describe.each(Object.keys(reductions))('%s', (name) => {
  const reduce = reductions[name];

  const shapes = [[1], [13], [4, 8], [3, 5], [8, 3, 4], [3, 4, 2, 8], [5, 1, 3, 7], [1, 1, 6]];
  test.each(shapes.map((shape) => ({ shape })))(
    '$shape over all sets of axes',
    async ({ shape }) => {
      await check({ shape, build: (x) => subsets(shape.length).map((axes) => reduce(x, axes)) });
    },
  );

  test('of random shapes', async () => {
    const cases = fc.record({
      shape: fc.array(fc.constantFrom(1, 2, 3, 4, 8, 12, 17, 32), { minLength: 1, maxLength: 4 }),
      bits: fc.nat(15),
      offset: fc.constantFrom(0, 10),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ shape, bits, offset }) => {
        const axes = subsets(shape.length)[bits % 2 ** shape.length];
        await check({ shape, offset, build: (x) => reduce(x, axes) });
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  // In one pass and in two, in vectors and one by one, and at the limits between them: where a sum
  // is worth splitting, a GPU and a software adapter disagree.
  const over = (shape: Shape, ...axes: number[]) => ({ shape, axes });
  test.each([
    ...[256, 257, 1020, 4096, 4099, 65536, 70_001].map((n) => over([n], 0)),
    ...[over([20_000, 3], 0), over([20_000, 4], 0), over([100_003, 1, 2], 0)],
    ...[over([3, 20_000], 1), over([3, 20_002], 1), over([100, 64, 7], 0, 1)],
    ...[over([50, 5, 60, 3], 0, 2), over([50, 5, 60, 4], 0, 2), over([64, 2, 128], 0, 2)],
    ...[over([7, 90, 5, 24], 1, 3)],
  ])('$shape over $axes', async ({ shape, axes }) => {
    for (const software of [true, false]) {
      await check({ shape, build: (x) => reduce(x, axes), offset: 1, traits: { software } });
    }
  });

  test('three and more runs of axes', async () => {
    const shape = [3, 4, 2, 3, 5, 2, 4];
    const over = [
      [0, 2, 4],
      [1, 3, 5],
      [0, 2, 4, 6],
      [1, 3, 6],
      [0, 1, 3, 5, 6],
    ];
    await check({ shape, build: (x) => over.map((axes) => reduce(x, axes)) });
  });

  test('of a window, of a kernel’s result and of a constant', async () => {
    await check({
      shape: [200],
      build: (x) => [
        reduce(view(x, 64, [8, 16]), [0]),
        reduce(view(x, 3, [8, 16]), [0]),
        reduce(reduce(view(x, 0, [4, 32]), [0])),
        add(
          reduce(x.graph.add('constant', [], { value: 0.25, shape: [6, 4] })[0], [0]),
          view(x, 0, [4]),
        ),
      ],
    });
  });
});

describe('with chains', () => {
  const operand = (x: Tensor, name: string, shape: Shape) => x.graph.variable(name, shape);

  test.each<[string, Shape, (x: Tensor) => Tensor]>([
    ['before, in vectors', [6, 16], (x) => sum(square(tanh(x)), [0])],
    ['before, over the innermost axis', [6, 16], (x) => mean(mul(x, abs(x)), [1])],
    ['before, one by one', [7, 5], (x) => sum(square(x), [1])],
    ['before, of one row for all', [12, 8], (x) => sum(mul(x, operand(x, 'row', [8])), [0])],
    ['before, of a column', [12, 8], (x) => sum(mul(x, operand(x, 'column', [12, 1])))],
    [
      'before, of moved elements',
      [9, 8],
      (x) => sum(square(pad(transpose(x, [1, 0]), [1, 0], [0, 2])), [0]),
    ],
    ['before, under another shape', [9, 8], (x) => max(reshape(abs(x), [12, 6]), [1])],
    ['after, in vectors', [6, 16], (x) => mul(sum(x, [0]), operand(x, 'row', [16]))],
    [
      'after, over the innermost axis',
      [6, 16],
      (x) => leakyRelu(add(sum(x, [1]), operand(x, 'b', [6])), 0.2),
    ],
    ['after, one number', [64], (x) => square(mean(x))],
    [
      'after, a moved operand',
      [6, 12],
      (x) => mul(reshape(sum(x, [0]), [3, 4]), transpose(operand(x, 't', [4, 3]), [1, 0])),
    ],
    ['before and after', [6, 16], (x) => square(mean(mul(x, operand(x, 'row', [16])), [0]))],
    [
      'before and after, in two passes',
      [4096, 8],
      (x) => mul(sum(mul(x, operand(x, 'row', [8])), [0]), operand(x, 'row', [8])),
    ],
    ['before and after, in two passes to one number', [8192], (x) => square(mean(square(tanh(x))))],
    [
      'before and after, in two passes to one number, one by one',
      [8191],
      (x) => square(mean(square(tanh(x)))),
    ],
  ])('%s', async (_, shape, build) => {
    await check({ shape, build, traits: { software: true } });
    await check({ shape, build, traits: { software: false }, offset: 1 });
  });

  test('a loss: two means added to each other', async () => {
    await check({
      shape: [32, 1],
      build: (x) => add(mean(sigmoid(x)), mean(sigmoid(neg(abs(operand(x, 'fake', [32, 1])))))),
    });
  });

  test('as many operands before and after as there are bindings', async () => {
    const chain = (x: Tensor, name: string, count: number) =>
      Array.from({ length: count }, (_, i) => operand(x, `${name}${i}`, x.shape)).reduce(mul, x);
    for (const [before, after] of [
      [6, 0],
      [0, 6],
      [3, 3],
      [6, 6],
      [1, 12],
    ]) {
      for (const axes of [[0], [1]]) {
        await check({
          shape: [4, 8],
          build: (x) => chain(sum(chain(x, 'a', before), axes), 'b', after),
        });
      }
    }
  });
});

test('more workgroups than a dimension holds', async () => {
  const traits = { maxWorkgroupsPerDimension: 3 };
  await check({ shape: [3, 515], build: (x) => [sum(x, [0]), max(neg(x), [0])], traits });
});
