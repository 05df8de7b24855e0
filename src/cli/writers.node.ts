/**
 * The files of a run. Whole files are written beside their place and moved into it, so that no
 * reader ever sees half of one; `metrics.csv` grows by whole lines.
 */

import {
  access,
  appendFile,
  constants,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import type { Metrics, StepMetrics, VaeMetricName } from '../index.ts';
import { GRIDS, type GridKind, type Model, type SampleShape, type StepRow } from './protocol.ts';

/** Columns of metrics.csv, and what they hold. */
type Columns<Row> = readonly (readonly [string, keyof Row & string])[];

const OF_GANS: Columns<StepMetrics> = [
  ['step', 'step'],
  ['loss_d', 'lossD'],
  ['loss_d_real', 'lossDReal'],
  ['loss_d_fake', 'lossDFake'],
  ['loss_g', 'lossG'],
  ['d_x', 'dReal'],
  ['d_g_z', 'dFake'],
  ['d_g_z_after', 'dFakeAfter'],
  ['grad_norm_d', 'gradNormD'],
  ['grad_norm_g', 'gradNormG'],
  ['time_ms', 'timeMs'],
];

const OF_VAES: Columns<Metrics<VaeMetricName>> = [
  ['step', 'step'],
  ['loss', 'loss'],
  ['elbo', 'elbo'],
  ['reconstruction', 'reconstruction'],
  ['kl', 'kl'],
  ['grad_norm', 'gradNorm'],
  ['time_ms', 'timeMs'],
];

/** How pictures lie in a grid. */
export interface GridLayout {
  /** Pictures in a row: 8 unless said otherwise. */
  readonly columns?: number;
  /** Black pixels between pictures and around them: 2, as in torchvision's make_grid. */
  readonly padding?: number;
}

/**
 * Lays pictures out in a grid.
 *
 * @param pixels uint8, [count, height, width, channels]; 1 to 4 channels, of which 1 and 2 are
 *   grey (and alpha), 3 and 4 RGB (and alpha)
 * @returns RGBA, row-major
 * @throws {RangeError} if the bytes are not as many as the shape says.
 */
export function layOutGrid(
  pixels: Uint8Array,
  shape: SampleShape,
  { columns: most = 8, padding = 2 }: GridLayout = {},
): { readonly width: number; readonly height: number; readonly rgba: Uint8Array } {
  const { width, height, channels, count } = shape;
  const sizes = [width, height, channels, count];
  if (sizes.some((n) => !Number.isInteger(n) || n < 1) || channels > 4) {
    throw new RangeError(`There is no grid of ${count} pictures of ${width}×${height}×${channels}`);
  }
  if (pixels.length !== width * height * channels * count) {
    throw new RangeError(
      `${pixels.length} bytes for ${count} pictures of ${width}×${height}×${channels}`,
    );
  }
  const columns = Math.min(most, count);
  const rows = Math.ceil(count / columns);
  const gridWidth = columns * (width + padding) + padding;
  const gridHeight = rows * (height + padding) + padding;
  const rgba = new Uint8Array(gridWidth * gridHeight * 4);
  for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255;

  const colours = channels >= 3;
  const hasAlpha = channels === 2 || channels === 4;
  let i = 0;
  for (let n = 0; n < count; n++) {
    const left = padding + (n % columns) * (width + padding);
    const top = padding + Math.floor(n / columns) * (height + padding);
    for (let y = 0; y < height; y++) {
      let o = ((top + y) * gridWidth + left) * 4;
      for (let x = 0; x < width; x++, i += channels, o += 4) {
        rgba[o] = pixels[i]!;
        rgba[o + 1] = pixels[colours ? i + 1 : i]!;
        rgba[o + 2] = pixels[colours ? i + 2 : i]!;
        rgba[o + 3] = hasAlpha ? pixels[i + channels - 1]! : 255;
      }
    }
  }
  return { width: gridWidth, height: gridHeight, rgba };
}

/** A grid of pictures as a PNG file, see {@link layOutGrid}. */
export function encodeGrid(pixels: Uint8Array, shape: SampleShape, layout?: GridLayout): Buffer {
  const { width, height, rgba } = layOutGrid(pixels, shape, layout);
  const png = new PNG({ width, height });
  png.data = Buffer.from(rgba.buffer, rgba.byteOffset, rgba.byteLength);
  // Type 2 is RGB, 6 is RGBA: an alpha channel that is all 255 is not stored.
  const hasAlpha = shape.channels === 2 || shape.channels === 4;
  return PNG.sync.write(png, { colorType: hasAlpha ? 6 : 2, inputHasAlpha: true });
}

/** Name of a grid of a step: `samples-000200.png`. */
export function gridName(kind: GridKind, step: number): string {
  return `${kind}-${String(step).padStart(6, '0')}.png`;
}

const GRID_NAME = new RegExp(`^(?:${GRIDS.join('|')})-(\\d{6,})\\.png$`);

/** The step of a grid, by its file's name; undefined for other files. */
function stepOf(name: string): number | undefined {
  const step = GRID_NAME.exec(name)?.[1];
  return step === undefined ? undefined : Number(step);
}

/**
 * Writes a file in place of the one before: beside it first, so that nobody ever sees half of it.
 */
export async function replaceFile(
  dir: string,
  name: string,
  content: string | Uint8Array,
): Promise<void> {
  const temporary = join(dir, `.${name}.${process.pid}.tmp`);
  try {
    // On the disk before it takes its place: else a power cut may leave the new name without content.
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, join(dir, name));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Makes sure that a folder is there and can be written to, before anything is computed. */
export async function prepareFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await access(dir, constants.W_OK);
}

/** Writes one run into one folder. */
export class RunWriter {
  /** Rows are appended one batch after the other, whoever asks. */
  #rows: Promise<void> = Promise.resolve();
  #lastSample: string | undefined;
  #columns: readonly (readonly [string, string])[] = OF_GANS;

  constructor(
    /** The folder; made if it is not there. */
    readonly dir: string,
  ) {}

  /** Says what is trained, which decides the columns of metrics.csv: a GAN, unless this is called. */
  use({ model }: Pick<Model, 'model'>): void {
    this.#columns = model === 'vae' ? OF_VAES : OF_GANS;
  }

  get #header(): string {
    return `${this.#columns.map(([column]) => column).join(',')}\n`;
  }

  /** Starts the run's files: those of an earlier run go, so that no folder mixes two runs. */
  async begin(): Promise<void> {
    for (const name of await readdir(this.dir)) {
      if (stepOf(name) !== undefined || name === 'checkpoint.safetensors') {
        await rm(this.#path(name));
      }
    }
    await this.#replace('metrics.csv', this.#header);
  }

  /** Appends rows to metrics.csv. */
  async metrics(rows: readonly StepRow[]): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows
      .map((row: Readonly<Record<string, number>>) => this.#columns.map(([, key]) => row[key]))
      .map((values) => `${values.join(',')}\n`)
      .join('');
    await this.#inTurn(() => appendFile(this.#path('metrics.csv'), lines));
  }

  /**
   * Goes back to a step of the run in this folder: what was written of later ones goes, for they are
   * done again. The checkpoint stays until there is another.
   */
  async goBack(step: number): Promise<void> {
    await this.#inTurn(async () => {
      const path = this.#path('metrics.csv');
      const header = this.#header;
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return header;
      });
      if (!text.startsWith(header)) {
        throw new Error(`${path} has other columns: give another --out, or take the file away.`);
      }
      // Whoever was killed may have left half a line at the end.
      const lines = text.slice(header.length).split('\n').slice(0, -1);
      const kept = lines.filter((line) => Number.parseInt(line, 10) <= step);
      await this.#replace('metrics.csv', header + kept.map((line) => `${line}\n`).join(''));
      for (const name of await readdir(this.dir)) {
        if ((stepOf(name) ?? 0) > step) await rm(this.#path(name));
      }
    });
  }

  /** Changes metrics.csv after those who asked before. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#rows = this.#rows.then(work);
    return this.#rows;
  }

  /** Writes a grid of a step. */
  async grid(
    kind: GridKind,
    step: number,
    pixels: Uint8Array,
    shape: SampleShape,
    columns?: number,
  ): Promise<void> {
    const name = gridName(kind, step);
    const rows = columns === undefined ? {} : { columns };
    // A manifold is one picture of all there is: square, and without gaps.
    const manifold = { columns: Math.round(Math.sqrt(shape.count)), padding: 0 };
    await this.#replace(name, encodeGrid(pixels, shape, kind === 'manifold' ? manifold : rows));
    if (kind === 'samples') this.#lastSample = name;
  }

  /** Name of the newest grid of samples, if there is one. */
  get lastSample(): string | undefined {
    return this.#lastSample;
  }

  /** Writes checkpoint.safetensors in place of the one before. */
  async checkpoint(bytes: Uint8Array): Promise<void> {
    await this.#replace('checkpoint.safetensors', bytes);
  }

  /** Writes run.json in place of the one before. */
  async run(record: object): Promise<void> {
    await this.#replace('run.json', `${JSON.stringify(record, undefined, 2)}\n`);
  }

  #path(name: string): string {
    return join(this.dir, name);
  }

  async #replace(name: string, content: string | Uint8Array): Promise<void> {
    await replaceFile(this.dir, name, content);
  }
}

/** Writes pictures of a generator into one folder. */
export class SampleWriter {
  constructor(
    /** The folder; it is there. */
    readonly dir: string,
  ) {}

  /** Takes away the pictures that were drawn before, so that no folder mixes two generators. */
  async begin(): Promise<void> {
    for (const name of await readdir(this.dir)) {
      if (/^(picture-\d{4,}|grid|strips)\.png$/.test(name)) await rm(join(this.dir, name));
    }
  }

  /** Writes each picture into a file of its own, and all of them into a grid. */
  async pictures(pixels: Uint8Array, shape: SampleShape, columns?: number): Promise<void> {
    const { count } = shape;
    const size = pixels.length / count;
    for (let i = 0; i < count; i++) {
      const one = pixels.subarray(i * size, (i + 1) * size);
      const png = encodeGrid(one, { ...shape, count: 1 }, { padding: 0 });
      await replaceFile(this.dir, `picture-${String(i + 1).padStart(4, '0')}.png`, png);
    }
    const square = Math.ceil(Math.sqrt(count));
    const grid = encodeGrid(pixels, shape, { columns: columns ?? square });
    await replaceFile(this.dir, 'grid.png', grid);
  }

  /** Writes strips of so many pictures each, one below the other. */
  async strips(pixels: Uint8Array, shape: SampleShape, steps: number): Promise<void> {
    await replaceFile(this.dir, 'strips.png', encodeGrid(pixels, shape, { columns: steps }));
  }
}
