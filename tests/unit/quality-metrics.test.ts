// Measures of samples, against values worked out by hand or by other means.
import { describe, expect, test } from 'vitest';
import {
  classDistance,
  classMeasures,
  frechetDistance,
  kernelDistance,
  manifoldMeasures,
  moments,
  pairwiseDiversity,
} from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const floats = (...values: number[]) => Float32Array.from(values);
const metricCode = expect.objectContaining({ code: 'metric' });

/** [count, dimension], normal with a mean and a standard deviation for each column. */
function normals(seed: number, count: number, means: number[], deviations: number[]): Float32Array {
  const random = new RandomValues(seed).normal(count * means.length);
  return random.map((x, at) => means[at % means.length] + deviations[at % means.length] * x);
}

describe('moments', () => {
  test('are the mean and NumPy’s covariance', () => {
    const { count, mean, covariance } = moments([1, 2, 3, 6, 5, 1], 2);
    expect(count).toBe(3);
    expect([...mean]).toEqual([3, 3]);
    expect([...covariance]).toEqual([4, -1, -1, 7]);
  });

  test('refuse parts of samples, and less than two', () => {
    expect(() => moments([1, 2, 3], 2)).toThrow(metricCode);
    expect(() => moments([1, 2], 2)).toThrow(metricCode);
  });
});

describe('frechetDistance', () => {
  const normal = (mean: number[], covariance: number[]) => ({
    ...{ count: 9, mean: Float64Array.from(mean), covariance: Float64Array.from(covariance) },
  });

  test('in one dimension is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
    expect(frechetDistance(normal([1], [4]), normal([4], [25]))).toBeCloseTo(9 + 9, 12);
  });

  test('of normals along the same axes adds up over them, turned or not', () => {
    const diagonal = 4 + 9 + (2 - 1) ** 2 + (3 - 5) ** 2;
    const a = normal([0, 0], [4, 0, 0, 9]);
    expect(frechetDistance(a, normal([2, 3], [1, 0, 0, 25]))).toBeCloseTo(diagonal, 10);
    // Both turned by 30°: R Σ Rᵀ.
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const turned = (x: number, y: number) => [
      c * c * x + s * s * y,
      c * s * (x - y),
      c * s * (x - y),
      s * s * x + c * c * y,
    ];
    const b = normal([2, 3], turned(1, 25));
    expect(frechetDistance(normal([0, 0], turned(4, 9)), b)).toBeCloseTo(diagonal, 10);
  });

  test('of covariances that do not commute, as by Newton’s square root of their product', () => {
    const n = 6;
    const [a, b] = [1, 2].map((seed) => moments(new RandomValues(seed).normal(40 * n), n));
    let expected = 0;
    const trace = (m: Float64Array) => m.reduce((sum, x, at) => sum + (at % (n + 1) ? 0 : x), 0);
    for (let i = 0; i < n; i++) expected += (a.mean[i] - b.mean[i]) ** 2;
    const root = newtonRoot(product(a.covariance, b.covariance, n), n);
    expected += trace(a.covariance) + trace(b.covariance) - 2 * trace(root);
    expect(frechetDistance(a, b)).toBeCloseTo(expected, 9);
    expect(frechetDistance(b, a)).toBeCloseTo(expected, 9);
  });

  test('is 0 for equal moments and |v|² for a shift, with fewer samples than dimensions too', () => {
    for (const count of [5, 60]) {
      const samples = new RandomValues(3).normal(count * 20);
      const shifted = samples.map((x, at) => x + (at % 20 === 7 ? 3 : 0));
      const a = moments(samples, 20);
      expect(frechetDistance(a, a)).toBeLessThan(1e-6);
      expect(frechetDistance(a, moments(shifted, 20))).toBeCloseTo(9, 4);
    }
  });

  test('of two samples of one distribution is too large, and less so the more there are', () => {
    const ones = Array(8).fill(1);
    const bias = (count: number) => {
      const [a, b] = [11, 12].map((seed) => moments(normals(seed, count, ones, ones), 8));
      return frechetDistance(a, b);
    };
    const [few, more, many] = [100, 1000, 10_000].map(bias);
    // Of one dimension 2/n from the means and 1/n from the deviations; others come from correlations.
    for (const [count, distance] of [
      [100, few],
      [1000, more],
      [10_000, many],
    ] as const) {
      expect(distance).toBeGreaterThan((8 * 1) / count);
      expect(distance).toBeLessThan((8 * 12) / count);
    }
  });

  test('refuses other dimensions, and NaN', () => {
    const a = normal([0], [1]);
    expect(() => frechetDistance(a, normal([0, 0], [1, 0, 0, 1]))).toThrow(metricCode);
    expect(() => frechetDistance(a, normal([Number.NaN], [1]))).toThrow(metricCode);
  });
});

function product(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return Array.from({ length: n }, (_, k) => a[i * n + k] * b[k * n + j]).reduce((x, y) => x + y);
  });
}

/** By Gauss and Jordan. */
function inverse(matrix: Float64Array, n: number): Float64Array {
  const rows = Array.from({ length: n }, (_, i) => [
    ...matrix.subarray(i * n, (i + 1) * n),
    ...Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)),
  ]);
  for (let p = 0; p < n; p++) {
    const best = rows.slice(p).sort((x, y) => Math.abs(y[p]) - Math.abs(x[p]))[0];
    rows.splice(p, 0, ...rows.splice(rows.indexOf(best), 1));
    rows[p] = rows[p].map((x) => x / best[p]);
    rows.forEach((row, i) => {
      if (i !== p) rows[i] = row.map((x, j) => x - row[p] * rows[p][j]);
    });
  }
  return Float64Array.from(rows.flatMap((row) => row.slice(n)));
}

/** The principal square root by the iteration of Denman and Beavers (1976). */
function newtonRoot(matrix: Float64Array, n: number): Float64Array {
  let y = matrix;
  let z = Float64Array.from(matrix, (_, at) => (at % (n + 1) ? 0 : 1));
  for (let i = 0; i < 40; i++) {
    const [iy, iz] = [inverse(y, n), inverse(z, n)];
    y = y.map((x, at) => (x + iz[at]) / 2);
    z = z.map((x, at) => (x + iy[at]) / 2);
  }
  return y;
}

describe('kernelDistance', () => {
  test('is the unbiased estimate under the cubic kernel', async () => {
    const a = floats(1, 0, 0, 2, -1, 1);
    const b = floats(2, 1, 0, 0);
    const k = (dot: number) => (dot / 2 + 1) ** 3;
    // Products within a: 0, −1, 2; within b: 0; between: 2, 0, 2, 0, −1, 0.
    const within = (k(0) + k(-1) + k(2)) / 3 + k(0);
    const between = (k(2) + k(0) + k(2) + k(0) + k(-1) + k(0)) / 6;
    expect(await kernelDistance(a, b, 2)).toBeCloseTo(within - 2 * between, 12);
  });

  test('is 0 on average for samples of one distribution, at any size', async () => {
    const distances: number[] = [];
    for (let i = 0; i < 200; i++) {
      const [a, b] = [2 * i, 2 * i + 1].map((seed) => new RandomValues(seed).normal(10 * 3));
      distances.push(await kernelDistance(a, b, 3));
    }
    const mean = distances.reduce((x, y) => x + y) / 200;
    const deviation = Math.sqrt(distances.reduce((sum, d) => sum + (d - mean) ** 2, 0) / 199);
    expect(Math.abs(mean)).toBeLessThan((3 * deviation) / Math.sqrt(200));
    expect(Math.min(...distances)).toBeLessThan(0);
    // The biased estimate would be off by more than this allows.
    expect(deviation).toBeLessThan(2);
  });

  test('refuses a single sample', async () => {
    await expect(kernelDistance(floats(1, 2), floats(1, 2, 3, 4), 2)).rejects.toThrow(metricCode);
    await expect(kernelDistance(floats(1, 2, 3, 4), floats(1, 2), 2)).rejects.toThrow(metricCode);
  });
});

describe('manifoldMeasures', () => {
  test('count balls, by hand', async () => {
    // Radii of the real samples 1, 1 and 2; of the fakes 9.5, 0.5, 0.5 and 10.
    const fakes = floats(0.5, 10, 10.5, 20.5);
    const measured = await manifoldMeasures(floats(0, 1, 3), fakes, 1, { k: 1 });
    expect(measured).toEqual({ precision: 1 / 4, recall: 1, density: 2 / 4, coverage: 2 / 3 });
  });

  test('the k-th neighbour, not the first', async () => {
    // Radii 3, 2 and 3 for k = 2; the fake at −2 lies in the first ball alone, that at 4.5 in the last.
    const real = floats(0, 1, 3);
    const fake = floats(-2, 4.5, 60);
    const measured = await manifoldMeasures(real, fake, 1, { k: 2 });
    expect(measured).toEqual({ precision: 2 / 3, recall: 1, density: 2 / 6, coverage: 2 / 3 });
  });

  test('a fake on the edge of a ball is outside; samples may be equal', async () => {
    const edge = await manifoldMeasures(floats(0, 1), floats(2, 2), 1, { k: 1 });
    expect(edge).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  });

  test('real samples get about 1, missing kinds cost coverage and recall, noise precision and density', async () => {
    const two = (seed: number, share: number, deviation = 1) => {
      const random = new RandomValues(seed);
      return Float32Array.from(
        { length: 600 * 2 },
        (_, at) => random.normal(1, at % 2 === 0 && at / 1200 < share ? 12 : 0, deviation)[0],
      );
    };
    const real = two(1, 0.5);
    const same = await manifoldMeasures(real, two(2, 0.5), 2);
    expect(same.density).toBeGreaterThan(0.9);
    expect(same.density).toBeLessThan(1.1);
    for (const share of [same.precision, same.recall, same.coverage]) {
      expect(share).toBeGreaterThan(0.9);
      expect(share).toBeLessThanOrEqual(1);
    }
    const half = await manifoldMeasures(real, two(2, 0), 2);
    expect(half.precision).toBeGreaterThan(0.9);
    expect(half.recall).toBeLessThan(0.6);
    expect(half.coverage).toBeLessThan(0.6);
    const wide = await manifoldMeasures(real, two(2, 0.5, 6), 2);
    expect(wide.precision).toBeLessThan(0.6);
    expect(wide.density).toBeLessThan(0.4);
    expect(wide.recall).toBeGreaterThan(0.9);
  });

  test('an outlier lifts recall, and hardly coverage', async () => {
    const real = normals(1, 300, [0, 0], [1, 1]);
    const far = normals(2, 300, [40, 0], [1, 1]);
    const lone = far.slice();
    lone.set([-40, 0]);
    expect((await manifoldMeasures(real, far, 2)).recall).toBe(0);
    const measured = await manifoldMeasures(real, lone, 2);
    expect(measured.recall).toBe(1);
    expect(measured.coverage).toBe(0);
  });

  test('refuse less than k + 1 samples, and k that is none', async () => {
    const six = floats(1, 2, 3, 4, 5, 6);
    await expect(manifoldMeasures(six, six.subarray(1), 1)).rejects.toThrow('The set of fakes');
    await expect(manifoldMeasures(six.subarray(1), six, 1)).rejects.toThrow('The real set');
    await expect(manifoldMeasures(six, six, 1, { k: 0 })).rejects.toThrow(metricCode);
  });
});

describe('pairwiseDiversity', () => {
  test('is the mean distance of two samples', async () => {
    expect(await pairwiseDiversity(floats(0, 0, 3, 4, 0, 12), 2)).toBeCloseTo(
      (5 + 12 + Math.sqrt(9 + 64)) / 3,
      12,
    );
  });

  test('is exactly 0 for copies', async () => {
    const one = new RandomValues(1).normal(7);
    expect(await pairwiseDiversity(Float32Array.from([...one, ...one, ...one]), 7)).toBe(0);
  });

  test('refuses a single sample', async () => {
    await expect(pairwiseDiversity(floats(1, 2), 2)).rejects.toThrow(metricCode);
  });
});

describe('classMeasures', () => {
  test('count the most likely classes, and how sure they are', () => {
    const { shares, covered, confidence } = classMeasures([0.7, 0.3, 0, 0.2, 0.5, 0.3, 1, 0, 0], 3);
    expect([...shares]).toEqual([expect.closeTo(2 / 3, 12), expect.closeTo(1 / 3, 12), 0]);
    expect(covered).toBe(2);
    expect(confidence).toBeCloseTo((0.7 + 0.5 + 1) / 3, 12);
  });

  test('a class is covered with a tenth of an even share', () => {
    const rows = (strays: number) =>
      Array.from({ length: 1000 }, (_, i) => (i < strays ? [0, 1] : [1, 0])).flat();
    expect(classMeasures(rows(50), 2).covered).toBe(2);
    expect(classMeasures(rows(49), 2).covered).toBe(1);
  });

  test('the distance of shares is the part that is elsewhere', () => {
    expect(classDistance([0.5, 0.5, 0], [0.25, 0.25, 0.5])).toBeCloseTo(0.5, 12);
    expect(classDistance([0.5, 0.5], [0.5, 0.5])).toBe(0);
    expect(() => classDistance([1], [0.5, 0.5])).toThrow(metricCode);
  });
});
