/**
 * The inner products of all pairs of samples, row by row: for each sample of `a` in turn its products
 * with every sample of `b`. Both are flat rows of `dimension` numbers. A row is valid until the next one
 * is asked for.
 *
 * Kernels and distances of pairs follow from them; this is where nearly all work of such measures lies.
 * `hostProducts` computes in float64, the `products` of a `FeatureNet` on its device.
 */
export type Products = (
  a: Float32Array,
  b: Float32Array,
  dimension: number,
) => AsyncIterable<ArrayLike<number>>;

/** Products on the host, in float64: right to the last digits, and slow for many samples. */
export async function* hostProducts(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
): AsyncGenerator<Float64Array> {
  const row = new Float64Array(b.length / dimension);
  for (let i = 0; i < a.length; i += dimension) {
    for (let j = 0, at = 0; j < row.length; j++) {
      let sum = 0;
      for (let k = 0; k < dimension; k++, at++) sum += a[i + k] * b[at];
      row[j] = sum;
    }
    yield row;
  }
}

/** How pairs are compared. */
export interface PairOptions {
  /** What computes products of pairs; `hostProducts` by default. */
  readonly products?: Products;
}
