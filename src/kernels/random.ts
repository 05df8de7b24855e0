import advanceShader from '../../shaders/advance.wgsl?raw';
import flipOverlay from '../../shaders/flip.wgsl?raw';
import gatherShader from '../../shaders/gather_pictures.wgsl?raw';
import gatherRowsShader from '../../shaders/gather_rows.wgsl?raw';
import gatherScalarOverlay from '../../shaders/gather_scalar.wgsl?raw';
import philoxOverlay from '../../shaders/philox.wgsl?raw';
import randomShader from '../../shaders/random.wgsl?raw';
import normalOverlay from '../../shaders/random_normal.wgsl?raw';
import randomScalarOverlay from '../../shaders/random_scalar.wgsl?raw';
import shuffledIndicesShader from '../../shaders/shuffled_indices.wgsl?raw';
import type { Distribution } from '../ops/random.ts';
import { foldGrid } from './grid.ts';
import type { Kernel } from './kernel.ts';
import { mapOverlay, mapWidth, type Width } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;

const vector = (width: Width): string => (width === 4 ? 'vec4f' : 'f32');

export const randomKernel: Kernel = {
  fusable: () => 2,
  lower({ node, output, map, device }) {
    const [state] = node.inputs;
    const { shape, size } = node.outputs[0];
    const { distribution, stream } = node.attrs as { distribution: Distribution; stream: number };
    const width = mapWidth(map, output.shape);
    const { overlay, buffers } = mapOverlay(map, width);
    const overlays = [
      philoxOverlay,
      ...(distribution === 'normal' ? [normalOverlay] : []),
      ...(width === 1 ? [randomScalarOverlay] : []),
      ...overlay,
    ];
    return [
      {
        label: `random ${distribution} [${shape.join(', ')}]`,
        shader: link(randomShader, overlays, { V: vector(width), WORKGROUP }),
        buffers: { state, y: output, ...buffers },
        params: Uint32Array.of(size, stream),
        grid: foldGrid(Math.ceil(size / 4 / WORKGROUP), device),
        flops: 0,
      },
    ];
  },
};

export const advanceKernel: Kernel = {
  lower: ({ node }) => [
    {
      label: 'advance',
      shader: link(advanceShader, []),
      buffers: { state: node.outputs[0] },
      grid: [1, 1, 1],
      flops: 0,
    },
  ],
};

/** Least h ≥ 1 such that 4ʰ ≥ count: half the bits of the Feistel network. */
function halfBits(count: number): number {
  let half = 1;
  while (4 ** half < count) half++;
  return half;
}

export const shuffledIndicesKernel: Kernel = {
  lower({ node, device }) {
    const [state] = node.inputs;
    const { count, size, first, stride, stream } = node.attrs as Record<string, number>;
    return [
      {
        label: `shuffledIndices ${size} of ${count}`,
        shader: link(shuffledIndicesShader, [], { WORKGROUP }),
        buffers: { state, indices: node.outputs[0] },
        params: Uint32Array.of(count, size, first, stride, stream, halfBits(count)),
        grid: foldGrid(Math.ceil(size / WORKGROUP), device),
        flops: 0,
      },
    ];
  },
};

export const gatherRowsKernel: Kernel = {
  fusable: () => 3,
  lower({ node, output, map, device }) {
    const [data, indices] = node.inputs;
    const { shape, size } = node.outputs[0];
    const row = size / shape[0];
    const width = row % 4 === 0 ? mapWidth(map, output.shape) : 1;
    const { overlay, buffers } = mapOverlay(map, width);
    return [
      {
        label: `gatherRows [${shape.join(', ')}]`,
        shader: link(gatherRowsShader, overlay, { V: vector(width), WORKGROUP }),
        buffers: { data, indices, y: output, ...buffers },
        params: Uint32Array.of(size / width, row / width),
        grid: foldGrid(Math.ceil(size / width / WORKGROUP), device),
        flops: 0,
      },
    ];
  },
};

export const gatherPicturesKernel: Kernel = {
  fusable: ({ attrs }) => (attrs.flip ? 4 : 3),
  lower({ node, output, map, device }) {
    const [data, indices, state] = node.inputs;
    const [pictures, height, width, channels] = node.outputs[0].shape;
    const flip = node.attrs.flip as boolean;
    const size = height * width * channels;
    const vectorWidth = size % 4 === 0 ? mapWidth(map, output.shape) : 1;
    const { overlay, buffers } = mapOverlay(map, vectorWidth);
    const overlays = [
      ...(flip ? [flipOverlay, philoxOverlay] : []),
      ...(vectorWidth === 1 ? [gatherScalarOverlay] : []),
      ...overlay,
    ];
    // A picture a row of the grid.
    const rows = Math.min(pictures, device.maxWorkgroupsPerDimension);
    const vectorsEach = device.software ? 64 : 4;
    return [
      {
        label: `gatherPictures [${pictures}, ${height}, ${width}, ${channels}]`,
        shader: link(gatherShader, overlays, { V: vector(vectorWidth), WORKGROUP }),
        buffers: { data, indices, y: output, ...(flip && { state }), ...buffers },
        params: Uint32Array.of(pictures, size, width, channels, node.attrs.stream as number),
        grid: [
          Math.ceil(size / vectorWidth / WORKGROUP / vectorsEach),
          rows,
          Math.ceil(pictures / rows),
        ],
        flops: 0,
      },
    ];
  },
};
