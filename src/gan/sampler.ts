import type { Device } from '../gpu/device.ts';
import { GRID_GAP, GridDrawing } from '../gpu/grid-drawing.ts';
import { GridPainter } from '../gpu/grid-painter.ts';
import { GanvasError } from '../graph/errors.ts';
import type { DeviceTensor } from '../runtime/executable.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import type { Attachment } from '../training/lasting-session.ts';
import { choiceOfClasses, gridColumns } from './classes.ts';
import { type Draw, type DrawInput, ownInputs } from './draw.ts';
import type { GanOptions } from './options.ts';
import { type GridLayout, Pictures } from './pictures.ts';
import { type LatentOptions, sampleLatents, variableNames } from './step.ts';

/** What pictures are drawn from. */
export interface LatentChoice {
  /** Flat [count, latentDim], of your own, such as those of `interpolate`. */
  readonly latents?: Float32Array;
  /** Latents of another seed than the model's own; a whole number from 0 to 2³² − 1. */
  readonly seed?: number;
  /**
   * Of a generator of classes, the numbers of those that the pictures are of, in turn: `[7]` for sevens
   * alone. By default of all classes in turn, so that a grid of so many columns has one in each.
   */
  readonly classes?: ArrayLike<number>;
}

/**
 * What is drawn; by default 64 pictures of the model's own latents, or about so many where each class
 * gets as many. Always the same.
 */
export interface SampleOptions extends LatentChoice {
  /** 1 to 4096; by default as many as there are latents, or else classes asked for, or 64. */
  readonly count?: number;
}

/** Which pictures a canvas shows, and how. */
export interface CanvasLayout extends GridLayout {
  /** Pictures, 1 to 4096; by default 64, or about so many where each class gets as many. */
  readonly count?: number;
}

/**
 * A canvas that shows pictures of a generator, by default those of the sample grid.
 *
 * It goes on when another device takes the place of a lost one. But where the browser's whole GPU process
 * crashed, nothing that is drawn on a canvas of before is seen any more (Chrome 156): put another canvas in its
 * place when a trainer tells `recovered` (`TrainerOptions.onEvent`), and attach that.
 */
export interface CanvasView {
  /**
   * Draws the pictures of the generator as it is now; nothing comes back to the host. Other latents,
   * such as those of `interpolate`, must be as many as the view has pictures.
   */
  draw(choice?: LatentChoice): void;
  /** Lets go of the canvas. */
  detach(): void;
  /** `detach`, for `using`. */
  [Symbol.dispose](): void;
}

const TEXTURE_FORMAT = 'rgba8unorm';
/** Copied from, bound in shaders, drawn to: by number, as these globals are not in every runtime. */
const TEXTURE_USAGE = 0x01 | 0x04 | 0x10;

interface GridTexture {
  readonly buffer: GPUBuffer;
  readonly drawing: GridDrawing;
  readonly texture: GPUTexture;
}

/**
 * So many pictures of a generator, on the device: compiled once, drawn whenever they are wanted,
 * without anything being made anew. Made by `sampler` of a trainer or a `Generator`.
 */
export class Sampler {
  /** What was written last. */
  readonly #written: Map<DrawInput, Float32Array>;
  readonly #own: ReadonlyMap<DrawInput, Float32Array>;
  readonly #draw: Draw;
  readonly #options: GanOptions;
  readonly #host: SamplerHost;
  readonly #onDispose: () => void;
  readonly #textures = new Map<string, GridTexture>();

  /** @internal For `Samplers`. */
  constructor(
    draw: Draw,
    options: GanOptions,
    /** Pictures that are drawn. */
    readonly count: number,
    host: SamplerHost,
    onDispose: () => void,
  ) {
    this.#onDispose = onDispose;
    this.#draw = draw;
    this.#options = options;
    this.#host = host;
    this.#own = ownInputs(options, count);
    this.#written = new Map(this.#own);
  }

  /**
   * Draws pictures and leaves them where they are computed: f32 [count, size, size, channels] in
   * [−1, 1], for shaders and copies of commands that are submitted later. The same buffer each time:
   * the next `draw` or `read` overwrites it, and it ends with the device.
   */
  draw(choice: LatentChoice = {}): DeviceTensor {
    for (const [name, values] of this.#inputs(choice)) this.#draw.write(name, values);
    this.#draw.run();
    return this.#draw.output('pictures');
  }

  /** Draws pictures and brings them to the host. */
  async read(choice: LatentChoice = {}): Promise<Pictures> {
    const inputs = this.#inputs(choice);
    const { step } = this.#host;
    const drawn = await this.#draw.call(Object.fromEntries(inputs));
    const pixels = Uint8Array.from(drawn.pictures, (x) =>
      Math.min(255, Math.max(0, Math.round((x + 1) * 127.5))),
    );
    const { imageSize, channels } = this.#options;
    const { count } = this;
    const shape = { width: imageSize, height: imageSize, channels, count };
    // Classes that are asked for have no columns of their own.
    const inTurn = !choice.classes && { columns: this.#columns };
    return new Pictures({ ...shape, pixels, step, ...inTurn });
  }

  /**
   * The pictures that were drawn last, in a grid, as a texture of the format `rgba8unorm`: to be bound,
   * or copied from, by commands that are submitted later. The same texture each time for one layout.
   */
  texture({ columns = this.#columns, gap = GRID_GAP }: GridLayout = {}): GPUTexture {
    const key = `${columns} ${gap}`;
    const source = this.#draw.output('pictures');
    let grid = this.#textures.get(key);
    // Another buffer is of another device, that took the place of a lost one.
    if (grid?.buffer !== source.buffer) {
      grid = this.#makeTexture(source, columns, gap);
      this.#textures.set(key, grid);
    }
    grid.drawing.draw(grid.texture);
    return grid.texture;
  }

  #makeTexture(source: DeviceTensor, columns: number, gap: number): GridTexture {
    const { device } = this.#host;
    const shape = { ...this.#gridShape, columns, gap };
    const drawing = new GridDrawing(device, shape, TEXTURE_FORMAT, source);
    const { width, height } = drawing;
    const texture = device.gpu.createTexture({
      label: 'samples',
      size: [width, height],
      format: TEXTURE_FORMAT,
      usage: TEXTURE_USAGE,
    });
    return { buffer: source.buffer, drawing, texture };
  }

  /** @internal For `Samplers`: what shows the pictures on a canvas, straight from their buffer. */
  painter(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    { columns = this.#columns, gap = GRID_GAP }: GridLayout,
  ): GridPainter {
    const { device } = this.#host;
    const shape = { ...this.#gridShape, columns, gap };
    return new GridPainter(device, canvas, shape, this.#draw.output('pictures'));
  }

  get #columns(): number {
    return gridColumns(this.count, this.#options.classes);
  }

  get #gridShape() {
    const { imageSize: size, channels } = this.#options;
    return { count: this.count, size, channels };
  }

  /** What to write first, as far as it is not there already. */
  #inputs({ latents, seed, classes }: LatentChoice): Map<DrawInput, Float32Array> {
    const wanted = new Map<DrawInput, Float32Array>(this.#own);
    if (classes !== undefined) {
      const chosen = choiceOfClasses(classes, this.#options.classes, this.count);
      wanted.set(variableNames.sampleClasses, chosen);
    }
    if (latents) {
      latentCount(latents, this.#options.latentDim, this.count);
      wanted.set(variableNames.sampleLatents, latents);
    } else if (seed !== undefined) {
      wanted.set(variableNames.sampleLatents, latentsOf(this.#options, this.count, seed));
    }
    for (const [name, values] of wanted) {
      // The caller may fill the same array with others: only the model's own is known to be there.
      const own = values === this.#own.get(name);
      if (own && this.#written.get(name) === values) wanted.delete(name);
      this.#written.set(name, values);
    }
    return wanted;
  }

  /** Frees its memory on the device. Twice is fine. */
  dispose(): void {
    for (const { drawing, texture } of this.#textures.values()) {
      drawing.dispose();
      texture.destroy();
    }
    this.#textures.clear();
    this.#draw.dispose();
    this.#onDispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** What draws pictures needs of whoever has the generator. */
export interface SamplerHost {
  /** Training steps that the generator has done. */
  readonly step: number;
  /** The device in use. */
  readonly device: Device;
  /** What is made again when another device takes the place of a lost one. */
  readonly attachments: Set<Attachment>;
  /** Throws where nothing will ever be drawn again. */
  assertUsable(): void;
  /** Has a lost device replaced. */
  usableDevice(): Promise<Device>;
  compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>>;
}

const samplesError = (message: string, advice: string) =>
  new GanvasError('samples', message, advice);

const MAX_COUNT = 4096;

/** Latents of a seed, drawn on the host, flat [count, latentDim]. */
export function latentsOf(
  options: LatentOptions,
  count: number,
  seed: number,
): Float32Array<ArrayBuffer> {
  checkCount(count);
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw samplesError(`The seed is ${seed}.`, 'It must be a whole number below 2³².');
  return sampleLatents({ ...options, seed }, count);
}

/** How many latents these are; a whole number, and `count` where that is given. */
export function latentCount(latents: Float32Array, latentDim: number, count?: number): number {
  const rows = latents.length / latentDim;
  if (latents instanceof Float32Array && rows === (count ?? Math.trunc(rows))) return rows;
  throw samplesError(
    `${latents.length} numbers are not ${count ?? 'some'} latents of ${latentDim}.`,
    `Give a Float32Array of ${latentDim} numbers for each picture.`,
  );
}

/** @throws {GanvasError} `samples` where nobody draws so many pictures. */
export function checkCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_COUNT) return;
  throw samplesError(`A grid of ${count} pictures is not possible.`, `Ask for 1 to ${MAX_COUNT}.`);
}
