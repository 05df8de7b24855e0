import type { Device } from './device.ts';
import { CanvasError } from './errors.ts';
import { GridDrawing, type GridShape } from './grid-drawing.ts';

/** Draws a grid of pictures from a storage buffer to a canvas, which it sizes to fit. */
export class GridPainter {
  readonly #context: GPUCanvasContext;
  readonly #drawing: GridDrawing;

  constructor(
    device: Device,
    canvas: HTMLCanvasElement | OffscreenCanvas,
    grid: GridShape,
    source: { readonly buffer: GPUBuffer; readonly offset: number },
  ) {
    const format = globalThis.navigator.gpu.getPreferredCanvasFormat();
    this.#drawing = new GridDrawing(device, grid, format, source);
    const context = canvas.getContext('webgpu') as GPUCanvasContext | null;
    if (!context) {
      this.#drawing.dispose();
      throw new CanvasError('The canvas already has a context of another kind.');
    }
    canvas.width = this.#drawing.width;
    canvas.height = this.#drawing.height;
    context.configure({ device: device.gpu, format, alphaMode: 'opaque' });
    this.#context = context;
  }

  /** Draws what the buffer holds once the commands submitted so far have run. */
  draw(): void {
    this.#drawing.draw(this.#context.getCurrentTexture());
  }

  dispose(): void {
    this.#context.unconfigure();
    this.#drawing.dispose();
  }
}
