import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { pack, reshape } from '../ops/movement.ts';

/** Elements between two metrics: each lies in a 256-byte window, so that its kernel writes it there. */
export const METRIC_PITCH = 64;
/** Name of the output that holds them. */
const METRICS = 'metrics';

/** What a step measured: scalars, by name. */
export type Metrics<Name extends string = string> = Readonly<Record<Name, number>> & {
  /** Steps done, this one included. */
  readonly step: number;
  /** Milliseconds that the step took: from its submission, or the end of the step before, to its metrics. */
  readonly timeMs: number;
};

/** A loss, a gradient or a parameter became infinite or NaN. Code `non-finite`. */
export class NonFiniteError extends GanvasError {
  override readonly name = 'NonFiniteError';

  constructor(
    /** The metric, or the variable's tensor, such as `generator.main.3.weight`. */
    readonly tensor: string,
    /** The step at which it was found. */
    readonly step: number,
    value: number,
  ) {
    super(
      'non-finite',
      `${tensor} is ${value} at step ${step}.`,
      'Training has diverged: lower the learning rates, or choose another generator loss.',
    );
  }
}

/** Declares scalars as what a step reports: one number every `METRIC_PITCH` elements, in their order. */
export function reportMetrics(graph: Graph, metrics: readonly Tensor[]): void {
  const scalars = metrics.map((metric) => reshape(metric, [1]));
  const offsets = scalars.map((_, i) => i * METRIC_PITCH);
  graph.output(METRICS, pack(scalars, offsets, scalars.length * METRIC_PITCH));
}

/** Where the metrics of a compiled step are, and how long they are in bytes. */
export const metricsOutput = METRICS;
export const metricsBytes = (names: readonly string[]): number => names.length * METRIC_PITCH * 4;

/** What is in a copy of the metrics. */
export function decodeMetrics<Name extends string>(
  values: Float32Array,
  names: readonly Name[],
  step: number,
  timeMs: number,
): Metrics<Name> {
  const named = names.map((name, i) => [name, values[i * METRIC_PITCH]]);
  return { ...(Object.fromEntries(named) as Record<Name, number>), step, timeMs };
}
