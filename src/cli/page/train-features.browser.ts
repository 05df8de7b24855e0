/** Trains the net whose features judge MNIST's pictures, and sends its file. */

import {
  Engine,
  fitToSquare,
  type ImageSet,
  readIdxDataset,
  Trainer,
  traceFeatureNet,
} from '../../index.ts';
import type { FeatureRequest, FeatureResult, LabelledFiles } from '../protocol.ts';
import { sendResult } from './transfer.browser.ts';

const SIZE = 32;
const BATCH = 128;
const LR = 4e-3;
/** Steps between two words about progress. */
const TELL_EVERY = 25;
/** Pictures that are classified at a time; it divides MNIST's 10,000. */
const TEST_BATCH = 500;

const read = async (name: string, { images, labels }: LabelledFiles): Promise<ImageSet> => {
  const at = (path: string) => new URL(path, location.href);
  return fitToSquare(await readIdxDataset(at(images), at(labels), { name }), SIZE, 1);
};

/** Share of pictures whose largest logit is that of their label. */
async function accuracyOf(
  classify: { call(given: { x: Float32Array }): Promise<{ logits: Float32Array }> },
  { count, data, labels }: ImageSet,
): Promise<number> {
  const pixels = SIZE * SIZE;
  let right = 0;
  for (let first = 0; first < count; first += TEST_BATCH) {
    const bytes = data.subarray(first * pixels, (first + TEST_BATCH) * pixels);
    const { logits } = await classify.call({ x: Float32Array.from(bytes, (b) => b / 127.5 - 1) });
    const classes = logits.length / TEST_BATCH;
    for (let i = 0; i < TEST_BATCH; i++) {
      const row = logits.subarray(i * classes, (i + 1) * classes);
      if (row.indexOf(Math.max(...row)) === labels?.[first + i]) right++;
    }
  }
  return right / count;
}

/** Trains, tests, and sends the weights. */
export async function trainFeatures(request: FeatureRequest): Promise<FeatureResult> {
  const { epochs, seed, resultsUrl } = request;
  const seen = await read('MNIST', request.train);
  const unseen = await read('MNIST, the test set', request.test);
  using engine = await Engine.create();
  const steps = Math.round((epochs * seen.count) / BATCH);
  const training = traceFeatureNet(seen, { steps, batchSize: BATCH, lr: LR, seed });
  using trainer = await Trainer.create(engine, training.program);
  using classify = await trainer.compile(training.classify(TEST_BATCH));
  let loss = 0;
  for await (const metrics of trainer.run({ steps })) {
    const { step } = metrics;
    // Batches differ: an average over some fifty of them, and of all while they are fewer.
    loss += Math.max(0.02, 1 / step) * (metrics.loss - loss);
    if (step % TELL_EVERY === 0) {
      await sendResult(resultsUrl, 'progress', { step, steps, loss }, new Uint8Array());
    }
  }
  const accuracy = await accuracyOf(classify, unseen);
  const notes = { accuracy: String(accuracy), epochs: String(epochs), seed: String(seed) };
  await sendResult(resultsUrl, 'weights', {}, training.file(await trainer.save(), notes));
  return { accuracy, steps };
}
