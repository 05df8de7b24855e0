import { adversarialInference, Engine, Trainer } from 'ganvas';
import { epidemic } from './epidemic.ts';
import { known } from './known.ts';
import { predatorPrey } from './predator-prey.ts';

const engine = await Engine.create();
const [{ samples, exact }] = (await known(engine, [4], 3)) as [
  Awaited<ReturnType<typeof known>>[number],
];
const { truth, adversarial, intervals, abc } = await predatorPrey(engine, 8);
const trainer = await Trainer.create(engine, adversarialInference(epidemic).program);
const last = await trainer.train({ steps: 2 });
engine.dispose();
const counts = [samples.count, adversarial.count, abc.count, truth.length, intervals.length];
Object.assign(globalThis, { result: { counts, variance: exact.variance, last } });
