// Numbers that are no numbers: found on the GPU, wherever they are, named, and dealt with as was asked.
import { describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  Engine,
  GanTrainer,
  Linear,
  type Metrics,
  mean,
  mul,
  Net,
  NonFiniteError,
  type RunOptions,
  relu,
  square,
  Trainer,
  type TrainerEvent,
  type TrainerOptions,
  traceTraining,
} from '../../src/index.ts';
import type { BaseTrainer } from '../../src/training/base-trainer.ts';
import { engineForTests, forTest } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const engine = await engineForTests();

const EVERY = 25;

async function tiny(settings: TrainerOptions = {}, program = tinyProgram().program) {
  const events: TrainerEvent[] = [];
  const onEvent = (event: TrainerEvent) => events.push(event);
  const trainer = await forTest(Trainer.create(engine, program, { ...settings, onEvent }));
  return { trainer, events };
}

/** Overwrites an element of a variable on the device, behind the trainer's back. */
function poison(trainer: unknown, variable: string, element: number, value: number): void {
  // Nothing that is public could do that.
  const { lasting } = trainer as { lasting: { current: { variables: Poisonable } } };
  const { variables } = lasting.current;
  const { buffer } = variables.entries.get(variable)!;
  engine.device.gpu.queue.writeBuffer(buffer, element * 4, Float32Array.of(value));
}
interface Poisonable {
  readonly entries: ReadonlyMap<string, { readonly buffer: GPUBuffer }>;
}

async function all(
  trainer: BaseTrainer<string>,
  options: RunOptions,
  at: (step: number) => unknown = () => {},
): Promise<Metrics[]> {
  const seen: Metrics[] = [];
  for await (const metrics of trainer.run(options)) {
    seen.push(metrics);
    await at(metrics.step);
  }
  return seen;
}
const failure = (work: Promise<unknown>): Promise<NonFiniteError> =>
  work.then(
    () => expect.unreachable('it did not reject'),
    (error) => error,
  );

describe('found by tensor and step', () => {
  test.each([
    ['generator.parameters', 'main.3.weight', 'generator.main.3.weight', Number.NaN],
    ['discriminator.adam.v', 'main.0.weight', 'adam.discriminator.v.main.0.weight', 1 / 0],
  ])('in %s of a GAN', async (variable, path, name, value) => {
    const options = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4 };
    const trainer = await forTest(GanTrainer.create(engine, noisePictures(20, 16), options));
    const nets = trainer as unknown as { players: Record<string, Net> };
    const parameter = nets.players[variable.split('.')[0]].parameters.get(path)!;
    poison(trainer, variable, parameter.offset + parameter.size - 1, value);
    // The next step spreads it; at the moment it is where it was put.
    const look = trainer as unknown as {
      lasting: { current: { findNonFinite(): Promise<unknown> } };
    };
    expect(await look.lasting.current.findNonFinite()).toEqual({ tensor: name, value });
  });

  test('that no metric shows, within 50 steps', async () => {
    const net = new Net('net', new Linear(2, 2, { bias: false }));
    const adam = new Adam(net);
    const program = traceTraining({
      optimisers: [adam],
      step({ normal, variable, assign }) {
        const hidden = variable('hidden', { shape: [4], values: new Float32Array(4) });
        assign('hidden', mul(hidden, 2));
        // As a relu hides a NaN: the larger of it and 0 is 0.
        const x = net.forward(normal([4, 2]), { training: true });
        const loss = add(mean(square(x)), mul(mean(relu(hidden)), 0));
        adam.minimise(loss);
        return { loss: mean(square(x)) };
      },
    });
    const { trainer } = await tiny({}, program);
    await all(trainer, { steps: 3 });
    poison(trainer, 'hidden', 2, Number.NaN);
    const error = await failure(all(trainer, {}));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ code: 'non-finite', tensor: 'hidden', step: EVERY });
    expect(error.message).toMatch(/^hidden is NaN at step 25\./);
    expect(trainer.step).toBeLessThanOrEqual(EVERY + 1);
  });

  test('in a metric at once, by its name', async () => {
    const { trainer } = await tiny();
    const seen = await all(trainer, { steps: 3 });
    expect(seen).toHaveLength(3);
    poison(trainer, 'net.parameters', 0, Number.NEGATIVE_INFINITY);
    const error = await failure(all(trainer, {}));
    expect(error.tensor).toMatch(/^(loss|gradNorm)$/);
    expect(error.step).toBe(4);
  });
});

test('nothing that is finite is taken for something else, and looking stalls nothing', async () => {
  const { trainer, events } = await tiny();
  const { buffersMade } = engine.device.counters;
  expect(await all(trainer, { steps: 3 * EVERY + 2 })).toHaveLength(3 * EVERY + 2);
  expect(engine.device.counters.buffersMade).toBe(buffersMade);
  expect(events).toEqual([]);
  const { trainer: plain } = await tiny({ nonFinite: 'ignore' });
  await all(plain, { steps: 3 * EVERY + 2 });
  expect(await plain.save()).toEqual(await trainer.save());
});

describe('policies', () => {
  test('ignore tells it once, keeps no snapshot of it, and goes on', async () => {
    const { trainer, events } = await tiny({ nonFinite: 'ignore', snapshotSeconds: 0 });
    const seen = await all(trainer, { steps: 60 }, (step) => {
      if (step === 10) poison(trainer, 'net.parameters', 1, Number.NaN);
    });
    expect(seen.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    // A relu hides it from the loss for good.
    expect(seen.at(-1)!.loss).toBeGreaterThan(0);
    expect(events).toEqual([{ type: 'non-finite', error: expect.any(NonFiniteError) }]);
    const { step } = (events[0] as { error: NonFiniteError }).error;
    expect(step).toBeGreaterThanOrEqual(10);
    expect(step).toBeLessThanOrEqual(13);
    expect(trainer.snapshot.step).toBeLessThan(12);
    for (const values of trainer.snapshot.values.values())
      expect([...values].every(Number.isFinite)).toBe(true);
  });

  test('rollback goes back to the snapshot’s numbers, and on with other noise', async () => {
    const { trainer, events } = await tiny({ nonFinite: 'rollback', snapshotSeconds: 0 });
    let before = -1;
    const seen = await all(trainer, { steps: 40 }, (step) => {
      if (step !== 10) return;
      before = trainer.snapshot.step;
      poison(trainer, 'net.adam.v', 0, Number.NaN);
    });
    expect(events).toEqual([
      { type: 'rolled-back', error: expect.any(NonFiniteError), to: expect.any(Number) },
    ]);
    const { to, error } = events[0] as { to: number; error: NonFiniteError };
    expect(to).toBeGreaterThanOrEqual(before);
    expect(to).toBeLessThan(error.step);
    const steps = seen.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBe(40);
    expect(steps.length).toBeGreaterThanOrEqual(37);
    expect(seen.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    expect(trainer.step).toBe(40);
  });

  test('rollback restores moments and statistics with the weights', async () => {
    const { trainer } = await tiny({ nonFinite: 'rollback' });
    await all(trainer, { steps: 4 });
    const { values } = trainer.snapshot;
    poison(trainer, 'net.parameters', 0, Number.NaN);
    const lasting = (trainer as unknown as { lasting: { rollBack(): Promise<void> } }).lasting;
    await lasting.rollBack();
    expect(trainer.snapshot.step).toBe(4);
    for (const [name, kept] of trainer.snapshot.values) {
      if (kept instanceof Float32Array) expect(kept, name).toEqual(values.get(name));
      else expect(kept, name).not.toEqual(values.get(name));
    }
    const variables = (
      trainer as unknown as {
        lasting: { current: { read(names: string[]): Promise<Map<string, unknown>> } };
      }
    ).lasting.current;
    expect(await variables.read([...values.keys()])).toEqual(trainer.snapshot.values);
  });

  test('rollback gives up the fourth time in a row, with finite numbers', async () => {
    const { trainer, events } = await tiny({
      nonFinite: 'rollback',
      snapshotSeconds: Number.POSITIVE_INFINITY,
    });
    const { adam } = tinyProgram();
    await all(trainer, { steps: 3 });
    trainer.setLearningRate(adam, 1e38);
    const error = await failure(all(trainer, {}));
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(events.map(({ type }) => type)).toEqual(['rolled-back', 'rolled-back', 'rolled-back']);
    // It can be saved, and goes on at another rate.
    await trainer.save();
    trainer.setLearningRate(adam, 1e-3);
    expect(await all(trainer, { steps: 30 })).toHaveLength(30);
  });

  test('a rollback outlives the loss of the device', async () => {
    const own = await Engine.create();
    const events: string[] = [];
    const trainer = await Trainer.create(own, tinyProgram().program, {
      nonFinite: 'rollback',
      snapshotSeconds: Number.POSITIVE_INFINITY,
      onEvent: (event) => {
        events.push(event.type);
        if (event.type === 'rolled-back') own.device.gpu.destroy();
      },
    });
    const { adam } = tinyProgram();
    trainer.setLearningRate(adam, 1e38);
    const seen = await all(trainer, { steps: 40 }, (step) => {
      if (step >= 1) trainer.setLearningRate(adam, 1e-3);
    });
    expect(events).toEqual(['rolled-back', 'device-lost', 'recovered']);
    expect(seen.at(-1)!.step).toBe(40);
    own.dispose();
  });
});
