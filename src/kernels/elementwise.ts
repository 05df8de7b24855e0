import shader from '../../shaders/elementwise.wgsl?raw';
import type { Tensor } from '../graph/graph.ts';
import type { MapProgram } from '../graph/map.ts';
import { foldGrid } from './grid.ts';
import type { DeviceTraits, Dispatch } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;

/** A chain of element-wise operations and movements as one dispatch. `overwritten` lies where the output does. */
export function lowerElementwise(
  output: Tensor,
  map: MapProgram,
  device: DeviceTraits,
  overwritten?: Tensor,
): Dispatch {
  const width = mapWidth(map, output.shape);
  const { overlay, buffers } = mapOverlay(map, width, { overwritten });
  const count = output.size / width;
  return {
    label: `${map.instructions.map((i) => i.op).join('·') || 'copy'} [${output.shape.join(', ')}]`,
    shader: link(shader, overlay, { V: width === 4 ? 'vec4f' : 'f32', WORKGROUP }),
    buffers: { ...buffers, result: output },
    params: Uint32Array.of(count),
    grid: foldGrid(Math.ceil(count / WORKGROUP), device),
    flops: 0,
  };
}
