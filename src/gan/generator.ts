import type { Engine } from '../runtime/engine.ts';
import { IdleSession } from '../training/idle-session.ts';
import { decodeGenerator } from './checkpoint.ts';
import { gridCount } from './classes.ts';
import type { GanOptions } from './options.ts';
import type { Pictures } from './pictures.ts';
import {
  type CanvasLayout,
  type CanvasView,
  latentsOf,
  type SampleOptions,
  type Sampler,
} from './sampler.ts';
import { Samplers } from './samplers.ts';
import { Players } from './step.ts';

/**
 * A trained generator, to draw pictures with: no data set, no discriminator. It goes on when a lost
 * device is replaced.
 *
 * ```ts
 * using generator = await Generator.load(engine, new Uint8Array(await file.arrayBuffer()));
 * const pictures = await generator.sample({ count: 16, seed: 7 });
 * context.putImageData(pictures.toImageData(), 0, 0);
 * ```
 */
export class Generator {
  readonly #session: IdleSession;
  readonly #samplers: Samplers;

  private constructor(
    /** Of the model. Where it was trained here, as its run began. */
    readonly options: GanOptions,
    /** Training steps that it had done, where its file says so. */
    readonly step: number | undefined,
    /** What the classes that it draws are called, by their numbers, where its file says so. */
    readonly classNames: readonly string[] | undefined,
    players: Players,
    session: IdleSession,
  ) {
    this.#session = session;
    this.#samplers = new Samplers(players, {
      step: step ?? 0,
      get device() {
        return session.current.device;
      },
      attachments: session.attachments,
      assertUsable: () => session.assertUsable(),
      usableDevice: async () => (await session.alive()).device,
      compile: (traced) => session.compile(traced),
    });
  }

  /**
   * Reads a generator out of a checkpoint (where it has averaged weights, those), or out of PyTorch's
   * weights of its DCGAN example as a safetensors file, and uploads it.
   *
   * Errors: `SafetensorsError` and `CheckpointError` where there is no whole generator in the file.
   */
  static async load(engine: Engine, file: Uint8Array): Promise<Generator> {
    const { options, step, classNames, values } = decodeGenerator(file);
    const players = new Players(options);
    const about = { what: 'generator', ...(step !== undefined && { step }) };
    const session = await IdleSession.open(engine, players.generator, values, about);
    return new Generator(options, step, classNames, players, session);
  }

  /** Latents that `sample` would draw from: flat [count, latentDim]. */
  latents({
    count = gridCount(this.options.classes),
    seed = this.options.seed,
  }: {
    count?: number;
    seed?: number;
  } = {}) {
    return latentsOf(this.options, count, seed);
  }

  /** Draws pictures: by default those of the sample grid of the run that the generator comes from. */
  sample(options: SampleOptions = {}): Promise<Pictures> {
    return this.#samplers.sample(options);
  }

  /** What draws so many pictures on the device, where they can stay. */
  sampler({ count }: { count?: number } = {}): Promise<Sampler> {
    return this.#samplers.make(count);
  }

  /** Shows pictures on a canvas, drawn from the GPU's memory, whenever `draw` is called. */
  attachCanvas(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    layout: CanvasLayout = {},
  ): Promise<CanvasView> {
    return this.#samplers.attachCanvas(canvas, layout);
  }

  /** Frees everything on the GPU. Twice is fine. */
  dispose(): void {
    this.#samplers.dispose();
    this.#session.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
