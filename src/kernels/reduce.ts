import base from '../../shaders/reduce.wgsl?raw';
import maxOverlay from '../../shaders/reduce_max.wgsl?raw';
import maxHorizontal from '../../shaders/reduce_max_horizontal.wgsl?raw';
import sumHorizontal from '../../shaders/reduce_sum_horizontal.wgsl?raw';
import { identityMap, type MapProgram } from '../graph/map.ts';
import { foldGrid } from './grid.ts';
import {
  type BufferRef,
  type DeviceTraits,
  type Dispatch,
  defineKernel,
  type Lowering,
  type Scratch,
} from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;
/** Terms that one invocation should add at least before a sum is worth splitting. */
const SLICE_TERMS = 64;
/** Slices of one output: the second pass adds them serially. */
const MAX_SLICES = 256;
/** Invocations beyond which further slices bring nothing. */
const ENOUGH_INVOCATIONS = 16384;

/** Sizes of kept and reduced axes in turn: [K1, R1, K2, R2, K3]. */
export function foldAxes(
  shape: readonly number[],
  axes: readonly number[],
): [number, number, number, number, number] {
  const folded = [1];
  let reducing = false;
  shape.forEach((n, axis) => {
    if (n === 1) return;
    const reduced = axes.includes(axis);
    if (reduced === reducing) folded[folded.length - 1] *= n;
    else folded.push(n);
    reducing = reduced;
  });
  if (folded.length > 5)
    throw new RangeError(`reduce: more than two runs of reduced axes in [${shape.join(', ')}]`);
  const [k1 = 1, r1 = 1, k2 = 1, r2 = 1, k3 = 1] = folded;
  // One run only: kept axes behind it are the innermost.
  return folded.length <= 3 ? [k1, r1, 1, 1, k2] : [k1, r1, k2, r2, k3];
}

type Folded = ReturnType<typeof foldAxes>;

interface Pass {
  readonly op: string;
  readonly label: string;
  readonly folded: Folded;
  /** How elements are loaded, or the buffer that they are loaded from. */
  readonly source: MapProgram | BufferRef;
  readonly target: BufferRef;
  readonly map: MapProgram;
  readonly outputShape: readonly number[];
  readonly slices: number;
  readonly scale: number;
}

function dispatch(pass: Pass, device: DeviceTraits): Dispatch {
  const { op, folded, source, map, slices } = pass;
  const [k1, r1, k2, r2, k3] = folded;
  const isMap = (s: MapProgram | BufferRef): s is MapProgram => 'operands' in s;
  const wide = !isMap(source) || mapWidth(source, folded) === 4;
  const identity = map.operands.length === 0 && map.instructions.length === 0;
  const vertical = wide && k3 % 4 === 0 && mapWidth(map, pass.outputShape) === 4;
  // Four neighbours of the innermost reduced axis; a chain after it would need another type than the loads.
  const horizontal =
    wide &&
    !vertical &&
    k3 === 1 &&
    r2 === 1 &&
    k2 === 1 &&
    r1 % 4 === 0 &&
    slices === 1 &&
    identity;
  const div = (on: boolean) => (on ? 4 : 1);
  const load = isMap(source)
    ? mapOverlay(source, vertical || horizontal ? 4 : 1, { name: 'load' })
    : { overlay: [], buffers: { source } };
  const epilogue = identity ? { overlay: [], buffers: {} } : mapOverlay(map, vertical ? 4 : 1);
  const overlays = [
    ...(op === 'max' ? [maxOverlay] : []),
    ...(horizontal ? [op === 'max' ? maxHorizontal : sumHorizontal] : []),
    ...load.overlay,
    ...epilogue.overlay,
  ];
  const sizes = [k2, k3 / div(vertical), r1 / div(horizontal), r2];
  const outputs = (k1 * k2 * k3) / div(vertical);
  const slice = Math.ceil(sizes[2] / slices);
  const params = new Uint32Array([...sizes, outputs, slices, slice, 0]);
  new Float32Array(params.buffer)[7] = pass.scale;
  return {
    label: pass.label,
    shader: link(base, overlays, {
      V: vertical || horizontal ? 'vec4f' : 'f32',
      R: vertical ? 'vec4f' : 'f32',
      WORKGROUP,
    }),
    buffers: { ...load.buffers, ...epilogue.buffers, result: pass.target },
    params,
    grid: foldGrid(Math.ceil((outputs * slices) / WORKGROUP), device),
    flops: 0,
  };
}

function lower({ node, output, map, prologue, device }: Lowering): Dispatch[] {
  const [x] = node.inputs;
  const source = prologue ?? x;
  const axes = node.attrs.axes as number[];
  const folded = foldAxes(x.shape, axes);
  const [k1, r1, k2, r2, k3] = folded;
  const outputs = k1 * k2 * k3;
  const wanted = Math.ceil((r1 * r2) / SLICE_TERMS);
  const split = Math.min(r1, wanted, MAX_SLICES, Math.ceil(ENOUGH_INVOCATIONS / outputs));
  // Slices of equal length, none of them empty.
  const slices = Math.ceil(r1 / Math.ceil(r1 / Math.max(1, split)));
  const scale = (node.attrs.scale as number | undefined) ?? 1;
  const label = `${node.op} [${x.shape.join(', ')}] over ${axes.join(', ')}`;
  const common = { op: node.op, outputShape: output.shape };
  const buffers = (prologue?.operands.length ?? 1) + map.operands.length + 1;
  if (slices === 1 && buffers <= device.maxStorageBuffersPerShaderStage) {
    return [
      dispatch({ ...common, label, folded, source, target: output, map, slices, scale }, device),
    ];
  }
  const partial: Scratch = {
    label: `${label}, partial`,
    bytes: Math.ceil((slices * outputs) / 4) * 16,
  };
  const first = {
    ...common,
    label: `${label}, slices`,
    folded,
    source,
    target: partial,
    map: identityMap,
    slices,
    scale: 1,
  };
  const refold: Folded = [1, slices, 1, 1, outputs];
  const second = {
    ...common,
    label,
    folded: refold,
    source: partial,
    target: output,
    map,
    slices: 1,
    scale,
  };
  return [dispatch(first, device), dispatch(second, device)];
}

for (const op of ['sum', 'max']) {
  // Whatever the prologue binds, the storing dispatch can be made to read partial sums alone.
  defineKernel({ op, fusable: () => 2, takesPrologue: true, lower });
}
