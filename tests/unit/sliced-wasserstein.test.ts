import { describe, expect, test } from 'vitest';
import { GanvasError, slicedWasserstein } from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const COUNT = 500;
const normal = (seed: number, dimension: number) =>
  new RandomValues(seed).normal(COUNT * dimension);

describe('slicedWasserstein', () => {
  test('in one dimension is the distance of the sorted values', () => {
    const a = [3, -1, 10];
    const b = [11, 0, 5];
    expect(slicedWasserstein(a, b, 1)).toBeCloseTo((1 + 2 + 1) / 3, 12);
    expect(slicedWasserstein(a, b, 1, { order: 2 })).toBeCloseTo(Math.sqrt((1 + 4 + 1) / 3), 12);
  });

  test('is 0 for the same samples in any order, and symmetric', () => {
    const a = normal(1, 4);
    const rows = Array.from({ length: COUNT }, (_, i) => a.slice(4 * i, 4 * i + 4));
    const shuffled = rows.reverse().flatMap((row) => [...row]);
    expect(slicedWasserstein(a, shuffled, 4)).toBe(0);
    const b = normal(2, 4);
    expect(slicedWasserstein(a, b, 4)).toBe(slicedWasserstein(b, a, 4));
  });

  test('of a shift by v is the mean of |v · direction|', () => {
    const dimension = 3;
    const shift = [1, -2, 2];
    const a = normal(3, dimension);
    const b = a.map((x, i) => x + shift[i % dimension]);
    // A coordinate of a random direction in 3 dimensions is uniform on (−1, 1): |v| / 2 and |v| / √3.
    const options = { projections: 4000 };
    expect(slicedWasserstein(a, b, dimension, options)).toBeCloseTo(1.5, 1);
    const second = slicedWasserstein(a, b, dimension, { ...options, order: 2 });
    expect(second).toBeCloseTo(3 / Math.sqrt(3), 1);
  });

  test('grows with the distance, and sees a missing mode', () => {
    const base = normal(4, 2);
    const same = slicedWasserstein(base, normal(5, 2), 2);
    const shifted = (by: number) => normal(5, 2).map((x) => x + by);
    const distances = [0.5, 1, 2].map((by) => slicedWasserstein(base, shifted(by), 2));
    expect(same).toBeLessThan(0.15);
    expect([same, ...distances]).toEqual([same, ...distances].sort((a, b) => a - b));

    const modes = (centres: readonly number[]) =>
      normal(6, 2).map((x, i) => 0.1 * x + centres[(i >> 1) % centres.length]);
    const both = modes([-1, 1]);
    expect(slicedWasserstein(both, modes([1, -1]), 2)).toBeLessThan(0.02);
    expect(slicedWasserstein(both, modes([1, 1]), 2)).toBeGreaterThan(0.5);
  });

  test('depends on its seed, and on nothing else that is not given', () => {
    const [a, b] = [normal(7, 5), normal(8, 5)];
    const distance = (seed: number) => slicedWasserstein(a, b, 5, { projections: 8, seed });
    expect(distance(1)).toBe(distance(1));
    expect(distance(1)).not.toBe(distance(2));
    expect(distance(1)).toBeCloseTo(distance(2), 1);
  });

  test('refuses sets that do not fit', () => {
    expect(() => slicedWasserstein([1, 2], [1, 2, 3], 1)).toThrow(GanvasError);
    expect(() => slicedWasserstein([1, 2, 3], [1, 2, 3], 2)).toThrow(/3 and 3 .* samples of 2/);
    expect(() => slicedWasserstein([], [], 2)).toThrow(GanvasError);
    expect(() => slicedWasserstein([1], [1], 1, { projections: 0 })).toThrow(/0 projections/);
  });
});
