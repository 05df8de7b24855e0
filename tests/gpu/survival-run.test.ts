// Runs that are given up at any moment, and runs beside one another: each ends as it would alone.
import { expect, test } from 'vitest';
import { type Engine, Trainer, type TrainerOptions } from '../../src/index.ts';
import { engineForTest } from '../support/engine.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const STEPS = 40;

const create = (engine: Engine, settings?: TrainerOptions): Promise<Trainer> =>
  Trainer.create(engine, tinyProgram().program, settings);

async function finish(trainer: Trainer): Promise<Uint8Array> {
  const seen: number[] = [];
  const { step: begun } = trainer;
  for await (const { step } of trainer.run({ steps: STEPS - begun })) seen.push(step);
  expect(seen).toEqual(Array.from({ length: STEPS - begun }, (_, i) => begun + i + 1));
  return trainer.save();
}

test('a run is aborted at any moment, and another one goes on', async () => {
  const engine = await engineForTest();
  const alone = await finish(await create(engine));
  // A snapshot at every step, so that there are many kinds of moments.
  const trainer = await create(engine, { snapshotSeconds: 0 });
  const { buffers } = engine.memory();
  const reported: number[] = [];
  for (let ms = 0; trainer.step < STEPS - 5; ms = (ms + 1) % 8) {
    const reason = new Error(`after ${ms} ms`);
    const controller = new AbortController();
    const run = async () => {
      for await (const { step } of trainer.run({ signal: controller.signal })) {
        reported.push(step);
        // Otherwise some machine would be done before the signal comes.
        if (step === STEPS - 2) await new Promise((resolve) => setTimeout(resolve, 20));
        if (step >= STEPS - 2) break;
      }
      controller.signal.throwIfAborted();
    };
    setTimeout(() => controller.abort(reason), ms);
    await run().catch((error: unknown) => expect(error).toBe(reason));
    // Whatever was submitted was reported.
    expect(reported).toEqual(Array.from({ length: reported.length }, (_, i) => i + 1));
  }
  expect(engine.memory().buffers).toBe(buffers);
  if (trainer.step < STEPS) expect(await finish(trainer)).toEqual(alone);
});

test('trainers on one engine and on others, all at once', async () => {
  const [engine, other] = [await engineForTest(), await engineForTest()];
  const alone = await finish(await create(engine));
  const trainers = await Promise.all([create(engine), create(engine), create(other)]);
  const files = await Promise.all(trainers.map(finish));
  for (const file of files) expect(file).toEqual(alone);
  trainers[0].dispose();
  other.dispose();
  for await (const { step } of trainers[1].run({ steps: 1 })) expect(step).toBe(STEPS + 1);
});

test('a trainer that is disposed of reports nothing more, not even what was read already', async () => {
  const trainer = await create(await engineForTest());
  const seen: number[] = [];
  for await (const { step } of trainer.run()) {
    seen.push(step);
    if (step !== 2) continue;
    // Long enough for the step in flight to be done and read.
    await new Promise((resolve) => setTimeout(resolve, 300));
    trainer.dispose();
  }
  expect(seen).toEqual([1, 2]);
});

test('a loop that is left while the next step is awaited ends its run', async () => {
  const trainer = await create(await engineForTest());
  const run = trainer.run();
  await run.next();
  const next = run.next();
  const left = run.return();
  expect((await next).value).toMatchObject({ step: 2 });
  expect(await left).toMatchObject({ done: true });
  for await (const { step } of trainer.run({ steps: 1 })) expect(step).toBe(trainer.step);
});
