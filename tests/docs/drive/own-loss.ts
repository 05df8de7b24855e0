import { Engine } from 'ganvas';
import { watch } from './watch.ts';

const data = Uint8Array.from({ length: 32 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 32, height: 16, width: 16, channels: 1, data };
const canvas = document.createElement('canvas');
document.body.append(canvas);
const engine = await Engine.create();
const small = { steps: 3, every: 3, width: 4, latentDim: 8, batch: 4, criticSteps: 2 };
const metrics: unknown[] = [];
for await (const measured of watch(engine, pictures, canvas, small)) metrics.push(measured);
engine.dispose();
Object.assign(globalThis, { result: metrics });
