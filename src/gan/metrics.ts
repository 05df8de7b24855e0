import type { Metrics } from '../training/metrics.ts';

/**
 * What a step of a GAN reports. `lossD` has all that D lowers, penalties too: what it has beyond
 * `lossDReal` and `lossDFake`. `dReal` and so on are sigmoids of D's outputs, whatever its objective.
 */
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
/** Names of what a step of a GAN reports. */
export type MetricName = (typeof metricNames)[number];

/** What a step measured: means over its batch, before its updates unless the name says after. */
export type StepMetrics = Metrics<MetricName>;
