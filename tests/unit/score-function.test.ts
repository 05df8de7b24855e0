// Estimates of gradients through what is drawn: their exact mean and variance, over all that can be
// drawn, against the gradient of the mean cost.
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { ShapeError } from '../../src/graph/errors.ts';
import type { Tensor } from '../../src/graph/graph.ts';
import {
  bernoulliLogProb,
  bernoulliSample,
  categoricalLogProb,
  categoricalSample,
  leaveOneOut,
  scoreFunctionLoss,
} from '../../src/nn/score-function.ts';
import { broadcastTo, mul, type Operand, reshape, sum } from '../../src/ops/index.ts';
import { evaluate } from '../reference/evaluate.ts';
import { RandomValues } from '../reference/random-values.ts';

const input = (shape: number[], values: ArrayLike<number>) => ({ shape, values });

interface Distribution {
  readonly logits: readonly number[];
  /** Every x, with its probability. */
  readonly all: readonly { readonly x: readonly number[]; readonly p: number }[];
  logProb(logits: Tensor, x: Tensor): Tensor;
}

const logits = [0.3, -1.1, 0.8];
const weights = logits.map(Math.exp);
const total = weights.reduce((a, b) => a + b);
const categories: Distribution = {
  logits,
  all: logits.map((_, k) => ({ x: logits.map((_, i) => +(i === k)), p: weights[k] / total })),
  logProb: categoricalLogProb,
};
const bits: Distribution = {
  logits: [0.4, -0.9],
  all: [0, 1, 2, 3].map((n) => {
    const x = [n & 1, n >> 1];
    const p = [0.4, -0.9].map((l, i) => 1 / (1 + Math.exp(x[i] ? -l : l)));
    return { x, p: p[0] * p[1] };
  }),
  logProb: (l, x) => sum(bernoulliLogProb(l, x), [1]),
};

const costOf = (x: readonly number[]): number =>
  5 + x.reduce((s, v, i) => s + v * (i - 0.7) * 2, 0);

/** Mean and total variance of the gradient of a batch of two, over all pairs that can be drawn. */
function estimates(
  { logits: given, all, logProb }: Distribution,
  baseline: (c: Tensor) => Operand,
) {
  const size = given.length;
  const mean = given.map(() => 0);
  let squares = 0;
  for (const a of all) {
    for (const b of all) {
      const [gradient] = evaluate(
        [
          input([1, size], given),
          input([2, size], [...a.x, ...b.x]),
          input([2], [costOf(a.x), costOf(b.x)]),
        ],
        (l, x, cost) => {
          const probs = logProb(broadcastTo(l, [2, size]), x);
          return gradients(scoreFunctionLoss(probs, cost, baseline(cost)), [l]);
        },
      );
      gradient.forEach((g, i) => {
        mean[i] += a.p * b.p * g;
        squares += a.p * b.p * g * g;
      });
    }
  }
  return { mean, variance: squares - mean.reduce((s, m) => s + m * m, 0) };
}

/** The gradient of Σ p(x)·cost(x), by differences. */
function exactGradient(name: 'bits' | 'categories'): number[] {
  const meanCost = (l: readonly number[]): number => {
    if (name === 'bits') {
      const p = l.map((v) => 1 / (1 + Math.exp(-v)));
      return costOf(p);
    }
    const w = l.map(Math.exp);
    const z = w.reduce((a, b) => a + b);
    return costOf(w.map((v) => v / z));
  };
  const { logits: at } = name === 'bits' ? bits : categories;
  return at.map((_, i) => {
    const moved = (by: number) => meanCost(at.map((v, k) => (k === i ? v + by : v)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
}

describe.each([
  ['categories', categories],
  ['bits', bits],
] as const)('REINFORCE of %s', (name, distribution) => {
  const exact = exactGradient(name);
  const baselines: [string, (cost: Tensor) => Operand][] = [
    ['no baseline', () => 0],
    ['a number', () => 5],
    ['the mean of the others', leaveOneOut],
  ];

  test.each(baselines)('is unbiased with %s', (_, baseline) => {
    const { mean } = estimates(distribution, baseline);
    mean.forEach((g, i) => {
      expect(g).toBeCloseTo(exact[i], 8);
    });
    expect(Math.hypot(...exact)).toBeGreaterThan(0.1);
  });

  test('varies much less with a baseline', () => {
    const [none, number, others] = baselines.map(
      ([, baseline]) => estimates(distribution, baseline).variance,
    );
    expect(number).toBeLessThan(0.4 * none);
    expect(others).toBeLessThan(0.4 * none);
    expect(others).toBeGreaterThan(0);
  });

  test('is biased with a baseline that depends on the sample itself', () => {
    const { mean } = estimates(distribution, (cost) => mul(cost, 0.5));
    expect(Math.hypot(...mean.map((g, i) => g - exact[i]))).toBeGreaterThan(0.05);
  });
});

test('costs are constants, and so are baselines', () => {
  const [gradient] = evaluate([input([2], [0.2, 0.4]), input([2], [1, 2])], (l, logProb) =>
    gradients(scoreFunctionLoss(logProb, mul(l, 3), leaveOneOut(l)), [l]),
  );
  expect([...gradient]).toEqual([0, 0]);
});

describe('what is drawn', () => {
  test('bits are 1 as often as they should be', () => {
    const n = 1000;
    const uniforms = Float64Array.from({ length: 3 * n }, (_, i) => (Math.floor(i / 3) + 0.5) / n);
    const [x] = evaluate([input([1, 3], [0, 2, -3]), input([n, 3], uniforms)], (l, u) =>
      sum(bernoulliSample(broadcastTo(l, [n, 3]), u), [0]),
    );
    [0, 2, -3].forEach((l, i) => {
      expect(Math.abs(x[i] / n - 1 / (1 + Math.exp(-l)))).toBeLessThan(1 / n);
    });
  });

  test('categories are as frequent as they should be, one a row', () => {
    const n = 20_000;
    const uniforms = new RandomValues(4).uniform(3 * n, 1e-7, 1);
    const [counts, rows] = evaluate([input([1, 3], logits), input([n, 3], uniforms)], (l, u) => {
      const x = categoricalSample(broadcastTo(l, [n, 3]), u);
      return [sum(x, [0]), sum(x, [1])];
    });
    expect(rows.every((row) => row === 1)).toBe(true);
    categories.all.forEach(({ p }, k) => {
      expect(Math.abs(counts[k] / n - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    });
  });

  test('those that tie share', () => {
    const [x] = evaluate(
      [input([1, 3], [1, 1, 0]), input([1, 3], [0.5, 0.5, 0.5])],
      categoricalSample,
    );
    expect([...x]).toEqual([0.5, 0.5, 0]);
  });

  test('log-probabilities are those of the distributions', () => {
    for (const { logits: l, all, logProb } of [bits, categories]) {
      const flat = all.flatMap(({ x }) => x);
      const [probs] = evaluate(
        [input([1, l.length], l), input([all.length, l.length], flat)],
        (given, x) => logProb(broadcastTo(given, [all.length, l.length]), x),
      );
      all.forEach(({ p }, i) => {
        expect(probs[i]).toBeCloseTo(Math.log(p), 10);
      });
    }
  });
});

test('what does not belong together is refused', () => {
  const on = (shapes: number[][], build: (...t: Tensor[]) => Tensor) => () =>
    evaluate(
      shapes.map((shape) => input(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)))),
      build,
    );
  for (const build of [bernoulliSample, bernoulliLogProb, categoricalSample, categoricalLogProb])
    expect(
      on(
        [
          [4, 3],
          [1, 3],
        ],
        build,
      ),
    ).toThrow(ShapeError);
  expect(on([[4], [4, 1]], scoreFunctionLoss)).toThrow('tensors of the same shape');
  expect(on([[4], [4], [4, 1]], scoreFunctionLoss)).toThrow(ShapeError);
  expect(on([[1]], leaveOneOut)).toThrow('at least 2 samples');
  expect(on([[4], [4], []], scoreFunctionLoss)).not.toThrow();
  expect(on([[4, 1]], (x) => leaveOneOut(reshape(x, [4])))).not.toThrow();
});
