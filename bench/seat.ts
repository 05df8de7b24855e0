import type { BenchModel } from './models.ts';
import type { Started, Turn } from './protocol.ts';

/** Where a contestant trains one model: a page, this process, another process. */
export interface Seat {
  /** Makes the model and does its first step. */
  start(): Promise<Started>;
  turn(steps: number): Promise<Turn>;
  /** Seconds of processor time so far; undefined where the system does not tell. */
  cpuSeconds(): number | undefined;
  close(): Promise<void>;
}

/** A contestant as Node knows it. */
export interface Entry {
  readonly name: string;
  /** It is Ganvas: the others are its peers. */
  readonly own: boolean;
  /** `problem` is a safetensors file. */
  open(model: BenchModel, problem: Uint8Array): Promise<Seat>;
}
