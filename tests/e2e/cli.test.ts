import { spawn } from 'node:child_process';
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
import { commandOf, ROOT, readRows, readRun, SMALL, train } from '../support/command.ts';

type Pictures = typeof import('../../src/data/pictures.browser.ts');

const COMMAND = commandOf('train');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-e2e-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

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
    await Promise.race([stopping, ended]);
    expect(stderr).toContain('stopping: ');
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
