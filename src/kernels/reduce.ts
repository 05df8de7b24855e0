import base from '../../shaders/reduce.wgsl?raw';
import maxOverlay from '../../shaders/reduce_max.wgsl?raw';
import maxHorizontal from '../../shaders/reduce_max_horizontal.wgsl?raw';
import sumHorizontal from '../../shaders/reduce_sum_horizontal.wgsl?raw';
import { identityMap, type MapProgram } from '../graph/map.ts';
import type { Shape } from '../graph/shape.ts';
import { foldGrid } from './grid.ts';
import type { BufferRef, DeviceTraits, Dispatch, Kernel, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;
/**
 * Terms that one invocation should add at least before a sum is worth splitting. On a software adapter
 * a second dispatch takes 16 µs, in which one invocation loads some 3,000 floats (0.2 a nanosecond);
 * a GPU has invocations to spare.
 */
const sliceTerms = ({ software }: DeviceTraits): number => (software ? 4096 : 64);
/** Slices of one output: the second pass adds them serially. */
const MAX_SLICES = 256;
/** Invocations beyond which further slices bring nothing. */
const ENOUGH_INVOCATIONS = 16384;

/** Sizes of kept and reduced axes in turn, from the outermost kept ones on. */
function foldAxes(shape: readonly number[], axes: readonly number[]): number[] {
  const folded = [1];
  shape.forEach((n, axis) => {
    const reducing = folded.length % 2 === 0;
    if (n === 1) return;
    if (axes.includes(axis) === reducing) folded[folded.length - 1] *= n;
    else folded.push(n);
  });
  return folded;
}

/** What one pass of the kernel takes: [K1, R1, K2, R2, K3]. */
type Folded = readonly [k1: number, r1: number, k2: number, r2: number, k3: number];

/** Of at most two runs of reduced axes. With one, kept axes behind it are the innermost. */
const sizesOf = ([k1, r1 = 1, k2 = 1, r2 = 1, k3 = 1]: readonly number[]): Folded =>
  r2 === 1 ? [k1, r1, 1, 1, k2] : [k1, r1, k2, r2, k3];

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

const isMap = (source: Pass['source']): source is MapProgram => 'operands' in source;

/** Can neighbouring elements be loaded as a vector? */
const isWide = (source: Pass['source'], shape: Shape): boolean =>
  !isMap(source) || mapWidth(source, shape) === 4;

function dispatch(pass: Pass, device: DeviceTraits): Dispatch {
  const { op, folded, source, map, slices } = pass;
  const [k1, r1, k2, r2, k3] = folded;
  const wide = isWide(source, folded);
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

/** In how many slices a sum is computed: of equal length, none of them empty. */
function slicesOf([k1, r1, k2, r2, k3]: Folded, device: DeviceTraits): number {
  const enough = Math.ceil(ENOUGH_INVOCATIONS / (k1 * k2 * k3));
  const split = Math.min(r1, Math.ceil((r1 * r2) / sliceTerms(device)), MAX_SLICES, enough);
  return Math.ceil(r1 / Math.ceil(r1 / Math.max(1, split)));
}

function lower({ node, output, map, prologue, device }: Lowering): Dispatch[] {
  const [x] = node.inputs;
  const axes = node.attrs.axes as number[];
  const label = `${node.op} [${x.shape.join(', ')}] over ${axes.join(', ')}`;
  const dispatches: Dispatch[] = [];
  let source: Pass['source'] = prologue ?? x;
  const toScratch = (folded: Folded, slices: number, part: string) => {
    const [k1, , k2, , k3] = folded;
    const bytes = Math.ceil((slices * k1 * k2 * k3) / 4) * 16;
    const target: Scratch = { label: `${label}, ${part}`, bytes };
    const outputShape = [k1, k2, k3];
    const pass = { op: node.op, label: target.label, folded, source, target, outputShape, slices };
    dispatches.push(dispatch({ ...pass, map: identityMap, scale: 1 }, device));
    source = target;
  };

  let runs = foldAxes(x.shape, axes);
  while (runs.length > 5) {
    const last = runs.length - 1 - (runs.length % 2);
    const kept = runs[last + 1] ?? 1;
    const before = runs.slice(0, last).reduce((a, b) => a * b, 1);
    toScratch([before, runs[last], 1, 1, kept], 1, `axes before ${last}`);
    runs = [...runs.slice(0, last - 1), runs[last - 1] * kept];
  }
  let folded = sizesOf(runs);
  const [k1, r1, k2, r2, k3] = folded;
  // Neighbours of an innermost reduced axis are split as four outputs, which the last pass adds: so
  // the long way is gone in vectors.
  const byFours = k2 * r2 * k3 === 1 && r1 % 4 === 0 && isWide(source, folded);
  const split: Folded = byFours ? [k1, r1 / 4, 1, 1, 4] : folded;
  const slices = slicesOf(split, device);
  const reads = dispatches.length === 0 && prologue ? prologue.operands.length : 1;
  const bindings = reads + map.operands.length + 1;
  if (slices > 1 || bindings > device.maxStorageBuffersPerShaderStage) {
    toScratch(split, slices, 'slices');
    folded = byFours ? [1, slices, k1, 4, 1] : [1, slices, 1, 1, k1 * k2 * k3];
  }
  const scale = (node.attrs.scale as number | undefined) ?? 1;
  const last = { op: node.op, label, folded, source, target: output, map, slices: 1, scale };
  return [...dispatches, dispatch({ ...last, outputShape: output.shape }, device)];
}

/** Of sums and of largest elements. */
// Whatever the prologue binds, the storing dispatch can be made to read partial sums alone.
export const reduceKernel: Kernel = { fusable: () => 2, takesPrologue: true, lower };
