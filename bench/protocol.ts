// What passes between Node and the page: plain data.
import type { AdapterInfo } from '../src/runtime/engine.ts';

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
  readonly grid: readonly number[];
  /** Median of the runs. */
  readonly ms: number;
  readonly flops: number;
  /** Of its bindings, each once. */
  readonly bytes: number;
}

export interface Profile {
  readonly adapter: AdapterInfo;
  /** Undefined on a device without timestamps. */
  readonly dispatches: readonly ProfiledDispatch[] | undefined;
  readonly copies: number;
  readonly pipelines: number;
  /** Planning, and compiling all pipelines. */
  readonly compileMs: number;
  /** Medians of whole steps by the host's clock: as in training, and with a pass a dispatch. */
  readonly stepMs: number;
  readonly profiledStepMs: number;
}

/** What the page offers to Node. */
export interface PageApi {
  ceilings(): Promise<Ceilings>;
  profile(model: string, runs: number): Promise<Profile>;
}
