import { readSafetensors } from 'ganvas';
import { learn } from './learn.ts';

const lines: string[] = [];
console.log = (line) => lines.push(line);
const canvas = document.createElement('canvas');
const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
const file = await learn(pictures, canvas, new AbortController().signal);
const weight = readSafetensors(file).tensors.get('generator.main.0.weight')?.shape;
Object.assign(globalThis, { result: { lines, size: canvas.width, weight } });
