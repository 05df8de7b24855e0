import { LARGE_MEAN, MOST, MOST_SMALL, type ReactionNetwork } from '../../src/ops/tau-leap.ts';
import type { ReferenceTable } from './types.ts';

/** The normal distribution function, by its series: for |w| < 7 to 1e-15, and of small tails to 1e-12. */
function normalBelow(w: number): number {
  let term = w;
  let sum = w;
  for (let k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
    term *= (w * w) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-w * w) / 2)) / Math.sqrt(2 * Math.PI);
}

/** Where the normal distribution function is u, by bisection. */
export function normalQuantile(u: number): number {
  let [low, high] = [-6, 6];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < u) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The Poisson number that the operation makes of u. */
export function poissonQuantile(mean: number, u: number): number {
  if (mean < LARGE_MEAN) {
    let term = Math.exp(-mean);
    let below = term;
    let k = 0;
    while (u > below && k < MOST_SMALL) {
      term *= mean / ++k;
      below += term;
    }
    return k;
  }
  const w = normalQuantile(u);
  const root = Math.sqrt(mean);
  const x = mean + root * w + (2 + w ** 2) / 6 - (2 * w + w ** 3) / (72 * root);
  return Math.max(0, Math.floor(x));
}

const meetings = [() => 1, (x: number) => x, (x: number) => (x * (x - 1)) / 2];

export const tauLeapReference: ReferenceTable = {
  tauLeap({ inputs: [{ shape }, { shape: drawn }], attrs }, [rates, uniforms]) {
    const { initial, reactions, tau, every } = attrs as unknown as ReactionNetwork;
    const [rows, count] = shape;
    const y: number[] = [];
    for (let row = 0; row < rows; row++) {
      const x = [...initial];
      for (let leap = 0; leap < drawn[0]; leap++) {
        const times = reactions.map(({ takes }, r) => {
          const ways = takes.reduce((product, n, kind) => product * meetings[n](x[kind]), 1);
          const u = uniforms[(leap * count + r) * rows + row];
          return poissonQuantile(tau * rates[row * count + r] * ways, u);
        });
        reactions.forEach(({ takes, makes }, r) => {
          const most = takes.map((n, kind) => (n > 0 ? Math.floor(x[kind] / n) : Infinity));
          const k = Math.min(times[r], ...most);
          for (const kind of x.keys())
            x[kind] = Math.min(x[kind] + k * (makes[kind] - takes[kind]), MOST);
        });
        if ((leap + 1) % every === 0) y.push(...x);
      }
    }
    return [Float64Array.from(y)];
  },
};
