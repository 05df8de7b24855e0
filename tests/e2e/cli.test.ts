import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { startServer } from '../../src/cli/server.node.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';

type Pictures = typeof import('../../src/data/pictures.browser.ts');

const ROOT = join(import.meta.dirname, '..', '..');

/** The commands as npm starts them, without npm between them and their signals. */
const commandOf = (name: string) => [
  '--import',
  'tsx',
  join(ROOT, 'src', 'cli', `${name}.node.ts`),
];
const COMMAND = commandOf('train');

/** Small enough for a step to take some hundredths of a second in software. */
const SMALL = ['--image-size', '16', '--width', '4', '--batch-size', '4', '--adapter', 'software'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-e2e-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(command: readonly string[], args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...command, ...args],
      { cwd: ROOT, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      },
    );
  });
}

const train = (...args: string[]) => execute(COMMAND, args);
const sample = (...args: string[]) =>
  execute(commandOf('sample'), [...args, '--adapter', 'software']);

async function readRun(out: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Record<string, unknown>;
}

async function readRows(out: string): Promise<number[][]> {
  const lines = (await readFile(join(out, 'metrics.csv'), 'utf8')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^step,loss_d,/);
  return lines.slice(1).map((line) => line.split(',').map(Number));
}

function picture(width: number, height: number, rgba: (x: number, y: number) => number[]): Buffer {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) png.data.set(rgba(x, y), (y * width + x) * 4);
  }
  return PNG.sync.write(png);
}

describe('npm run train', () => {
  it('writes every file of a run of 20 steps', async () => {
    const out = join(dir, 'twenty');
    const { code, stdout, stderr } = await train(
      ...['--steps', '20', '--out', out, '--json', '--adapter', 'software'],
    );
    expect(stderr).toContain('MNIST: 60,000 pictures');
    expect(stderr).toContain('preset for a software adapter: 32×32×1, width 8, nz 64, batch 16');
    expect(stderr).toContain('done: 20 steps');
    expect(code).toBe(0);

    const files = (await readdir(out)).sort();
    const grids = Array.from(
      { length: 10 },
      (_, i) => `samples-${String(2 * i + 2).padStart(6, '0')}.png`,
    );
    expect(files).toEqual(['checkpoint.safetensors', 'metrics.csv', 'run.json', ...grids]);

    const png = PNG.sync.read(await readFile(join(out, 'samples-000020.png')));
    expect([png.width, png.height]).toEqual([8 * 34 + 2, 8 * 34 + 2]);
    // A grid of zeros, or of one picture, would be seen here.
    const pictures = Array.from({ length: 64 }, (_, i) => {
      const left = 2 + (i % 8) * 34;
      const top = 2 + Math.floor(i / 8) * 34;
      const rows = Array.from({ length: 32 }, (_, y) => ((top + y) * png.width + left) * 4);
      return rows.map((start) => png.data.toString('hex', start, start + 32 * 4)).join();
    });
    expect(new Set(pictures).size).toBe(64);

    const rows = await readRows(out);
    expect(rows.map(([step]) => step)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(rows.flat().every(Number.isFinite)).toBe(true);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
      rows.map(([step]) => step),
    );

    const { tensors } = readSafetensors(await readFile(join(out, 'checkpoint.safetensors')));
    // PyTorch's names and layouts: [in, out, k, k] in G, [out, in, k, k] in D.
    expect(
      Object.fromEntries([...tensors].map(([name, { shape }]) => [name, shape])),
    ).toMatchObject({
      'generator.main.0.weight': [64, 32, 4, 4],
      'generator.main.1.running_var': [32],
      'generator.main.9.weight': [8, 1, 4, 4],
      'ema.generator.main.3.weight': [32, 16, 4, 4],
      'discriminator.main.0.weight': [8, 1, 4, 4],
      'discriminator.main.3.bias': [16],
      'discriminator.main.8.weight': [1, 32, 4, 4],
      'adam.discriminator.v.main.2.weight': [16, 8, 4, 4],
    });
    expect(tensors.get('generator.main.1.num_batches_tracked')?.data).toEqual(
      BigInt64Array.of(20n),
    );

    const run = await readRun(out);
    expect(run).toMatchObject({ status: 'done', preset: 'software', seed: 1, steps: 20 });
    expect(run.adapter).toMatchObject({ software: true });
    expect(run.timings).toMatchObject({
      firstStepMs: expect.any(Number),
      trainMs: expect.any(Number),
    });
    for (const key of ['options', 'training', 'versions', 'plan', 'stats']) {
      expect(run[key]).toBeTruthy();
    }
  });

  it('takes a folder of pictures and names those that it cannot read', async () => {
    const folder = join(dir, 'pictures');
    const out = join(dir, 'from-pictures');
    await mkdir(join(folder, 'more'), { recursive: true });
    await writeFile(
      join(folder, 'a.png'),
      picture(20, 30, (x, y) => [x * 10, y * 8, 0, 255]),
    );
    await writeFile(
      join(folder, 'more', 'b.png'),
      picture(9, 9, () => [0, 0, 200, 255]),
    );
    await writeFile(join(folder, 'broken.jpg'), 'no picture');
    const { code, stderr } = await train(
      ...['--dataset', folder, '--steps', '2', '--samples', '3', '--out', out, ...SMALL],
    );
    expect(stderr).toMatch(/left out broken\.jpg: /);
    expect(stderr).toContain('pictures: 2 pictures');
    expect(code).toBe(0);
    expect((await readRun(out)).dataset).toMatchObject({
      count: 2,
      leftOut: [{ name: 'broken.jpg' }],
    });
    const png = PNG.sync.read(await readFile(join(out, 'samples-000002.png')));
    expect([png.width, png.height]).toEqual([3 * 18 + 2, 20]);
  });

  it('takes an IDX file and every option, and says what is wrong with a bad file', async () => {
    const file = join(dir, 'tiny-idx3-ubyte.gz');
    const header = [0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0, 28];
    const bytes = Uint8Array.from([
      ...header,
      ...Array.from({ length: 5 * 784 }, (_, i) => i & 255),
    ]);
    await writeFile(file, gzipSync(bytes));
    const out = join(dir, 'from-idx');
    const good = await train(
      ...['--dataset', file, '--steps', '4', '--time', '60', '--out', out, ...SMALL],
      ...['--sample-every', '3', '--samples', '5', '--channels', '3', '--d-steps', '2'],
      ...['--fresh-latent', '--mixed-batch', '--flip', '--generator-loss', 'maximum-likelihood'],
      ...['--label-smoothing', '0.1', '--latent', 'uniform', '--latent-dim', '5', '--ema', '0'],
      ...['--beta1', '0.4', '--lr', '1e-3', '--lr-g', '5e-4', '--seed', '7'],
    );
    expect(good.stderr).toContain('5 pictures');
    expect(good.stderr).toContain(
      'learning rates 0.001 (D) and 0.0005 (G), no EMA, 4 steps or 60 s',
    );
    expect(good.code).toBe(0);
    expect((await readRun(out)).training).toEqual({
      ...{ imageSize: 16, channels: 3, width: 4, latentDim: 5, latent: 'uniform', batchSize: 4 },
      ...{ lrD: 1e-3, lrG: 5e-4, beta1: 0.4, dSteps: 2, freshLatent: true, mixedBatch: true },
      ...{ generatorLoss: 'maximum-likelihood', labelSmoothing: 0.1, ema: 0, flip: true, seed: 7 },
    });
    const rows = await readRows(out);
    expect(rows).toHaveLength(4);
    expect(rows.flat().every(Number.isFinite)).toBe(true);
    const files = await readdir(out);
    expect(files.filter((name) => name.startsWith('samples-')).sort()).toEqual([
      'samples-000003.png',
      'samples-000004.png',
    ]);

    await writeFile(file, gzipSync(bytes.subarray(0, -1)));
    const bad = await train('--dataset', file, '--steps', '1', '--out', out, ...SMALL);
    expect(bad.stderr).toMatch(/3935 bytes, where its header \(5 × 28 × 28\) promises 3936/);
    expect(bad.code).toBe(1);
    // What the run before had written is still there.
    expect((await readRun(out)).status).toBe('done');
  });

  it('stops on Ctrl-C, writes what there is and exits with 130', async () => {
    const out = join(dir, 'interrupted');
    const child = spawn(
      process.execPath,
      [...COMMAND, '--time', '600', '--out', out, '--json', ...SMALL],
      { cwd: ROOT },
    );
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    let sent = false;
    child.stdout.on('data', () => {
      if (!sent) child.kill('SIGINT');
      sent = true;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(stderr).toContain('stopping: writing what there is');
    expect(code).toBe(130);
    const run = await readRun(out);
    expect(run.status).toBe('interrupted');
    const rows = await readRows(out);
    expect(rows.length).toBe(run.steps);
    const files = await readdir(out);
    expect(files).toContain(`samples-${String(run.steps).padStart(6, '0')}.png`);
    expect(files).toContain('checkpoint.safetensors');
  });

  it('exits at once on a second Ctrl-C', async () => {
    const out = join(dir, 'impatient');
    // Steps of seconds, so that the first Ctrl-C has to wait for one.
    const child = spawn(
      process.execPath,
      [...COMMAND, '--time', '600', '--out', out, ...SMALL, '--width', '64', '--batch-size', '512'],
      { cwd: ROOT },
    );
    let stderr = '';
    const stopping = new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
        if (stderr.includes('stopping: ')) resolve();
      });
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    // The first of the run's files says that it has begun.
    while (!existsSync(join(out, 'metrics.csv')) && child.exitCode === null) await sleep(50);
    child.kill('SIGINT');
    await stopping;
    // What comes sooner is taken for the same key, passed on by npm.
    await sleep(600);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(stderr).not.toContain('stopped: ');
  });

  it.each([
    [['--steps', '0'], /^ganvas: option '--steps <n>' argument '0' is invalid\./],
    [['--nonsense'], /^ganvas: unknown option '--nonsense'/],
    [['--dataset', 'no/such/thing'], /^ganvas: --dataset no\/such\/thing: there is no such/],
    [['--browser', 'no/such/browser'], /^ganvas: --browser no\/such\/browser: there is no such/],
    [['--out', 'package.json'], /^ganvas: --out package\.json: cannot be written to/],
  ])('exits with 2 and one clear line for %j', async (args, line) => {
    const { code, stdout, stderr } = await train(...args);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('explains itself', async () => {
    const { code, stdout } = await train('--help');
    expect(code).toBe(0);
    const options =
      'dataset image-size channels batch-size steps time width latent-dim latent lr lr-d lr-g ' +
      'beta1 d-steps fresh-latent mixed-batch generator-loss label-smoothing ema flip seed ' +
      'sample-every samples out browser adapter json resume';
    for (const option of options.split(' ')) expect(stdout).toContain(`  --${option} `);
  });
});

describe('a checkpoint', () => {
  const data = () => join(dir, 'few-idx3-ubyte');
  const straight = () => join(dir, 'straight');
  const CHECKPOINT = 'checkpoint.safetensors';
  const adapter = ['--adapter', 'software'];
  const grids = ['--sample-every', '50', '--samples', '5'];

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
      ...['--dataset', data(), '--steps', '100', '--out', straight(), ...SMALL, ...grids],
      ...['--flip', '--latent-dim', '9', '--seed', '7', '--lr-d', '1e-3'],
    );
    expect(stderr).toContain('done: 100 steps');
    expect(code).toBe(0);
  });

  /** metrics.csv without its times, which are never the same twice. */
  async function measured(out: string) {
    return (await readRows(out)).map((row) => row.slice(0, -1));
  }

  it('is gone on from as if the run had never stopped', async () => {
    const out = join(dir, 'halves');
    const first = await train(
      ...['--dataset', data(), '--steps', '50', '--out', out, ...SMALL, ...grids],
      ...['--flip', '--latent-dim', '9', '--seed', '7', '--lr-d', '1e-3'],
    );
    expect(first.code).toBe(0);
    const half = await readFile(join(out, CHECKPOINT));
    const old = join(dir, 'half.safetensors');
    await writeFile(old, half);
    const second = await train(
      ...['--resume', join(out, CHECKPOINT), '--dataset', data(), '--steps', '50', '--out', out],
      ...[...adapter, ...grids],
    );
    expect(second.stderr).toContain(
      'going on from step 50: 16×16×1, width 4, nz 9, batch 4, learning rates 0.001 (D) and 0.002 (G)',
    );
    expect(second.stderr).toMatch(/step 100\/100 /);
    expect(second.stderr).toMatch(/done: 50 steps in .* steps\/s, 100 steps in all\); /);
    expect(second.code).toBe(0);

    const names = [CHECKPOINT, 'metrics.csv', 'run.json', 'samples-000050.png'];
    expect((await readdir(out)).sort()).toEqual([...names, 'samples-000100.png']);
    for (const name of [CHECKPOINT, 'samples-000050.png', 'samples-000100.png']) {
      const whole = await readFile(join(straight(), name));
      expect((await readFile(join(out, name))).equals(whole), name).toBe(true);
    }
    expect(await measured(out)).toEqual(await measured(straight()));
    expect(await readRun(out)).toMatchObject({
      status: 'done',
      preset: 'checkpoint',
      resumed: { file: join(out, CHECKPOINT), step: 50 },
      limits: { steps: 50 },
      steps: 100,
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
    expect((await measured(other)).map(([step]) => step)).toEqual([51, 52]);
    // D's losses are measured before its update, G's after it.
    const [begun] = await measured(other);
    const asBefore = (await measured(straight()))[50];
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
    expect(await readRows(straight())).toHaveLength(100);
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
    expect(stderr).toContain('done: 20 pictures of 16×16×1 after 100 training steps; ');
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
    const drawn = await read(join(straight(), 'samples-000100.png'));
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
    const { code, stdout, stderr } = await execute(commandOf(name), args);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('readPictures, in the page that the command opens', () => {
  it('crops, shrinks, enlarges and keeps the order', async () => {
    const files = {
      // Left half black, right half white; the centre square is what remains of the red border.
      'wide.png': picture(12, 4, (x) => {
        if (x < 4 || x >= 8) return [255, 0, 0, 255];
        return x < 6 ? [0, 0, 0, 255] : [255, 255, 255, 255];
      }),
      'broken.png': Buffer.from('nothing'),
      'clear.png': picture(2, 2, () => [10, 20, 30, 0]),
      // Above the side from which the canvas helps to shrink.
      'large.png': picture(1500, 1500, (x) => (x < 750 ? [200, 100, 0, 255] : [0, 100, 200, 255])),
    };
    const paths = await Promise.all(
      Object.entries(files).map(async ([name, bytes]) => {
        await writeFile(join(dir, name), bytes);
        return join(dir, name);
      }),
    );
    const server = await startServer(paths, () => Promise.resolve());
    const { browser } = await launchBrowser({ adapter: 'software' });
    try {
      const page = await browser.newPage();
      await page.goto(server.pageUrl);
      const urls = paths.map((_, i) => server.fileUrl(i));
      await page.addScriptTag({
        type: 'module',
        content: `import { readPictures } from '/src/data/pictures.browser.ts';
          window.readPictures = readPictures;`,
      });
      await page.waitForFunction(() => 'readPictures' in window);
      const set = await page.evaluate(
        async (names, addresses) => {
          const { readPictures } = window as unknown as Pick<Pictures, 'readPictures'>;
          const sources = names.map((name, i) => ({
            name,
            open: async () => (await fetch(addresses[i] ?? '')).blob(),
          }));
          const seen: number[] = [];
          const read = await readPictures(sources, {
            size: 2,
            channels: 3,
            onProgress: ({ loaded }) => seen.push(loaded),
          });
          const none = await readPictures(sources.slice(1, 2), { size: 2, channels: 1 }).catch(
            (error: Error) => error.name,
          );
          const empty = await readPictures([], { size: 2, channels: 1 }).catch(
            (error: Error) => error.name,
          );
          const aborted = await readPictures(sources, {
            size: 2,
            channels: 1,
            signal: AbortSignal.abort(),
          }).catch((error: Error) => error.name);
          return { ...read, data: [...read.data], seen, errors: [none, empty, aborted] };
        },
        Object.keys(files),
        urls,
      );
      expect(set).toMatchObject({ count: 3, height: 2, width: 2, channels: 3 });
      expect(set.leftOut).toMatchObject([{ name: 'broken.png' }]);
      const row = [0, 0, 0, 255, 255, 255];
      expect(set.data.slice(0, 12)).toEqual([...row, ...row]);
      expect(set.data.slice(12, 24)).toEqual(new Array(12).fill(255));
      const large = set.data.slice(24);
      for (const [i, value] of [200, 100, 0, 0, 100, 200].entries()) {
        expect(Math.abs((large[i] ?? 0) - value)).toBeLessThanOrEqual(1);
      }
      expect(set.seen.at(-1)).toBe(4);
      expect(set.errors).toEqual(['NoReadablePicturesError', 'EmptyDataError', 'AbortError']);
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
