import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { barLine, duration, Progress, type RunLimits } from '../../src/cli/progress.node.ts';
import {
  encodeGrid,
  gridName,
  layOutGrid,
  prepareFolder,
  RunWriter,
  SampleWriter,
} from '../../src/cli/writers.node.ts';
import type { StepMetrics } from '../../src/index.ts';

const metrics = (step: number): StepMetrics => ({
  step,
  lossD: 1.25,
  lossDReal: 0.5,
  lossDFake: 0.75,
  lossG: 2,
  dReal: 0.6,
  dFake: 0.4,
  dFakeAfter: 0.3,
  gradNormD: 3,
  gradNormG: 1e-9,
  timeMs: 10 * step,
});

describe('layOutGrid', () => {
  it('puts 8 in a row, 2 black pixels apart', () => {
    const shape = { width: 3, height: 2, channels: 1, count: 10 };
    // Every pixel of picture n is n + 1, but for its first, which is 100 + n.
    const pixels = Uint8Array.from({ length: 60 }, (_, i) => {
      const n = Math.floor(i / 6);
      return i % 6 === 0 ? 100 + n : n + 1;
    });
    const { width, height, rgba } = layOutGrid(pixels, shape);
    expect([width, height]).toEqual([8 * 5 + 2, 2 * 4 + 2]);
    expect(rgba.length).toBe(width * height * 4);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const column = Math.floor((x - 2) / 5);
        const row = Math.floor((y - 2) / 4);
        const n = row * 8 + column;
        const px = x - 2 - column * 5;
        const py = y - 2 - row * 4;
        const inside = column >= 0 && column < 8 && row >= 0 && n < 10 && px < 3 && py < 2;
        const value = inside ? (px === 0 && py === 0 ? 100 + n : n + 1) : 0;
        const at = (y * width + x) * 4;
        expect([...rgba.subarray(at, at + 4)]).toEqual([value, value, value, 255]);
      }
    }
  });

  it('makes no empty columns', () => {
    const { width, height } = layOutGrid(new Uint8Array(3 * 4), {
      width: 2,
      height: 2,
      channels: 1,
      count: 3,
    });
    expect([width, height]).toEqual([3 * 4 + 2, 6]);
  });

  it('knows grey, RGB and RGBA', () => {
    const pixel = (channels: number, ...values: number[]) => {
      const shape = { width: 1, height: 1, channels, count: 1 };
      const png = PNG.sync.read(encodeGrid(Uint8Array.from(values), shape));
      expect([png.width, png.height]).toEqual([5, 5]);
      return [...png.data.subarray((2 * 5 + 2) * 4, (2 * 5 + 3) * 4)];
    };
    expect(pixel(1, 9)).toEqual([9, 9, 9, 255]);
    expect(pixel(2, 9, 7)).toEqual([9, 9, 9, 7]);
    expect(pixel(3, 1, 2, 3)).toEqual([1, 2, 3, 255]);
    expect(pixel(4, 1, 2, 3, 4)).toEqual([1, 2, 3, 4]);
  });

  it('lays out strips of any length, and a picture alone', () => {
    const shape = { width: 1, height: 1, channels: 1, count: 4 };
    const pixels = Uint8Array.of(10, 20, 30, 40);
    const grey = ({ rgba }: { rgba: Uint8Array }) => [...rgba.filter((_, i) => i % 4 === 0)];
    const strips = layOutGrid(pixels, shape, { columns: 2, padding: 0 });
    expect([strips.width, strips.height]).toEqual([2, 2]);
    expect(grey(strips)).toEqual([10, 20, 30, 40]);
    const one = layOutGrid(pixels.subarray(1, 2), { ...shape, count: 1 }, { padding: 0 });
    expect([one.width, one.height, ...grey(one)]).toEqual([1, 1, 20]);
  });

  it('refuses bytes that do not fit the shape', () => {
    const shape = { width: 2, height: 2, channels: 1, count: 1 };
    expect(() => layOutGrid(new Uint8Array(5), shape)).toThrow(RangeError);
    expect(() => layOutGrid(new Uint8Array(0), { ...shape, count: 0 })).toThrow(RangeError);
    expect(() => layOutGrid(new Uint8Array(20), { ...shape, channels: 5 })).toThrow(RangeError);
  });
});

describe('RunWriter', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ganvas-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('writes every file of a run, and leaves no other', async () => {
    const writer = new RunWriter(join(dir, 'new', 'out'));
    await prepareFolder(writer.dir);
    await writer.begin();
    await Promise.all([writer.metrics([metrics(1), metrics(2)]), writer.metrics([metrics(3)])]);
    await writer.grid('samples', 20, new Uint8Array(4), {
      width: 2,
      height: 2,
      channels: 1,
      count: 1,
    });
    await writer.checkpoint(Uint8Array.of(1, 2, 3));
    await writer.run({ a: 1 });
    const files = (await readdir(writer.dir)).sort();
    expect(files).toEqual([
      'checkpoint.safetensors',
      'metrics.csv',
      'run.json',
      'samples-000020.png',
    ]);
    expect(writer.lastSample).toBe('samples-000020.png');
    const csv = (await readFile(join(writer.dir, 'metrics.csv'), 'utf8')).split('\n');
    expect(csv[0]).toBe(
      'step,loss_d,loss_d_real,loss_d_fake,loss_g,d_x,d_g_z,d_g_z_after,grad_norm_d,grad_norm_g,time_ms',
    );
    expect(csv.slice(1)).toEqual([
      '1,1.25,0.5,0.75,2,0.6,0.4,0.3,3,1e-9,10',
      '2,1.25,0.5,0.75,2,0.6,0.4,0.3,3,1e-9,20',
      '3,1.25,0.5,0.75,2,0.6,0.4,0.3,3,1e-9,30',
      '',
    ]);
    expect(JSON.parse(await readFile(join(writer.dir, 'run.json'), 'utf8'))).toEqual({ a: 1 });
  });

  it('replaces an earlier run and touches nothing else', async () => {
    for (const name of [
      'samples-000100.png',
      'samples-mine.png',
      'checkpoint.safetensors',
      'metrics.csv',
      'x',
    ]) {
      await writeFile(join(dir, name), 'old');
    }
    const writer = new RunWriter(dir);
    await prepareFolder(writer.dir);
    expect((await readdir(dir)).length).toBe(5);
    await writer.begin();
    expect((await readdir(dir)).sort()).toEqual(['metrics.csv', 'samples-mine.png', 'x']);
    expect(await readFile(join(dir, 'metrics.csv'), 'utf8')).not.toContain('old');
  });

  it('goes back to a step, and leaves the rest of the run', async () => {
    const writer = new RunWriter(dir);
    const steps = async () =>
      (await readFile(join(dir, 'metrics.csv'), 'utf8'))
        .split('\n')
        .map((row) => row.split(',')[0]);
    // There may be nothing yet.
    await writer.goBack(7);
    expect(await steps()).toEqual(['step', '']);
    await writer.checkpoint(Uint8Array.of(1));
    for (const name of ['samples-000008.png', 'samples-000009.png', 'samples-mine.png']) {
      await writeFile(join(dir, name), '');
    }
    // Not awaited: what is asked for later comes later.
    const asked = [
      writer.metrics([metrics(8), metrics(9), metrics(10)]),
      writer.goBack(8),
      writer.metrics([metrics(9)]),
    ];
    await Promise.all(asked);
    expect(await steps()).toEqual(['step', '8', '9', '']);
    expect((await readdir(dir)).sort()).toEqual([
      'checkpoint.safetensors',
      'metrics.csv',
      'samples-000008.png',
      'samples-mine.png',
    ]);
    await appendFile(join(dir, 'metrics.csv'), '1');
    await writer.goBack(100);
    expect(await steps()).toEqual(['step', '8', '9', '']);
    await writeFile(join(dir, 'metrics.csv'), 'step,other\n1,2\n');
    await expect(writer.goBack(1)).rejects.toThrow(/has other columns/);
    expect(await readFile(join(dir, 'metrics.csv'), 'utf8')).toBe('step,other\n1,2\n');
  });

  it('writes a VAE’s grids and columns, and takes them away with the rest', async () => {
    const writer = new RunWriter(dir);
    writer.use({ model: 'vae' });
    await writer.begin();
    const row = { loss: 5, elbo: -5, reconstruction: 4, kl: 1, gradNorm: 2, timeMs: 3 };
    await writer.metrics([
      { ...row, step: 1 },
      { ...row, step: 2 },
    ]);
    expect(await readFile(join(dir, 'metrics.csv'), 'utf8')).toBe(
      'step,loss,elbo,reconstruction,kl,grad_norm,time_ms\n1,5,-5,4,1,2,3\n2,5,-5,4,1,2,3\n',
    );
    const shape = { width: 2, height: 2, channels: 1, count: 9 };
    const sizes: number[][] = [];
    for (const kind of ['samples', 'reconstructions', 'manifold'] as const) {
      await writer.grid(kind, 2, new Uint8Array(36), shape);
      const { width, height } = PNG.sync.read(await readFile(join(dir, gridName(kind, 2))));
      sizes.push([width, height]);
    }
    expect(sizes).toEqual([
      [34, 10],
      [34, 10],
      [6, 6],
    ]);
    expect(writer.lastSample).toBe('samples-000002.png');
    await writer.goBack(1);
    expect(await readdir(dir)).toEqual(['metrics.csv']);
    const gan = new RunWriter(dir);
    await expect(gan.goBack(1)).rejects.toThrow(/has other columns/);
  });

  it('names grids by their step', () => {
    expect(gridName('samples', 200)).toBe('samples-000200.png');
    expect(gridName('manifold', 12_345_678)).toBe('manifold-12345678.png');
  });
});

describe('SampleWriter', () => {
  it('replaces earlier samples and touches nothing else', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ganvas-'));
    try {
      const old = ['picture-0009.png', 'grid.png', 'strips.png', 'picture-mine.png'];
      for (const name of old) await writeFile(join(dir, name), 'old');
      const writer = new SampleWriter(dir);
      await writer.begin();
      expect(await readdir(dir)).toEqual(['picture-mine.png']);
      const shape = { width: 2, height: 1, channels: 1, count: 5 };
      const pixels = Uint8Array.from({ length: 10 }, (_, i) => 10 * i);
      await writer.pictures(pixels, shape);
      await writer.strips(pixels.subarray(2), { ...shape, count: 4 }, 2);
      expect((await readdir(dir)).sort()).toEqual([
        'grid.png',
        ...[1, 2, 3, 4, 5].map((i) => `picture-000${i}.png`),
        'picture-mine.png',
        'strips.png',
      ]);
      const read = async (name: string) => PNG.sync.read(await readFile(join(dir, name)));
      const third = await read('picture-0003.png');
      expect([third.width, third.height, third.data[0], third.data[4]]).toEqual([2, 1, 40, 50]);
      // About square: 3 columns and 2 rows.
      const grid = await read('grid.png');
      expect([grid.width, grid.height]).toEqual([3 * 4 + 2, 2 * 3 + 2]);
      const strips = await read('strips.png');
      expect([strips.width, strips.height]).toEqual([2 * 4 + 2, 2 * 3 + 2]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('Progress', () => {
  function lines({ from = 0, ...limits }: { from?: number } & Omit<RunLimits, 'from'>) {
    let now = 100;
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text) };
    const progress = new Progress({ from, ...limits }, output, () => now);
    progress.start();
    for (let step = 1; step <= 12; step++) {
      now += 1;
      progress.update([metrics(from + 2 * step - 1), metrics(from + 2 * step)]);
    }
    progress.stop();
    progress.stop();
    return written;
  }

  it('writes a plain line now and then where there is no terminal', () => {
    expect(lines({ steps: 40, seconds: undefined })).toEqual([
      'step 10/40 | 2.00 steps/s | 0:15 left | loss D 1.250 G 2.000 | D(x) 0.600 | D(G(z)) 0.400 / 0.300\n',
      'step 20/40 | 2.00 steps/s | 0:10 left | loss D 1.250 G 2.000 | D(x) 0.600 | D(G(z)) 0.400 / 0.300\n',
      'step 24/40 | 2.00 steps/s | 0:08 left | loss D 1.250 G 2.000 | D(x) 0.600 | D(G(z)) 0.400 / 0.300\n',
    ]);
  });

  it('counts from the checkpoint that it goes on from', () => {
    expect(lines({ from: 100, steps: 40, seconds: undefined })[1]).toContain(
      'step 120/140 | 2.00 steps/s | 0:10 left',
    );
  });

  it('forgets the speed of before when the run goes back', () => {
    let now = 0;
    const written: string[] = [];
    const output = { write: (text: string) => written.push(text) };
    const limits = { from: 0, steps: 40, seconds: undefined };
    const progress = new Progress(limits, output, () => now);
    progress.start();
    now = 1;
    progress.update([metrics(20)]);
    now = 4;
    progress.goBack(10);
    now = 5;
    progress.update([metrics(11)]);
    expect(written).toEqual([expect.stringContaining('step 11/40 | 1.00 steps/s | 0:29 left')]);
  });

  it('counts down the time where that is the limit', () => {
    const written = lines({ steps: undefined, seconds: 65 });
    expect(written[0]).toContain('step 10 | 2.00 steps/s | 1:00 left');
    expect(lines({ steps: 1000, seconds: 65 })[0]).toContain('step 10/1000 | 2.00 steps/s | 1:00');
  });

  it('fits its bar and its text to the terminal', () => {
    const texts = ['a rather long text', 'short'];
    expect(barLine(0.5, texts, 80)).toBe('██████████░░░░░░░░░░ a rather long text');
    expect(barLine(1, texts, 24)).toBe('█████ a rather long text');
    expect(barLine(0, texts, 23)).toBe(`${'░'.repeat(17)} short`);
    expect(barLine(0.2, texts, 8)).toBe('░░ short');
    expect(barLine(0.2, texts, 3)).toBe(' short');
  });

  it('writes durations for people', () => {
    expect(duration(0)).toBe('0:00');
    expect(duration(59.6)).toBe('1:00');
    expect(duration(3723)).toBe('1:02:03');
    expect(duration(Number.POSITIVE_INFINITY)).toBe('?');
  });
});
