import { Engine, Net, readSafetensors } from 'ganvas';
import { discriminator } from './layers.ts';
import { trainOriginal } from './original.ts';

const data = Uint8Array.from({ length: 128 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 128, height: 16, width: 16, channels: 1, data };
const canvas = document.createElement('canvas');
document.body.append(canvas);
const engine = await Engine.create();
const file = await trainOriginal(engine, pictures, canvas, { steps: 3, every: 3, width: 2 });
engine.dispose();
const weight = readSafetensors(file).tensors.get('discriminator.main.2.weight')?.shape;
const own = new Net('discriminator', discriminator(256, 2)).parameterCount;
Object.assign(globalThis, { result: { weight, own } });
