import { countSamples } from './errors.ts';
import { hostProducts, type PairOptions, type Products } from './products.ts';

/**
 * The kernel distance of two sets of at least two samples, flat rows of `dimension` numbers: the unbiased
 * estimate of the squared maximum mean discrepancy under the cubic kernel k(x, y) = (x·y/dimension + 1)³
 * (Bińkowski et al. 2018, "Demystifying MMD GANs"; the estimate is that of Gretton et al. 2012). Of
 * Inception's features it is the KID; theirs is the mean over blocks, this one takes all pairs at once,
 * which has the same expectation and less variance.
 *
 * Unbiased: of two sets from one distribution it is 0 on average at any size, so that it may be a
 * little below 0.
 *
 * @throws {GanvasError} if a set has fewer than two samples, or parts of samples; code `metric`.
 */
export async function kernelDistance(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  { products = hostProducts }: PairOptions = {},
): Promise<number> {
  countSamples(a, dimension, 2);
  countSamples(b, dimension, 2);
  const within = async (set: Float32Array) => {
    const n = set.length / dimension;
    return (await kernelSum(products, set, set, dimension, true)) / (n * (n - 1));
  };
  const pairs = (a.length / dimension) * (b.length / dimension);
  const between = (await kernelSum(products, a, b, dimension, false)) / pairs;
  return (await within(a)) + (await within(b)) - 2 * between;
}

/** Σ k(aᵢ, bⱼ); with `distinct` those of i = j are left out. */
async function kernelSum(
  products: Products,
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  distinct: boolean,
): Promise<number> {
  let sum = 0;
  let i = 0;
  for await (const row of products(a, b, dimension)) {
    for (let j = 0; j < row.length; j++) {
      if (!(distinct && j === i)) sum += (row[j] / dimension + 1) ** 3;
    }
    i++;
  }
  return sum;
}
