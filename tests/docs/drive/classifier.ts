import { Engine } from 'ganvas';
import { learn, templates } from './main.ts';

// Pictures whose left or right half is bright.
const halves = (count: number) => {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const data = Uint8Array.from({ length: count * 64 }, (_, at) => {
    const bright = Math.floor((at % 8) / 4) === labels[Math.floor(at / 64)];
    return (bright ? 160 : 0) + ((at * 37) % 96);
  });
  return { name: 'halves', count, height: 8, width: 8, channels: 1, data, labels };
};
const engine = await Engine.create();
const accuracies: number[] = [];
let last: Uint8Array = new Uint8Array();
for (const kind of ['conv', 'linear']) {
  const { accuracy, state } = await learn(engine, halves(128), halves(32), { kind, steps: 40 });
  accuracies.push(accuracy);
  last = state;
}
engine.dispose();
const { count, pixels } = templates(last, halves(1));
Object.assign(globalThis, { result: { accuracies, count, bytes: pixels.length } });
