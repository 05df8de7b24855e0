import lookShader from '../../shaders/first_non_finite.wgsl?raw';
import firstShader from '../../shaders/first_of_slices.wgsl?raw';
import { foldGrid } from './grid.ts';
import type { DeviceTraits, Kernel, Scratch } from './kernel.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;
/** Slices of one tensor: a single invocation looks through them all. */
const MAX_SLICES = 256;
/** Elements that are worth an invocation of their own. */
const sliceSize = ({ software }: DeviceTraits): number => (software ? 4096 : 256);

export const firstNonFiniteKernel: Kernel = {
  lower({ node, device }) {
    let firstSlice = 0;
    const parts = node.inputs.map((x, tensor) => {
      const vectors = Math.ceil(x.size / 4);
      const wanted = Math.min(MAX_SLICES, Math.ceil(x.size / sliceSize(device)));
      const sliceVectors = Math.ceil(vectors / wanted);
      const slices = Math.ceil(vectors / sliceVectors);
      const params = Uint32Array.of(x.size, vectors, sliceVectors, slices, firstSlice, tensor);
      firstSlice += slices;
      return { x, slices, params };
    });
    const found: Scratch = { label: 'firstNonFinite, slices', bytes: firstSlice * 16 };
    return [
      ...parts.map(({ x, slices, params }) => ({
        label: `firstNonFinite [${x.shape.join(', ')}]`,
        shader: link(lookShader, [], { WORKGROUP }),
        buffers: { x, found },
        params,
        grid: foldGrid(Math.ceil(slices / WORKGROUP), device),
        flops: 0,
      })),
      {
        label: `firstNonFinite of ${firstSlice} slices`,
        shader: link(firstShader, []),
        buffers: { found, result: node.outputs[0] },
        params: Uint32Array.of(firstSlice),
        grid: [1, 1, 1],
        flops: 0,
      },
    ];
  },
};
