/** Eigenvalues and eigenvectors of a symmetric matrix, in float64. */
export interface SymmetricEigen {
  readonly values: Float64Array;
  /** Flat [n, n]: column j is the unit eigenvector of value j. */
  readonly vectors: Float64Array;
}

/** Sweeps converge quadratically: ten are more than any matrix of a few hundred rows was seen to need. */
const MAX_SWEEPS = 30;

/**
 * The cyclic Jacobi method (Golub & Van Loan, "Matrix Computations", on Jacobi methods): each rotation
 * makes one element off the diagonal zero, until all are. Slower than what LAPACK does, O(n³) a sweep,
 * but short, and accurate for small eigenvalues. `matrix` is flat [n, n] and left as it is; only its
 * upper triangle is read.
 */
export function symmetricEigen(matrix: ArrayLike<number>, n: number): SymmetricEigen {
  const a = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return matrix[i <= j ? at : j * n + i];
  });
  const vectors = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  let scale = 0;
  for (const x of a) scale += x * x;
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q] ** 2;
    if (off <= scale * 1e-30) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), vectors };
}

/** Turns the plane of axes p and q so that a[p, q] becomes 0. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q];
  if (apq === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq);
  // The smaller of the two angles, without cancellation.
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  turnColumns(a, n, p, q, c, s);
  turnRows(a, n, p, q, c, s);
  turnColumns(vectors, n, p, q, c, s);
}

function turnColumns(m: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let at = 0; at < n * n; at += n) {
    const [x, y] = [m[at + p], m[at + q]];
    m[at + p] = c * x - s * y;
    m[at + q] = s * x + c * y;
  }
}

function turnRows(m: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let j = 0; j < n; j++) {
    const [x, y] = [m[p * n + j], m[q * n + j]];
    m[p * n + j] = c * x - s * y;
    m[q * n + j] = s * x + c * y;
  }
}
