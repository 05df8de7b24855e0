import type { ImageSet } from '../data/image-set.ts';
import type { Values } from '../data/values.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import type { WeightAverage } from '../nn/average.ts';
import type { Net } from '../nn/net.ts';
import type { Optimiser } from '../nn/optimisers.ts';

/**
 * What is to be trained makes no sense. `code` is `program-` and one of `metrics` (what the step
 * returns), `data`, `names`, `optimiser`, `seed`, `shape`, `variable`.
 */
export class ProgramError extends GanvasError {
  override readonly name = 'ProgramError';

  constructor(
    kind: 'metrics' | 'data' | 'names' | 'optimiser' | 'seed' | 'shape' | 'variable',
    message: string,
    advice: string,
  ) {
    super(`program-${kind}`, message, advice);
  }
}

/** What batches are drawn from: pictures, or rows of numbers [count, …]. It stays on the device. */
export type DataSet = ImageSet | Values;

/** How a batch is drawn. */
export interface BatchOptions {
  /** Mirror each picture left to right with probability ½. */
  readonly flip?: boolean;
}

/**
 * What a step is made of, beside operations, nets and optimisers. Everything happens on the device,
 * anew each step.
 */
export interface StepContext<Data extends string = string> {
  /** The graph that the step is traced in. */
  readonly graph: Graph;
  /** Random numbers of mean 0 and standard deviation 1, as PyTorch's `randn`. */
  normal(shape: Shape): Tensor;
  /** Random numbers between `low` and `high`, by default 0 and 1, as PyTorch's `rand`. */
  uniform(shape: Shape, low?: number, high?: number): Tensor;
  /**
   * The next `size` items of a data set: rows as they are, pictures as [size, height, width, channels]
   * in [−1, 1]. Every item is drawn once an epoch, in an order drawn anew each epoch; a step that
   * calls this several times draws different items.
   */
  batch(name: Data, size: number, options?: BatchOptions): Tensor;
  /**
   * Of several data sets the items at the same places, such as pictures and their labels. What is
   * drawn together is shuffled independently of what is drawn by itself.
   */
  batch<const Names extends readonly Data[]>(
    names: Names,
    size: number,
    options?: BatchOptions,
  ): { -readonly [Index in keyof Names]: Tensor };
  /**
   * A tensor of the step's own that outlives it, such as a running average; it starts as `initial`.
   * The newest version: `assign` makes another.
   */
  variable(name: string, initial: Values): Tensor;
  /** Makes a tensor of its shape the newest version of a `variable`: the next step begins with it. */
  assign(name: string, value: Tensor): void;
}

/** What is trained: see `traceTraining`. */
export interface TrainingDefinition<Data extends string, Name extends string> {
  /**
   * A whole number from 0 to 2³² − 1, by default 0. Initial parameters, random numbers and the order of
   * batches are functions of it.
   */
  readonly seed?: number;
  /** Those that the step calls `minimise` of. */
  readonly optimisers: readonly Optimiser[];
  /** Nets that no optimiser updates, but the step or a function of `traceFunction` reads. */
  readonly nets?: readonly Net[];
  /** Averages of weights that the step updates. */
  readonly averages?: readonly WeightAverage[];
  /** What batches are drawn from, by name. */
  readonly data?: Readonly<Record<Data, DataSet>>;
  /**
   * One step, called once: it builds what is then run again and again. Returns what the step reports:
   * scalars, by name.
   */
  step(context: StepContext<Data>): Readonly<Record<Name, Tensor>>;
}
