// Distributions whose densities are known: what a GAN learns from them can be held against the truth.

import { GanvasError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { add, greaterEqual, mul, scalar, select } from '../ops/elementwise.ts';
import { broadcastTo, concat } from '../ops/movement.ts';
import type { Values } from './values.ts';

/** A toy distribution cannot be what it was asked to be. Code `distribution`. */
export class DistributionError extends GanvasError {
  override readonly name = 'DistributionError';

  constructor(message: string, advice: string) {
    super('distribution', message, advice);
  }
}

/** Where a distribution takes its random numbers from: the context of a step of `traceTraining`. */
export interface RandomSource {
  /** Random numbers of mean 0 and standard deviation 1. */
  normal(shape: Shape): Tensor;
  /** Random numbers between `low` and `high`. */
  uniform(shape: Shape, low?: number, high?: number): Tensor;
  /** The next `size` items of a data set. */
  batch(name: string, size: number): Tensor;
}

/** A distribution on the line or in the plane. */
export interface ToyDistribution {
  /** Coordinates of a point. */
  readonly dimension: 1 | 2;
  /** What `traceTraining` must be given as `data` for `sample`: empty for most distributions. */
  readonly data: Readonly<Record<string, Values>>;
  /** The exact probability density at a point, in float64. */
  density(point: ArrayLike<number>): number;
  /** Traces points that are drawn on the device, anew each step: [count, dimension]. */
  sample(source: RandomSource, count: number): Tensor;
}

function checkPoint(what: string, point: ArrayLike<number>, dimension?: number): 1 | 2 {
  const { length } = point;
  let fits = dimension === undefined ? length === 1 || length === 2 : length === dimension;
  for (let i = 0; i < length; i++) fits &&= Number.isFinite(point[i]);
  if (!fits) {
    throw new DistributionError(
      `${what} is [${Array.from(point).join(', ')}].`,
      `It must be ${dimension ?? '1 or 2'} finite number${dimension === 1 ? '' : 's'}.`,
    );
  }
  return length as 1 | 2;
}

function checkNumber(what: string, value: number, fits: boolean, range: string): void {
  if (!(fits && Number.isFinite(value)))
    throw new DistributionError(`${what} is ${value}.`, `It must be ${range}.`);
}

/** A distribution that refuses points of another dimension. */
function distribution(
  dimension: 1 | 2,
  density: (point: ArrayLike<number>) => number,
  sample: (source: RandomSource, count: number) => Tensor,
  data: Readonly<Record<string, Values>> = {},
): ToyDistribution {
  return {
    dimension,
    data,
    density(point) {
      checkPoint('The point', point, dimension);
      return density(point);
    },
    sample(source, count) {
      checkNumber(
        'The number of points',
        count,
        count >= 1 && Number.isInteger(count),
        'a whole number of at least 1',
      );
      return sample(source, count);
    },
  };
}

/** Columns [count, 1] side by side. */
const columns = (each: readonly Tensor[]): Tensor =>
  each.length === 1 ? each[0] : concat(each, 1);

/** The density of an isotropic Gaussian. */
function gaussianDensity(point: ArrayLike<number>, mean: ArrayLike<number>, std: number): number {
  let squared = 0;
  for (let i = 0; i < mean.length; i++) squared += ((point[i] - mean[i]) / std) ** 2;
  return Math.exp(-squared / 2) / (Math.sqrt(2 * Math.PI) * std) ** mean.length;
}

/** A part of a mixture of Gaussians. */
export interface GaussianComponent {
  /** Its centre, one or two coordinates. */
  readonly mean: readonly number[];
  /** Standard deviation of each coordinate. */
  readonly std: number;
  /** Its share is weight / Σ weights; 1 by default. */
  readonly weight?: number;
}

/** Each component is two operations of a kernel; more would make it long. */
const MOST_COMPONENTS = 64;

/**
 * A mixture of up to 64 isotropic Gaussians.
 *
 * @throws {DistributionError} for components of different dimensions, or numbers out of range.
 */
export function gaussianMixture(components: readonly GaussianComponent[]): ToyDistribution {
  const count = components.length;
  checkNumber(
    'The number of components',
    count,
    count >= 1 && count <= MOST_COMPONENTS,
    `1 to ${MOST_COMPONENTS}: draw more as points`,
  );
  const dimension = checkPoint('A mean', components[0].mean);
  for (const { mean, std, weight = 1 } of components) {
    checkPoint('A mean', mean, dimension);
    checkNumber('std', std, std > 0, 'positive');
    checkNumber('A weight', weight, weight > 0, 'positive');
  }
  const total = components.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const shares = components.map(({ weight = 1 }) => weight / total);

  /** Of each point, the number that its component has. */
  const chosen = (where: Tensor, values: readonly number[]): Tensor => {
    const first = scalar(where, values[0]);
    if (values.every((value) => value === values[0])) return first;
    let before = 0;
    return values.slice(1).reduce((choice, value, i) => {
      before += shares[i];
      return select(greaterEqual(where, before), value, choice);
    }, first);
  };
  return distribution(
    dimension,
    (point) =>
      components.reduce(
        (sum, { mean, std }, i) => sum + shares[i] * gaussianDensity(point, mean, std),
        0,
      ),
    (source, size) => {
      const where = source.uniform([size, 1], 0, 1);
      const of = (value: (component: GaussianComponent) => number) =>
        chosen(where, components.map(value));
      const means = Array.from({ length: dimension }, (_, axis) =>
        broadcastTo(
          of(({ mean }) => mean[axis]),
          [size, 1],
        ),
      );
      const noise = source.normal([size, dimension]);
      return add(
        columns(means),
        mul(
          noise,
          of(({ std }) => std),
        ),
      );
    },
  );
}

/** A Gaussian: `gaussian([0], 1)` is the standard one on the line. */
export const gaussian = (mean: readonly number[], std: number): ToyDistribution =>
  gaussianMixture([{ mean, std }]);

/** Gaussians around a circle. */
export interface RingOptions {
  /** How many; 8 by default. */
  readonly modes?: number;
  /** Of the circle around 0 on which their centres are; 2 by default. */
  readonly radius?: number;
  /** Standard deviation of each; 0.1 by default. */
  readonly std?: number;
}

/** Centres of the ring's Gaussians, the first at angle 0. */
export const ringModes = ({ modes = 8, radius = 2 }: RingOptions = {}): [number, number][] =>
  Array.from({ length: modes }, (_, k) => {
    const angle = (2 * Math.PI * k) / modes;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });

/**
 * A ring of equal Gaussians in the plane, on which a GAN shows whether it drops modes (Metz et al. 2017,
 * "Unrolled generative adversarial networks", have eight).
 */
export const gaussianRing = ({ std = 0.1, ...ring }: RingOptions = {}): ToyDistribution =>
  gaussianMixture(ringModes(ring).map((mean) => ({ mean, std })));

/**
 * The uniform distribution on an interval, `uniformBox([0], [1])`, or on a rectangle.
 *
 * @throws {DistributionError} unless every `low` is below its `high`.
 */
export function uniformBox(low: readonly number[], high: readonly number[]): ToyDistribution {
  const dimension = checkPoint('low', low);
  checkPoint('high', high, dimension);
  for (const [axis, from] of low.entries())
    checkNumber(`high of axis ${axis}`, high[axis], high[axis] > from, `above low, ${from}`);
  const volume = low.reduce((product, from, axis) => product * (high[axis] - from), 1);
  return distribution(
    dimension,
    (point) => (low.every((from, i) => point[i] >= from && point[i] <= high[i]) ? 1 / volume : 0),
    (source, count) =>
      columns(low.map((from, axis) => source.uniform([count, 1], from, high[axis]))),
  );
}

/** erf(x) to the last digits, by a series whose terms are all of one sign. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The share of a standard Gaussian between two numbers. */
const gaussianBetween = (low: number, high: number): number =>
  // Far out both are 1 but for rounding.
  Math.max(0, (erf(high / Math.SQRT2) - erf(low / Math.SQRT2)) / 2);

/**
 * A line from one point to another: uniform along it, and blurred by a Gaussian in every direction.
 *
 * @throws {DistributionError} for points that are the same or of different dimensions.
 */
export function line(from: readonly number[], to: readonly number[], std = 0.1): ToyDistribution {
  const dimension = checkPoint('from', from);
  checkPoint('to', to, dimension);
  const way = from.map((start, axis) => to[axis] - start);
  const length = Math.hypot(...way);
  checkNumber('The length', length, length > 0, 'positive');
  checkNumber('std', std, std > 0, 'positive');
  return distribution(
    dimension,
    (point) => {
      const offset = from.map((start, axis) => point[axis] - start);
      const along = offset.reduce((sum, x, axis) => sum + (x * way[axis]) / length, 0);
      const on = gaussianBetween((along - length) / std, along / std) / length;
      if (dimension === 1) return on;
      const across = (offset[0] * way[1] - offset[1] * way[0]) / length;
      return on * gaussianDensity([across], [0], std);
    },
    (source, count) => {
      const share = source.uniform([count, 1], 0, 1);
      const centres = way.map((step, axis) => add(mul(share, step), from[axis]));
      return add(columns(centres), mul(source.normal([count, dimension]), std));
    },
  );
}

/**
 * Two uniform boxes of side 1 with nothing in common, `gap` apart: their Jensen-Shannon divergence is
 * log 2 however far they are from each other, so that it tells a generator nothing (Arjovsky et al. 2017,
 * example 1).
 */
export function disjointSupports(
  gap = 1,
  dimension: 1 | 2 = 1,
): [left: ToyDistribution, right: ToyDistribution] {
  checkNumber('The gap', gap, gap > 0, 'positive');
  const rest = Array<number>(dimension - 1).fill(0);
  const box = (from: number) => uniformBox([from, ...rest], [from + 1, ...rest.map(() => 1)]);
  return [box(-1 - gap / 2), box(gap / 2)];
}

/** How drawn points become a distribution. */
export interface DrawnPointsOptions {
  /**
   * Standard deviation of the Gaussian around each point. By default Scott's rule (1992): the points'
   * own standard deviation, over both axes, times n^(−1/(dimension + 4)).
   */
  readonly bandwidth?: number;
  /** What the points are called in the `data` of a step; `points` by default. */
  readonly name?: string;
}

/**
 * Points that somebody drew, [count, 1] or [count, 2], as a distribution: a Gaussian around each, which
 * is a kernel density estimate. Samples go through all points in shuffled order, each with noise.
 *
 * @throws {DistributionError} for no points, points of another shape, or a bandwidth that is not positive.
 */
export function drawnPoints(points: Values, options: DrawnPointsOptions = {}): ToyDistribution {
  const [count, dimension] = points.shape;
  const { values } = points;
  const fits = points.shape.length === 2 && (dimension === 1 || dimension === 2) && count >= 1;
  if (!fits || values.length !== count * dimension || !values.every(Number.isFinite)) {
    throw new DistributionError(
      `Points of shape [${points.shape.join(', ')}] with ${values.length} values.`,
      'Give finite values of shape [count, 1] or [count, 2], count at least 1.',
    );
  }
  const { bandwidth = scottsRule(points), name = 'points' } = options;
  checkNumber('The bandwidth', bandwidth, bandwidth > 0, 'positive: give one');
  const centres = Array.from({ length: count }, (_, i) =>
    values.subarray(i * dimension, (i + 1) * dimension),
  );
  return distribution(
    dimension as 1 | 2,
    (point) =>
      centres.reduce((sum, centre) => sum + gaussianDensity(point, centre, bandwidth), 0) / count,
    (source, size) =>
      add(source.batch(name, size), mul(source.normal([size, dimension]), bandwidth)),
    { [name]: points },
  );
}

function scottsRule({ shape: [count, dimension], values }: Values): number {
  const means = Array.from({ length: dimension }, (_, axis) =>
    values.reduce((sum, x, i) => sum + (i % dimension === axis ? x / count : 0), 0),
  );
  const variance = values.reduce((sum, x, i) => sum + (x - means[i % dimension]) ** 2, 0);
  return Math.sqrt(variance / values.length) * count ** (-1 / (dimension + 4));
}
