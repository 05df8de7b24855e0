import {
  Adam,
  Engine,
  gaussianRing,
  hinge,
  LeakyReLU,
  Linear,
  Net,
  Sequential,
  Trainer,
  traceTraining,
} from 'ganvas';
import { own, play } from './own.ts';
import { wganGp } from './pictures.ts';

const engine = await Engine.create();
const trained: number[] = [];
const ring = gaussianRing();
for (const objective of [own, hinge]) {
  const G = new Net('G', new Linear(3, 2));
  const D = new Net('D', new Sequential(new Linear(2, 8), new LeakyReLU(0.2), new Linear(8, 1)));
  const [optD, optG] = [new Adam(D), new Adam(G)];
  const program = traceTraining({
    optimisers: [optD, optG],
    step(context) {
      const real = ring.sample(context, 16);
      const fake = G.forward(context.normal([16, 3]), { training: true });
      return play(objective, { D, optD, optG }, { real, fake });
    },
  });
  const trainer = await Trainer.create(engine, program);
  for await (const { step } of trainer.run({ steps: 2 })) trained.push(step);
  trainer.dispose();
}
const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
const trainer = await wganGp(engine, pictures, 16, 2);
for await (const { step } of trainer.run({ steps: 1 })) trained.push(step);
engine.dispose();
Object.assign(globalThis, { result: trained });
