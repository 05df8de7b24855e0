import { Engine, hinge } from 'ganvas';
import { wganGp } from './pictures.ts';
import { own, trainOnRing } from './ring.ts';

const engine = await Engine.create();
const trained: number[] = [];
for (const objective of [own, hinge]) {
  const trainer = await trainOnRing(engine, objective, 3);
  trained.push(trainer.step);
  trainer.dispose();
}
const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
const trainer = await wganGp(engine, pictures, 16, 2);
for await (const { step } of trainer.run({ steps: 1 })) trained.push(step);
engine.dispose();
Object.assign(globalThis, { result: trained });
