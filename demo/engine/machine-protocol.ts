/** What the page and the worker say to each other about the machine. */

import type { GpuMemory, NetName } from '../../src/index.ts';

/** Pixels as `ImageData` takes them. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Many small pictures side by side. */
export interface Tiles extends Drawing {
  /** Of how many the first are drawn. */
  readonly count: number;
  readonly drawn: number;
  /** The range of all their values. */
  readonly low: number;
  readonly high: number;
}

/** A sample of the grid, or a picture of the set, by its number from 0. */
export interface InspectedSample {
  readonly kind: 'generated' | 'real';
  readonly number: number;
}

export interface InspectedLayer {
  readonly net: NetName;
  readonly layer: string;
  readonly sample: InspectedSample;
}

export interface Maps extends Tiles {
  readonly net: NetName;
  readonly layer: string;
  readonly step: number;
  /** The sample that they are of. */
  readonly picture: Drawing;
}

export interface Filters extends Tiles {
  readonly step: number;
}

export interface MachineFacts {
  readonly limits: {
    /** Bytes of a buffer, and of the part of it that a kernel sees. */
    readonly buffer: number;
    readonly binding: number;
    /** Buffers of a kernel. */
    readonly buffers: number;
    /** Of a workgroup: threads, and bytes that they share. */
    readonly invocations: number;
    readonly workgroupBytes: number;
  };
  /** Optional features in use, by WebGPU's names. */
  readonly features: readonly string[];
  /** Of the run that is going on. */
  readonly run:
    | {
        /** Bytes by what they are for. */
        readonly kinds: GpuMemory;
        readonly buffers: number;
        readonly bytes: number;
        readonly peakBytes: number;
        readonly dispatches: number;
        readonly submits: number;
        readonly pipelines: number;
        readonly flops: number;
      }
    | undefined;
}
