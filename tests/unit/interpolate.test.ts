import { describe, expect, test } from 'vitest';
import { interpolate, slerp } from '../../src/gan/interpolate.ts';
import { RandomValues } from '../reference/random-values.ts';

const norm = (x: ArrayLike<number>) => Math.hypot(...Array.from(x));
const angle = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.acos(Array.from(a, (x, i) => x * b[i]).reduce((s, x) => s + x) / (norm(a) * norm(b)));

describe('slerp', () => {
  test('a quarter turn, by hand', () => {
    const [a, b] = [Float32Array.of(2, 0), Float32Array.of(0, 2)];
    const half = Math.SQRT2;
    expect([...slerp(a, b, 0)]).toEqual([2, 0]);
    slerp(a, b, 0.5).forEach((x) => {
      expect(x).toBeCloseTo(half, 6);
    });
    const [x, y] = slerp(a, b, 1 / 3);
    expect([x, y].map((v) => v.toFixed(5))).toEqual([Math.sqrt(3).toFixed(5), '1.00000']);
  });

  test('turns by equal angles, on the sphere of both', () => {
    const random = new RandomValues(3);
    const [a, b] = [0, 1].map(() => {
      const v = random.normal(100);
      return v.map((x) => (10 * x) / norm(v));
    });
    const whole = angle(a, b);
    for (const t of [0.1, 0.25, 0.9]) {
      const c = slerp(a, b, t);
      expect(norm(c)).toBeCloseTo(10, 4);
      expect(angle(a, c)).toBeCloseTo(t * whole, 4);
      expect(angle(c, b)).toBeCloseTo((1 - t) * whole, 4);
    }
  });

  test('is the straight line where there is no arc', () => {
    const a = Float32Array.of(1, 2);
    const cases: [number[], number[]][] = [
      [
        [3, 6],
        [2, 4],
      ],
      [
        [-1, -2],
        [0, 0],
      ],
      [
        [0, 0],
        [0.5, 1],
      ],
    ];
    for (const [b, middle] of cases)
      expect([...slerp(a, Float32Array.from(b), 0.5)]).toEqual(middle);
  });
});

describe('interpolate', () => {
  const [a, b] = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0)];

  test('has both ends and equal steps', () => {
    const all = interpolate(a, b, 4);
    expect(all).toHaveLength(12);
    for (let i = 0; i < 4; i++) expect(all.slice(3 * i, 3 * i + 3)).toEqual(slerp(a, b, i / 3));
    expect([...interpolate(a, b, 3, 'line')]).toEqual([1, 0, 0, 0.5, 0.5, 0, 0, 1, 0]);
  });

  test('refuses what is no way', () => {
    for (const wrong of [
      () => interpolate(a, b, 1),
      () => interpolate(a, b, 2.5),
      () => interpolate(a, b.subarray(1), 3),
      () => slerp(a, b.subarray(1), 0.5),
    ])
      expect(wrong).toThrow(expect.objectContaining({ code: 'latents' }));
  });
});
