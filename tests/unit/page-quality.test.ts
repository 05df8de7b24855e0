// What the page says of samples beside real pictures.
import { expect, test } from 'vitest';
import { QualityGauge } from '../../demo/engine/quality.ts';
import { fitToSquare, type GanTrainer, type ImageSet } from '../../src/index.ts';
import { HostRandom } from '../../src/nn/initialisers.ts';

/** Pictures of noise with brightnesses of their own. */
function pictures(side: number, count: number, seed: number): ImageSet {
  const random = new HostRandom(seed);
  const bytes = side * side * 3;
  const data = new Uint8Array(count * bytes);
  for (let n = 0; n < count; n++) {
    const brightness = 40 + 170 * random.uniform();
    for (let i = 0; i < bytes; i++) data[n * bytes + i] = brightness + 40 * random.uniform();
  }
  return { name: 'noise', count, height: side, width: side, channels: 3, data };
}

/** A trainer that draws these. */
const drawing = ({ count, height, width, channels, data }: ImageSet) =>
  ({
    sample: async (wanted: { count: number }) => {
      expect(wanted).toEqual({ count });
      return { count, height, width, channels, pixels: data, step: 1 };
    },
  }) as unknown as GanTrainer;

test('samples that are the real pictures are as varied, and at no distance', async () => {
  const real = pictures(16, 10, 1);
  const { diversity, distance, brightness } = await new QualityGauge(real).measure(drawing(real));
  expect(diversity).toBe(1);
  expect(distance).toBe(0);
  expect(brightness.generated).toEqual(brightness.real);
  expect(brightness.real.reduce((sum, share) => sum + share)).toBeCloseTo(1);
});

test('samples that are alike, or of another brightness, are told', async () => {
  const real = pictures(16, 10, 1);
  const gauge = new QualityGauge(real);
  const alike = { ...real, data: real.data.map((_, i) => real.data[i % (16 * 16 * 3)]!) };
  expect((await gauge.measure(drawing(alike))).diversity).toBe(0);
  const dark = { ...real, data: real.data.map((byte) => byte / 8) };
  const { distance, brightness } = await gauge.measure(drawing(dark));
  expect(distance).toBeGreaterThan(0.2);
  // All of them below an eighth: the first two of 16 bins.
  expect(brightness.generated[0]! + brightness.generated[1]!).toBeCloseTo(1);
});

test.each([64, 33])('pictures of %i pixels a side are judged at 32', async (side) => {
  const [real, samples] = [pictures(side, 70, 1), pictures(side, 64, 2)];
  const large = await new QualityGauge(real).measure(drawing(samples));
  const shrunk = new QualityGauge(fitToSquare(real, 32, 3));
  expect(await shrunk.measure(drawing(fitToSquare(samples, 32, 3)))).toEqual(large);
  expect(large.distance).toBeGreaterThan(0);
});
