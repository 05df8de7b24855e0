import { countSamples, metricError } from './errors.ts';
import { hostProducts, type PairOptions, type Products } from './products.ts';

/** How close is near. */
export interface ManifoldOptions extends PairOptions {
  /** Neighbours that a sample's ball reaches to; 5 by default. */
  readonly k?: number;
}

/** Fidelity and diversity, apart. */
export interface ManifoldMeasures {
  /** Share of fakes in the ball of some real sample, from 0 to 1. */
  readonly precision: number;
  /** Share of real samples in the ball of some fake, from 0 to 1. */
  readonly recall: number;
  /** How many real balls a fake lies in, of k: 1 on average for real samples; may be above 1. */
  readonly density: number;
  /** Share of real samples with a fake in their ball, from 0 to 1. */
  readonly coverage: number;
}

/**
 * Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) of fakes,
 * given real samples; both flat rows of `dimension` numbers. The ball of a sample reaches to its k-th
 * nearest neighbour in its own set. Precision and density fall where pictures are bad, recall and
 * coverage where kinds of pictures are missing. A single outlier, with its large ball, lifts precision
 * or recall, but hardly density and coverage.
 *
 * They depend on the numbers of samples and on k: compare at one size, with what real samples get.
 *
 * @throws {GanvasError} if a set has not more than k samples, or parts of samples; code `metric`.
 */
export async function manifoldMeasures(
  real: Float32Array,
  fake: Float32Array,
  dimension: number,
  { k = 5, products = hostProducts }: ManifoldOptions = {},
): Promise<ManifoldMeasures> {
  if (!(Number.isInteger(k) && k >= 1)) throw metricError(`k is ${k}.`, 'Choose 5.');
  const reals = countSamples(real, dimension, k + 1, 'The real set');
  const fakes = countSamples(fake, dimension, k + 1, 'The set of fakes');
  const ofReal = await neighbourhoods(products, real, dimension, k);
  const ofFake = await neighbourhoods(products, fake, dimension, k);

  const ballsOf = new Uint32Array(fakes);
  let recalled = 0;
  let covered = 0;
  let i = 0;
  for await (const row of products(real, fake, dimension)) {
    const square = ofReal.squares[i];
    const radius = ofReal.radii[i];
    let inFake = false;
    let nearest = Number.POSITIVE_INFINITY;
    for (let j = 0; j < fakes; j++) {
      const distance = Math.max(square + ofFake.squares[j] - 2 * row[j], 0);
      if (distance < radius) ballsOf[j]++;
      if (distance < ofFake.radii[j]) inFake = true;
      if (distance < nearest) nearest = distance;
    }
    if (inFake) recalled++;
    if (nearest < radius) covered++;
    i++;
  }
  return {
    precision: ballsOf.reduce((n, balls) => n + (balls > 0 ? 1 : 0), 0) / fakes,
    recall: recalled / reals,
    density: ballsOf.reduce((sum, balls) => sum + balls, 0) / (k * fakes),
    coverage: covered / reals,
  };
}

/** Of each sample |x|², and the squared distance of its k-th nearest neighbour, itself not counted. */
async function neighbourhoods(
  products: Products,
  set: Float32Array,
  dimension: number,
  k: number,
): Promise<{ squares: Float64Array; radii: Float64Array }> {
  const count = set.length / dimension;
  const squares = new Float64Array(count);
  // Of each sample the smallest squared distances so far, ascending.
  const nearest = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  const meet = (i: number, distance: number) => {
    let at = i * k + k - 1;
    if (distance >= nearest[at]) return;
    for (; at > i * k && nearest[at - 1] > distance; at--) nearest[at] = nearest[at - 1];
    nearest[at] = distance;
  };
  let i = 0;
  for await (const row of products(set, set, dimension)) {
    // Squares out of the same products, so that equal samples are exactly 0 apart, whatever computes
    // them; and each pair once, when both squares are known.
    squares[i] = row[i];
    for (let j = 0; j < i; j++) {
      const distance = Math.max(squares[i] + squares[j] - 2 * row[j], 0);
      meet(i, distance);
      meet(j, distance);
    }
    i++;
  }
  const radii = Float64Array.from({ length: count }, (_, n) => nearest[n * k + k - 1]);
  return { squares, radii };
}
