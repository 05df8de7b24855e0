import type { Addition } from '../graph/fuse.ts';
import type { Node, Tensor } from '../graph/graph.ts';
import type { MapProgram } from '../graph/map.ts';
import type { Shader } from './wgsl.ts';

/** A buffer that only one node's dispatches use, between them. Known by identity. */
export interface Scratch {
  readonly label: string;
  readonly bytes: number;
}

/** What a binding is given: a tensor's buffer, or scratch memory. The planner decides which buffer. */
export type BufferRef = Tensor | Scratch;

/** One compute dispatch, before buffers are assigned. */
export interface Dispatch {
  /** Kernel and shape, for profiles and error messages. */
  readonly label: string;
  readonly shader: Shader;
  /** By the name that the shader gives its storage variables. */
  readonly buffers: Readonly<Record<string, BufferRef>>;
  /** Contents of the uniform variable `params`, where the shader has one. */
  readonly params?: Uint32Array<ArrayBuffer>;
  /** Workgroups; each at most `maxComputeWorkgroupsPerDimension`. */
  readonly grid: readonly [x: number, y: number, z: number];
  /** Multiply-adds × 2 of useful work. */
  readonly flops: number;
}

/** What kernels need to know of a device. Plain data, so that lowering runs without one. */
export interface DeviceTraits {
  readonly software: boolean;
  readonly features: ReadonlySet<string>;
  /** Invocations that keep it busy: more are not worth splitting work for. */
  readonly enoughInvocations: number;
  readonly maxWorkgroupsPerDimension: number;
  readonly maxStorageBuffersPerShaderStage: number;
}

/** A node to run (none for a chain of element-wise operations on its own), with the chain of element-wise operations that was fused to its first output. */
export interface Lowering {
  readonly node: Node;
  /** What the last dispatch stores: the chain's result, or the node's first output. */
  readonly output: Tensor;
  /** Applied to every element before it is stored. */
  readonly map: MapProgram;
  /** How a reduction loads its input: the chain of element-wise operations that was fused before it. */
  readonly prologue?: MapProgram;
  /** Outputs after the first that are added to what lies in their place: there the total is bound. */
  readonly additions?: ReadonlyMap<Tensor, Addition>;
  readonly device: DeviceTraits;
}

/** One way to run a node. `name` identifies it among the ways to run that node. */
export interface Candidate {
  readonly name: string;
  lower(): Dispatch[];
}

interface KernelBase {
  /**
   * How many storage buffers the dispatch that stores the first output binds, if a chain may be
   * fused to it; absent if not. The chain's extra operands must fit beside them.
   */
  readonly fusable?: (node: Node) => number;
  /** A chain may be fused before the node's only input, which is then `Lowering.prologue`. */
  readonly takesPrologue?: boolean;
  /** Which outputs after the first it can add to what lies in their place: `Lowering.additions`. */
  readonly addable?: readonly number[];
}

/** How an operation runs, in one way or in several. One file an operation, or a family of them. */
export type Kernel = KernelBase &
  (
    | { lower(lowering: Lowering): Dispatch[] }
    /** The ways to run a node. The first is the one to take unmeasured. */
    | { candidates(lowering: Lowering): readonly Candidate[] }
  );

/** The dispatches of a node: in the way that was chosen for it, or in the first where that is not there. */
export function lowerWith(kernel: Kernel, lowering: Lowering, chosen?: string): Dispatch[] {
  if ('lower' in kernel) return kernel.lower(lowering);
  const candidates = kernel.candidates(lowering);
  return (candidates.find(({ name }) => name === chosen) ?? candidates[0]).lower();
}
