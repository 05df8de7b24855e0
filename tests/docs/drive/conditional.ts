import { Engine, Trainer } from 'ganvas';
import { draw, learn } from './digits.ts';
import { ownStep } from './own-step.ts';

const data = Uint8Array.from({ length: 40 * 16 * 16 }, (_, i) => (i * 37) % 256);
const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10);
const digits = { name: 'stripes', count: 40, height: 16, width: 16, channels: 1, data, labels };
const canvas = document.createElement('canvas');
document.body.append(canvas);
const engine = await Engine.create();
const small = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4 };
const file = await learn(engine, digits, canvas, { steps: 3, ...small });
const { sevens, oneHand } = await draw(engine, file);
const trainer = await Trainer.create(engine, ownStep(digits, 10, { width: 2, batch: 4, nz: 4 }));
const own = await trainer.train({ steps: 2 });
engine.dispose();
const { count, columns } = oneHand;
Object.assign(globalThis, { result: { sevens: sevens.count, oneHand: [count, columns], own } });
