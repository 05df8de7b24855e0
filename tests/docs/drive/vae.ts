import { Engine } from 'ganvas';
import { between } from './between.ts';
import { trainVae } from './train-vae.ts';

const data = Uint8Array.from({ length: 32 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 32, height: 16, width: 16, channels: 1, data };
const canvas = document.createElement('canvas');
document.body.append(canvas);
const engine = await Engine.create();
const file = await trainVae(engine, pictures, canvas, {
  steps: 30,
  width: 2,
  batchSize: 4,
  lr: 0.05,
});
const { count, step } = await between(engine, file, pictures, 5);
engine.dispose();
Object.assign(globalThis, { result: { size: canvas.width, count, step } });
