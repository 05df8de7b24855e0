// The headless run when things go wrong in the middle of it. The accidents are staged in the page,
// beneath the engine, or in the browser: what the engine, the page and the command make of them is the
// real thing.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LaunchOptions } from '../../src/cli/browser.node.ts';
import { findDataset } from '../../src/cli/dataset.node.ts';
import type { Interrupt } from '../../src/cli/interrupt.node.ts';
import { parseOptions } from '../../src/cli/options.node.ts';
import { Run } from '../../src/cli/run.node.ts';
import { prepareFolder, RunWriter } from '../../src/cli/writers.node.ts';
import { readSafetensors } from '../../src/io/safetensors.ts';

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
        await page.exposeFunction('crashGpu', async () => {
          const session = await launched.browser.target().createCDPSession();
          await session.send('Browser.crashGpuProcess');
        });
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

/** Runs the command's inside for 50 steps, or what the options say. */
async function train(name: string, ...args: string[]): Promise<void> {
  const parsed = parseOptions([
    ...['--image-size', '16', '--width', '4', '--batch-size', '4', '--adapter', 'software'],
    ...['--dataset', join(dir, 'tiny-idx3-ubyte'), '--steps', '50', '--samples', '2'],
    ...['--out', join(dir, name), ...args],
  ]);
  if ('help' in parsed) throw new Error('that was a request for help');
  const writer = new RunWriter(join(dir, name));
  await prepareFolder(writer.dir);
  const interrupt: Interrupt = {
    signal: undefined,
    kill: () => {},
    stop: undefined,
    aborted: new Promise(() => {}),
  };
  await new Run(parsed.options, await findDataset(parsed.options.dataset), writer, interrupt).go();
}

/** The error that ends such a run. */
async function failure(name: string, ...args: string[]): Promise<Error> {
  return await train(name, ...args).then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

/** What is said on standard error while something goes on. */
async function heard(work: () => Promise<unknown>): Promise<string> {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await work();
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

async function readRun(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(dir, name, 'run.json'), 'utf8')) as Record<string, unknown>;
}

/** The rows of metrics.csv but for their times, which are never the same twice. */
async function rowsOf(name: string): Promise<string[]> {
  const text = await readFile(join(dir, name, 'metrics.csv'), 'utf8').catch(() => '\n');
  return text
    .split('\n')
    .slice(1, -1)
    .map((line) => line.slice(0, line.lastIndexOf(',')));
}

const checkpointOf = (name: string) => readFile(join(dir, name, 'checkpoint.safetensors'));

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
    expect(await rowsOf('diverged')).toHaveLength(6);
    const files = await readdir(join(dir, 'diverged'));
    expect(files).toContain('checkpoint.safetensors');
    expect(files).toContain('samples-000005.png');
    // Of step 7, or of 8 where that was on its way.
    expect(files.filter((file) => /samples-00000[78]\.png/.test(file))).toHaveLength(1);
  });

  it('refuses what the adapter is too small for, and leaves an earlier run alone', async () => {
    accident = () => {};
    await prepareFolder(join(dir, 'small'));
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

describe('a run whose device is lost', () => {
  beforeAll(async () => {
    accident = () => {};
    await train('undisturbed');
  });

  /** That nothing of the accident is left in what the run has written. */
  async function expectNoTrace(name: string) {
    const rows = await rowsOf('undisturbed');
    expect(rows).toHaveLength(50);
    expect(await rowsOf(name)).toEqual(rows);
    expect((await checkpointOf(name)).equals(await checkpointOf('undisturbed'))).toBe(true);
    expect(await readdir(join(dir, name))).toEqual(await readdir(join(dir, 'undisturbed')));
  }

  it('goes on to the same bits, and says so', async () => {
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
          for (const device of devices.splice(0)) device.destroy();
        }
        return take.apply(this, range);
      };
    };
    const said = await heard(() => train('lost'));
    expect(said).toContain('ganvas: the GPU device was lost; going on from step 0\n');
    expect(said).toContain('done: 50 steps');
    expect(await readRun('lost')).toMatchObject({ status: 'done', steps: 50, deviceLosses: 1 });
    await expectNoTrace('lost');
  });

  it('survives crashes of the GPU process', async () => {
    // Once more than Chrome, left to itself, lets a page have another device.
    accident = () => {
      if (!('GPUBuffer' in globalThis)) return;
      const { crashGpu } = globalThis as unknown as { crashGpu: () => Promise<void> };
      const take = GPUBuffer.prototype.getMappedRange;
      let reads = 0;
      GPUBuffer.prototype.getMappedRange = function (...range) {
        reads++;
        if (reads % 20 === 0 && reads <= 40) void crashGpu();
        return take.apply(this, range);
      };
    };
    const said = await heard(() => train('crashed'));
    expect(said.match(/the GPU device was lost; going on from step 0\n/g)).toHaveLength(2);
    expect(await readRun('crashed')).toMatchObject({ status: 'done', deviceLosses: 2 });
    await expectNoTrace('crashed');
  });

  it('ends with its last snapshot where there is no other', async () => {
    accident = () => {
      if (!('GPUBuffer' in globalThis)) return;
      // Waiting for another adapter is made short.
      const wait = globalThis.setTimeout;
      globalThis.setTimeout = ((work: () => void, ms = 0) => wait(work, ms / 50)) as never;
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
          GPU.prototype.requestAdapter = async () => null;
          for (const device of devices) device.destroy();
        }
        return take.apply(this, range);
      };
    };
    const error = await failure('gone');
    expect(error.message).toMatch(
      /^The GPU device was lost, and none can be opened in its place: /,
    );
    expect(error.message).toMatch(/ The checkpoint is of step 0\.$/);
    const run = await readRun('gone');
    expect(run).toMatchObject({ status: 'failed', error: error.message, deviceLosses: 1 });
    // What was measured is kept, and what the checkpoint holds is said.
    expect(await rowsOf('gone')).toEqual((await rowsOf('undisturbed')).slice(0, Number(run.steps)));
    expect(run.steps).toBeGreaterThan(5);
    expect(readSafetensors(await checkpointOf('gone')).metadata.step).toBe('0');
    expect(await readdir(join(dir, 'gone'))).toContain('samples-000005.png');
  });
});
