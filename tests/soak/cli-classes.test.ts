// The command line with classes: the sub-folders of a folder, by their names.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src/io/safetensors.ts';

const ROOT = join(import.meta.dirname, '..', '..');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-classes-'));
  for (const [i, name] of ['dogs', 'cats'].entries()) {
    await mkdir(join(dir, 'pets', name), { recursive: true });
    for (let n = 0; n < 3 + i; n++) {
      const png = new PNG({ width: 16, height: 16 });
      png.data.fill(100 * (i + 1) + n);
      await writeFile(join(dir, 'pets', name, `${n}.png`), PNG.sync.write(png));
    }
  }
  await writeFile(join(dir, 'pets', 'cats', 'broken.png'), 'no picture');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const execute = (name: string, args: readonly string[]) =>
  new Promise<string>((resolve) => {
    const program = ['--import', 'tsx', join(ROOT, 'src', 'cli', `${name}.node.ts`)];
    const all = [...program, ...args, '--adapter', 'software'];
    execFile(process.execPath, all, { cwd: ROOT }, (_, __, stderr) => resolve(stderr));
  });

test('trains on folders by their names, and draws a class by its name', async () => {
  const out = join(dir, 'out');
  const told = await execute('train', [
    ...['--dataset', join(dir, 'pets'), '--classes', '--conditioning', 'concatenation'],
    ...['--image-size', '16', '--width', '2', '--batch-size', '4', '--steps', '2', '--out', out],
  ]);
  expect(told).toContain('pets: 7 pictures of 2 classes');
  expect(told).toContain('left out cats/broken.png');
  const { dataset, training } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8'));
  expect(dataset).toMatchObject({ count: 7, classes: 2, classNames: ['cats', 'dogs'] });
  expect(training).toMatchObject({ classes: 2, conditioning: 'concatenation' });
  const grid = PNG.sync.read(await readFile(join(out, 'samples-000002.png')));
  expect([grid.width, grid.height]).toEqual([8 * 18 + 2, 8 * 18 + 2]);
  const file = join(out, 'checkpoint.safetensors');
  expect(readSafetensors(await readFile(file)).metadata.classNames).toBe('["cats","dogs"]');

  const draw = ['--checkpoint', file, '--count', '2', '--strips', '1', '--steps', '2'];
  const drawn = await execute('sample', [...draw, '--class', 'dogs', '--out', join(out, 'dogs')]);
  expect(drawn).toContain('done: 2 pictures');
});
