import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignPool, type Lifetime } from '../../src/graph/pool.ts';

const life = (bytes: number, first: number, last = first): Lifetime => ({ bytes, first, last });
const total = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

test('nothing needs nothing', () => {
  expect(assignPool([])).toEqual({ bufferOf: [], sizes: [] });
});

test('what follows each other shares, what meets in one command does not', () => {
  expect(assignPool([life(16, 0, 1), life(16, 2, 3)]).sizes).toEqual([16]);
  // Written by the command that reads the other for the last time.
  expect(assignPool([life(16, 0, 1), life(16, 1, 2)]).sizes).toEqual([16, 16]);
});

test('a chain takes two buffers, of the sizes of its largest', () => {
  const chain = [64, 32, 128, 16, 256].map((bytes, i) => life(bytes, i, i + 1));
  expect([...assignPool(chain).sizes].sort((a, b) => a - b)).toEqual([32, 256]);
});

test('something small goes where little is wasted, not into the first gap', () => {
  const { bufferOf, sizes } = assignPool([life(1024, 0), life(64, 0), life(48, 1)]);
  expect(sizes).toEqual([1024, 64]);
  expect(bufferOf).toEqual([0, 1, 1]);
});

test('something fits before, between and after others', () => {
  const { bufferOf } = assignPool([
    ...[life(64, 2, 3), life(64, 6, 7)],
    ...[life(16, 0, 1), life(16, 4, 5), life(16, 8, 9)],
  ]);
  expect(new Set(bufferOf).size).toBe(1);
});

const lifetimes = fc.array(
  fc
    .record({ bytes: fc.constantFrom(16, 32, 48, 256, 4096), first: fc.nat(30), length: fc.nat(8) })
    .map(({ bytes, first, length }) => life(bytes, first, first + length)),
  { maxLength: 40 },
);

test('any items: none shares with another that is alive, all fit, and nothing is wasted outright', () => {
  fc.assert(
    fc.property(lifetimes, (items) => {
      const { bufferOf, sizes } = assignPool(items);
      expect(bufferOf).toHaveLength(items.length);
      items.forEach((a, i) => {
        expect(sizes[bufferOf[i]]).toBeGreaterThanOrEqual(a.bytes);
        items.slice(i + 1).forEach((b, j) => {
          const meet = a.first <= b.last && b.first <= a.last;
          if (meet) expect(bufferOf[i]).not.toBe(bufferOf[i + 1 + j]);
        });
      });
      const used = sizes.map((_, b) =>
        Math.max(...items.filter((_, i) => bufferOf[i] === b).map((x) => x.bytes)),
      );
      expect(used).toEqual(sizes);
      // Never fewer bytes than are alive at once, never more than without sharing.
      const alive = Array.from({ length: 40 }, (_, at) =>
        total(items.filter((x) => x.first <= at && at <= x.last).map((x) => x.bytes)),
      );
      expect(total(sizes)).toBeGreaterThanOrEqual(Math.max(...alive));
      expect(total(sizes)).toBeLessThanOrEqual(total(items.map((x) => x.bytes)));
    }),
    { seed: 1, numRuns: 300 },
  );
});
