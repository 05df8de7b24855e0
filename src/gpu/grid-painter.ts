import shader from '../../shaders/draw_grid.wgsl?raw';
import { bufferUsage, type Device } from './device.ts';
import { CanvasError } from './errors.ts';

/** Pictures in a buffer: `count` of them, square, channels last, values in [−1, 1]. */
export interface GridShape {
  readonly count: number;
  /** Side of a picture in pixels. */
  readonly size: number;
  readonly channels: number;
  /** Pictures in a row. */
  readonly columns: number;
}

/** Pixels between pictures and around them, as in the sample files. */
const GAP = 2;

const fragmentStage = 0x2;

/** Draws a grid of pictures from a storage buffer to a canvas, which it sizes to fit. */
export class GridPainter {
  readonly #device: Device;
  readonly #context: GPUCanvasContext;
  readonly #pipeline: GPURenderPipeline;
  readonly #group: GPUBindGroup;
  readonly #uniforms: GPUBuffer;

  constructor(
    device: Device,
    canvas: HTMLCanvasElement | OffscreenCanvas,
    { count, size, channels, columns }: GridShape,
    { buffer, offset }: { readonly buffer: GPUBuffer; readonly offset: number },
  ) {
    device.assertUsable();
    this.#device = device;
    if (!(Number.isInteger(columns) && columns >= 1))
      throw new CanvasError(`A grid of ${columns} columns is not possible.`);
    const pitch = size + GAP;
    const rows = Math.ceil(count / columns);
    const limit = device.gpu.limits.maxTextureDimension2D;
    if (Math.max(columns, rows) * pitch + GAP > limit) {
      throw new CanvasError(
        `A grid of ${columns} × ${rows} pictures of ${size} pixels is larger than a canvas of ${limit}.`,
      );
    }
    const context = canvas.getContext('webgpu') as GPUCanvasContext | null;
    if (!context) throw new CanvasError('The canvas already has a context of another kind.');
    canvas.width = columns * pitch + GAP;
    canvas.height = rows * pitch + GAP;
    const { gpu } = device;
    const format = globalThis.navigator.gpu.getPreferredCanvasFormat();
    context.configure({ device: gpu, format, alphaMode: 'opaque' });
    this.#context = context;

    const layout = gpu.createBindGroupLayout({
      label: 'grid',
      entries: [
        { binding: 0, visibility: fragmentStage, buffer: { type: 'read-only-storage' } },
        { binding: 1, visibility: fragmentStage, buffer: { type: 'uniform' } },
      ],
    });
    const module = gpu.createShaderModule({ label: 'draw grid', code: shader });
    this.#pipeline = gpu.createRenderPipeline({
      label: 'draw grid',
      layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      vertex: { module, entryPoint: 'corner' },
      fragment: { module, entryPoint: 'paint', targets: [{ format }] },
    });
    const params = Uint32Array.of(count, size, channels, columns, GAP, offset / 4, 0, 0);
    this.#uniforms = device.createBuffer(
      'draw grid',
      params.byteLength,
      bufferUsage.uniform | bufferUsage.copyTarget,
    );
    gpu.queue.writeBuffer(this.#uniforms, 0, params);
    this.#group = gpu.createBindGroup({
      label: 'draw grid',
      layout,
      entries: [
        { binding: 0, resource: { buffer } },
        { binding: 1, resource: { buffer: this.#uniforms } },
      ],
    });
  }

  /** Draws what the buffer holds once the commands submitted so far have run. */
  draw(): void {
    this.#device.assertUsable();
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder();
    const view = this.#context.getCurrentTexture().createView();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    pass.draw(3);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.#context.unconfigure();
    this.#device.destroyBuffer(this.#uniforms);
  }
}
