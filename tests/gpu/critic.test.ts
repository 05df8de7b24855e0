// What D thinks of single pictures, on the device and in float64.
import { describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../src/gan/checkpoint.ts';
import { classData } from '../../src/gan/classes.ts';
import { traceScores } from '../../src/gan/critic.ts';
import { resolveOptions } from '../../src/gan/options.ts';
import { Players, variableNames } from '../../src/gan/step.ts';
import { Critic, DeviceLostError, type GanOptions, GanTrainer } from '../../src/index.ts';
import { interpret } from '../reference/index.ts';
import { engineForTests, errorsOf } from '../support/engine.ts';
import { labelled, noisePictures } from '../support/pictures.ts';
import { largestError, relativeError } from '../support/run-op.ts';

/** So fast that a few steps make pictures that are not blank, and a D that is of several minds. */
const RATE = 0.02;

const tiny: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1 },
  ...{ lrD: RATE, lrG: RATE },
};
const PICTURES = 20;
const COUNT = 6;
const STEPS = 8;

const engine = await engineForTests();

const picturesOf = ({ classes = 0 }: Partial<GanOptions>) => {
  const plain = noisePictures(PICTURES, 16);
  return classes > 0 ? labelled(plain, classes) : plain;
};

async function trained(given: Partial<GanOptions> = {}): Promise<GanTrainer> {
  const trainer = await GanTrainer.create(engine, picturesOf(given), { ...tiny, ...given });
  await trainer.train({ steps: STEPS });
  return trainer;
}

const sigmoidMean = (logits: Float32Array) =>
  logits.reduce((sum, x) => sum + 1 / (1 + Math.exp(-x)), 0) / logits.length;

describe('scores', () => {
  test.each<[string, Partial<GanOptions>, boolean?]>([
    ['of a D with batch-norm', {}],
    ['of a D that is shown both kinds at once', { mixedBatch: true, ema: 0.9 }],
    ['of a D with spectral normalisation', { objective: 'hinge', normD: 'spectral' }],
    [
      'of features',
      { objective: 'mmd-gaussian', normD: 'none', gradientPenalty: 1, mixedBatch: true },
    ],
    ['of classes', { classes: 3, mixedBatch: true }],
    ['of the weights in training', { ema: 0.9 }, false],
  ])('%s are what they are in float64, and change nothing', async (_, given, averaged = true) => {
    using trainer = await trained(given);
    const before = await trainer.checkpoint();
    using critic = await Critic.create(trainer, { count: COUNT, averaged });
    const scores = await critic.scores();
    expect(await trainer.checkpoint()).toEqual(before);

    expect(scores.step).toBe(STEPS);
    const options = resolveOptions({ ...tiny, ...given });
    const { graph, inputs } = traceScores(new Players(options), PICTURES, {
      count: COUNT,
      averaged,
    });
    const { data, labels } = picturesOf(given);
    const { outputs } = interpret(
      graph,
      new Map<string, ArrayLike<number>>([
        ...decodeCheckpoint(before).values,
        ...inputs,
        [variableNames.data, data],
        ...(labels ? classData(labels, options.classes) : []),
      ]),
    );
    for (const kind of ['real', 'generated'] as const) {
      expect(scores[kind]).toHaveLength(COUNT);
      const expected = outputs.get(kind)!;
      // A witness is a difference of means of kernels, which are up to 5.
      const within = /^mmd/.test(options.objective) ? 1e-5 : 1e-4 * Math.hypot(...expected);
      expect(Math.hypot(...expected)).toBeGreaterThan(100 * within);
      expect(largestError(scores[kind], expected), kind).toBeLessThan(within);
    }
  });

  test('of real pictures are those that the next step begins with', async () => {
    using trainer = await trained();
    using critic = await Critic.create(trainer, { count: 4 });
    const { real } = await critic.scores();
    for await (const { dReal } of trainer.run({ steps: 1 }))
      expect(sigmoidMean(real)).toBeCloseTo(dReal, 4);
  });

  test('of averaged weights are not those of the weights in training', async () => {
    using trainer = await trained({ ema: 0.9 });
    using ofSamples = await Critic.create(trainer, { count: COUNT });
    using asTrained = await Critic.create(trainer, { count: COUNT, averaged: false });
    const [a, b] = [await ofSamples.scores(), await asTrained.scores()];
    expect(a.real).toEqual(b.real);
    expect(relativeError(a.generated, b.generated)).toBeGreaterThan(0.01);
  });

  test('of fewer pictures are those of the first ones, where each is judged by itself', async () => {
    using trainer = await trained({ model: 'fully-connected' });
    using few = await Critic.create(trainer, { count: 2 });
    using many = await Critic.create(trainer);
    expect([few.count, many.count]).toEqual([2, 64]);
    const [a, b] = [await few.scores(), await many.scores()];
    for (const kind of ['real', 'generated'] as const)
      expect(relativeError(a[kind], b[kind].subarray(0, 2))).toBeLessThan(1e-4);
  });

  test('are the same on a device that takes the place of a lost one', async () => {
    using trainer = await GanTrainer.create(engine, picturesOf({}), tiny);
    using critic = await Critic.create(trainer, { count: COUNT });
    const before = await critic.scores();
    engine.device.gpu.destroy();
    expect(await critic.scores()).toEqual(before);
    expect(errorsOf(engine)).toEqual([expect.any(DeviceLostError)]);
  });

  test('are refused where there can be none, and end with their memory', async () => {
    using trainer = await trained();
    await expect(Critic.create(trainer, { count: 0 })).rejects.toThrow(/grid of 0 pictures/);
    const { buffers } = engine.memory();
    const critic = await Critic.create(trainer);
    expect(engine.memory().buffers).toBeGreaterThan(buffers);
    critic.dispose();
    critic.dispose();
    expect(engine.memory().buffers).toBe(buffers);
    await expect(critic.scores()).rejects.toThrow(/disposed/);
    trainer.dispose();
    await expect(Critic.create(trainer)).rejects.toThrow(/disposed/);
  });
});
