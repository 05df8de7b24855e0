// DiffAugment in float64: against the authors' code written out by hand, picture by picture, and its
// gradients against finite differences.
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import {
  type AugmentationPolicy,
  augmentationPolicies,
  diffAugment,
} from '../../src/nn/diff-augment.ts';
import { mul, square } from '../../src/ops/elementwise.ts';
import { sum } from '../../src/ops/reduce.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const N = 6;

function augmented(
  [height, width, channels]: readonly number[],
  policy: AugmentationPolicy,
  numbers = new RandomValues(9).uniform(N * 7),
) {
  const graph = new Graph();
  const shape = [N, height, width, channels];
  const x = graph.variable('x', shape);
  const y = diffAugment(x, policy, (size, low, high) => {
    expect([size, low, high]).toEqual([[N, 7], -1, 1]);
    return graph.variable('numbers', size);
  });
  const pictures = new RandomValues(3).uniform(N * height * width * channels);
  const given = new Map<string, ArrayLike<number>>([
    ['x', pictures],
    ['numbers', numbers],
  ]);
  return { graph, x, y, pictures, numbers, given };
}

const run = (graph: Graph, given: ReadonlyMap<string, ArrayLike<number>>, tensor: Tensor) =>
  interpret(graph, given).values.get(tensor.id)!;

/** One picture as the authors' DiffAugment_pytorch.py changes it, in its words. */
function byHand(
  picture: ArrayLike<number>,
  [height, width, channels]: readonly number[],
  policy: AugmentationPolicy,
  u: ArrayLike<number>,
): number[] {
  const colours = channels - (channels % 2 === 0 ? 1 : 0);
  const at = (row: number, column: number, c: number) => (row * width + column) * channels + c;
  let x = Array.from(picture);
  const each = (change: (v: number, row: number, column: number, c: number) => number) => {
    const y = x.slice();
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++)
        for (let c = 0; c < channels; c++)
          y[at(row, column, c)] = change(x[at(row, column, c)], row, column, c);
    x = y;
  };
  const rand = (i: number) => (u[i] + 1) / 2;
  /** torch.randint(low, high + 1) */
  const randint = (i: number, low: number, high: number) =>
    low + Math.min(Math.floor(rand(i) * (high - low + 1)), high - low);
  const meanOf = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  if (policy.includes('color')) {
    const colourOf = (change: (v: number, row: number, column: number) => number) =>
      each((v, row, column, c) => (c < colours ? change(v, row, column) : v));
    colourOf((v) => v + rand(0) - 0.5);
    const pixelMean = (row: number, column: number) =>
      meanOf(Array.from({ length: colours }, (_, c) => x[at(row, column, c)]));
    const pixels = Array.from({ length: height * width }, (_, i) =>
      pixelMean(Math.floor(i / width), i % width),
    );
    colourOf((v, row, column) => {
      const m = pixels[row * width + column];
      return (v - m) * (rand(1) * 2) + m;
    });
    const m = meanOf(x.filter((_, i) => i % channels < colours));
    colourOf((v) => (v - m) * (rand(2) + 0.5) + m);
  }
  if (policy.includes('translation')) {
    const by = [height, width].map((side, axis) => {
      const shift = Math.floor(side * 0.125 + 0.5);
      return randint(3 + axis, -shift, shift);
    });
    const before = x.slice();
    each((_, row, column, c) => {
      const [r, s] = [row - by[0], column - by[1]];
      return r >= 0 && r < height && s >= 0 && s < width ? before[at(r, s, c)] : 0;
    });
  }
  if (policy.includes('cutout')) {
    const cut = [height, width].map((side) => Math.floor(side * 0.5 + 0.5));
    const offset = [height, width].map((side, axis) =>
      randint(5 + axis, 0, side - (cut[axis] % 2)),
    );
    const inside = (i: number, axis: number) => {
      const start = offset[axis] - Math.floor(cut[axis] / 2);
      return i >= start && i < start + cut[axis];
    };
    each((v, row, column) => (inside(row, 0) && inside(column, 1) ? 0 : v));
  }
  return x;
}

const shapes = [
  ...[
    [16, 16, 1],
    [8, 12, 3],
  ],
  ...[
    [12, 8, 4],
    [9, 7, 2],
  ],
];
describe.each(shapes.map((shape) => ({ shape })))('pictures of $shape', ({ shape }) => {
  test.each(augmentationPolicies)('%s as the authors do it', (policy) => {
    const { graph, y, pictures, numbers, given } = augmented(shape, policy);
    const values = run(graph, given, y);
    const size = pictures.length / N;
    const changed = [];
    for (let n = 0; n < N; n++) {
      const own = pictures.subarray(n * size, (n + 1) * size);
      const expected = byHand(own, shape, policy, numbers.subarray(7 * n, 7 * n + 7));
      expected.forEach((e, i) => {
        expect(values[n * size + i], `picture ${n}, ${i}`).toBeCloseTo(e, 10);
      });
      changed.push(expected.some((e, i) => Math.abs(e - own[i]) > 0.01));
    }
    expect(changed.filter(Boolean).length).toBeGreaterThan(N / 2);
  });

  test('gradients, by finite differences', () => {
    const { graph, x, y, pictures, given } = augmented(shape, 'color,translation,cutout');
    const weights = graph.variable('weights', y.shape);
    const random = new RandomValues(5);
    given.set('weights', random.normal(y.size));
    const loss = sum(mul(weights, square(y)));
    const [gradient] = gradients(loss, [x]);
    graph.output('loss', loss);
    const nodes = prune(graph);
    const direction = random.normal(y.size);
    const moved = (by: number) => {
      const at = Float64Array.from(pictures, (v, i) => v + by * direction[i]);
      return interpret(graph, new Map(given).set('x', at), nodes).outputs.get('loss')![0];
    };
    const expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
    const got = run(graph, given, gradient).reduce((s, g, i) => s + g * direction[i], 0);
    expect(Math.abs(expected)).toBeGreaterThan(0.1);
    expect(Math.abs(got - expected)).toBeLessThan(1e-7 * Math.abs(expected));
  });
});

test('every shift and every place of the square is met, at both ends', () => {
  const shape = [16, 16, 1];
  const ends = [-1 + 2 ** -23, 1 - 2 ** -23];
  const found = ends.map((u) => {
    const { graph, y, given } = augmented(shape, 'translation', new Float32Array(N * 7).fill(u));
    const filled = given.set('x', new Float32Array(N * 256).fill(1));
    return Array.from(run(graph, filled, y).subarray(0, 256));
  });
  // By two pixels up and left, and by two down and right.
  const corner = (row: number, column: number) => found.map((f) => f[16 * row + column]);
  expect([corner(0, 0), corner(13, 13), corner(14, 13), corner(2, 2), corner(1, 2)]).toEqual([
    ...[
      [1, 0],
      [1, 1],
    ],
    ...[
      [0, 1],
      [1, 1],
      [1, 0],
    ],
  ]);
  expect(found.map((f) => f.reduce((a, b) => a + b))).toEqual([196, 196]);
});

test('what is no batch of pictures, or no policy, is refused', () => {
  const graph = new Graph();
  const x = graph.variable('x', [2, 4, 4, 1]);
  const none = () => expect.fail('random numbers are drawn');
  expect(() => diffAugment(x, 'cutout,color' as never, none)).toThrow(
    /no augmentation 'cutout,color'.*color,cutout/,
  );
  expect(() => diffAugment(graph.variable('z', [2, 4]), 'color', none)).toThrow('[N, H, W, C]');
});
