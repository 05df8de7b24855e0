// What the page's tab Explore computes: latents between, beside and of others, and the nearest pictures.
import { describe, expect, test } from 'vitest';
import { nearestNeighbours } from '../../demo/engine/neighbours.ts';
import {
  arithmetic,
  flat,
  inPlane,
  jittered,
  mean,
  planeGrid,
  wayBetween,
} from '../../demo/latents.ts';
import { HostRandom } from '../../src/nn/initialisers.ts';

const latent = (...values: number[]) => Float32Array.from(values);

function expectClose(found: Float32Array, ...values: number[]): void {
  expect(found).toHaveLength(values.length);
  for (const [i, value] of values.entries()) expect(found[i]).toBeCloseTo(value, 6);
}

describe('latents', () => {
  const [a, b, c] = [latent(3, 0), latent(0, 4), latent(-2, 0)];
  const half = Math.SQRT1_2;

  test('a mean is that of each number', () => {
    expectClose(mean([latent(1, 2), latent(3, 7)]), 2, 4.5);
    expect(mean([a])).toEqual(a);
  });

  test('the way between normal ones is an arc, between uniform ones a line, and ends at them', () => {
    const [x, y] = [latent(1, 0), latent(0, 1)];
    expectClose(wayBetween(x, y, 3, 'normal'), 1, 0, half, half, 0, 1);
    expectClose(wayBetween(x, y, 3, 'uniform'), 1, 0, 0.5, 0.5, 0, 1);
  });

  test.each(['normal', 'uniform'] as const)(
    'a plane of %s ones goes through its corners',
    (law) => {
      expectClose(inPlane([a, b, c], [0, 0], law), 3, 0);
      expectClose(inPlane([a, b, c], [1, 0], law), 0, 4);
      expectClose(inPlane([a, b, c], [0, 1], law), -2, 0);
    },
  );

  test('in a plane of normal ones, what is between has a length between', () => {
    // Half-way from (3, 0) to (0, 4): towards (3, 4), of length 3.5.
    expectClose(inPlane([a, b, c], [0.5, 0], 'normal'), (3.5 * 3) / 5, (3.5 * 4) / 5);
    expectClose(inPlane([a, b, c], [0.5, 0], 'uniform'), 1.5, 2);
    // The fourth corner is B + C − A, here towards (−5, 4) and of length 4 + 2 − 3.
    const scale = 3 / Math.hypot(5, 4);
    expectClose(inPlane([a, b, c], [1, 1], 'normal'), -5 * scale, 4 * scale);
    // Opposite ones meet in zero, which has no direction.
    const opposite = [latent(1, 0), latent(-1, 0), latent(0, 1)] as const;
    expectClose(inPlane(opposite, [0.5, 0], 'normal'), 0, 0);
  });

  test('the map of a plane goes to B by columns and to C by rows', () => {
    const map = planeGrid([a, b, c], 3, 'uniform');
    expectClose(map, 3, 0, 1.5, 2, 0, 4, 0.5, 0, -1, 2, -2.5, 4, -2, 0, -3.5, 2, -5, 4);
  });

  test('are added and subtracted number by number', () => {
    expectClose(arithmetic(a, b, c), 1, -4);
  });

  test('near a result are eight others, always the same, no further than 0.25 in any number', () => {
    const result = latent(1, -1, 0.5, 2);
    const nine = jittered(result);
    expect(nine).toHaveLength(36);
    expect(nine.subarray(16, 20)).toEqual(result);
    const rows = Array.from({ length: 9 }, (_, n) => nine.subarray(4 * n, 4 * n + 4));
    expect(new Set(rows.map(String)).size).toBe(9);
    for (const row of rows)
      for (const [i, x] of row.entries())
        expect(Math.abs(x - result[i]!)).toBeLessThanOrEqual(0.25);
    expect(jittered(result)).toEqual(nine);
  });

  test('of several are one array', () => {
    expectClose(flat([a, b, c]), 3, 0, 0, 4, -2, 0);
  });
});

describe('the nearest pictures', () => {
  const random = new HostRandom(5);
  const size = 150;
  const pictures = (count: number) =>
    Uint8Array.from({ length: count * size }, () => random.bits() & 255);
  const never = new AbortController().signal;

  test('are those of all distances, sorted', async () => {
    const count = 500;
    const data = pictures(count);
    const picture = pictures(1);
    const all = Array.from({ length: count }, (_, index) => {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += ((data[index * size + i]! - picture[i]!) / 255) ** 2;
      return { index, distance: Math.sqrt(sum) };
    }).sort((x, y) => x.distance - y.distance);
    const found = await nearestNeighbours({ data, count }, picture, 8, never);
    expect(found.map(({ index }) => index)).toEqual(all.slice(0, 8).map(({ index }) => index));
    for (const [n, { distance }] of found.entries())
      expect(distance).toBeCloseTo(all[n]!.distance, 9);
  });

  test('of a copy are the copy, at no distance, and of equals the first', async () => {
    const data = pictures(20);
    data.copyWithin(12 * size, 7 * size, 8 * size);
    const copy = data.slice(7 * size, 8 * size);
    const found = await nearestNeighbours({ data, count: 20 }, copy, 3, never);
    expect(found.slice(0, 2)).toEqual([
      { index: 7, distance: 0 },
      { index: 12, distance: 0 },
    ]);
    expect(found[2]!.distance).toBeGreaterThan(0);
  });

  test('are all where there are few', async () => {
    const data = pictures(3);
    expect(await nearestNeighbours({ data, count: 3 }, pictures(1), 8, never)).toHaveLength(3);
  });

  test('are searched for no longer when nobody wants them', async () => {
    const abort = new AbortController();
    const count = 20_000;
    const data = new Uint8Array(count * size * 4);
    const searching = nearestNeighbours({ data, count }, pictures(4), count, abort.signal);
    abort.abort();
    await expect(searching).rejects.toThrow(/abort/i);
  });
});
