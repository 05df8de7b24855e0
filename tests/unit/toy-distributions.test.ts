// Samples against densities: each distribution twice, by two different ways.
import { describe, expect, test } from 'vitest';
import {
  DistributionError,
  disjointSupports,
  drawnPoints,
  gaussian,
  gaussianMixture,
  gaussianRing,
  gridCentres,
  gridHistogram,
  gridMasses,
  jsDivergence,
  line,
  ringModes,
  uniformBox,
} from '../../src/index.ts';
import { interpret } from '../reference/index.ts';
import { toyCases } from '../support/toy-cases.ts';
import { samplingProgram } from '../support/toy-samples.ts';

const COUNT = 10_000;
const FINE = 5;

describe.each(toyCases)('%s', (_, distribution, grid) => {
  const { dimension } = distribution;
  const masses = gridMasses(grid, distribution.density, FINE);
  const program = samplingProgram(distribution, COUNT);
  const samples = interpret(program.step, program.initial).variables.get('samples')!;

  test('has a density of sum 1', () => {
    const total = masses.reduce((a, b) => a + b, 0);
    expect(total).toBeCloseTo(1, 3);
  });

  test('is sampled as its density says, cell by cell', () => {
    const shares = gridHistogram(grid, samples);
    // Five standard errors of a share, and what the cells' masses are known to.
    for (const [cell, mass] of masses.entries()) {
      const error = Math.abs(shares[cell] - mass);
      expect(error, `cell ${cell}`).toBeLessThan(5 * Math.sqrt(mass / COUNT) + 5 / COUNT);
    }
  });

  test('has the density’s mean and covariance', () => {
    const cells = gridCentres({ ...grid, cells: grid.cells.map((n) => FINE * n) });
    const volume = grid.low.reduce(
      (v, from, i) => (v * (grid.high[i] - from)) / (FINE * grid.cells[i]),
      1,
    );
    const exact = (f: (point: readonly number[]) => number) =>
      cells.reduce((sum, point) => sum + distribution.density(point) * volume * f(point), 0);
    const drawn = (f: (point: readonly number[]) => number) => {
      let sum = 0;
      for (let i = 0; i < COUNT; i++)
        sum += f(Array.from(samples.subarray(i * dimension, (i + 1) * dimension)));
      return sum / COUNT;
    };
    // Every one of them has a standard deviation below 3.
    const within = (5 * 3) / Math.sqrt(COUNT);
    for (let a = 0; a < dimension; a++) {
      expect(Math.abs(drawn((x) => x[a]) - exact((x) => x[a]))).toBeLessThan(within);
      for (let b = 0; b <= a; b++)
        expect(Math.abs(drawn((x) => x[a] * x[b]) - exact((x) => x[a] * x[b]))).toBeLessThan(
          within,
        );
    }
  });
});

describe('densities are the formulas', () => {
  test('of a Gaussian', () => {
    expect(gaussian([1], 2).density([2])).toBeCloseTo(
      Math.exp(-1 / 8) / (2 * Math.sqrt(2 * Math.PI)),
      15,
    );
    expect(gaussian([0, 1], 0.5).density([0.5, 1])).toBeCloseTo(
      (Math.exp(-1 / 2) * 4) / (2 * Math.PI),
      15,
    );
  });
  test('of a mixture, whose weights need no sum', () => {
    const one = (mean: number) => gaussian([mean], 1).density([0.3]);
    const mixture = gaussianMixture([
      { mean: [-1], std: 1, weight: 6 },
      { mean: [2], std: 1, weight: 2 },
    ]);
    expect(mixture.density([0.3])).toBeCloseTo(0.75 * one(-1) + 0.25 * one(2), 15);
  });
  test('of a line: of a long one uniform in the middle, of a short one a Gaussian', () => {
    expect(line([-5], [5], 0.1).density([0])).toBeCloseTo(0.1, 14);
    expect(line([-5], [5], 0.1).density([5])).toBeCloseTo(0.05, 14);
    expect(line([-1e-5], [1e-5], 1).density([0.7])).toBeCloseTo(gaussian([0], 1).density([0.7]), 9);
    const across = line([0, -5], [0, 5], 0.2);
    expect(across.density([0.1, 0])).toBeCloseTo(0.1 * gaussian([0], 0.2).density([0.1]), 14);
  });
  test('of drawn points', () => {
    const points = { shape: [2, 1], values: Float32Array.of(0, 1) };
    const { density } = drawnPoints(points, { bandwidth: 0.5 });
    const one = (mean: number) => gaussian([mean], 0.5).density([0.2]);
    expect(density([0.2])).toBeCloseTo((one(0) + one(1)) / 2, 15);
    // Scott: standard deviation ½, times 2^(−1/5).
    const scott = 0.5 * 2 ** -0.2;
    expect(drawnPoints(points).density([0])).toBeCloseTo(
      drawnPoints(points, { bandwidth: scott }).density([0]),
      15,
    );
  });
});

test('the ring’s modes are on its circle, and its density is highest there', () => {
  const modes = ringModes({ modes: 5, radius: 3 });
  expect(modes).toHaveLength(5);
  for (const mode of modes) expect(Math.hypot(...mode)).toBeCloseTo(3, 14);
  const { density } = gaussianRing({ modes: 5, radius: 3 });
  expect(density(modes[2])).toBeGreaterThan(100 * density([0, 0]));
});

test('disjoint supports have nothing in common', () => {
  const [left, right] = disjointSupports(0.5);
  const grid = { low: [-2], high: [2], cells: [64] };
  expect(jsDivergence(gridMasses(grid, left.density), gridMasses(grid, right.density))).toBeCloseTo(
    Math.log(2),
    14,
  );
});

test('a distribution draws other points each step, and the same ones from the same seed', () => {
  const ring = gaussianRing();
  const first = samplingProgram(ring, 4);
  const one = interpret(first.step, first.initial).variables;
  const two = interpret(first.step, one).variables;
  expect(two.get('samples')).not.toEqual(one.get('samples'));
  const again = samplingProgram(ring, 4);
  expect(interpret(again.step, again.initial).variables.get('samples')).toEqual(one.get('samples'));
});

describe('refused', () => {
  const points = (shape: number[], ...values: number[]) => ({
    shape,
    values: Float32Array.of(...values),
  });
  test.each<[string, () => unknown, RegExp]>([
    ['no component', () => gaussianMixture([]), /number of components is 0.*1 to 64/],
    [
      'too many',
      () => gaussianMixture(Array.from({ length: 65 }, () => ({ mean: [0], std: 1 }))),
      /components is 65.*draw more as points/,
    ],
    ['three dimensions', () => gaussian([0, 0, 0], 1), /A mean is \[0, 0, 0\].*1 or 2/],
    ['NaN', () => gaussian([Number.NaN], 1), /A mean is \[NaN\]/],
    [
      'different dimensions',
      () =>
        gaussianMixture([
          { mean: [0], std: 1 },
          { mean: [0, 1], std: 1 },
        ]),
      /A mean is \[0, 1\].*1 finite number\./,
    ],
    ['a width of 0', () => gaussian([0], 0), /std is 0.*positive/],
    ['a weight of 0', () => gaussianMixture([{ mean: [0], std: 1, weight: 0 }]), /weight is 0/],
    ['an infinite width', () => gaussian([0], Number.POSITIVE_INFINITY), /std is Infinity/],
    ['an empty interval', () => uniformBox([1], [1]), /high of axis 0 is 1.*above low, 1/],
    ['an empty line', () => line([1, 2], [1, 2]), /length is 0/],
    ['no gap', () => disjointSupports(0), /gap is 0/],
    ['no points', () => drawnPoints(points([0, 2])), /shape \[0, 2\] with 0 values/],
    ['points of another shape', () => drawnPoints(points([2], 1, 2)), /shape \[2\]/],
    ['points in space', () => drawnPoints(points([1, 3], 1, 2, 3)), /shape \[1, 3\]/],
    ['an infinite point', () => drawnPoints(points([1, 1], Infinity)), /finite values/],
    [
      'one point and no bandwidth',
      () => drawnPoints(points([1, 1], 1)),
      /bandwidth is 0.*give one/,
    ],
    ['a point of another dimension', () => gaussian([0], 1).density([0, 0]), /point is \[0, 0\]/],
    ['a density at NaN', () => gaussian([0], 1).density([Number.NaN]), /point is \[NaN\]/],
    ['half a sample', () => samplingProgram(gaussian([0], 1), 0.5), /number of points is 0.5/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(DistributionError);
    expect(make).toThrow(message);
  });
});
