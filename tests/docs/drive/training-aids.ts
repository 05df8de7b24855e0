import { Engine, Trainer } from 'ganvas';
import { fewPictures } from './few-pictures.ts';
import { ownStep } from './own-step.ts';

const data = Uint8Array.from({ length: 32 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 32, height: 16, width: 16, channels: 1, data };
const engine = await Engine.create();
const small = { imageSize: 16, width: 4, latentDim: 8, batchSize: 8 };
const { last, samples } = await fewPictures(engine, pictures, { steps: 2, ...small });
const program = ownStep(pictures, { width: 4, batch: 8, steps: 9 });
const trainer = await Trainer.create(engine, program);
const own = await trainer.train({ steps: 2 });
engine.dispose();
Object.assign(globalThis, { result: { last, own, count: samples.count } });
