// When the table of bench/learning says that Ganvas learns as PyTorch does.
import { describe, expect, test } from 'vitest';
import {
  compare,
  comparisonTable,
  type Point,
  predictionInterval,
} from '../../bench/learning/comparison.ts';

const runs = (
  engine: Point['engine'],
  distances: readonly number[],
  place = { width: 16, steps: 500 },
): Point[] => distances.map((distance, i) => ({ engine, seed: i + 1, distance, ...place }));

describe('predictionInterval', () => {
  test('is mean ± t · s · √(1/n + 1/more)', () => {
    // s = 1, and t of 2 degrees of freedom is 4.303.
    const [low, high] = predictionInterval([1, 2, 3], 1);
    expect(high - 2).toBeCloseTo(4.303 * Math.sqrt(1 / 3 + 1), 12);
    expect(2 - low).toBeCloseTo(high - 2, 12);
    const [, ofThree] = predictionInterval([1, 2, 3], 3);
    expect(ofThree - 2).toBeCloseTo(4.303 * Math.sqrt(2 / 3), 12);
  });

  test('needs two draws, and one to come', () => {
    expect(() => predictionInterval([1], 1)).toThrow(RangeError);
    expect(() => predictionInterval([1, 2], 0)).toThrow(RangeError);
  });
});

describe('compare', () => {
  test('asks whether the mean of Ganvas lies where as many runs of PyTorch would', () => {
    const pytorch = runs('pytorch', [9, 10, 11]);
    // 10 ± 3.51 for the mean of three runs.
    const verdicts = [6.4, 6.6, 13.4, 13.6].map((centre) => {
      const ganvas = runs('ganvas', [centre - 2, centre + 2, centre]);
      return compare([...ganvas, ...pytorch])[0].inside;
    });
    expect(verdicts).toEqual([false, true, true, false]);
  });

  test('keeps widths and steps apart, and leaves out where one engine is missing', () => {
    const points = [
      ...runs('ganvas', [3], { width: 16, steps: 1000 }),
      ...runs('pytorch', [3, 4], { width: 16, steps: 1000 }),
      ...runs('ganvas', [5]),
      ...runs('pytorch', [5, 6]),
      ...runs('ganvas', [7], { width: 32, steps: 500 }),
      ...runs('pytorch', [7], { width: 32, steps: 500 }),
    ];
    const found = compare(points).map(({ width, steps, ganvas }) => [width, steps, ...ganvas]);
    expect(found).toEqual([
      [16, 500, 5],
      [16, 1000, 3],
    ]);
  });

  test('is told in a table: the mean and each run, by seed', () => {
    const ganvas = runs('ganvas', [20, 22.04]).reverse();
    const text = comparisonTable(compare([...ganvas, ...runs('pytorch', [9, 10, 11])]));
    expect(text.split('\n')[2]).toBe(
      '| 16 | 500 | 10.0 (9.00, 10.0, 11.0) | 6.07 – 13.9 | 21.0 (20.0, 22.0) | **no** |',
    );
  });
});
