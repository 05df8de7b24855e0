// Reading data on the page: what was asked for last is what the page gets.
import { expect, test, vi } from 'vitest';
import { DataLoader } from '../../demo/engine/data-loader.ts';
import type { DataSource } from '../../demo/engine/protocol.ts';
import { readSource } from '../../demo/engine/sources.ts';
import type { ImageSet } from '../../src/index.ts';

vi.mock('../../demo/engine/sources.ts', () => ({ readSource: vi.fn() }));

const mnist: DataSource = { kind: 'mnist', url: '/mnist' };
const pictures: DataSource = { kind: 'pictures', id: 1, files: [], kept: true, fit: 'cover' };

const setOf = (count: number): ImageSet => ({
  ...{ name: 'set', count, height: 16, width: 16, channels: 1 },
  data: new Uint8Array(count * 256),
});

/** A loader whose sets are read when the test says so, whether they were given up or not. */
function slowLoader() {
  const readings: ((set: ImageSet) => void)[] = [];
  vi.mocked(readSource).mockImplementation(
    () => new Promise((resolve) => void readings.push(resolve)),
  );
  const names: string[] = [];
  const loader = new DataLoader(
    () => {},
    ({ name, count }) => names.push(`${name}: ${count}`),
    () => {},
  );
  return { loader, readings, names };
}

test('a set that comes after another one was asked for is not told of', async () => {
  const { loader, readings, names } = slowLoader();
  const first = loader.load(mnist, 16, 1).catch((error: unknown) => error);
  const second = loader.load(pictures, 16, 1);
  readings[1]!(setOf(3));
  expect((await second).count).toBe(3);
  readings[0]!(setOf(5));
  expect(DataLoader.superseded(await first)).toBe(true);
  expect(names).toEqual(['pictures: 3']);
});

test('a set that is asked for twice is read once, and told of twice', async () => {
  const { loader, readings, names } = slowLoader();
  const both = Promise.all([loader.load(mnist, 16, 1), loader.load(mnist, 16, 1)]);
  expect(readings).toHaveLength(1);
  readings[0]!(setOf(5));
  expect((await both).map(({ count }) => count)).toEqual([5, 5]);
  expect(names).toEqual(['mnist: 5', 'mnist: 5']);
});
