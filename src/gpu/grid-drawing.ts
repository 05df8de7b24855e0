import shader from '../../shaders/draw_grid.wgsl?raw';
import { bufferUsage, type Device } from './device.ts';
import { CanvasError } from './errors.ts';

/** Pictures in a buffer, f32: `count` of them, square, channels last, values in [−1, 1]. */
export interface GridShape {
  readonly count: number;
  /** Side of a picture in pixels. */
  readonly size: number;
  readonly channels: number;
  /** Pictures in a row. */
  readonly columns: number;
  /** Black pixels between pictures and around them. */
  readonly gap: number;
}

/** As in the sample files. */
export const GRID_GAP = 2;

const fragmentStage = 0x2;

/** Draws a grid of pictures from a storage buffer to textures of one format. Made once, drawn often. */
export class GridDrawing {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  readonly #device: Device;
  readonly #pipeline: GPURenderPipeline;
  readonly #group: GPUBindGroup;
  readonly #uniforms: GPUBuffer;

  constructor(
    device: Device,
    { count, size, channels, columns, gap }: GridShape,
    format: GPUTextureFormat,
    { buffer, offset }: { readonly buffer: GPUBuffer; readonly offset: number },
  ) {
    device.assertUsable();
    this.#device = device;
    if (!(Number.isInteger(columns) && columns >= 1))
      throw new CanvasError(`A grid of ${columns} columns is not possible.`);
    if (!(Number.isInteger(gap) && gap >= 0))
      throw new CanvasError(`A gap of ${gap} pixels is not possible.`);
    const rows = Math.ceil(count / columns);
    this.width = columns * (size + gap) + gap;
    this.height = rows * (size + gap) + gap;
    const limit = device.gpu.limits.maxTextureDimension2D;
    if (Math.max(this.width, this.height) > limit) {
      throw new CanvasError(
        `A grid of ${columns} × ${rows} pictures of ${size} pixels is larger than a canvas of ${limit}.`,
      );
    }
    const { gpu } = device;
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
    const params = Uint32Array.of(count, size, channels, columns, gap, offset / 4, 0, 0);
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
  draw(texture: GPUTexture): void {
    this.#device.assertUsable();
    const { gpu } = this.#device;
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store' }],
    });
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    pass.draw(3);
    pass.end();
    gpu.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.#device.destroyBuffer(this.#uniforms);
  }
}
