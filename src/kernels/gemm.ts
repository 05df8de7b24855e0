// Matrix products in all but name: matmul and the three convolutions. They share their cores and
// differ in their loaders, which say what the elements of A and B are: see shaders/gemm_register.wgsl.
import narrow from '../../shaders/gemm_narrow.wgsl?raw';
import quad from '../../shaders/gemm_quad.wgsl?raw';
import register from '../../shaders/gemm_register.wgsl?raw';
import storeScalar from '../../shaders/gemm_store_scalar.wgsl?raw';
import sumSplits from '../../shaders/gemm_sum_splits.wgsl?raw';
import workgroupTiles from '../../shaders/gemm_workgroup.wgsl?raw';
import scalarA from '../../shaders/load_a_scalar.wgsl?raw';
import scalarB from '../../shaders/load_b_scalar.wgsl?raw';
import { identityMap, type MapProgram } from '../graph/map.ts';
import type { Shape } from '../graph/shape.ts';
import { foldGrid } from './grid.ts';
import type { BufferRef, Candidate, DeviceTraits, Dispatch, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth, type Width } from './map-codegen.ts';
import { link } from './wgsl.ts';

/** How an operand lies in memory. */
export interface OperandLayout {
  /** Neighbours in memory are neighbours in k. */
  readonly alongK: boolean;
  /** Its lines are made of whole, aligned vectors of four. */
  readonly vector: boolean;
}

/** C = A · B, for each of `phases`, with operands that a loader makes of two buffers. */
export interface Gemm {
  readonly label: string;
  /** The text of a `load_*.wgsl`, and the values of its constants. */
  readonly loader: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly a: BufferRef;
  readonly b: BufferRef;
  readonly layoutA: OperandLayout;
  readonly layoutB: OperandLayout;
  readonly rows: number;
  readonly columns: number;
  readonly phases: number;
  /** Elements of the result, of all phases. */
  readonly size: number;
  /** The contraction can be split between steps, each of which is this deep. */
  readonly steps: number;
  readonly stepDepth: number;
  /** What a step counts as in the loader's `share`. */
  readonly stepUnit: number;
  /** A run of the inner loop is no multiple of 4 long. */
  readonly tail: boolean;
  /** What follows `share` in the loader's `Params`. */
  readonly sizes: readonly number[];
  readonly flops: number;
}

/** A kernel file and the tile of the result that some of its invocations compute together. */
interface Core {
  readonly shader: string;
  readonly constants: Readonly<Record<string, number>>;
  readonly rows: number;
  readonly columns: number;
  readonly invocations: number;
  /** Throughput of full tiles on the software adapter, relative. */
  readonly softwareRate: number;
  suits(gemm: Gemm, device: DeviceTraits): boolean;
}

const quadSuits = ({ layoutA, layoutB }: Gemm, { features }: DeviceTraits): boolean =>
  features.has('subgroups') && (layoutA.alongK || !layoutB.alongK);

/** The cores, by name. Each takes any loader. */
const cores = {
  register: {
    shader: register,
    constants: {},
    ...{ rows: 8, columns: 8, invocations: 1, softwareRate: 1 },
    suits: () => true,
  },
  quad16: {
    shader: quad,
    constants: { COLUMN_BLOCKS: 1 },
    ...{ rows: 16, columns: 16, invocations: 4, softwareRate: 1.5 },
    suits: quadSuits,
  },
  quad32: {
    shader: quad,
    constants: { COLUMN_BLOCKS: 2 },
    ...{ rows: 16, columns: 32, invocations: 4, softwareRate: 1.7 },
    suits: quadSuits,
  },
  workgroup: {
    shader: workgroupTiles,
    constants: {},
    ...{ rows: 64, columns: 64, invocations: 64, softwareRate: 0.6 },
    // On the software adapter 512³ takes 94 ms, 58 by `register` and 35 by `quad32`; compiling takes
    // 0.8 s instead of 0.1 s.
    suits: (_, { software }) => !software,
  },
  narrow: {
    shader: narrow,
    constants: {},
    // Its tiles have as many columns as there are.
    ...{ rows: 8, columns: 1, invocations: 1, softwareRate: 0.25 },
    suits: ({ columns }) => columns <= 4,
  },
} as const satisfies Record<string, Core>;

export type CoreName = keyof typeof cores;
export const coreNames = Object.keys(cores) as CoreName[];

/** One way to compute a `Gemm`. */
export interface GemmVariant {
  readonly core: CoreName;
  /** Parts of the contraction; if there are several, a second dispatch adds them. */
  readonly splits: number;
  readonly workgroup: number;
}

const SUM_WORKGROUP = 64;
/** Scratch memory may take this much: half of what WebGPU's default limits let a binding have. */
export const MAX_SCRATCH_BYTES = 64 * 2 ** 20;

/** Tiles of one phase. */
function tilesOf({ rows, columns }: Gemm, name: CoreName): number {
  const core = cores[name];
  const across = name === 'narrow' ? 1 : Math.ceil(columns / core.columns);
  return Math.ceil(rows / core.rows) * across;
}

/** So many parts of equal length that none is empty, about `wanted`. */
export const evenSplits = (steps: number, wanted: number): number =>
  Math.ceil(steps / Math.ceil(steps / Math.min(steps, Math.max(1, Math.floor(wanted)))));

/** Cores that can compute a product, the best guess first. */
export function coresFor(gemm: Gemm, device: DeviceTraits): CoreName[] {
  const cost = (name: CoreName): number => {
    const { rows, columns, softwareRate } = cores[name];
    const computed =
      Math.ceil(gemm.rows / rows) * rows * Math.ceil(gemm.columns / columns) * columns;
    if (device.software) return computed / softwareRate;
    // On GPUs the order is not known before it is measured. Tiles in workgroup memory are the usual
    // winner where one is filled.
    const filled = gemm.rows >= cores.workgroup.rows && gemm.columns >= cores.workgroup.columns;
    return { narrow: 0, workgroup: filled ? 1 : 3, register: 2, quad16: 4, quad32: 5 }[name];
  };
  return coreNames
    .filter((name) => cores[name].suits(gemm, device))
    .sort((one, other) => cost(one) - cost(other));
}

/** The ways that are worth measuring. The first is the one to take unmeasured. */
export function gemmVariants(gemm: Gemm, device: DeviceTraits): GemmVariant[] {
  const leastDepth = 64;
  return coresFor(gemm, device).flatMap((core) => {
    const invocations = tilesOf(gemm, core) * cores[core].invocations * gemm.phases;
    const splits = evenSplits(
      gemm.steps,
      Math.min(
        device.enoughInvocations / invocations,
        (gemm.steps * gemm.stepDepth) / leastDepth,
        MAX_SCRATCH_BYTES / (4 * gemm.size),
      ),
    );
    // Tiles in workgroup memory are made for 64 invocations; the others are free.
    const workgroup = device.software ? 16 : 64;
    return [...new Set([splits, 1])].map((parts) => ({ core, splits: parts, workgroup }));
  });
}

/** Where a product is stored, and what is applied to its elements before. */
export interface GemmTarget {
  readonly result: BufferRef;
  readonly shape: Shape;
  readonly map: MapProgram;
}

/** The dispatches of a product; the last of them stores to the target. */
export function lowerGemm(
  gemm: Gemm,
  target: GemmTarget,
  device: DeviceTraits,
  variant: GemmVariant = gemmVariants(gemm, device)[0],
): Dispatch[] {
  const { splits } = variant;
  if (splits === 1) return [product(gemm, variant, target, device)];
  const partials: Scratch = { label: `${gemm.label}, partial`, bytes: splits * gemm.size * 4 };
  const partial = { result: partials, shape: [splits, gemm.size], map: identityMap };
  return [
    product(gemm, variant, partial, device),
    sumOfSplits(gemm, splits, partials, target, device),
  ];
}

const targetOf = ({ output, map }: Lowering): GemmTarget => ({
  result: output,
  shape: output.shape,
  map,
});

/** All ways to run a node as one product. The first is the one to take unmeasured. */
export const gemmCandidates = (gemm: Gemm, lowering: Lowering): Candidate[] =>
  gemmVariants(gemm, lowering.device).map((variant) => ({
    name: variant.splits > 1 ? `${variant.core}, ${variant.splits} splits` : variant.core,
    lower: () => lowerGemm(gemm, targetOf(lowering), lowering.device, variant),
  }));

const vectorType = (width: Width): string => (width === 4 ? 'vec4f' : 'f32');

/** The dispatch that multiplies. */
function product(
  gemm: Gemm,
  { core, splits, workgroup }: GemmVariant,
  { result, shape, map }: GemmTarget,
  device: DeviceTraits,
): Dispatch {
  const isNarrow = core === 'narrow';
  // Narrow products read B along k whichever way it lies, and vectors only if it lies so.
  const alongB = isNarrow || gemm.layoutB.alongK;
  const oneColumn = gemm.columns === 1 && !gemm.tail;
  const vectorB = alongB === gemm.layoutB.alongK ? gemm.layoutB.vector : oneColumn;
  const wide = !isNarrow && gemm.columns % 4 === 0 && mapWidth(map, shape) === 4;
  const width: Width = wide ? 4 : 1;
  const epilogue = mapOverlay(map, width);
  // Each loader has parameters of its own, so it comes after what knows only the first of them.
  const overlays = [
    ...(isNarrow || wide ? [] : [storeScalar]),
    gemm.loader,
    ...(gemm.layoutA.vector ? [] : [scalarA]),
    ...(vectorB ? [] : [scalarB]),
    ...epilogue.overlay,
  ];
  const constants = {
    ...gemm.constants,
    ...cores[core].constants,
    WORKGROUP: workgroup,
    A_ALONG_K: Number(gemm.layoutA.alongK),
    B_ALONG_K: Number(alongB),
    V: vectorType(width),
    ...(isNarrow && { COLUMNS: gemm.columns }),
  };
  const share = Math.ceil(gemm.steps / splits) * gemm.stepUnit;
  const [x, y] = foldGrid(
    Math.ceil((tilesOf(gemm, core) * cores[core].invocations) / workgroup),
    device,
  );
  return {
    label: gemm.label,
    shader: link(cores[core].shader, overlays, constants),
    buffers: { a: gemm.a, b: gemm.b, result, ...epilogue.buffers },
    params: Uint32Array.of(...[gemm.rows, gemm.columns, gemm.size, splits, share], ...gemm.sizes),
    grid: [x, y, gemm.phases * splits],
    flops: gemm.flops,
  };
}

/** The dispatch that adds the parts of a split contraction. */
function sumOfSplits(
  gemm: Gemm,
  splits: number,
  partials: Scratch,
  { result, shape, map }: GemmTarget,
  device: DeviceTraits,
): Dispatch {
  const width = mapWidth(map, shape);
  const epilogue = mapOverlay(map, width);
  const count = gemm.size / width;
  return {
    label: `${gemm.label}, sum of ${splits} parts`,
    shader: link(sumSplits, epilogue.overlay, { V: vectorType(width), WORKGROUP: SUM_WORKGROUP }),
    buffers: { partials, result, ...epilogue.buffers },
    params: Uint32Array.of(count, splits),
    grid: foldGrid(Math.ceil(count / SUM_WORKGROUP), device),
    flops: 0,
  };
}
