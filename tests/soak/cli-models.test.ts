// The command line with models other than a DCGAN: files of their own, interrupted, gone on with, drawn with.
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSafetensors } from '../../src/io/safetensors.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const commandOf = (name: string) => [
  '--import',
  'tsx',
  join(ROOT, 'src', 'cli', `${name}.node.ts`),
];

let dir: string;
let data: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-models-'));
  data = join(dir, 'few-idx3-ubyte');
  const header = [0, 0, 8, 3, 0, 0, 0, 7, 0, 0, 0, 16, 0, 0, 0, 16];
  const pixels = Array.from({ length: 7 * 256 }, (_, i) => (i * i) & 255);
  await writeFile(data, Uint8Array.from([...header, ...pixels]));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a command; with `interrupt`, sends it Ctrl-C when it has printed something. */
function execute(name: string, args: readonly string[], interrupt = false) {
  return new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [...commandOf(name), ...args, '--adapter', 'software'], {
      cwd: ROOT,
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout.once('data', () => interrupt && child.kill('SIGINT'));
    child.on('close', (code) => resolve({ code, stderr }));
  });
}

const small = ['--image-size', '16', '--width', '2', '--batch-size', '4'];
const CHECKPOINT = 'checkpoint.safetensors';
const readPng = async (path: string) => PNG.sync.read(await readFile(path));

test('a VAE: interrupted, gone on with, drawn with', async () => {
  const out = join(dir, 'vae');
  const run = async () => JSON.parse(await readFile(join(out, 'run.json'), 'utf8'));
  const stopped = await execute(
    'train',
    [
      ...['--dataset', data, '--model', 'vae', '--latent-dim', '2', '--likelihood', 'gaussian'],
      ...['--beta', '2', '--time', '600', '--json', '--out', out, ...small],
    ],
    true,
  );
  expect(stopped.stderr).toContain('VAE, 16×16×1, width 2, nz 2, batch 4');
  expect(stopped.stderr).toContain('Gaussian pixels, β 2');
  expect(stopped.code).toBe(130);
  const { steps: first, status, training } = await run();
  expect(status).toBe('interrupted');
  expect(training).toMatchObject({ model: 'vae', likelihood: 'gaussian', beta: 2, latentDim: 2 });

  const more = ['--resume', join(out, CHECKPOINT), '--dataset', data, '--steps', '2', '--out', out];
  const gone = await execute('train', [...more, '--sample-every', '100', '--samples', '5']);
  expect(gone.stderr).toContain(`going on from step ${first}: VAE`);
  expect(gone.code).toBe(0);
  expect((await run()).stats.parameters).toBeGreaterThan(0);
  const [header, ...rows] = (await readFile(join(out, 'metrics.csv'), 'utf8')).trim().split('\n');
  expect(header).toBe('step,loss,elbo,reconstruction,kl,grad_norm,time_ms');
  const numbers = rows.map((row) => row.split(',').map(Number));
  expect(numbers.map(([step]) => step)).toEqual(Array.from({ length: first + 2 }, (_, i) => i + 1));
  for (const [, loss, elbo, reconstruction, kl] of numbers) {
    expect(loss).toBeCloseTo(reconstruction + 2 * kl, 1);
    expect(elbo).toBeCloseTo(-reconstruction - kl, 1);
  }

  const last = String(first + 2).padStart(6, '0');
  const files = await readdir(out);
  for (const kind of ['samples', 'reconstructions', 'manifold'])
    expect(files).toContain(`${kind}-${last}.png`);
  const manifold = await readPng(join(out, `manifold-${last}.png`));
  expect([manifold.width, manifold.height]).toEqual([320, 320]);
  // 7 pictures, each beside its reconstruction: the first one is the first of the data.
  const pairs = await readPng(join(out, `reconstructions-${last}.png`));
  expect([pairs.width, pairs.height]).toEqual([8 * 18 + 2, 2 * 18 + 2]);
  const at = (column: number, x: number) => pairs.data[(2 * pairs.width + 2 + column * 18 + x) * 4];
  expect([1, 5, 9].map((x) => at(0, x))).toEqual([1, 25, 81]);
  expect([1, 5, 9].map((x) => at(2, x))).toEqual([1, 5, 9].map((x) => ((256 + x) ** 2) & 255));

  const drawn = await execute('sample', [
    ...['--checkpoint', join(out, CHECKPOINT), '--count', '3', '--strips', '1', '--steps', '4'],
    ...['--out', join(dir, 'drawn')],
  ]);
  expect(drawn.stderr).toContain(`3 pictures of 16×16×1 after ${first + 2} training steps`);
  const [one, grid] = await Promise.all([
    readPng(join(dir, 'drawn', 'picture-0002.png')),
    readPng(join(out, `samples-${last}.png`)),
  ]);
  const row = 2 * grid.width + 2 + 18;
  expect(one.data.subarray(0, 64)).toEqual(grid.data.subarray(row * 4, (row + 16) * 4));
});

test('the original GAN', async () => {
  const out = join(dir, 'connected');
  const { code, stderr } = await execute('train', [
    ...['--dataset', data, '--model', 'fully-connected', '--d-steps', '2', '--steps', '2'],
    ...['--samples', '4', '--out', out, ...small],
  ]);
  expect(stderr).toContain('fully connected, 16×16×1, width 2, nz 64, batch 4, learning rate 0.1');
  expect(code).toBe(0);
  const { tensors, metadata } = readSafetensors(await readFile(join(out, CHECKPOINT)));
  expect(JSON.parse(metadata.options)).toMatchObject({
    ...{ model: 'fully-connected', optimiser: 'sgd', latent: 'uniform', dSteps: 2, normD: 'none' },
  });
  expect(tensors.get('generator.main.1.weight')?.shape).toEqual([10, 64]);
  expect(tensors.get('discriminator.main.2.weight')?.shape).toEqual([10, 256]);
});
