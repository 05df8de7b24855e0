import adamShader from '../../shaders/adam.wgsl?raw';
import rmspropShader from '../../shaders/rmsprop.wgsl?raw';
import sgdShader from '../../shaders/sgd.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import { GRAD_SQUARE_SPAN } from '../ops/optimiser.ts';
import { foldGrid } from './grid.ts';
import type { BufferRef, DeviceTraits, Dispatch, Kernel } from './kernel.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;

/** One dispatch, an invocation for each span of gradients. A pipeline serves one size: there are few. */
function update(
  node: Node,
  shader: string,
  buffers: Record<string, BufferRef>,
  device: DeviceTraits,
  constants: Record<string, number> = {},
): Dispatch[] {
  const { size } = node.outputs[0];
  const { size: spans } = node.outputs[node.outputs.length - 1];
  return [
    {
      label: `${node.op} [${size}]`,
      shader: link(shader, [], {
        ...{ SIZE: size, WORKGROUP, STEPS: GRAD_SQUARE_SPAN / 4 },
        ...constants,
      }),
      buffers,
      grid: foldGrid(Math.ceil(spans / WORKGROUP), device),
      flops: 0,
    },
  ];
}

export const adamKernel: Kernel = {
  lower({ node, device }) {
    const [, gradients, , , hyper, corrections] = node.inputs;
    const [weights, m, v, gradSquares] = node.outputs;
    const buffers = { weights, gradients, m, v, hyper, corrections, gradSquares };
    return update(node, adamShader, buffers, device, { DECAY: Number(node.attrs.decay ?? 0) });
  },
};

const withOneMoment = (shader: string): Kernel => ({
  lower({ node, device }) {
    const [, gradients, , hyper] = node.inputs;
    const [weights, v, gradSquares] = node.outputs;
    return update(node, shader, { weights, gradients, v, hyper, gradSquares }, device);
  },
});

export const sgdKernel = /* @__PURE__ */ withOneMoment(sgdShader);
export const rmspropKernel = /* @__PURE__ */ withOneMoment(rmspropShader);
