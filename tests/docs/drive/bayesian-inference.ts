import { adversarialInference, Engine, PosteriorSampler, simulate, Trainer } from 'ganvas';
import { epidemic } from './epidemic.ts';
import { honest } from './honest.ts';
import { known } from './known.ts';
import { predatorPrey } from './predator-prey.ts';

const engine = await Engine.create();
const [{ samples, exact }] = (await known(engine, [4], 3)) as [
  Awaited<ReturnType<typeof known>>[number],
];
const { truth, adversarial, abc } = await predatorPrey(engine, 8);
const inference = adversarialInference(epidemic);
const trainer = await Trainer.create(engine, inference.program);
const last = await trainer.train({ steps: 2 });
const sampler = await PosteriorSampler.create(trainer, inference, { count: 20 });
const { y } = await simulate(engine, epidemic, { count: 1 });
const intervals = await (await honest(engine, epidemic, sampler))(y);
engine.dispose();
const counts = [samples.count, adversarial.count, abc.count, truth.length, intervals.length];
Object.assign(globalThis, { result: { counts, variance: exact.variance, last } });
