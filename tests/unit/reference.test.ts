// The reference interpreter is what everything else is measured with: here it is held against
// numbers worked out by hand, published vectors, and formulas written a second time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { opDefinition, opNames } from '../../src/graph/registry.ts';
import { elementwiseTable } from '../../src/ops/elementwise.ts';
import {
  adam,
  adamCorrections,
  add,
  advance,
  broadcastTo,
  concat,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  firstNonFinite,
  gatherPictures,
  gatherRows,
  matmul,
  max,
  mean,
  pack,
  pad,
  random,
  reshape,
  rmsprop,
  sgd,
  shuffledIndices,
  slice,
  sum,
  translate,
  transpose,
  view,
} from '../../src/ops/index.ts';
import { evaluate, type Input } from '../reference/evaluate.ts';
import { interpret, referenceTable } from '../reference/index.ts';
import { type Key, mirrored, philox, shuffledIndex, type Words4 } from '../reference/random.ts';
import { RandomValues, randomVariables } from '../reference/random-values.ts';
import { forEachCoordinate } from '../reference/types.ts';

const input = (shape: number[], values: ArrayLike<number>): Input => ({ shape, values });
const counting = (shape: number[], from = 1): Input => {
  const size = shape.reduce((a, b) => a * b, 1);
  return input(
    shape,
    Array.from({ length: size }, (_, i) => from + i),
  );
};
const state = (...values: number[]): Input => ({ shape: [4], values, dtype: 'u32' });

/** Compares to twelve digits. */
function expectClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-12) {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++) {
    const error = Math.abs(got[i] - expected[i]);
    if (!(error <= tolerance * (1 + Math.abs(expected[i]))))
      expect.fail(`element ${i}: ${got[i]}, expected ${expected[i]}`);
  }
}

describe('the interpreter', () => {
  test('knows every operation', () => {
    const known = [...Object.keys(referenceTable), 'variable'];
    expect(opNames().filter((name) => !known.includes(name))).toEqual([]);
  });

  test('returns outputs, new values of variables, and every tensor', () => {
    const graph = new Graph();
    const x = graph.variable('x', [2]);
    graph.variable('untouched', [1]);
    const y = add(x, 1);
    graph.assign('x', y);
    const z = graph.output('z', add(graph.variable('x', [2]), 10));
    const given = new Map([
      ['x', [1, 2]],
      ['untouched', [7]],
    ]);
    const { outputs, variables, values } = interpret(graph, given);
    expect([...outputs.get('z')!]).toEqual([12, 13]);
    expect([...variables.get('x')!]).toEqual([2, 3]);
    expect([...variables.get('untouched')!]).toEqual([7]);
    expect([...values.get(x.id)!]).toEqual([1, 2]);
    expect([...values.get(y.id)!]).toEqual([2, 3]);
    expect([...values.get(z.id)!]).toEqual([12, 13]);
  });

  test('refuses a variable without values or with too few', () => {
    const graph = new Graph();
    graph.variable('w', [3]);
    expect(() => interpret(graph, new Map())).toThrow("'w' needs 3 values, got none");
    expect(() => interpret(graph, new Map([['w', [1, 2]]]))).toThrow("'w' needs 3 values, got 2");
  });
});

describe('element-wise operations', () => {
  // For each row of the table: attributes, operands, result.
  const e = Math.E;
  const examples: Record<string, [Record<string, number>, number[], number][]> = {
    add: [[{}, [2, 3], 5]],
    sub: [[{}, [2, 3], -1]],
    mul: [[{}, [2, 3], 6]],
    div: [[{}, [3, 2], 1.5]],
    maximum: [
      [{}, [2, 3], 3],
      [{}, [-2, -3], -2],
    ],
    minimum: [
      [{}, [2, 3], 2],
      [{}, [-2, -3], -3],
    ],
    greater: [
      [{}, [3, 2], 1],
      [{}, [2, 2], 0],
      [{}, [2, 3], 0],
    ],
    greaterEqual: [
      [{}, [3, 2], 1],
      [{}, [2, 2], 1],
      [{}, [2, 3], 0],
    ],
    equal: [
      [{}, [2, 2], 1],
      [{}, [2, 3], 0],
    ],
    select: [
      [{}, [1, 5, 6], 5],
      [{}, [0, 5, 6], 6],
      [{}, [-0.5, 5, 6], 5],
    ],
    neg: [[{}, [2], -2]],
    exp: [[{}, [1], e]],
    log: [[{}, [e * e], 2]],
    sqrt: [[{}, [9], 3]],
    rsqrt: [[{}, [4], 0.5]],
    abs: [
      [{}, [-3], 3],
      [{}, [3], 3],
    ],
    sign: [
      [{}, [-3], -1],
      [{}, [0], 0],
      [{}, [3], 1],
    ],
    floor: [
      [{}, [-0.5], -1],
      [{}, [2], 2],
      [{}, [2.75], 2],
    ],
    square: [[{}, [-3], 9]],
    tanh: [
      [{}, [Math.log(2)], 0.6],
      [{}, [1000], 1],
    ],
    sigmoid: [
      [{}, [Math.log(3)], 0.75],
      [{}, [-Math.log(3)], 0.25],
      [{}, [-1000], 0],
      [{}, [1000], 1],
    ],
    relu: [
      [{}, [-3], 0],
      [{}, [3], 3],
    ],
    leakyRelu: [
      [{ slope: 0.2 }, [-3], -0.6],
      [{ slope: 0.2 }, [3], 3],
    ],
    reluGrad: [
      [{ slope: 0.2 }, [5, -1], 1],
      [{ slope: 0.2 }, [5, 0], 1],
      [{ slope: 0.2 }, [5, 1], 5],
    ],
    softplus: [
      [{}, [0], Math.LN2],
      [{}, [Math.log(e - 1)], 1],
      [{}, [1000], 1000],
      [{}, [-1000], 0],
    ],
    bceWithLogits: [
      [{}, [Math.log(3), 1], Math.log(4 / 3)],
      [{}, [Math.log(3), 0], Math.log(4)],
      [{}, [0, 0.9], Math.LN2],
      [{}, [1000, 0], 1000],
      [{}, [-1000, 1], 1000],
    ],
    detach: [[{}, [-3], -3]],
    clamp: [
      [{ min: -1, max: 2 }, [-3], -1],
      [{ min: -1, max: 2 }, [1], 1],
      [{ min: -1, max: 2 }, [3], 2],
    ],
  };

  test('each has an example', () => {
    expect(Object.keys(examples).sort()).toEqual(Object.keys(elementwiseTable).sort());
  });

  test.each(Object.entries(examples))('%s', (op, cases) => {
    for (const [attrs, operands, expected] of cases) {
      const [y] = evaluate(
        operands.map((x) => input([1], [x])),
        (...t) => t[0].graph.add(op, t, attrs),
      );
      expectClose(y, [expected]);
    }
  });

  test('broadcast as NumPy does', () => {
    const [y] = evaluate([input([2, 1], [10, 20]), input([3], [1, 2, 3])], add);
    expect([...y]).toEqual([11, 12, 13, 21, 22, 23]);
    const [z] = evaluate([input([2, 1, 2], [1, 2, 3, 4]), input([2, 1], [10, 20])], add);
    expect([...z]).toEqual([11, 12, 21, 22, 13, 14, 23, 24]);
    const [scalars] = evaluate([input([], [1]), input([], [2])], add);
    expect([...scalars]).toEqual([3]);
  });
});

describe('movement', () => {
  const x = counting([2, 3]);
  const examples: [string, (t: Tensor) => Tensor, number[]][] = [
    ['transpose', (t) => transpose(t, [1, 0]), [1, 4, 2, 5, 3, 6]],
    ['slice', (t) => slice(t, [0, 1], [2, 3]), [2, 3, 5, 6]],
    ['pad', (t) => pad(t, [1, 0], [0, 1]), [0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0]],
    ['broadcastTo', (t) => broadcastTo(slice(t, [0, 0], [1, 3]), [2, 3]), [1, 2, 3, 1, 2, 3]],
    ['reshape', (t) => reshape(t, [3, -1]), [1, 2, 3, 4, 5, 6]],
    ['view', (t) => view(t, 1, [2, 2]), [2, 3, 4, 5]],
    ['pack', (t) => pack([t, view(t, 0, [2])], [1, 8], 11), [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 0]],
    ['concat, rows', (t) => concat([t, view(t, 0, [1, 3])], 0), [1, 2, 3, 4, 5, 6, 1, 2, 3]],
    ['concat, columns', (t) => concat([t, view(t, 4, [2, 1])], 1), [1, 2, 3, 5, 4, 5, 6, 6]],
  ];
  test.each(examples)('%s', (_, build, expected) => {
    expect([...evaluate([x], build)[0]]).toEqual(expected);
  });

  test('transpose of three axes puts each element where the axes say', () => {
    // x[a, b, c] = 100a + 10b + c; with axes (2, 0, 1) the result is y[c, a, b].
    const values: number[] = [];
    forEachCoordinate([2, 3, 4], ([a, b, c]) => values.push(100 * a + 10 * b + c));
    const [y] = evaluate([input([2, 3, 4], values)], (t) => transpose(t, [2, 0, 1]));
    const expected: number[] = [];
    forEachCoordinate([4, 2, 3], ([c, a, b]) => expected.push(100 * a + 10 * b + c));
    expect([...y]).toEqual(expected);
  });

  test('the access rule that kernels follow reads the same elements', () => {
    const movement = fc
      .array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 })
      .chain((shape) => {
        const each = (max: number) =>
          fc.array(fc.nat(max), { minLength: shape.length, maxLength: shape.length });
        return fc.record({ shape: fc.constant(shape), a: each(3), b: each(3), lead: each(2) });
      });
    const check = (shape: number[], op: string, attrs: Record<string, number[]>) => {
      const graph = new Graph();
      const t = graph.variable('x', shape);
      const [y] = graph.add(op, [t], attrs);
      const values = new RandomValues(1).normal(t.size);
      const expected = interpret(graph, new Map([['x', values]])).values.get(y.id)!;
      const rule = opDefinition(op).access!(shape, y.shape, attrs);
      forEachCoordinate(y.shape, (at, i) => {
        const inside = at.every((n, axis) => n >= rule.low[axis] && n < rule.high[axis]);
        const index = at.reduce((sum, n, axis) => sum + n * rule.strides[axis], rule.offset);
        expect(inside ? values[index] : 0).toBe(expected[i]);
      });
    };
    fc.assert(
      fc.property(movement, ({ shape, a, b, lead }) => {
        const order = shape.map((_, i) => i).sort((i, j) => a[i] - a[j]);
        check(shape, 'transpose', { axes: order });
        check(shape, 'pad', { before: a, after: b });
        const start = shape.map((n, i) => a[i] % n);
        const end = shape.map((n, i) => start[i] + 1 + (b[i] % (n - start[i])));
        check(shape, 'slice', { start, end });
        const ones = shape.map((n, i) => (b[i] % 2 ? 1 : n));
        check(ones, 'broadcastTo', { shape: [...lead.map((n) => n + 1).slice(0, a[0]), ...shape] });
      }),
      { seed: 1, numRuns: 60 },
    );
  });
});

describe('reductions', () => {
  const x = input([2, 3], [1, 5, -3, 4, -5, 6]);
  const examples: [string, (t: Tensor) => Tensor, number[]][] = [
    ['sum', (t) => sum(t), [8]],
    ['sum of columns', (t) => sum(t, [0]), [5, 0, 3]],
    ['sum of rows', (t) => sum(t, [-1]), [3, 5]],
    ['mean', (t) => mean(t), [8 / 6]],
    ['mean of rows', (t) => mean(t, [1]), [1, 5 / 3]],
    ['max', (t) => max(t), [6]],
    ['max of columns', (t) => max(t, [0]), [4, 5, 6]],
    ['max of a negative', (t) => max(slice(t, [1, 1], [2, 2])), [-5]],
    ['sum of the middle axis', (t) => sum(reshape(t, [1, 2, 3]), [0, 1]), [5, 0, 3]],
  ];
  test.each(examples)('%s', (_, build, expected) => {
    expectClose(evaluate([x], build)[0], expected);
  });
});

test('matmul, each operand plain and transposed', () => {
  const a = counting([2, 3]);
  const b = counting([3, 2], 7);
  const expected = [58, 64, 139, 154];
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      const [y] = evaluate([a, b], (s, t) =>
        matmul(transposeA ? transpose(s, [1, 0]) : s, transposeB ? transpose(t, [1, 0]) : t, {
          transposeA,
          transposeB,
        }),
      );
      expect([...y]).toEqual(expected);
    }
  }
});

test('translate moves each picture by its own whole number of pixels, and zeros come in', () => {
  const pictures = counting([2, 2, 3, 1]);
  const shifts = input([2, 2], [1.4, -0.6, -0.5, 0.5]);
  const [there, back] = evaluate([pictures, shifts], (x, s) => [
    translate(x, s),
    x.graph.add('translate', [x, s], { back: true })[0],
  ]);
  expect([...there]).toEqual([0, 0, 0, 2, 3, 0, 0, 7, 8, 0, 10, 11]);
  expect([...back]).toEqual([0, 4, 5, 0, 0, 0, 8, 9, 0, 11, 12, 0]);
});

describe('convolutions', () => {
  test('conv2d is a cross-correlation', () => {
    const picture = counting([1, 3, 3, 1]);
    const kernel = input([2, 2, 1, 1], [1, 2, 3, 4]);
    const at = (stride: number, padding: number) => [
      ...evaluate([picture, kernel], (x, w) => conv2d(x, w, { stride, padding }))[0],
    ];
    // 1·1 + 2·2 + 4·3 + 5·4 = 37, and so on.
    expect(at(1, 0)).toEqual([37, 47, 67, 77]);
    expect(at(2, 0)).toEqual([37]);
    expect(at(2, 1)).toEqual([4, 18, 36, 77]);
    expect(at(1, 1)).toEqual([4, 11, 18, 9, 18, 37, 47, 21, 36, 67, 77, 33, 14, 23, 26, 9]);
  });

  test('channels are last, and each pair of them has its own weight', () => {
    const picture = input([1, 1, 2, 2], [1, 2, 3, 4]);
    // w[0, 0, ci, co]
    const kernel = input([1, 1, 2, 3], [1, 10, 100, 2, 20, 200]);
    const [y] = evaluate([picture, kernel], (x, w) => conv2d(x, w, { stride: 1, padding: 0 }));
    expect([...y]).toEqual([5, 50, 500, 11, 110, 1100]);
  });

  test('conv2dInputGrad spreads each element over the kernel, as a transposed convolution', () => {
    const y = input([1, 1, 2, 1], [1, 10]);
    const kernel = counting([2, 2, 1, 1]);
    const o = { stride: 1, padding: 0 };
    const [x] = evaluate([y, kernel], (t, w) => conv2dInputGrad(t, w, [2, 3], o));
    expect([...x]).toEqual([1, 12, 20, 3, 34, 40]);
    // PyTorch's ConvTranspose2d(k4, s2, p1) of one pixel: the middle of the kernel.
    const [middle] = evaluate([input([1, 1, 1, 1], [2]), counting([4, 4, 1, 1])], (t, w) =>
      conv2dInputGrad(t, w, [2, 2], { stride: 2, padding: 1 }),
    );
    expect([...middle]).toEqual([12, 14, 20, 22]);
    // At stride 2 and size 3 the last column and row of x are reached by nothing: they stay 0.
    const [uneven] = evaluate([input([1, 1, 1, 1], [2]), counting([2, 2, 1, 1])], (t, w) =>
      conv2dInputGrad(t, w, [3, 3], { stride: 2, padding: 0 }),
    );
    expect([...uneven]).toEqual([2, 4, 0, 6, 8, 0, 0, 0, 0]);
  });

  test('conv2dWeightGrad correlates the picture with the output', () => {
    const picture = counting([1, 3, 3, 1]);
    const y = input([1, 2, 2, 1], [1, 10, 100, 1000]);
    const o = { stride: 1, padding: 0 };
    const [w] = evaluate([picture, y], (x, t) => conv2dWeightGrad(x, t, [2, 2], o));
    expect([...w]).toEqual([5421, 6532, 8754, 9865]);
    // Two pictures add up; a padded row and column count nothing.
    const two = input([2, 1, 1, 1], [3, 4]);
    const ys = input([2, 1, 1, 1], [5, 6]);
    const [padded] = evaluate([two, ys], (x, t) =>
      conv2dWeightGrad(x, t, [3, 3], { stride: 1, padding: 1 }),
    );
    expect([...padded]).toEqual([0, 0, 0, 0, 39, 0, 0, 0, 0]);
  });

  test('where the kernel covers the picture, the matrix product is the same', () => {
    const r = new RandomValues(3);
    const x = input([3, 2, 4, 2], r.normal(48));
    const w = input([2, 4, 2, 5], r.normal(80));
    const y = input([3, 1, 1, 5], r.normal(15));
    const attrs = { stride: 2, padding: 0 };
    const pairs = evaluate([x, w, y], (xs, ws, ys) => [
      conv2d(xs, ws, attrs),
      xs.graph.add('conv2d', [xs, ws], attrs)[0],
      conv2dInputGrad(ys, ws, [2, 4], attrs),
      xs.graph.add('conv2dInputGrad', [ys, ws], { ...attrs, size: [2, 4] })[0],
      conv2dWeightGrad(xs, ys, [2, 4], attrs),
      xs.graph.add('conv2dWeightGrad', [xs, ys], { ...attrs, size: [2, 4] })[0],
    ]);
    for (let i = 0; i < 6; i += 2) expectClose(pairs[i], pairs[i + 1]);
  });
});

describe('batch-norm', () => {
  test('normalises by the biased variance and keeps the unbiased one', () => {
    // Channel 0: 1, 2, 3, 4: mean 2.5, variance 1.25, unbiased 5/3. Channel 1: constant.
    const x = input([2, 1, 2, 2], [1, 7, 2, 7, 3, 7, 4, 7]);
    const parts = [input([2], [2, 3]), input([2], [10, 20]), input([2, 2], [1, 2, 3, 4])];
    const [y, saved, running] = evaluate([x, ...parts], (...t) =>
      t[0].graph.add('batchNorm', t, { momentum: 0.1, eps: 0.75 }),
    );
    const inverse = 1 / Math.SQRT2;
    const first = [-1.5, -0.5, 0.5, 1.5].map((d) => 2 * d * inverse + 10);
    expectClose(y, [first[0], 20, first[1], 20, first[2], 20, first[3], 20]);
    expectClose(saved, [2.5, 7, inverse, 1 / Math.sqrt(0.75)]);
    expectClose(running, [0.9 + 0.25, 1.8 + 0.7, 2.7 + 0.5 / 3, 3.6]);
  });

  test('its gradient is the formula', () => {
    // x̂ = (−1, 0, 1), dy = (1, 0, 5), γ/σ = 6: dβ = 6, dγ = 4, dx = 6·(dy − 2 − x̂·4/3).
    const dy = input([3, 1], [1, 0, 5]);
    const x = input([3, 1], [8, 10, 12]);
    const saved = input([2, 1], [10, 0.5]);
    const [dx, dGamma, dBeta] = evaluate([dy, x, input([1], [12]), saved], (...t) =>
      t[0].graph.add('batchNormGrad', t, { eps: 0 }),
    );
    expectClose(dGamma, [4]);
    expectClose(dBeta, [6]);
    expectClose(dx, [6 * (1 - 2 + 4 / 3), 6 * -2, 6 * (5 - 2 - 4 / 3)]);
  });
});

describe('fused operations equal their decompositions', () => {
  const r = new RandomValues(11);
  const examples: Record<string, (shape: number[]) => number[][]> = {
    batchNorm: (x) => [x, [x.at(-1)!], [x.at(-1)!], [2, x.at(-1)!]],
    batchNormGrad: (x) => [x, x, [x.at(-1)!]],
  };

  test('each has an example', () => {
    const fused = opNames().filter((name) => opDefinition(name).decompose);
    expect(fused.sort()).toEqual(Object.keys(examples).sort());
  });

  for (const [op, shapes] of Object.entries(examples)) {
    test.each([[[2, 1]], [[5, 3]], [[2, 3, 4, 5]], [[3, 7, 2]]])(`${op} of %j`, (shape) => {
      const attrs = { momentum: 0.3, eps: 1e-3 };
      const inputs = shapes(shape).map((s) =>
        input(
          s,
          r.normal(
            s.reduce((a, b) => a * b, 1),
            0.5,
            2,
          ),
        ),
      );
      const values = evaluate(inputs, (...t) => {
        const { graph } = t[0];
        // batchNormGrad takes the statistics that batchNorm saved.
        if (op === 'batchNormGrad') {
          const [beta, running] = [graph.variable('input2', t[2].shape), [2, t[2].size]];
          const zeros = broadcastTo(view(beta, 0, [1]), running);
          t = [...t, graph.add('batchNorm', [t[1], t[2], beta, zeros], attrs)[1]];
        }
        return [...graph.add(op, t, attrs), ...opDefinition(op).decompose!(t, attrs)];
      });
      const count = values.length / 2;
      for (let i = 0; i < count; i++) expectClose(values[i], values[count + i], 1e-10);
    });
  }
});

/** Philox a second time, with exact integers and straight from the paper. */
function philoxExact(counter: Words4, key: Key): bigint[] {
  const low = (x: bigint) => BigInt.asUintN(32, x);
  let c = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const p0 = 0xd2511f53n * c[0];
    const p1 = 0xcd9e8d57n * c[2];
    c = [(p1 >> 32n) ^ c[1] ^ k0, low(p1), (p0 >> 32n) ^ c[3] ^ k1, low(p0)];
    k0 = low(k0 + 0x9e3779b9n);
    k1 = low(k1 + 0xbb67ae85n);
  }
  return c;
}

describe('Philox 4×32-10', () => {
  const ones = 0xffffffff;
  // kat_vectors of the authors' Random123 library.
  const vectors: [string, Words4, Key, Words4][] = [
    ['zeros', [0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [
      'ones',
      [ones, ones, ones, ones],
      [ones, ones],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      'digits of π',
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  test.each(vectors)('known answer: %s', (_, counter, key, words) => {
    expect(philox(counter, key)).toEqual(words);
  });

  test('is exact for random counters and keys', () => {
    const r = new RandomValues(5);
    for (let i = 0; i < 200; i++) {
      const [c0, c1, c2, c3, k0, k1] = r.integers(6, 0, ones);
      expect(philox([c0, c1, c2, c3], [k0, k1]).map(BigInt)).toEqual(
        philoxExact([c0, c1, c2, c3], [k0, k1]),
      );
    }
  });
});

/** The normal distribution function, by the series of erf (Abramowitz & Stegun 7.1.26, 1.5e-7). */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = (series * Math.exp((-x * x) / 2)) / 2;
  return x < 0 ? upper : 1 - upper;
}

/** The largest distance between the distribution of a sample and the one it should have. */
function kolmogorovSmirnov(sample: Float64Array, cdf: (x: number) => number): number {
  let distance = 0;
  [...sample]
    .sort((a, b) => a - b)
    .forEach((x, i, { length: n }) => {
      distance = Math.max(distance, (i + 1) / n - cdf(x), cdf(x) - i / n);
    });
  return distance;
}

function moments(x: Float64Array) {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  return { mean, variance };
}

const correlation = (x: Float64Array, y: Float64Array): number =>
  x.reduce((sum, v, i) => sum + v * y[i], 0) / x.length;

describe('random', () => {
  const draw = (
    from: Input,
    size: number,
    distribution: 'normal' | 'uniform' = 'normal',
    stream = 0,
  ) => evaluate([from], (s) => random(s, [size], { distribution, stream }))[0];

  test('element e is word e mod 4 of block e / 4, with key and counter in their places', () => {
    const y = draw(state(0x12345678, 0x9abcdef0, 77, 0), 10, 'uniform', 5);
    const words = [0, 1, 2].flatMap((block) =>
      philoxExact([block, 5, 77, 0], [0x12345678, 0x9abcdef0]),
    );
    const expected = words.slice(0, 10).map((w) => ((Number(w >> 9n) + 0.5) / 2 ** 23) * 2 - 1);
    expect([...y]).toEqual(expected);
  });

  test('normals are Box–Muller of the words in pairs', () => {
    const from = state(1, 2, 3, 0);
    const u = [...draw(from, 8, 'uniform', 4)].map((x) => (x + 1) / 2);
    const expected = [0, 2, 4, 6].flatMap((i) => {
      const radius = Math.sqrt(-2 * Math.log(u[i]));
      const angle = 2 * Math.PI * u[i + 1];
      return [radius * Math.cos(angle), radius * Math.sin(angle)];
    });
    expectClose(draw(from, 8, 'normal', 4), expected, 1e-9);
  });

  const many = 40_000;
  test('normals have the normal distribution', () => {
    const x = draw(state(42, 0, 1, 0), many);
    const { mean: m, variance } = moments(x);
    expect(Math.abs(m)).toBeLessThan(4 / Math.sqrt(many));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / many));
    // 1.95/√n is passed by one good sample in a thousand; this one is pinned.
    expect(kolmogorovSmirnov(x, normalCdf)).toBeLessThan(1.95 / Math.sqrt(many));
    expect(Math.abs(correlation(x.slice(1), x))).toBeLessThan(4 / Math.sqrt(many));
  });

  test('uniforms are uniform on (−1, 1) and exact in float32', () => {
    const x = draw(state(42, 0, 1, 0), many, 'uniform');
    expect(kolmogorovSmirnov(x, (v) => (v + 1) / 2)).toBeLessThan(1.95 / Math.sqrt(many));
    expect(x.every((v) => v > -1 && v < 1 && Math.fround(v) === v)).toBe(true);
  });

  test('seeds, streams and steps are independent of each other', () => {
    const from = [state(1, 0, 0, 0), state(2, 0, 0, 0), state(1, 1, 0, 0), state(1, 0, 1, 0)];
    const samples = [
      ...from.map((s) => draw(s, 10_000)),
      draw(from[0], 10_000, 'normal', 1),
      draw(from[3], 10_000, 'normal', 1),
    ];
    samples.forEach((x, i) => {
      for (const y of samples.slice(0, i))
        expect(Math.abs(correlation(x, y))).toBeLessThan(4 / Math.sqrt(10_000));
    });
  });

  test('a longer tensor begins with the same numbers', () => {
    expect(draw(state(9, 9, 9, 0), 13).slice(0, 10)).toEqual(draw(state(9, 9, 9, 0), 10));
  });
});

test('firstNonFinite finds the first of the first tensor that has one', () => {
  const find = (...tensors: number[][]) => [
    ...evaluate(
      tensors.map((values) => input([values.length], values)),
      (...t) => firstNonFinite(t),
    )[0],
  ];
  expect(find([1, 2], [3e38, -0])).toEqual([0xffffffff, 0, 0, 0]);
  expect(find([1, 2], [0, Number.NaN, 1 / 0], [Number.NaN])).toEqual([1, 1, 0x7fc00000, 0]);
  expect(find([-1 / 0])).toEqual([0, 0, 0xff800000, 0]);
});

test('advance adds one to the step, and wraps', () => {
  expect([...evaluate([state(5, 6, 7, 0)], advance)[0]]).toEqual([5, 6, 8, 0]);
  expect([...evaluate([state(5, 6, 0xffffffff, 0)], advance)[0]]).toEqual([5, 6, 0, 0]);
});

describe('shuffledIndices', () => {
  const epochOf = (count: number, epoch: number, seed: Key = [3, 4]) =>
    Array.from({ length: count }, (_, i) => shuffledIndex(epoch * count + i, count, seed));

  test.each([1, 2, 3, 4, 5, 7, 16, 17, 64, 1000])('visits each of %i items once an epoch', (n) => {
    const items = Array.from({ length: n }, (_, i) => i);
    for (const epoch of [0, 1, 2, 1000]) {
      expect(epochOf(n, epoch).sort((a, b) => a - b)).toEqual(items);
    }
  });

  test.each([2, 3, 7, 64, 1000])('%i items come in another order each epoch and seed', (n) => {
    const orders = (list: number[][]) => new Set(list.map((order) => order.join())).size;
    const epochs = Array.from({ length: 40 }, (_, epoch) => epochOf(n, epoch));
    const seeds = Array.from({ length: 40 }, (_, i) => epochOf(n, 0, i < 20 ? [i, 0] : [0, i]));
    // Two items have two orders, three have six: both are all seen. More items hardly ever repeat one.
    const expected = n === 2 ? 2 : n === 3 ? 6 : 38;
    expect(orders(epochs)).toBeGreaterThanOrEqual(expected);
    expect(orders(seeds)).toBeGreaterThanOrEqual(expected);
  });

  test('each position draws each item equally often', () => {
    const [n, epochs] = [16, 4000];
    const seen = new Float64Array(n * n);
    for (let epoch = 0; epoch < epochs; epoch++) {
      epochOf(n, epoch).forEach((item, i) => {
        seen[i * n + item]++;
      });
    }
    const chiSquare = seen.reduce((sum, x) => sum + (x - epochs / n) ** 2 / (epochs / n), 0);
    // 225 degrees of freedom, standard deviation √450.
    expect(chiSquare).toBeLessThan(225 + 5 * Math.sqrt(450));
  });

  test('batches follow one another through steps and across epochs', () => {
    const [count, size, batches] = [10, 4, 2];
    const drawn: number[] = [];
    for (let step = 0; step < 5; step++) {
      for (let batch = 0; batch < batches; batch++) {
        const options = { count, size, first: batch * size, stride: batches * size, stream: 0 };
        drawn.push(...evaluate([state(3, 4, step, 0)], (s) => shuffledIndices(s, options))[0]);
      }
    }
    expect(drawn).toEqual([0, 1, 2, 3].flatMap((epoch) => epochOf(count, epoch)));
  });

  test('batches of several sizes divide up what a step draws, and streams shuffle apart', () => {
    const drawn = (stream: number) =>
      [0, 1].flatMap((step) =>
        [
          { size: 3, first: 0 },
          { size: 2, first: 3 },
        ].flatMap((batch) => {
          const options = { count: 10, stride: 5, stream, ...batch };
          return [...evaluate([state(3, 4, step, 0)], (s) => shuffledIndices(s, options))[0]];
        }),
      );
    expect(drawn(0)).toEqual(epochOf(10, 0));
    expect(drawn(6)).toEqual(epochOf(10, 0, [3, 4 ^ 6]));
    expect(drawn(6)).not.toEqual(drawn(0));
  });

  // Straddling 2³² by the items of one batch; and with wraps in step·stride and in the batch's first.
  test.each([
    [613566756, { count: 1000, size: 7, first: 0, stride: 7, stream: 0 }],
    [0xffffffff, { count: 1000, size: 5, first: 10, stride: 15, stream: 0 }],
    [0x80000001, { count: 1000, size: 5, first: 5, stride: 10, stream: 0 }],
  ])('positions wrap at 2³², step %i', (step, options) => {
    const [drawn] = evaluate([state(3, 4, step, 0)], (s) => shuffledIndices(s, options));
    const first = BigInt(step) * BigInt(options.stride) + BigInt(options.first);
    const expected = Array.from({ length: options.size }, (_, i) => {
      const position = BigInt.asUintN(32, first + BigInt(i));
      return shuffledIndex(Number(position), options.count, [3, 4]);
    });
    expect([...drawn]).toEqual(expected);
  });
});

test('gatherRows takes the rows asked for', () => {
  const data: Input = { shape: [3, 1, 2], values: [1, 2, 3, 4, 5, 6] };
  const at: Input = { shape: [4], values: [2, 0, 0, 1], dtype: 'u32' };
  expect([...evaluate([data, at], gatherRows)[0]]).toEqual([5, 6, 1, 2, 1, 2, 3, 4]);
});

describe('gatherPictures', () => {
  const data: Input = {
    shape: [3, 2, 2, 2],
    values: Array.from({ length: 24 }, (_, i) => i),
    dtype: 'u8',
  };
  const at = (values: number[]): Input => ({ shape: [values.length], values, dtype: 'u32' });

  test('bytes become [−1, 1]', () => {
    const extremes: Input = { shape: [1, 1, 2, 1], values: [0, 255], dtype: 'u8' };
    const [y] = evaluate([extremes, at([0]), state(0, 0, 0, 0)], (...t) =>
      gatherPictures(t[0], t[1], t[2], { flip: false, stream: 0 }),
    );
    expect([...y]).toEqual([-1, 1]);
  });

  test('takes the pictures asked for, and mirrors about half of them', () => {
    const from = state(7, 8, 9, 0);
    const items = Array.from({ length: 200 }, (_, i) => i % 3);
    const options = { flip: true, stream: 6 };
    const [y] = evaluate([data, at(items), from], (...t) =>
      gatherPictures(t[0], t[1], t[2], options),
    );
    let flips = 0;
    items.forEach((item, b) => {
      const bits = philoxExact([b, 6, 9, 1], [7, 8])[0] & 1n;
      const plain = [0, 1, 2, 3, 4, 5, 6, 7];
      const order = bits === 1n ? [2, 3, 0, 1, 6, 7, 4, 5] : plain;
      expectClose(
        y.slice(b * 8, b * 8 + 8),
        order.map((i) => (item * 8 + i) / 127.5 - 1),
      );
      expect(mirrored(b, 6, from.values)).toBe(bits === 1n);
      flips += Number(bits);
    });
    expect(Math.abs(flips - 100)).toBeLessThan(4 * Math.sqrt(50));
  });
});

describe('optimisers', () => {
  test('adam follows the paper, with β powers for the corrections', () => {
    const [size, rate, beta1, beta2, eps] = [300, 0.01, 0.5, 0.999, 1e-8];
    const graph = new Graph();
    const names = ['parameters', 'm', 'v'] as const;
    const [parameters, m, v] = names.map((name) => graph.variable(name, [size]));
    const hyper = graph.variable('hyper', [4]);
    const gradients = graph.variable('gradients', [size]);
    const corrections = adamCorrections(graph.variable('corrections', [2]), hyper);
    graph.assign('corrections', corrections);
    const next = adam({ parameters, gradients, m, v, hyper, corrections });
    for (const name of names) graph.assign(name, next[name]);
    graph.output('gradSquares', next.gradSquares);

    const r = new RandomValues(2);
    let variables = new Map<string, ArrayLike<number>>([
      ['parameters', r.normal(size)],
      ['m', new Float64Array(size)],
      ['v', new Float64Array(size)],
      ['hyper', [rate, 1 - beta1, 1 - beta2, eps]],
      ['corrections', [0, 0]],
    ]);
    const p = Float64Array.from(variables.get('parameters')!);
    const history: Float32Array[] = [];
    for (let t = 1; t <= 3; t++) {
      const g = r.normal(size);
      history.push(g);
      const result = interpret(graph, new Map(variables).set('gradients', g));
      variables = result.variables;
      for (let i = 0; i < size; i++) {
        // The moments as sums over all gradients so far, rather than recursions.
        const average = (beta: number, power: number) =>
          history.reduce((sum, h, k) => sum + (1 - beta) * beta ** (t - 1 - k) * h[i] ** power, 0) /
          (1 - beta ** t);
        p[i] -= (rate * average(beta1, 1)) / (Math.sqrt(average(beta2, 2)) + eps);
      }
      expectClose(variables.get('parameters')!, p, 1e-10);
      expectClose(variables.get('corrections')!, [1 - beta1 ** t, 1 - beta2 ** t]);
      const squares = new Float64Array(16);
      for (let i = 0; i < size; i++) squares[(i >> 2) & 15] += g[i] ** 2;
      expectClose(result.outputs.get('gradSquares')!, squares);
    }
  });

  test('adam with weight decay shrinks parameters apart from their step', () => {
    const inputs = [
      [1, -2],
      [0, 0],
      [0, 0],
      [1, 1],
      [0.1, 0.5, 0.01, 1e-8],
      [0.5, 0.01],
    ].map((values) => input([values.length], values));
    const [decayed, kept] = [0.3, 0].map((decay) =>
      evaluate(inputs, (parameters, gradients, m, v, hyper, corrections) => [
        adam({ parameters, gradients, m, v, hyper, corrections }, decay).parameters,
      ]),
    );
    expectClose(decayed[0], [1 - 0.03, -2 + 0.06]);
    expectClose(kept[0], [1, -2]);
  });

  test('rmsprop', () => {
    const inputs = [
      [1, 2],
      [10, 20],
      [4, 0],
      [0.1, 0.25, 0.5],
    ].map((values) => input([values.length], values));
    const [p, v, squares] = evaluate(inputs, (parameters, gradients, squared, hyper) => {
      const next = rmsprop({ parameters, gradients, v: squared, hyper });
      return [next.parameters, next.v, next.gradSquares];
    });
    expectClose(v, [28, 100]);
    expectClose(p, [1 - 1 / (Math.sqrt(28) + 0.5), 2 - 2 / 10.5]);
    expectClose(squares, [500, ...new Array(15).fill(0)]);
  });

  test('sgd with momentum', () => {
    const inputs = [
      [1, 2],
      [10, 20],
      [3, -3],
      [0.1, 0.5],
    ].map((values) => input([2], values));
    const [p, v, squares] = evaluate(inputs, (parameters, gradients, momentum, hyper) => {
      const next = sgd({ parameters, gradients, v: momentum, hyper });
      return [next.parameters, next.v, next.gradSquares];
    });
    expectClose(v, [11.5, 18.5]);
    expectClose(p, [1 - 1.15, 2 - 1.85]);
    expectClose(squares, [500, ...new Array(15).fill(0)]);
  });
});

test('random inputs are pinned, of their dtypes, and float32', () => {
  const graph = new Graph();
  graph.variable('a', [50]);
  graph.variable('b', [50], 'u8');
  graph.variable('c', [4], 'u32');
  const first = randomVariables(graph, 1, new Map([['c', [1, 2, 3, 0]]]));
  expect(randomVariables(graph, 1, new Map([['c', [1, 2, 3, 0]]]))).toEqual(first);
  expect(first.get('c')).toEqual([1, 2, 3, 0]);
  expect(randomVariables(graph, 2).get('a')).not.toEqual(first.get('a'));
  const bytes = Array.from(first.get('b')!);
  expect(bytes.every((x) => Number.isInteger(x) && x >= 0 && x <= 255)).toBe(true);
  const r = new RandomValues(1);
  expect(new RandomValues(1).next()).toBeCloseTo(0.6270739405881613, 15);
  const distinct = [...r.distinct(30)].sort((x, y) => x - y);
  expect(distinct.slice(1).every((x, i) => x - distinct[i] > 0.0499)).toBe(true);
  expect(r.away(500, [0, 1]).every((x) => Math.abs(x) > 0.0499 && Math.abs(x - 1) > 0.0499)).toBe(
    true,
  );
});
