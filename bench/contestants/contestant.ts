import type { BenchModel } from '../models.ts';
import type { Problem } from '../problem.ts';

export interface Losses {
  /** D's on real plus on fake pictures. */
  readonly lossD: number;
  readonly lossG: number;
}

/** A value for each net. */
export interface PerNet<T> {
  readonly generator: T;
  readonly discriminator: T;
}

/** A model in training, on the device. */
export interface Contestant {
  /** Does so many steps; resolves when the losses of the last have come back. */
  run(steps: number): Promise<Losses>;
  /** All weights as they are now, in an order of its own. */
  weights(): Promise<PerNet<Float32Array>>;
  /** Bytes on the device that are the data set, which others do not have there. */
  readonly dataBytes: number;
  dispose(): void;
}

/** Makes the model: from here on time counts. */
export type Create = (model: BenchModel, problem: Problem) => Promise<Contestant>;

/** Starts a library and its device, which is not counted. */
export type Open = () => Promise<Create>;

/** Flat copies of some tensors, one after the other. */
export function concatenated(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
