// The device draws the points that the float64 reference draws: what is tested of those holds here.
import { expect, test } from 'vitest';
import { readSafetensors, Trainer } from '../../src/index.ts';
import { interpret } from '../reference/index.ts';
import { engineForTests } from '../support/engine.ts';
import { toyCases } from '../support/toy-cases.ts';
import { samplingProgram } from '../support/toy-samples.ts';

const engine = await engineForTests();

test.each(toyCases)('%s', async (_, distribution) => {
  const program = samplingProgram(distribution, 500);
  const trainer = await Trainer.create(engine, program);
  for await (const _ of trainer.run({ steps: 1 }));
  const { tensors } = readSafetensors(await trainer.save());
  trainer.dispose();
  const drawn = tensors.get('samples')!.data as Float32Array;
  const expected = interpret(program.step, program.initial).variables.get('samples')!;
  expect(drawn).toHaveLength(expected.length);
  // A uniform number that falls on a limit of the mixture's, to the last bit, would choose another mode.
  expected.forEach((x, i) => {
    expect(Math.abs(drawn[i] - x), `${i}`).toBeLessThan(1e-5);
  });
});
