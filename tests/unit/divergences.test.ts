import { describe, expect, test } from 'vitest';
import {
  DivergenceError,
  discriminatorValue,
  type Grid,
  gaussian,
  gaussianRing,
  gridCentres,
  gridHistogram,
  gridMasses,
  jsDivergence,
  klDivergence,
  optimalDiscriminator,
  optimalValue,
} from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const axis: Grid = { low: [-12], high: [12], cells: [960] };
const plane: Grid = { low: [-8, -8], high: [8, 8], cells: [160, 160] };

describe('KL', () => {
  test('of two Gaussians is the closed form', () => {
    const masses = (mean: number, std: number) => gridMasses(axis, gaussian([mean], std).density);
    const closed = (m1: number, s1: number, m2: number, s2: number) =>
      Math.log(s2 / s1) + (s1 ** 2 + (m1 - m2) ** 2) / (2 * s2 ** 2) - 0.5;
    for (const [m1, s1, m2, s2] of [
      [0, 1, 1, 1],
      [0, 1, 0, 1.5],
      [-1, 0.5, 1, 1.2],
      [2, 1.5, 0, 1],
    ])
      expect(klDivergence(masses(m1, s1), masses(m2, s2))).toBeCloseTo(closed(m1, s1, m2, s2), 8);
  });

  test('of two Gaussians in the plane', () => {
    const p = gridMasses(plane, gaussian([0, 0], 1).density);
    const q = gridMasses(plane, gaussian([1, -0.5], 1.5).density);
    const closed = 2 * Math.log(1.5) + (2 + 1.25) / (2 * 2.25) - 1;
    expect(klDivergence(p, q)).toBeCloseTo(closed, 5);
  });

  test('is infinite where q lacks what p has, and not the other way round', () => {
    expect(klDivergence([1, 1], [1, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(klDivergence([1, 0], [1, 1])).toBeCloseTo(Math.log(2), 15);
  });

  test('does not depend on what the masses add up to', () => {
    expect(klDivergence([1, 3], [2, 2])).toBeCloseTo(klDivergence([0.25, 0.75], [5, 5]), 15);
  });
});

describe('JS', () => {
  test('of disjoint supports is log 2, of equal ones 0', () => {
    expect(jsDivergence([1, 2, 0, 0], [0, 0, 4, 1])).toBeCloseTo(Math.log(2), 15);
    expect(jsDivergence([1, 2, 0], [2, 4, 0])).toBe(0);
  });

  test('is the mean divergence from the middle, and symmetric', () => {
    const [p, q] = [
      [0.1, 0.2, 0.7],
      [0.5, 0.5, 0],
    ];
    const middle = p.map((x, i) => (x + q[i]) / 2);
    const expected = (klDivergence(p, middle) + klDivergence(q, middle)) / 2;
    expect(jsDivergence(p, q)).toBeCloseTo(expected, 15);
    expect(jsDivergence(q, p)).toBeCloseTo(expected, 15);
  });

  test('of samples comes near that of the densities', () => {
    const count = 200_000;
    const grid: Grid = { low: [-4], high: [5], cells: [60] };
    const random = new RandomValues(3);
    const densities = [gaussian([0], 1), gaussian([1], 1)].map((d) =>
      gridMasses(grid, d.density, 4),
    );
    const samples = [0, 1].map((mean) => gridHistogram(grid, random.normal(count, mean)));
    expect(jsDivergence(samples[0], samples[1])).toBeCloseTo(
      jsDivergence(densities[0], densities[1]),
      3,
    );
  });
});

describe('the best discriminator', () => {
  test('is p/(p + q), and ½ where there is neither', () => {
    expect([...optimalDiscriminator([3, 0, 0, 1], [1, 2, 0, 0])]).toEqual([0.75, 0, 0.5, 1]);
  });

  test('has the value −log 4 + 2 JS, and no other has more', () => {
    const p = gridMasses(axis, gaussian([0], 1).density);
    const q = gridMasses(axis, gaussian([1.5], 0.7).density);
    const best = optimalDiscriminator(p, q);
    expect(discriminatorValue(p, q, best)).toBeCloseTo(optimalValue(p, q), 12);
    for (const change of [0.9, 0.99]) {
      const worse = best.map((d) => change * d);
      expect(discriminatorValue(p, q, worse)).toBeLessThan(optimalValue(p, q));
    }
  });

  test('of equal distributions has the value −log 4, of disjoint ones 0', () => {
    expect(optimalValue([1, 2], [1, 2])).toBeCloseTo(-Math.log(4), 15);
    expect(discriminatorValue([1, 2], [1, 2], [0.5, 0.5])).toBeCloseTo(-Math.log(4), 15);
    expect(optimalValue([1, 0], [0, 1])).toBeCloseTo(0, 15);
    expect(discriminatorValue([1, 0], [0, 1], [1, 0])).toBe(0);
  });

  test('that is certain and wrong has the value −∞', () => {
    expect(discriminatorValue([1, 1], [1, 1], [0, 0.5])).toBe(Number.NEGATIVE_INFINITY);
    expect(discriminatorValue([1, 1], [1, 1], [0.5, 1])).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('the grid', () => {
  const grid: Grid = { low: [0, -1], high: [2, 2], cells: [2, 3] };

  test('has its cells with the last axis fastest', () => {
    expect(gridCentres(grid)).toEqual([
      [0.5, -0.5],
      [0.5, 0.5],
      [0.5, 1.5],
      [1.5, -0.5],
      [1.5, 0.5],
      [1.5, 1.5],
    ]);
  });

  test('counts samples where they are, and strays in the nearest cell', () => {
    const samples = [0.1, 1.9, 1, 0, 1.99, -0.99, -5, 0.5, 7, 9];
    expect([...gridHistogram(grid, samples)]).toEqual([0, 0.2, 0.2, 0.2, 0.2, 0.2]);
  });

  test('integrates a narrow density by more points of a cell', () => {
    const { density } = gaussianRing({ std: 0.05 });
    const coarse: Grid = { low: [-3, -3], high: [3, 3], cells: [20, 20] };
    const total = (points: number) =>
      gridMasses(coarse, density, points).reduce((a, b) => a + b, 0);
    expect(Math.abs(total(1) - 1)).toBeGreaterThan(0.1);
    expect(total(8)).toBeCloseTo(1, 6);
  });
});

describe('refused', () => {
  const one: Grid = { low: [0], high: [1], cells: [2] };
  test.each<[string, () => unknown, RegExp]>([
    ['NaN', () => klDivergence([1, Number.NaN], [1, 1]), /mass p of cell 1 is NaN/],
    ['a negative mass', () => jsDivergence([1, 1], [1, -1]), /mass q of cell 1 is -1/],
    ['an infinite mass', () => klDivergence([Infinity, 1], [1, 1]), /is Infinity/],
    ['no mass', () => jsDivergence([1, 1], [0, 0]), /mass q is 0 everywhere/],
    ['no cells', () => jsDivergence([], []), /mass p is 0 everywhere/],
    ['other grids', () => klDivergence([1], [1, 1]), /1 and of 2 cells.*one grid/],
    ['a density of NaN', () => gridMasses(one, () => Number.NaN), /density of cell 0 is NaN/],
    ['a density of 0', () => gridMasses(one, () => 0), /density is 0 everywhere/],
    ['half a point', () => gridMasses(one, () => 1, 0.5), /0.5 points/],
    ['no samples', () => gridHistogram(one, []), /0 numbers/],
    [
      'half a sample',
      () => gridHistogram({ ...one, low: [0, 0], high: [1, 1], cells: [2, 2] }, [1]),
      /1 numbers are no samples of 2/,
    ],
    ['a sample at NaN', () => gridHistogram(one, [0.5, Number.NaN]), /Sample 1 is at NaN/],
    [
      'three axes',
      () => gridCentres({ low: [0, 0, 0], high: [1, 1, 1], cells: [1, 1, 1] }),
      /grid/,
    ],
    ['an empty axis', () => gridCentres({ low: [1], high: [1], cells: [4] }), /grid is from \[1\]/],
    ['no cell', () => gridCentres({ low: [0], high: [1], cells: [0] }), /in \[0\] cells/],
    [
      'D that is no probability',
      () => discriminatorValue([1], [1], [2]),
      /D of cell 0 is 2.*sigmoid/,
    ],
    ['D of NaN', () => discriminatorValue([1], [1], [Number.NaN]), /D of cell 0 is NaN/],
    ['D of other cells', () => discriminatorValue([1, 1], [1, 1], [0.5]), /D of 1 cells/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(DivergenceError);
    expect(run).toThrow(message);
  });
});
