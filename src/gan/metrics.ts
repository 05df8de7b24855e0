import type { Metrics } from '../training/metrics.ts';

/** What a step of a GAN reports. */
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

/** What a step measured: means over its batch, before its updates unless the name says after. */
export type StepMetrics = Metrics<MetricName>;
