// What τ-leaping computes, by its reference: Poisson numbers against their distribution, and networks
// whose populations are known.
import { describe, expect, test } from 'vitest';
import { MOST, type ReactionNetwork, tauLeap } from '../../src/ops/tau-leap.ts';
import { evaluate } from '../reference/evaluate.ts';
import { RandomValues } from '../reference/random-values.ts';
import { normalQuantile, poissonQuantile } from '../reference/tau-leap.ts';

/** So many numbers, as evenly spread over (0, 1) as can be. */
const grid = (count: number) => Array.from({ length: count }, (_, i) => (i + 0.5) / count);

/** The least k whose distribution function is at least u, from logarithms of its terms. */
function exactQuantile(mean: number, u: number): number {
  let logTerm = -mean;
  let below = Math.exp(logTerm);
  let k = 0;
  while (below < u) {
    logTerm += Math.log(mean / ++k);
    below += Math.exp(logTerm);
  }
  return k;
}

test('normal quantiles are those of tables', () => {
  const known: [number, number][] = [
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.01, -2.3263478740408408],
    [0.9999, 3.719016485455709],
    [2 ** -24, -5.294704084854598],
  ];
  for (const [u, w] of known) expect(normalQuantile(u)).toBeCloseTo(w, 8);
});

describe('Poisson numbers', () => {
  test.each([0, 0.001, 0.5, 3, 9.99])('of mean %d are the quantiles of u', (mean) => {
    for (const u of grid(500)) expect(poissonQuantile(mean, u)).toBe(exactQuantile(mean, u));
  });

  test.each([10, 10.4, 33, 250])('of mean %d are quantiles but for a few next to one', (mean) => {
    const all = grid(4000);
    const off = all.map((u) => poissonQuantile(mean, u) - exactQuantile(mean, u));
    expect(off.every((d) => Math.abs(d) <= 1)).toBe(true);
    expect(off.filter((d) => d !== 0).length).toBeLessThan(0.005 * all.length);
    const numbers = all.map((u) => poissonQuantile(mean, u));
    const average = numbers.reduce((a, b) => a + b) / all.length;
    const variance = numbers.reduce((sum, k) => sum + (k - average) ** 2, 0) / all.length;
    expect(Math.abs(average / mean - 1)).toBeLessThan(1e-3);
    expect(Math.abs(variance / mean - 1)).toBeLessThan(5e-3);
  });

  test('end somewhere, and start at 0', () => {
    expect(poissonQuantile(9.9, 1)).toBe(40);
    expect(poissonQuantile(10, 1e-7)).toBe(0);
  });
});

describe('populations', () => {
  /** Populations by row, record and kind. */
  function simulate(
    network: ReactionNetwork,
    rates: readonly number[],
    { rows, leaps }: { rows: number; leaps: number },
  ): number[][][] {
    const { length: count } = network.reactions;
    const uniforms = new RandomValues(5).uniform(leaps * count * rows, 0, 1);
    const inputs = [
      { shape: [rows, count], values: Array.from({ length: rows }, () => rates).flat() },
      { shape: [leaps, count, rows], values: uniforms },
    ];
    const [y] = evaluate(inputs, (r, u) => tauLeap(r, u, network));
    const kinds = network.initial.length;
    const records = leaps / network.every;
    return Array.from({ length: rows }, (_, row) =>
      Array.from({ length: records }, (_, i) => {
        const at = (row * records + i) * kinds;
        return [...y.subarray(at, at + kinds)];
      }),
    );
  }
  const momentsOf = (x: number[]) => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    return { mean, variance: x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length };
  };

  test('what arrives by itself is Poisson, recorded when it is asked for', () => {
    const network = {
      ...{ initial: [7], tau: 0.25, every: 4 },
      reactions: [{ takes: [0], makes: [1] }],
    };
    const runs = simulate(network, [6], { rows: 2000, leaps: 8 });
    for (const [record, time] of [1, 2].entries()) {
      const { mean, variance } = momentsOf(runs.map((run) => run[record][0]));
      // Within four standard errors.
      expect(Math.abs(mean - 7 - 6 * time)).toBeLessThan(4 * Math.sqrt((6 * time) / 2000));
      expect(Math.abs(variance / (6 * time) - 1)).toBeLessThan(4 * Math.sqrt(2 / 2000));
    }
  });

  test('each reaction takes what it says, in pairs too, and no more than there is', () => {
    const network = {
      ...{ initial: [9, 4, 0], tau: 0.5, every: 1 },
      reactions: [
        { takes: [2, 0, 0], makes: [0, 1, 0] },
        { takes: [0, 1, 0], makes: [0, 0, 2] },
      ],
    };
    const runs = simulate(network, [0.05, 0.4], { rows: 200, leaps: 12 }).flat();
    // Two of the first make one of the second, which makes two of the third.
    expect(runs.every(([a, b, c]) => a + 2 * b + c === 17)).toBe(true);
    expect(runs.every((counts) => counts.every((n) => n >= 0 && Number.isInteger(n)))).toBe(true);
    const ends = runs.filter((_, i) => i % 12 === 11);
    expect(new Set(ends.map(String)).size).toBeGreaterThan(3);
    // The odd one finds nobody.
    expect(ends.every(([a]) => a % 2 === 1)).toBe(true);
  });

  test('pairs meet in x(x − 1)/2 ways', () => {
    const network = {
      ...{ initial: [20, 0], tau: 0.01, every: 1 },
      reactions: [{ takes: [2, 0], makes: [2, 1] }],
    };
    const met = simulate(network, [2], { rows: 4000, leaps: 1 }).map(([[, n]]) => n);
    const expected = (0.01 * 2 * 20 * 19) / 2;
    expect(Math.abs(momentsOf(met).mean - expected)).toBeLessThan(4 * Math.sqrt(expected / 4000));
  });

  test('a kind that runs away stops where it can be counted no further', () => {
    const network = {
      ...{ initial: [2 ** 20], tau: 1, every: 8 },
      reactions: [{ takes: [1], makes: [2] }],
    };
    expect(simulate(network, [3], { rows: 2, leaps: 16 }).flat(2)).toEqual([
      MOST,
      MOST,
      MOST,
      MOST,
    ]);
  });
});
