// The README's embedding snippet is a module that is type-checked with the rest, and run here.
import { expect, test, vi } from 'vitest';
import readme from '../../README.md?raw';
import { readSafetensors } from '../../src/index.ts';
import { learn } from './readme-snippet.ts';
import snippet from './readme-snippet.ts?raw';

test('the README shows exactly this snippet', () => {
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);
  expect(blocks).toContain(snippet);
});

test('the snippet trains, draws and saves', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const canvas = document.createElement('canvas');
  document.body.append(canvas);
  const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
  const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
  const file = await learn(pictures, canvas, new AbortController().signal);
  expect(log.mock.calls.map(([line]) => String(line).split(':')[0])).toEqual([
    'step 10',
    'step 20',
  ]);
  expect(canvas.width).toBe(8 * 18 + 2);
  expect(readSafetensors(file).tensors.get('generator.main.0.weight')?.shape).toEqual([
    100, 16, 4, 4,
  ]);
  log.mockRestore();
  canvas.remove();
});
