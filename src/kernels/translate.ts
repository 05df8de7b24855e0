import shader from '../../shaders/translate.wgsl?raw';
import { foldGrid } from './grid.ts';
import type { Kernel } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;

export const translateKernel: Kernel = {
  fusable: () => 3,
  lower({ node, output, map, device }) {
    const [x, shifts] = node.inputs;
    const { shape, size } = node.outputs[0];
    const [, height, width, channels] = shape;
    const vector = channels % 4 === 0 ? mapWidth(map, output.shape) : 1;
    const { overlay, buffers } = mapOverlay(map, vector);
    const V = vector === 4 ? 'vec4f' : 'f32';
    const count = size / vector;
    return [
      {
        label: `translate [${shape.join(', ')}]`,
        shader: link(shader, overlay, { V, WORKGROUP, SIGN: node.attrs.back ? -1 : 1 }),
        buffers: { x, shifts, y: output, ...buffers },
        params: Uint32Array.of(count, height, width, channels / vector),
        grid: foldGrid(Math.ceil(count / WORKGROUP), device),
        flops: 0,
      },
    ];
  },
};
