// Where the time of a step goes, without changing what the step computes.
import { describe, expect, test } from 'vitest';
import {
  Adam,
  type Engine,
  type GanOptions,
  GanTrainer,
  Linear,
  mean,
  Net,
  profileStep,
  type StepProfile,
  square,
  Trainer,
  traceTraining,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const tiny: Partial<GanOptions> = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1 };

const engine = await engineForTests();
/** As on a device that has no clock. */
const clockless = await engineForTests({ features: 'none' });

const gan = (on: Engine, options: Partial<GanOptions> = {}) =>
  GanTrainer.create(on, noisePictures(12, 16), { ...tiny, ...options });

/** What is done one after the other, each once. */
const passesOf = ({ dispatches }: StepProfile) =>
  dispatches
    .map(({ update, net, pass }) => `${update}: ${net} ${pass}`)
    .filter((name, i, all) => name !== all[i - 1]);

const PASSES = [
  'discriminator: null other',
  'discriminator: generator forward',
  'discriminator: discriminator forward',
  'discriminator: null other',
  'discriminator: null backward',
  'discriminator: discriminator backward',
  'discriminator: discriminator optimiser',
  'generator: discriminator forward',
  'generator: null other',
  'generator: null backward',
  'generator: discriminator backward',
  'generator: generator backward',
  'generator: generator optimiser',
  'null: null other',
];

describe('a step is profiled', () => {
  test('while a run goes on, which stays the same to the bit', async () => {
    using trainer = await gan(engine);
    using other = await gan(engine);
    const { buffers } = engine.memory();
    let profile: StepProfile | undefined;
    let waiting: Promise<void> | undefined;
    const metrics: unknown[] = [];
    const reported = ({ timeMs: _, ...rest }: { timeMs: number }) => rest;
    for await (const row of trainer.run({ steps: 6 })) {
      metrics.push(reported(row));
      if (row.step > 1) continue;
      waiting = profileStep(trainer).then((made) => {
        profile = made;
      });
    }
    await waiting;
    const expected: unknown[] = [];
    for await (const row of other.run({ steps: 6 })) expected.push(reported(row));
    expect(metrics).toEqual(expected);
    expect(await trainer.parameters()).toEqual(await other.parameters());

    if (!profile) throw new Error('nothing was profiled');
    expect(profile.dispatches).toHaveLength(trainer.stats().dispatches);
    expect(passesOf(profile)).toEqual(PASSES);
    const timed = engine.adapter.features.includes('timestamp-query');
    expect(profile.step === null).toBe(!timed);
    for (const { ms } of profile.dispatches) expect(ms === null).toBe(!timed);
    if (timed) {
      expect(profile.step).toBeGreaterThan(1);
      expect(profile.step).toBeLessThanOrEqual(6);
      const all = profile.dispatches.reduce((sum, { ms }) => sum + (ms ?? 0), 0);
      expect(all).toBeGreaterThan(0);
    }
    expect(engine.memory().buffers).toBe(buffers);
  });

  test('without times and without a run, where there is no clock', async () => {
    using trainer = await gan(clockless);
    const { step, dispatches } = await profileStep(trainer);
    expect(step).toBeNull();
    expect(dispatches.map(({ ms }) => ms)).toEqual(dispatches.map(() => null));
    expect(dispatches.map(({ label }) => label)).toEqual(
      trainer.stats().plan.filter((line) => line !== 'copy'),
    );
    const flops = dispatches.reduce((sum, dispatch) => sum + dispatch.flops, 0);
    expect(flops).toBe(trainer.stats().flops);
    expect(new Set(dispatches.map(({ kernel }) => kernel))).toContain('conv2dWeightGrad');
    for (const { bytes } of dispatches) expect(bytes).toBeGreaterThan(0);
  });

  test('of any trainer, by the names of its nets', async () => {
    const net = new Net('one', new Linear(2, 1));
    const optimiser = new Adam(net);
    const program = traceTraining({
      optimisers: [optimiser],
      step({ normal }) {
        const loss = mean(square(net.forward(normal([8, 2]), { training: true })));
        optimiser.minimise(loss);
        return { loss };
      },
    });
    using trainer = await Trainer.create(clockless, program);
    const { dispatches } = await profileStep(trainer);
    const parts = new Set(dispatches.map(({ net, pass }) => `${net} ${pass}`));
    expect([...parts]).toEqual(
      expect.arrayContaining(['one forward', 'one backward', 'one optimiser']),
    );
  });

  test('only while there is a step to come', async () => {
    using trainer = await gan(engine);
    if (!engine.adapter.features.includes('timestamp-query')) return;
    await expect(profileStep(trainer)).rejects.toMatchObject({ code: 'profile' });
    let outcomes: Promise<PromiseSettledResult<unknown>[]> | undefined;
    for await (const { step } of trainer.run({ steps: 2 })) {
      // Both are submitted by now.
      if (step === 1) outcomes = Promise.allSettled([profileStep(trainer), profileStep(trainer)]);
    }
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'profile' } },
      { status: 'rejected', reason: { code: 'profile' } },
    ]);
    trainer.dispose();
    await expect(profileStep(trainer)).rejects.toMatchObject({ code: 'disposed' });
  });
});
