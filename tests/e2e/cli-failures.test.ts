// The headless run when things go wrong in the middle of it. The accidents are staged in the page,
// beneath the engine: what the engine, the page and the command make of them is the real thing.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LaunchOptions } from '../../src/cli/browser.node.ts';
import { findDataset } from '../../src/cli/dataset.node.ts';
import type { Interrupt } from '../../src/cli/interrupt.node.ts';
import { parseOptions } from '../../src/cli/options.node.ts';
import { Run } from '../../src/cli/run.node.ts';
import { RunWriter } from '../../src/cli/writers.node.ts';

/** Runs in the page before its own scripts. */
let accident = () => {};

vi.mock('../../src/cli/browser.node.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../../src/cli/browser.node.ts')>();
  return {
    ...original,
    async launchBrowser(options: LaunchOptions) {
      const launched = await original.launchBrowser(options);
      const newPage = launched.browser.newPage.bind(launched.browser);
      launched.browser.newPage = async () => {
        const page = await newPage();
        await page.evaluateOnNewDocument(accident);
        return page;
      };
      return launched;
    },
  };
});

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-e2e-'));
  await writeFile(
    join(dir, 'tiny-idx3-ubyte'),
    Uint8Array.from([
      ...[0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 16, 0, 0, 0, 16],
      ...Array.from({ length: 5 * 256 }, (_, i) => (i * i) & 255),
    ]),
  );
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs the command's inside for up to 50 steps; resolves with the error that ended it. */
async function failure(name: string, ...args: string[]): Promise<Error> {
  const parsed = parseOptions([
    ...['--image-size', '16', '--width', '4', '--batch-size', '4', '--adapter', 'software'],
    ...['--dataset', join(dir, 'tiny-idx3-ubyte'), '--steps', '50', '--samples', '2'],
    ...['--out', join(dir, name), ...args],
  ]);
  if ('help' in parsed) throw new Error('that was a request for help');
  const writer = new RunWriter(join(dir, name));
  await writer.prepare();
  const interrupt: Interrupt = {
    signal: undefined,
    kill: () => {},
    stop: undefined,
    aborted: new Promise(() => {}),
  };
  const run = new Run(parsed.options, await findDataset(parsed.options.dataset), writer, interrupt);
  return await run.go().then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

async function readRun(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(dir, name, 'run.json'), 'utf8')) as Record<string, unknown>;
}

async function rowsOf(name: string): Promise<number> {
  const text = await readFile(join(dir, name, 'metrics.csv'), 'utf8');
  return text.trimEnd().split('\n').length - 1;
}

describe('a run that fails', () => {
  it('writes what there is when training diverges', async () => {
    accident = () => {
      if (!('GPUBuffer' in globalThis)) return;
      const take = GPUBuffer.prototype.getMappedRange;
      let reads = 0;
      GPUBuffer.prototype.getMappedRange = function (...range) {
        const bytes = take.apply(this, range);
        if (this.label.startsWith('readback') && ++reads === 7) {
          new Float32Array(bytes).fill(Number.NaN);
        }
        return bytes;
      };
    };
    const error = await failure('diverged');
    expect(error.name).toBe('RunError');
    expect(error.message).toMatch(/^lossD is NaN at step 7\. Training has diverged: /);
    expect(await readRun('diverged')).toMatchObject({
      status: 'failed',
      error: error.message,
      steps: 6,
      stats: { dispatches: expect.any(Number) },
    });
    expect(await rowsOf('diverged')).toBe(6);
    const files = await readdir(join(dir, 'diverged'));
    expect(files).toContain('checkpoint.safetensors');
    expect(files).toContain('samples-000005.png');
    // Of step 7, or of 8 where that was on its way.
    expect(files.filter((file) => /samples-00000[78]\.png/.test(file))).toHaveLength(1);
  });

  it('says so when the device is lost, and keeps what was written', async () => {
    accident = () => {
      if (!('GPUBuffer' in globalThis)) return;
      const open = GPUAdapter.prototype.requestDevice;
      const devices: GPUDevice[] = [];
      GPUAdapter.prototype.requestDevice = async function (...descriptor) {
        const device = await open.apply(this, descriptor);
        devices.push(device);
        return device;
      };
      const take = GPUBuffer.prototype.getMappedRange;
      let reads = 0;
      GPUBuffer.prototype.getMappedRange = function (...range) {
        if (this.label.startsWith('readback') && ++reads === 12) {
          for (const device of devices) device.destroy();
        }
        return take.apply(this, range);
      };
    };
    const error = await failure('lost');
    expect(error.name).toBe('RunError');
    expect(error.message).toMatch(/^The GPU device is gone \(destroyed\)/);
    const run = await readRun('lost');
    expect(run).toMatchObject({ status: 'failed', error: error.message });
    expect(await rowsOf('lost')).toBe(run.steps ?? 0);
    expect(await readdir(join(dir, 'lost'))).toContain('samples-000010.png');
  });

  it('refuses what the adapter is too small for, and leaves an earlier run alone', async () => {
    accident = () => {};
    await new RunWriter(join(dir, 'small')).prepare();
    await writeFile(join(dir, 'small', 'metrics.csv'), 'earlier');
    const error = await failure(
      'small',
      ...['--image-size', '256', '--width', '64', '--batch-size', '65536'],
    );
    expect(error.message).toMatch(
      /^A batch of 65536 × 256×256×1 needs maxStorageBufferBindingSize 274877906944, but there is \d+\. The largest batch size that fits is \d+\.$/,
    );
    expect(await readdir(join(dir, 'small'))).toEqual(['metrics.csv']);
    expect(await readFile(join(dir, 'small', 'metrics.csv'), 'utf8')).toBe('earlier');
  });
});
