// What the commands do with a checkpoint: go on from it, and draw samples of it.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/io/safetensors.ts';
import { execute, readRows, readRun, SMALL, train } from '../support/command.ts';

const sample = (...args: string[]) => execute('sample', [...args, '--adapter', 'software']);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-e2e-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a checkpoint', () => {
  const data = () => join(dir, 'few-idx3-ubyte');
  const straight = () => join(dir, 'straight');
  const CHECKPOINT = 'checkpoint.safetensors';
  const adapter = ['--adapter', 'software'];
  const grids = ['--sample-every', '20', '--samples', '5'];

  async function writeIdx(path: string, value: (i: number) => number) {
    const header = [0, 0, 8, 3, 0, 0, 0, 7, 0, 0, 0, 16, 0, 0, 0, 16];
    await writeFile(
      path,
      Uint8Array.from([...header, ...Array.from({ length: 7 * 256 }, (_, i) => value(i) & 255)]),
    );
  }

  beforeAll(async () => {
    await writeIdx(data(), (i) => i * i);
    const { code, stderr } = await train(
      ...['--dataset', data(), '--steps', '40', '--out', straight(), ...SMALL, ...grids],
      ...['--flip', '--latent-dim', '9', '--seed', '7', '--lr-d', '1e-3'],
    );
    expect(stderr).toContain('done: 40 steps');
    expect(code).toBe(0);
  });

  /** metrics.csv without its times, which are never the same twice. */
  async function measured(out: string) {
    return (await readRows(out)).map((row) => row.slice(0, -1));
  }

  it('is gone on from as if the run had never stopped', async () => {
    const out = join(dir, 'halves');
    const first = await train(
      ...['--dataset', data(), '--steps', '20', '--out', out, ...SMALL, ...grids],
      ...['--flip', '--latent-dim', '9', '--seed', '7', '--lr-d', '1e-3'],
    );
    expect(first.code).toBe(0);
    const half = await readFile(join(out, CHECKPOINT));
    const old = join(dir, 'half.safetensors');
    await writeFile(old, half);
    const second = await train(
      ...['--resume', join(out, CHECKPOINT), '--dataset', data(), '--steps', '20', '--out', out],
      ...[...adapter, ...grids],
    );
    expect(second.stderr).toContain(
      'going on from step 20: 16×16×1, width 4, nz 9, batch 4, learning rates 0.001 (D) and 0.002 (G)',
    );
    expect(second.stderr).toMatch(/step 40\/40 /);
    expect(second.stderr).toMatch(/done: 20 steps in .* steps\/s, 40 steps in all\); /);
    expect(second.code).toBe(0);

    const names = [CHECKPOINT, 'metrics.csv', 'run.json', 'samples-000020.png'];
    expect((await readdir(out)).sort()).toEqual([...names, 'samples-000040.png']);
    for (const name of [CHECKPOINT, 'samples-000020.png', 'samples-000040.png']) {
      const whole = await readFile(join(straight(), name));
      expect((await readFile(join(out, name))).equals(whole), name).toBe(true);
    }
    expect(await measured(out)).toEqual(await measured(straight()));
    expect(await readRun(out)).toMatchObject({
      status: 'done',
      preset: 'checkpoint',
      resumed: { file: join(out, CHECKPOINT), step: 20 },
      limits: { steps: 20 },
      steps: 40,
      seed: 7,
      deviceLosses: 0,
    });

    // From the older checkpoint into a folder of its own, with other learning rates.
    const other = join(dir, 'other');
    const third = await train(
      ...['--resume', old, '--dataset', data(), '--steps', '2', '--out', other],
      ...[...adapter, '--lr', '5e-4'],
    );
    expect(third.code).toBe(0);
    expect((await measured(other)).map(([step]) => step)).toEqual([21, 22]);
    // D's losses are measured before its update, G's after it.
    const [begun] = await measured(other);
    const asBefore = (await measured(straight()))[20];
    expect(begun?.slice(0, 4)).toEqual(asBefore?.slice(0, 4));
    expect(begun?.[4]).not.toBe(asBefore?.[4]);
    const { metadata } = readSafetensors(await readFile(join(other, CHECKPOINT)));
    expect(JSON.parse(metadata.options ?? '')).toMatchObject({ lrD: 5e-4, lrG: 5e-4, seed: 7 });
  });

  it('is not gone on from with other pictures, or where it is damaged', async () => {
    const out = join(dir, 'refused');
    const others = join(dir, 'others-idx3-ubyte');
    await writeIdx(others, (i) => i);
    const good = join(straight(), CHECKPOINT);
    const before = await readFile(good);
    // Into the run's own folder, of which nothing may be lost.
    const wrong = await train(
      '--resume',
      good,
      '--dataset',
      others,
      '--out',
      straight(),
      ...adapter,
    );
    expect(wrong.stderr).toContain(
      `ganvas: --dataset ${others}: These are others than the 7 pictures`,
    );
    expect(wrong.code).toBe(1);
    expect((await readFile(good)).equals(before)).toBe(true);
    expect(await readRows(straight())).toHaveLength(40);
    expect((await readRun(straight())).status).toBe('done');

    const bad = join(dir, 'bad.safetensors');
    // The last tensor of the file: found only when all of it is read.
    await writeFile(bad, Buffer.concat([before.subarray(0, -4), Buffer.of(9, 9, 9, 9)]));
    const damaged = await train('--resume', bad, '--dataset', data(), '--out', out, ...adapter);
    expect(damaged.stderr).toContain(`ganvas: --resume ${bad}: The tensor state `);
    expect(damaged.stderr).not.toMatch(/\n +at /);
    expect(damaged.code).toBe(1);
    expect(await readdir(out)).toEqual([]);
  });

  it('draws samples: each alone, in a grid, and in strips', async () => {
    const out = join(dir, 'samples');
    const file = ['--checkpoint', join(straight(), CHECKPOINT), '--out', out];
    const read = async (path: string) => PNG.sync.read(await readFile(path));
    /** A picture of a grid whose pictures lie 2 pixels apart. */
    const part = ({ data: bytes, width }: PNG, column: number, row = 0) =>
      Array.from({ length: 16 }, (_, y) => {
        const start = ((row * 18 + 2 + y) * width + column * 18 + 2) * 4;
        return bytes.toString('hex', start, start + 16 * 4);
      }).join();
    const whole = ({ data: bytes, width, height }: PNG) => {
      expect([width, height]).toEqual([16, 16]);
      return Array.from({ length: 16 }, (_, y) =>
        bytes.toString('hex', y * 64, (y + 1) * 64),
      ).join();
    };

    // More than are drawn at a time.
    const args = ['--count', '20', '--strips', '2', '--steps', '3', '--grid', '7'];
    const { code, stdout, stderr } = await sample(...file, ...args);
    expect(stderr).toContain('done: 20 pictures of 16×16×1 after 40 training steps; ');
    expect(code).toBe(0);
    expect(stdout).toBe('');
    const number = (i: number) => `picture-${String(i + 1).padStart(4, '0')}.png`;
    expect((await readdir(out)).sort()).toEqual([
      'grid.png',
      ...Array.from({ length: 20 }, (_, i) => number(i)),
      'strips.png',
    ]);
    const pictures = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => whole(await read(join(out, number(i))))),
    );
    expect(new Set(pictures).size).toBe(20);
    const grid = await read(join(out, 'grid.png'));
    expect([grid.width, grid.height]).toEqual([7 * 18 + 2, 3 * 18 + 2]);
    expect(pictures.map((_, i) => part(grid, i % 7, Math.floor(i / 7)))).toEqual(pictures);
    // Without a seed they are those that the run drew.
    const drawn = await read(join(straight(), 'samples-000040.png'));
    expect([0, 1, 2, 3, 4].map((i) => part(drawn, i))).toEqual(pictures.slice(0, 5));
    const strips = await read(join(out, 'strips.png'));
    expect([strips.width, strips.height]).toEqual([3 * 18 + 2, 2 * 18 + 2]);
    for (const row of [0, 1]) {
      expect(part(strips, 0, row)).toBe(pictures[2 * row]);
      expect(part(strips, 2, row)).toBe(pictures[2 * row + 1]);
      expect(pictures).not.toContain(part(strips, 1, row));
    }

    const other = await sample(...file, '--count', '3', '--seed', '5', '--strips', '0');
    expect(other.code).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['grid.png', ...[0, 1, 2].map(number)]);
    for (const i of [0, 1, 2]) {
      expect(pictures).not.toContain(whole(await read(join(out, number(i)))));
    }

    const nothing = join(dir, 'nothing.safetensors');
    await writeFile(nothing, 'nothing');
    const bad = await sample('--checkpoint', nothing, '--out', out);
    expect(bad.stderr).toContain(`ganvas: --checkpoint ${nothing}: `);
    expect(bad.stderr).not.toMatch(/\n +at /);
    expect(bad.code).toBe(1);
    expect((await readdir(out)).sort()).toEqual(['grid.png', ...[0, 1, 2].map(number)]);
  });

  it.each([
    ['train', ['--resume', 'no/such/file'], /^ganvas: --resume no\/such\/file: there is no such/],
    ['train', ['--resume', 'package.json', '--ema', '0'], /^ganvas: .*'--resume <file>'.*'--ema/],
    ['sample', ['--checkpoint', 'src'], /^ganvas: --checkpoint src: there is no such file/],
    ['sample', ['--count', '0'], /^ganvas: option '--count <n>' argument '0' is invalid\./],
  ])('is missed or misused in one clear line: %s %j', async (name, args, line) => {
    const { code, stdout, stderr } = await execute(name, args);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
