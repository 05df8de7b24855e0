import { Engine, GanTrainer } from 'ganvas';
import { goOn } from './go-on.ts';

const data = Uint8Array.from({ length: 32 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 32, height: 16, width: 16, channels: 1, data };
const engine = await Engine.create();
const options = { imageSize: 16, width: 4, batchSize: 4 };
const trainer = await GanTrainer.create(engine, pictures, options);
for await (const _ of trainer.run({ steps: 2 }));
const later = await goOn(engine, pictures, await trainer.checkpoint());
const steps: number[] = [];
for await (const { step } of later.run({ steps: 2 })) steps.push(step);
engine.dispose();
Object.assign(globalThis, { result: steps });
