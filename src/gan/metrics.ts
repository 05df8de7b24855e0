import { GanvasError } from '../graph/errors.ts';

/** What a step reports, in the order of the metrics buffer. */
export const metricNames = [
  'lossD',
  'lossDReal',
  'lossDFake',
  'lossG',
  'dReal',
  'dFake',
  'dFakeAfter',
  'gradNormD',
  'gradNormG',
] as const;
export type MetricName = (typeof metricNames)[number];

/** Elements between two metrics: each lies in a 256-byte window, so that its kernel writes it there. */
export const METRIC_PITCH = 64;
/** Bytes of the metrics buffer. */
export const METRICS_BYTES = metricNames.length * METRIC_PITCH * 4;

/** What a step measured: means over its batch, before its updates unless the name says after. */
export interface StepMetrics extends Readonly<Record<MetricName, number>> {
  /** Steps done, this one included. */
  readonly step: number;
  /** Milliseconds that the step took: from its submission, or the end of the step before, to its metrics. */
  readonly timeMs: number;
}

/** A loss or gradient became infinite or NaN. */
export class NonFiniteError extends GanvasError {
  override readonly name = 'NonFiniteError';

  constructor(
    readonly metric: MetricName,
    readonly step: number,
    value: number,
  ) {
    super(
      'non-finite',
      `${metric} is ${value} at step ${step}.`,
      'Training has diverged: lower the learning rates, or choose another generator loss.',
    );
  }
}

/** What is in a copy of the metrics buffer. Throws a `NonFiniteError` for the first that is not finite. */
export function decodeMetrics(values: Float32Array, step: number, timeMs: number): StepMetrics {
  const named = metricNames.map((name, i): [MetricName, number] => [
    name,
    values[i * METRIC_PITCH],
  ]);
  const bad = named.find(([, value]) => !Number.isFinite(value));
  if (bad) throw new NonFiniteError(bad[0], step, bad[1]);
  return { ...(Object.fromEntries(named) as Record<MetricName, number>), step, timeMs };
}
