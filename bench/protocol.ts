// What passes between Node and the page: plain data.
import type { AdapterInfo } from '../src/runtime/engine.ts';
import type { Losses, PerNet } from './contestants/contestant.ts';
import type { ContestantName } from './contestants/index.ts';
import type { Counts } from './meter.ts';
import type { BenchModel } from './models.ts';

/** What the device can do at most, measured in the same page. */
export interface Ceilings {
  /** 1024³, by form. */
  readonly matmul: readonly { readonly form: string; readonly gflops: number }[];
  /** Read and written bytes of kernels that copy, by form. */
  readonly copy: readonly { readonly form: string; readonly gbs: number }[];
  /** The same of a copy command, whose way no kernel can go. */
  readonly bufferCopyGbs: number;
  /** Microseconds of a dispatch that does nothing, with pipeline and bind group switched. */
  readonly dispatchUs: number;
}

/** The best form's number. */
export const matmulCeiling = (c: Ceilings): number => Math.max(...c.matmul.map((m) => m.gflops));
export const copyCeiling = (c: Ceilings): number => Math.max(...c.copy.map((m) => m.gbs));

/** One dispatch of a step. */
export interface ProfiledDispatch {
  /** Kernel and shape. */
  readonly label: string;
  /** Median of the runs. */
  readonly ms: number;
  readonly flops: number;
  /** Of its bindings, each once. */
  readonly bytes: number;
}

export interface Profile {
  /** Undefined on a device without timestamps. */
  readonly dispatches: readonly ProfiledDispatch[] | undefined;
  readonly copies: number;
  readonly pipelines: number;
  /** Planning, compiling all pipelines, and filling the memory. */
  readonly createMs: number;
  /** Medians of whole steps by the host's clock: as in training, and with a pass a dispatch. */
  readonly stepMs: number;
  readonly profiledStepMs: number;
}

/** A contestant after its first step. */
export interface Started {
  /** Tracing, compiling and running the first step; starting the library and its device apart. */
  readonly firstStepMs: number;
  readonly losses: Losses;
  /** Root of the mean squared change of a weight. */
  readonly change: PerNet<number>;
  /** Pipelines, or WebGL programs, that the first step made; undefined where nothing is wrapped. */
  readonly pipelines: number | undefined;
  readonly dataBytes: number;
}

/** Some steps, one after the other, the losses of the last awaited. */
export interface Turn {
  readonly steps: number;
  readonly ms: number;
  readonly losses: Losses;
  /** What the turn asked of WebGPU or WebGL; undefined where nothing is wrapped. */
  readonly counts: Counts | undefined;
  /** The most bytes of the device's memory there were since the model was made. */
  readonly peakBytes: number | undefined;
}

/** What the page offers to Node. */
export interface PageApi {
  adapter(): Promise<AdapterInfo>;
  ceilings(): Promise<Ceilings>;
  profile(model: BenchModel, runs: number): Promise<Profile>;
  /** Makes a contestant's model and does its first step. */
  start(contestant: ContestantName, model: BenchModel, problemUrl: string): Promise<Started>;
  turn(steps: number): Promise<Turn>;
}
