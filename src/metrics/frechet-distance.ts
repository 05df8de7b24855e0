import { countSamples, metricError } from './errors.ts';
import { symmetricEigen } from './symmetric-eigen.ts';

/** Mean and covariance of a set of samples: all that the Fréchet distance knows of it. */
export interface Moments {
  /** Number of samples. */
  readonly count: number;
  /** [dimension] */
  readonly mean: Float64Array;
  /** Flat [dimension, dimension], divided by count − 1 as NumPy's `cov`. */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance of at least two samples, each a row of `dimension` numbers, in float64.
 *
 * @throws {GanvasError} if there are fewer, or parts of samples; code `metric`.
 */
export function moments(samples: ArrayLike<number>, dimension: number): Moments {
  const count = countSamples(samples, dimension, 2);
  const mean = new Float64Array(dimension);
  for (let at = 0; at < samples.length; at++) mean[at % dimension] += samples[at];
  for (let j = 0; j < dimension; j++) mean[j] /= count;
  const covariance = new Float64Array(dimension * dimension);
  const row = new Float64Array(dimension);
  for (let first = 0; first < samples.length; first += dimension) {
    for (let j = 0; j < dimension; j++) row[j] = samples[first + j] - mean[j];
    for (let i = 0; i < dimension; i++) {
      const x = row[i];
      if (x === 0) continue;
      for (let j = i; j < dimension; j++) covariance[i * dimension + j] += x * row[j];
    }
  }
  for (let i = 0; i < dimension; i++) {
    for (let j = i; j < dimension; j++) {
      const value = covariance[i * dimension + j] / (count - 1);
      covariance[i * dimension + j] = value;
      covariance[j * dimension + i] = value;
    }
  }
  return { count, mean, covariance };
}

/**
 * The squared Fréchet (2-Wasserstein) distance of two normal distributions,
 * |μ₁ − μ₂|² + Tr(Σ₁ + Σ₂ − 2·(Σ₁Σ₂)^½) (Dowson & Landau 1982). Of Inception's features it is the FID
 * (Heusel et al. 2017); of others it is a distance on another scale, and must not be called that.
 *
 * 0 for equal moments. Of finite sets it is too large, by an amount that falls with their size and
 * differs between generators (Chong & Forsyth 2020): compare at one size only, and with what two
 * sets of real samples of that size get.
 *
 * @throws {GanvasError} if the dimensions differ, or a moment is not finite; code `metric`.
 */
export function frechetDistance(a: Moments, b: Moments): number {
  const n = a.mean.length;
  const numbers = [a.mean, a.covariance, b.mean, b.covariance];
  if (b.mean.length !== n || !numbers.every((all) => all.every(Number.isFinite))) {
    throw metricError(
      `Moments of ${n} and ${b.mean.length} dimensions cannot be compared, or are not finite.`,
      'Give moments of the same features, of samples without NaN.',
    );
  }
  let distance = 0;
  for (let i = 0; i < n; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2;
    distance += a.covariance[i * n + i] + b.covariance[i * n + i];
  }
  // (Σ₁Σ₂)^½ has the trace of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric: nothing complex can come of it, and
  // covariances without full rank are as good as others.
  const root = squareRoot(a.covariance, n);
  const inner = product(product(root, b.covariance, n), root, n);
  for (const value of symmetricEigen(inner, n).values)
    distance -= 2 * Math.sqrt(Math.max(value, 0));
  return Math.max(distance, 0);
}

/** The symmetric square root of a covariance. Rounding may leave eigenvalues a little below 0. */
function squareRoot(matrix: Float64Array, n: number): Float64Array {
  const { values, vectors } = symmetricEigen(matrix, n);
  const scaled = vectors.map((v, at) => v * Math.sqrt(Math.max(values[at % n], 0)));
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += scaled[i * n + k] * vectors[j * n + k];
      result[i * n + j] = sum;
    }
  }
  return result;
}

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = a[i * n + k];
      for (let j = 0; j < n; j++) result[i * n + j] += x * b[k * n + j];
    }
  }
  return result;
}
