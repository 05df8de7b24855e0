// Inference without a likelihood on the device: simulations, a posterior that is known, predators and
// prey, and going on from a file. How near it comes after a long training is a soak test's to tell.
import { describe, expect, test } from 'vitest';
import {
  adversarialInference,
  conjugateGaussian,
  lotkaVolterra,
  PosteriorSampler,
  rejectionAbc,
  simulate,
  Trainer,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { accuracy, knownModel, twentyObservations } from '../support/posterior-accuracy.ts';

const engine = await engineForTests();

const gaussian = conjugateGaussian(knownModel);
const mean = (x: Float32Array) => x.reduce((a, b) => a + b, 0) / x.length;

describe('simulate', () => {
  test('as many as asked for, of the model, each batch anew', async () => {
    const { buffers } = engine.memory();
    const { theta, y, count } = await simulate(engine, gaussian, { count: 2500, seed: 2 });
    expect([theta.length, y.length, count]).toEqual([2500, 2500, 2500]);
    expect(new Set(theta).size).toBeGreaterThan(2490);
    expect(Math.abs(mean(theta) - 3)).toBeLessThan((4 * 2) / Math.sqrt(2500));
    const errorsOfY = y.map((v, i) => v - theta[i]);
    expect(Math.abs(mean(errorsOfY))).toBeLessThan((4 * 1.5) / Math.sqrt(2500));
    expect(Math.abs(mean(errorsOfY.map((e) => e * e)) / 2.25 - 1)).toBeLessThan(0.12);
    // The first of a run of the same seed are the same, and nothing is left on the device.
    const again = await simulate(engine, gaussian, { count: 1024, seed: 2 });
    expect(again.y).toEqual(y.subarray(0, 1024));
    const other = await simulate(engine, gaussian, { count: 8, seed: 3 });
    expect(other.y).not.toEqual(y.subarray(0, 8));
    expect(engine.memory().buffers).toBe(buffers);
  });

  test.each([
    ['count', { count: 0 }],
    ['batchSize', { count: 4, batchSize: 1.5 }],
  ])('refuses a %s that is no number of simulations', async (name, options) => {
    await expect(simulate(engine, gaussian, options)).rejects.toMatchObject({
      code: 'inference-options',
      message: expect.stringContaining(name),
    });
  });
});

describe('a posterior that is known', () => {
  const options = { seed: 5, width: 32, steps: 300, lr: 1e-3, lrRatio: 3e-3 };

  test('is learned, for all observations at once, and no others', async () => {
    const inference = adversarialInference(gaussian, options);
    using trainer = await Trainer.create(engine, inference.program);
    using sampler = await PosteriorSampler.create(trainer, inference, { count: 4000 });
    const before = await accuracy(gaussian, sampler, twentyObservations);
    const last = await trainer.train({ steps: 300 });
    const after = await accuracy(gaussian, sampler, twentyObservations);
    expect(before.mean).toBeGreaterThan(0.8);
    expect(after.mean).toBeLessThan(0.2);
    expect(Math.abs(after.varianceBias)).toBeLessThan(0.2);
    expect(Math.abs(last!.lossRatio - Math.log(4))).toBeLessThan(0.05);
    for (const y of [[], [1, 2], [Number.NaN]])
      await expect(sampler.sample(y)).rejects.toMatchObject({ code: 'inference-observation' });
    await expect(PosteriorSampler.create(trainer, inference, { count: 0 })).rejects.toMatchObject({
      code: 'inference-options',
    });
  });

  test('goes on from a file, and draws the same samples there', async () => {
    const run = async (steps: number, state?: Uint8Array) => {
      const inference = adversarialInference(gaussian, options);
      using trainer = await Trainer.create(engine, inference.program, { state });
      await trainer.train({ steps });
      using sampler = await PosteriorSampler.create(trainer, inference, { count: 50 });
      const { values } = await sampler.sample([4], 1);
      expect((await sampler.sample([4], 1)).values).toEqual(values);
      expect((await sampler.sample([4], 2)).values).not.toEqual(values);
      expect((await sampler.sample([5], 1)).values).not.toEqual(values);
      return { values, file: await trainer.save() };
    };
    const straight = await run(5);
    const half = await run(2);
    const rest = await run(3, half.file);
    expect(rest.file).toEqual(straight.file);
    expect(rest.values).toEqual(straight.values);
  });
});

test('predators and prey: both ways to their rates know more than the prior does', async () => {
  const simulator = lotkaVolterra({ duration: 6, leaps: 8 });
  const truth = await simulate(engine, simulator, { count: 8, seed: 9 });
  const simulations = await simulate(engine, simulator, { count: 12_000, seed: 1 });
  const inference = adversarialInference(simulator, { seed: 2, width: 32, steps: 80, lr: 2e-3 });
  using trainer = await Trainer.create(engine, inference.program);
  await trainer.train({ steps: 80 });
  using sampler = await PosteriorSampler.create(trainer, inference);
  // Squared distance of the posterior's mean from the true θ, in prior variances, of all rates.
  const misses = { abc: 0, adversarial: 0, prior: 0 };
  const medians = [0.01, 0.5, 1, 0.01].map(Math.log);
  for (let i = 0; i < truth.count; i++) {
    const theta = truth.theta.subarray(4 * i, 4 * i + 4);
    const y = truth.y.subarray(12 * i, 12 * i + 12);
    const miss = (guess: readonly number[]) =>
      guess.reduce((sum, g, k) => sum + (g - theta[k]) ** 2, 0) / (0.25 * 4 * truth.count);
    misses.abc += miss(rejectionAbc(simulations, y, 100).mean());
    misses.adversarial += miss((await sampler.sample(y)).mean());
    misses.prior += miss(medians);
  }
  expect(misses.prior).toBeGreaterThan(0.5);
  expect(misses.abc).toBeLessThan(0.7 * misses.prior);
  // After 80 steps.
  expect(misses.adversarial).toBeLessThan(0.9 * misses.prior);
});
