import { GanvasError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { add, div, exp, floor, minimum, mul, square, sub } from '../ops/elementwise.ts';

/**
 * How a learning rate changes while training: what it is multiplied by, [1], at an update that so many
 * others came before, [1]. It is traced once, so it is made of operations, as PyTorch's `LambdaLR` of a
 * function.
 *
 * ```ts
 * new Adam(net, { lr: 2e-4, schedule: (updates) => div(1, add(updates, 1)) })
 * ```
 */
export type Schedule = (updates: Tensor) => Tensor;

function demand(name: string, value: number, fits: boolean, range: string): void {
  if (!fits) throw new GanvasError('schedule', `${name} is ${value}.`, `It must be ${range}.`);
}

function demandCount(name: string, value: number): void {
  // Counts of updates are kept in float32.
  const fits = Number.isInteger(value) && value >= 1 && value <= 2 ** 24;
  demand(name, value, fits, 'a whole number from 1 to 2²⁴');
}

/** How far a run is in its `total` updates: from 0 to 1, and then 1. */
const progress = (updates: Tensor, total: number): Tensor => minimum(div(updates, total), 1);

/** Options of `linearLR`. */
export interface LinearScheduleOptions {
  /** What the rate is multiplied by at the first update. */
  readonly startFactor: number;
  /** Likewise once `totalIters` updates are done, and from then on. */
  readonly endFactor: number;
  /** Updates from the one to the other. */
  readonly totalIters: number;
}

/** On a line from one factor to the other, as PyTorch's `LinearLR`: a decay, or a warm-up. */
export function linearLR({ startFactor, endFactor, totalIters }: LinearScheduleOptions): Schedule {
  for (const [name, factor] of Object.entries({ startFactor, endFactor }))
    demand(name, factor, factor >= 0 && factor < Infinity, 'at least 0');
  demandCount('totalIters', totalIters);
  return (updates) => add(startFactor, mul(progress(updates, totalIters), endFactor - startFactor));
}

/** Options of `cosineAnnealingLR`. */
export interface CosineScheduleOptions {
  /** Updates until the rate is lowest. */
  readonly tMax: number;
  /** What the rate is multiplied by in the end; 0 by default. */
  readonly minFactor?: number;
}

/** Digits of sin x, from 0 to π/2: the series to x¹³, off by less than 10⁻⁹. The adapter's may be off by 2⁻¹¹. */
function sine(x: Tensor): Tensor {
  const x2 = square(x);
  let series: Tensor = sub(1, div(x2, 12 * 13));
  for (const n of [10, 8, 6, 4, 2]) series = sub(1, div(mul(x2, series), n * (n + 1)));
  return mul(x, series);
}

/**
 * Half a period of a cosine (Loshchilov & Hutter 2017, equation 5, without restarts), as PyTorch's
 * `CosineAnnealingLR` until `tMax`; after that the rate stays lowest.
 */
export function cosineAnnealingLR({ tMax, minFactor = 0 }: CosineScheduleOptions): Schedule {
  demandCount('tMax', tMax);
  demand('minFactor', minFactor, minFactor >= 0 && minFactor <= 1, 'from 0 to 1');
  return (updates) => {
    // (1 + cos πp)/2 = sin²(π/2·(1 − p)), which keeps its digits where it is small.
    const left = mul(sub(1, progress(updates, tMax)), Math.PI / 2);
    return add(minFactor, mul(square(sine(left)), 1 - minFactor));
  };
}

/** Options of `exponentialLR`. */
export interface ExponentialScheduleOptions {
  /** What the rate is multiplied by at each update. */
  readonly gamma: number;
}

/** γᵗ, as PyTorch's `ExponentialLR`. */
export function exponentialLR({ gamma }: ExponentialScheduleOptions): Schedule {
  demand('gamma', gamma, gamma > 0 && gamma <= 1, 'above 0 and at most 1');
  return (updates) => exp(mul(updates, Math.log(gamma)));
}

/** Options of `stepLR`. */
export interface StepScheduleOptions {
  /** Updates from one fall of the rate to the next. */
  readonly stepSize: number;
  /** What the rate is multiplied by there; 0.1 by default. */
  readonly gamma?: number;
}

/** γ to the power of ⌊t/stepSize⌋, as PyTorch's `StepLR`. */
export function stepLR({ stepSize, gamma = 0.1 }: StepScheduleOptions): Schedule {
  demandCount('stepSize', stepSize);
  demand('gamma', gamma, gamma > 0 && gamma <= 1, 'above 0 and at most 1');
  // Half an update further: a quotient that is a whole number may come out just below it.
  return (updates) => exp(mul(floor(div(add(updates, 0.5), stepSize)), Math.log(gamma)));
}
