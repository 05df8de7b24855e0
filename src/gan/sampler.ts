import { GridPainter } from '../gpu/grid-painter.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Executable } from '../runtime/executable.ts';
import type { Variables } from '../runtime/variables.ts';
import { type Players, sampleLatents, traceSamples, variableNames } from './step.ts';

/** Pictures as bytes. */
export interface PictureGrid {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly count: number;
  /** [count, height, width, channels], 0 to 255. */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** Training steps that the generator had done. */
  readonly step: number;
}

/** A canvas that shows the sample grid. */
export interface CanvasView {
  /** Draws the pictures of the generator as it is now; nothing comes back to the host. */
  draw(): void;
  /** Lets go of the canvas. */
  detach(): void;
}

/**
 * Pictures of a fixed batch of latents: the first n of one sequence, so that a grid of 16 shows the
 * first 16 pictures of a grid of 64. Variables of the latents lie apart for each count.
 */
export class Sampler {
  private constructor(
    private readonly engine: Engine,
    private readonly executable: Executable,
    private readonly shape: readonly [count: number, size: number, channels: number],
    private readonly latents: Variables,
  ) {}

  static async create(
    engine: Engine,
    players: Players,
    trained: Variables,
    count: number,
  ): Promise<Sampler> {
    const graph = traceSamples(players, count);
    const { imageSize, channels, latentDim } = players.options;
    const latents = trained.overlay([variableNames.sampleLatents]);
    latents.buffer(variableNames.sampleLatents, { shape: [count, 1, 1, latentDim], dtype: 'f32' });
    latents.write(variableNames.sampleLatents, sampleLatents(players.options, count));
    try {
      const executable = await engine.compile(graph, latents);
      return new Sampler(engine, executable, [count, imageSize, channels], latents);
    } catch (error) {
      latents.dispose();
      throw error;
    }
  }

  /** Draws the pictures and brings them to the host. `step` is what the caller knows of their age. */
  async read(step: number): Promise<PictureGrid> {
    this.executable.run();
    const values = await this.executable.read('pictures');
    const [count, size, channels] = this.shape;
    const pixels = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      pixels[i] = Math.min(255, Math.max(0, Math.round((values[i] + 1) * 127.5)));
    }
    return { width: size, height: size, channels, count, pixels, step };
  }

  /** Shows the pictures on a canvas, straight from the buffer that they are computed in. */
  attach(canvas: HTMLCanvasElement | OffscreenCanvas, columns: number): CanvasView {
    const [count, size, channels] = this.shape;
    const pictures = this.executable.outputs.get('pictures');
    if (!pictures) throw new Error('the sampling graph has no pictures');
    const painter = new GridPainter(
      this.engine.device,
      canvas,
      { count, size, channels, columns },
      pictures,
    );
    return {
      draw: () => {
        this.executable.run();
        painter.draw();
      },
      detach: () => painter.dispose(),
    };
  }

  dispose(): void {
    this.executable.dispose();
    this.latents.dispose();
  }
}
