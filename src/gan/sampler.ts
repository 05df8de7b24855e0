import type { Device } from '../gpu/device.ts';
import { GridPainter } from '../gpu/grid-painter.ts';
import type { DeviceTensor } from '../runtime/executable.ts';
import type { GraphFunction } from '../training/graph-function.ts';

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

/** Pictures [count, size, size, channels] of a batch of latents, by a function with the output `pictures`. */
export class Sampler {
  constructor(
    readonly fn: GraphFunction,
    private readonly shape: readonly [count: number, size: number, channels: number],
  ) {}

  /** Draws the pictures and brings them to the host. `step` is what the caller knows of their age. */
  async read(step: number): Promise<PictureGrid> {
    const values = await this.fn.read('pictures');
    const [count, size, channels] = this.shape;
    const pixels = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      pixels[i] = Math.min(255, Math.max(0, Math.round((values[i] + 1) * 127.5)));
    }
    return { width: size, height: size, channels, count, pixels, step };
  }

  /** Draws the pictures; they stay in the device's memory. */
  draw(): DeviceTensor {
    this.fn.run();
    return this.fn.output('pictures');
  }

  /** What shows the pictures on a canvas, straight from the buffer that they are computed in. */
  painter(
    device: Device,
    canvas: HTMLCanvasElement | OffscreenCanvas,
    columns: number,
  ): GridPainter {
    const [count, size, channels] = this.shape;
    const grid = { count, size, channels, columns };
    return new GridPainter(device, canvas, grid, this.fn.output('pictures'));
  }
}
