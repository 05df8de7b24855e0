import { Engine, Trainer } from 'ganvas';
import { bestDiscriminator } from './best-discriminator.ts';
import { drawn } from './drawn.ts';

const engine = await Engine.create();
const { d, best, value, optimum } = await bestDiscriminator(engine, 150);
const { program, js } = drawn(Float32Array.of(-1, -1, 0, 0.5, 1, 1));
const trainer = await Trainer.create(engine, program);
for await (const _ of trainer.run({ steps: 2 }));
const steps = trainer.step;
engine.dispose();
Object.assign(globalThis, {
  result: { cells: [d.length, best.length], value, optimum, js, steps },
});
