/// <reference types="vite/client" />
import { Engine, GanTrainer } from 'ganvas';
import weights from 'ganvas/weights/mnist-features.safetensors?url';
import { judge } from './judge.ts';

const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
const engine = await Engine.create();
const options = { imageSize: 16, width: 4, batchSize: 4 };
const trainer = await GanTrainer.create(engine, pictures, options);
for await (const _ of trainer.run({ steps: 2 }));
const report = await judge(engine, trainer, pictures, weights, 32);
engine.dispose();
Object.assign(globalThis, { result: report });
