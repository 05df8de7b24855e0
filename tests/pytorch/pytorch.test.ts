// Ganvas and PyTorch go on from each other's checkpoints, by docs/pytorch/ganvas_dcgan.py.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ImageSet } from '../../src/data/image-set.ts';
import { fitToSquare } from '../../src/data/resize.ts';
import { decodeCheckpoint } from '../../src/gan/checkpoint.ts';
import type { GanOptions } from '../../src/gan/options.ts';
import { readSafetensors, writeSafetensors } from '../../src/io/safetensors.ts';
import type { WritableTensor } from '../../src/io/safetensors-format.ts';
import { noisePictures } from '../support/pictures.ts';
import { largestError, relativeError } from '../support/run-op.ts';
import { EnginePage, type Steps } from './engine.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SCRIPT = join(ROOT, 'docs', 'pytorch', 'ganvas_dcgan.py');
const PROBE = join(import.meta.dirname, 'probe.py');
/** PyTorch 1.13 under Python 3.11, as on Debian 12, fails without the last four. */
const TORCHRUN = [
  ...['-m', 'torch.distributed.run', '--standalone', '--nproc_per_node', '2'],
  ...['--redirects', '1', '--tee', '1'],
];
const python = inject('python');

let dir: string;
let engine: EnginePage;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ganvas-pytorch-'));
  engine = await EnginePage.open();
});
afterAll(async () => {
  await engine.close();
  await rm(dir, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const options = {
      ...{ cwd: ROOT, maxBuffer: 2 ** 26, timeout: 100_000 },
      // torchrun leaves its logs behind.
      env: { ...process.env, TMPDIR: dir },
    };
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
  });
}

/** Runs Python, which must succeed; what it printed. */
async function pythonRuns(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(python, args);
  expect(code, stderr).toBe(0);
  return stdout;
}

type Numbers = Map<string, ArrayLike<number>>;

/** The tensors of a file, whole numbers among them. */
function numbersOf(bytes: Uint8Array): Numbers {
  const { tensors } = readSafetensors(bytes);
  return new Map([...tensors].map(([name, { data }]) => [name, Array.from(data, Number)]));
}

const numbersIn = async (path: string): Promise<Numbers> => numbersOf(await readFile(path));

/** Every tensor of `expected`, by ‖difference‖ / ‖expected‖. */
function expectEqual(actual: Numbers, expected: Numbers, within: number, what: string): void {
  expect([...actual.keys()].sort(), what).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const error = relativeError(actual.get(name)!, values);
    expect(error, `${what}: ${name}`).toBeLessThanOrEqual(within);
  }
}

/** Steps and losses in what `train` printed. */
const lossesOf = (printed: string): number[][] =>
  [...printed.matchAll(/^(?:\[default0\]:)?step (\d+): loss D (\S+), loss G (\S+),/gm)].map(
    (match) => match.slice(1).map(Number),
  );

const optionsOf = (bytes: Uint8Array): GanOptions =>
  JSON.parse(readSafetensors(bytes).metadata.options) as GanOptions;

/** One channel as an IDX file, several as a folder of PNG files. */
async function writePictures(path: string, set: ImageSet): Promise<void> {
  const { count, height, width, channels, data } = set;
  if (channels === 1) {
    const header = Buffer.alloc(16);
    [0x803, count, height, width].forEach((n, i) => {
      header.writeUInt32BE(n, 4 * i);
    });
    await writeFile(path, Buffer.concat([header, data]));
    return;
  }
  await mkdir(path);
  for (let i = 0; i < count; i++) {
    const png = new PNG({ width, height });
    for (let pixel = 0; pixel < height * width; pixel++) {
      const from = (i * height * width + pixel) * channels;
      png.data.set([...data.subarray(from, from + 3), 255], pixel * 4);
    }
    await writeFile(join(path, `${String(i).padStart(3, '0')}.png`), PNG.sync.write(png));
  }
}

const small: Partial<GanOptions> = {
  ...{ imageSize: 16, channels: 1, width: 4, latentDim: 8, batchSize: 8 },
  ...{ lrD: 1e-3, lrG: 2e-3 },
};
const variants: [name: string, options: Partial<GanOptions>][] = [
  ['as it comes', { seed: 1 }],
  [
    'everything at once',
    {
      ...{ channels: 3, mixedBatch: true, freshLatent: true, dSteps: 2, labelSmoothing: 0.1 },
      ...{ ema: 0.9, flip: true, latent: 'uniform', batchSize: 6, width: 5, beta1: 0.4, seed: 2 },
    },
  ],
  ['maximum likelihood', { generatorLoss: 'maximum-likelihood', imageSize: 32, seed: 3 }],
  ['minimax', { generatorLoss: 'minimax', seed: 4 }],
];
/** Fewer than the steps take, and no multiple of a batch: an epoch ends inside one. */
const PICTURES = 29;
const STEPS_BEFORE = 3;
const STEPS_ON = 3;

describe.each(variants)('%s', (name, given) => {
  const options = { ...small, ...given };
  const { imageSize = 0, channels, dSteps = 1 } = options;
  const pictures = noisePictures(PICTURES, imageSize, channels);
  let files: string;
  let data: string;
  let checkpoint: string;
  let before: Steps;
  let next: Steps;
  /** What one process printed. */
  let alone: number[][];
  const inFolder = (file: string) => join(files, file);

  beforeAll(async () => {
    files = join(dir, name.replaceAll(' ', '-'));
    [data, checkpoint] = [join(files, 'pictures'), join(files, 'before.safetensors')];
    await mkdir(files);
    await writePictures(data, pictures);
    before = await engine.takeSteps(pictures, STEPS_BEFORE, { options });
    next = await engine.takeSteps(pictures, 1, { from: before.checkpoint });
    await writeFile(checkpoint, before.checkpoint);
    const gradients = next.gradients.map((_, i) => inFolder(`given-${i}.safetensors`));
    for (const [i, path] of gradients.entries()) await writeFile(path, next.gradients[i]);
    await pythonRuns(PROBE, SCRIPT, 'step', checkpoint, data, files, ...gradients);
  });

  test('gives the same pictures and verdicts in evaluation mode', async () => {
    const evaluated = await numbersIn(inFolder('evaluated.safetensors'));
    const seen = numbersOf(before.seen);
    for (const what of ['pictures', 'logits']) {
      expect(largestError(evaluated.get(what)!, seen.get(what)!), what).toBeLessThan(1e-4);
    }
  });

  test('draws the same noise and the same pictures for the next step', async () => {
    const seen = new Map(numbersOf(next.seen));
    seen.delete('pictures');
    seen.delete('logits');
    expect(seen.size).toBe(2 * dSteps + (options.freshLatent ? 1 : 0));
    expectEqual(await numbersIn(inFolder('seen.safetensors')), seen, 1e-5, 'seen');
  });

  test('measures the same and has the same gradients in the next step', async () => {
    const metrics = JSON.parse(await readFile(inFolder('metrics.json'), 'utf8')) as object;
    const [expected] = next.metrics;
    expect(Object.keys(metrics).sort()).toEqual(Object.keys(expected).sort());
    for (const [metric, value] of Object.entries(metrics)) {
      expect(Math.abs(value - expected[metric]), metric).toBeLessThan(1e-4);
    }
    const gradients = await numbersIn(inFolder('gradients.safetensors'));
    const last = numbersOf(next.gradients[dSteps - 1]);
    const ofEngine = new Map([...gradients.keys()].map((key) => [key, last.get(key)!]));
    expectEqual(gradients, ofEngine, 1e-4, 'gradients');
  });

  test('makes the same Adam update of the same gradients', async () => {
    const after = numbersOf(next.checkpoint);
    const updated = await numbersIn(inFolder('adam.safetensors'));
    const keys = [...after.keys()].filter((key) => /^adam\.|^(gen|disc).*(weight|bias)$/.test(key));
    expect(keys.length).toBeGreaterThan(20);
    const pick = (all: Numbers) => new Map(keys.map((key) => [key, all.get(key)!]));
    expectEqual(pick(updated), pick(after), 1e-5, 'after Adam');
  });

  test('leaves the same state behind', async () => {
    const stepped = await readFile(inFolder('stepped.safetensors'));
    expectEqual(numbersOf(stepped), numbersOf(next.checkpoint), 1e-4, 'state');
    expect(readSafetensors(stepped).metadata).toEqual(readSafetensors(next.checkpoint).metadata);
  });

  test('goes there and back again', async () => {
    const continued = inFolder('continued.safetensors');
    const printed = await pythonRuns(
      ...[SCRIPT, 'train', '--checkpoint', checkpoint, '--data', data, '--out', continued],
      ...['--steps', String(STEPS_ON), '--log-every', '1'],
    );
    alone = lossesOf(printed);
    expect(alone.map(([step]) => step)).toEqual([4, 5, 6]);
    const [written, onEngine] = [
      await readFile(continued),
      await engine.takeSteps(pictures, STEPS_ON, { from: before.checkpoint }),
    ];
    expectEqual(numbersOf(written), numbersOf(onEngine.checkpoint), 1e-4, 'continued');
    expect(decodeCheckpoint(written).step).toBe(STEPS_BEFORE + STEPS_ON);

    const [back, stayed] = [
      await engine.resume(pictures, written, 2),
      await engine.resume(pictures, onEngine.checkpoint, 2),
    ];
    for (const [i, metrics] of stayed.entries()) {
      for (const [metric, value] of Object.entries(metrics)) {
        expect(Math.abs(back[i][metric] - value), `${metric} of step ${i}`).toBeLessThan(1e-4);
      }
    }
  });

  test('goes on with two processes as with one', async () => {
    const shared = inFolder('shared.safetensors');
    const printed = await pythonRuns(
      ...[...TORCHRUN, SCRIPT, 'train', '--checkpoint', checkpoint, '--data', data],
      ...['--out', shared, '--steps', String(STEPS_ON), '--log-every', '1'],
    );
    expect(printed).toContain('on 2 × cpu');
    expect(printed).toContain('2 processes agree to within 0\n');
    const together = lossesOf(printed);
    expect(together).toHaveLength(alone.length);
    for (const [i, losses] of together.entries()) {
      expect(largestError(losses, alone[i]), `step ${losses[0]}`).toBeLessThan(1e-4);
    }
    const written = await readFile(shared);
    const continued = await numbersIn(inFolder('continued.safetensors'));
    expectEqual(numbersOf(written), continued, 1e-4, 'shared');
    expect(decodeCheckpoint(written).step).toBe(STEPS_BEFORE + STEPS_ON);
  });
});

describe('what can be changed on the way', () => {
  const pictures = noisePictures(PICTURES, 16);
  let data: string;
  let checkpoint: string;
  let before: Steps;
  beforeAll(async () => {
    [data, checkpoint] = [join(dir, 'changed'), join(dir, 'changed.safetensors')];
    await writePictures(data, pictures);
    before = await engine.takeSteps(pictures, 1, { options: { ...small, ema: 0.5 } });
    await writeFile(checkpoint, before.checkpoint);
  });
  const train = (out: string, ...more: string[]) =>
    run(python, [
      ...[SCRIPT, 'train', '--checkpoint', checkpoint, '--data', data, '--steps', '2'],
      ...['--out', join(dir, out), ...more],
    ]);

  test('the batch and the learning rates: Ganvas goes on with them', async () => {
    const { stderr, code } = await train(
      'larger',
      ...['--batch-size', '12', '--lr-d', '5e-4', '--lr-g', '0', '--save-every', '1'],
    );
    expect(code, stderr).toBe(0);
    const larger = await readFile(join(dir, 'larger'));
    const changes = { batchSize: 12, lrD: 5e-4, lrG: 0 };
    expect(decodeCheckpoint(larger).options).toEqual({
      ...optionsOf(before.checkpoint),
      ...changes,
    });
    const key = 'generator.main.0.weight';
    const [was, is] = [before.checkpoint, larger].map((bytes) => numbersOf(bytes).get(key));
    expect(is).toEqual(was);
    const { metrics } = await engine.takeSteps(pictures, 1, { from: larger });
    expect(Object.values(metrics[0]).every(Number.isFinite)).toBe(true);
    // Nothing half written stays.
    expect((await readdir(dir)).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  test('the pictures, if that is meant', async () => {
    await writePictures(data, noisePictures(PICTURES, 16, 1, 2));
    const refused = await train('others');
    expect(refused.stderr).toMatch(
      /^ganvas_dcgan\.py: These 29 pictures are not the 29 that the run was trained on\./,
    );
    expect(refused.stderr.trimEnd()).not.toContain('\n');
    expect(refused.code).toBe(1);
    expect((await train('others', '--other-data')).code).toBe(0);
    expect(decodeCheckpoint(await readFile(join(dir, 'others'))).data).toBeUndefined();
  });

  test('the number of processes, if it divides the batch', async () => {
    const args = [SCRIPT, 'train', '--checkpoint', checkpoint, '--data', data, '--steps', '2'];
    const more = ['--out', join(dir, 'odd'), '--batch-size', '7'];
    const { code, stderr } = await run(python, [...TORCHRUN, ...args, ...more]);
    expect(stderr).toContain('process 0: A batch of 7 cannot be shared equally by 2 processes');
    expect(code).toBe(1);
  });

  test('draws the sample grid as PNG', async () => {
    const path = join(dir, 'samples.png');
    await pythonRuns(SCRIPT, 'sample', '--checkpoint', checkpoint, '--out', path);
    const png = PNG.sync.read(await readFile(path));
    expect([png.width, png.height]).toEqual([8 * 18 + 2, 8 * 18 + 2]);
    const drawn = numbersOf(before.seen).get('pictures')!;
    for (const picture of [0, 9, 63]) {
      const [top, left] = [2 + Math.floor(picture / 8) * 18, 2 + (picture % 8) * 18];
      for (let i = 0; i < 256; i++) {
        const at = (top + Math.floor(i / 16)) * png.width + left + (i % 16);
        const expected = Math.round((drawn[picture * 256 + i] + 1) * 127.5);
        expect(Math.abs(png.data[4 * at] - expected)).toBeLessThanOrEqual(1);
      }
    }
  });

  test('nothing of a damaged checkpoint', async () => {
    const { tensors, metadata } = readSafetensors(before.checkpoint);
    const options = JSON.parse(metadata.options) as object;
    const write = async (
      name: string,
      change: { tensors?: [string, WritableTensor | undefined][]; metadata?: object },
    ): Promise<string> => {
      const changed = new Map(tensors as ReadonlyMap<string, WritableTensor>);
      for (const [key, tensor] of change.tensors ?? []) {
        if (tensor) changed.set(key, tensor);
        else changed.delete(key);
      }
      const path = join(dir, `${name}.safetensors`);
      await writeFile(path, writeSafetensors(changed, { ...metadata, ...change.metadata }));
      return path;
    };
    const withOptions = (change: object) => ({
      metadata: { options: JSON.stringify({ ...options, ...change }) },
    });
    const one: WritableTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) };
    const pair: WritableTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(0.5, 0.5) };
    const cases: [change: Parameters<typeof write>[1], reason: RegExp][] = [
      [{}, /^$/],
      [{ metadata: { format: 'ganvas-9' } }, /no checkpoint of Ganvas in the format ganvas-2/],
      [{ metadata: { options: '{' } }, /options are no JSON object/],
      [withOptions({ newer: 1 }), /the option newer is not known to this script/],
      [withOptions({ ema: undefined }), /the option ema is missing/],
      [withOptions({ flip: 1 }), /the option flip is 1, not of the type bool/],
      [withOptions({ generatorLoss: 'hinge' }), /generatorLoss is 'hinge', which is not supported/],
      [
        withOptions({ objective: 'hinge' }),
        /objective is 'hinge', and this script knows only 'orig/,
      ],
      [withOptions({ objective: undefined, r1: undefined }), /^$/],
      [withOptions({ width: 8 }), /generator\.main\.0\.weight is F32 \[8, 8, 4, 4\], where/],
      [{ tensors: [['state', undefined]] }, /lacks state/],
      [{ tensors: [['extra', one]] }, /holds extra, which this script does not know/],
      [{ tensors: [['ema.generator.correction', pair]] }, /correction is F32 \[2\], where/],
      [{ tensors: [['adam.generator.corrections', pair]] }, /not what 1 updates leave/],
    ];
    const paths = await Promise.all(cases.map(([change], i) => write(`case-${i}`, change)));
    const [whole] = paths;
    const cut = join(dir, 'cut.safetensors');
    await writeFile(cut, before.checkpoint.subarray(0, -1));
    const printed = await pythonRuns(PROBE, SCRIPT, 'refuse', ...paths, cut, SCRIPT, `${cut}-not`);
    const reasons = JSON.parse(printed) as (string | null)[];
    for (const [i, [, reason]] of cases.entries()) expect(reasons[i] ?? '').toMatch(reason);
    expect(reasons.slice(cases.length)).toEqual([
      expect.stringMatching(/is damaged or is not a safetensors file: it has \d+ bytes/),
      expect.stringMatching(/is damaged or is not a safetensors file: its header/),
      expect.stringMatching(/cannot be read: No such file/),
    ]);

    const random = await pythonRuns(PROBE, SCRIPT, 'damage', whole, '300');
    const refusals = (JSON.parse(random) as (string | null)[]).filter((reason) => reason !== null);
    expect(refusals.length).toBeGreaterThan(250);
  });
});

test('pictures are made square, of the size and channels, to the same bytes as in Ganvas', async () => {
  const sizes = [
    ...[
      [16, 1],
      [32, 1],
      [16, 3],
      [32, 4],
    ],
  ];
  const sources: [number, number, number][] = [
    [28, 28, 1],
    [28, 28, 3],
    [45, 37, 4],
    [9, 12, 3],
    [16, 16, 1],
  ];
  const sets = sources.map(([width, height, channels]): ImageSet => {
    const square = noisePictures(3, Math.max(width, height), channels);
    return { ...square, width, height, data: square.data.slice(0, 3 * width * height * channels) };
  });
  const path = join(dir, 'pictures.safetensors');
  const nameOf = ({ width, height, channels }: ImageSet) => `${width}x${height}x${channels}`;
  const tensors = sets.map((set): [string, WritableTensor] => {
    const shape = [set.count, set.height, set.width, set.channels];
    return [nameOf(set), { dtype: 'U8', shape, data: set.data }];
  });
  await writeFile(path, writeSafetensors(new Map(tensors)));
  const printed = await pythonRuns(PROBE, SCRIPT, 'fit', path, JSON.stringify(sizes));
  const fitted = JSON.parse(printed) as Record<string, number[]>;
  const expected = sets.flatMap((set) =>
    sizes.map(([size, channels]) => [
      `${nameOf(set)} to ${size}x${channels}`,
      [...fitToSquare(set, size, channels).data],
    ]),
  );
  expect(fitted).toEqual(Object.fromEntries(expected));
});

test('the guide says what works', async () => {
  const guide = await readFile(join(ROOT, 'docs', 'guides', 'pytorch.md'), 'utf8');
  const out = join(dir, 'guide');
  const commands = join(dir, 'commands');
  await mkdir(commands);
  const found = JSON.stringify(python);
  const stand = { python3: found, torchrun: `${found} -m torch.distributed.run` };
  for (const [name, command] of Object.entries(stand)) {
    await writeFile(join(commands, name), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
  }
  const blocks = [...guide.matchAll(/^```(sh|python)\n(.*?)^```$/gms)];
  expect(blocks.map(([, language]) => language)).toEqual(['sh', 'sh', 'sh', 'sh', 'python']);
  const printed: string[] = [];
  for (const [, language, text] of blocks) {
    const own = text.replaceAll(/(?<=[\s"])out(?=[/\s])/g, out);
    const program = language === 'sh' ? own : `python3 -c '${own}'`;
    const { code, stdout, stderr } = await run('sh', ['-ec', `PATH=${commands}:$PATH; ${program}`]);
    expect(code, stderr).toBe(0);
    printed.push(stdout);
  }
  expect(printed[1]).toContain('60000 pictures, batches of 16 on 1 × ');
  expect(printed[2]).toContain('batches of 32 on 2 × ');
  expect(printed[3]).toContain('64 pictures of step 50');
  expect(printed[4]).toContain('19 tensors of step 50');
  const { options, step } = decodeCheckpoint(await readFile(join(out, 'shared.safetensors')));
  expect([options.batchSize, step]).toEqual([32, 50]);
});
