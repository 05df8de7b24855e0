import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { classDistance, classMeasures } from '../metrics/class-measures.ts';
import { frechetDistance, moments } from '../metrics/frechet-distance.ts';
import { kernelDistance } from '../metrics/kernel-distance.ts';
import { manifoldMeasures } from '../metrics/manifold.ts';
import { pairwiseDiversity } from '../metrics/pairwise-diversity.ts';
import { slicedWasserstein } from '../metrics/sliced-wasserstein.ts';
import { HostRandom } from '../nn/initialisers.ts';
import { FeatureError } from './errors.ts';
import type { FeatureNet, Features } from './feature-net.ts';

/** What is measured of pictures. Distances are smaller, the others larger, the better pictures are. */
export interface Quality {
  /** Squared Fréchet distance of features: see `frechetDistance`. */
  readonly frechetDistance: number;
  /** Squared kernel distance of features, unbiased: see `kernelDistance`. */
  readonly kernelDistance: number;
  /** Share of pictures that are near real ones, of features as the next three: see `manifoldMeasures`. */
  readonly precision: number;
  /** Share of real pictures that are near some of these. */
  readonly recall: number;
  /** How many real pictures are near one of these, of k. */
  readonly density: number;
  /** Share of real pictures with one of these near. */
  readonly coverage: number;
  /** Classes that there are: see `classMeasures`. */
  readonly classesCovered: number;
  /** How far the shares of classes are from those of real pictures, from 0 to 1: see `classDistance`. */
  readonly classDistance: number;
  /** Mean probability of the most likely class. */
  readonly confidence: number;
  /** Of pixels in [−1, 1], over 256 directions: see `slicedWasserstein`. */
  readonly slicedWasserstein: number;
  /** Mean distance of two of the first 512 pictures, of pixels in [−1, 1]: see `pairwiseDiversity`. */
  readonly pairwiseDiversity: number;
}

/** What pictures are worth, and what real ones are at the same number. */
export interface QualityReport {
  /** What the features were learned from, to be said with the values: `MNIST`. */
  readonly trainedOn: string;
  /** Pictures on each side of every comparison. */
  readonly samples: number;
  /** Of the pictures that were judged. */
  readonly pictures: Quality;
  /** Of real pictures in their place, others than those that both are compared with. */
  readonly real: Quality;
}

/** What is judged, and by what. */
export interface QualitySets {
  /** Pictures of a generator, of any size. */
  readonly pictures: ImageSet;
  /** Real ones, better such as neither the net nor the generator was trained on. */
  readonly real: ImageSet;
}

/** Which pictures are compared. */
export interface QualityOptions {
  /**
   * So many pictures of each set; as many as there are by default: all that are judged, half of the
   * real ones at most.
   */
  readonly samples?: number;
  /** Decides which real pictures are taken, and which of the judged ones; 0 by default. */
  readonly seed?: number;
}

/** Pictures whose distances are averaged: their pixels are many, and 130,000 pairs are enough. */
const DIVERSE = 512;

/** The measures need more pictures than neighbours, and any fewer than this say nothing. */
const LEAST = 16;

/**
 * Judges pictures by a feature net: everything in `Quality`, beside what real pictures get that are as
 * many. Real ones are drawn twice, without any in common: to compare with, and to be judged as the
 * pictures are. Their values are not perfect, for the sample's size alone; nothing should be expected
 * to be better.
 *
 * ```ts
 * const report = await evaluateQuality(net, { pictures, real });
 * console.log(report.pictures.frechetDistance, report.real.frechetDistance);
 * ```
 *
 * @throws {FeatureError} where there are fewer pictures than `samples`, or twice as many real ones.
 * @throws {DataError} for a set whose numbers do not fit together.
 */
export async function evaluateQuality(
  net: FeatureNet,
  sets: QualitySets,
  { samples, seed = 0 }: QualityOptions = {},
): Promise<QualityReport> {
  const judged = checkImageSet(sets.pictures);
  const real = checkImageSet(sets.real);
  const most = Math.min(judged.count, Math.floor(real.count / 2));
  const count = samples ?? most;
  if (!(Number.isInteger(count) && count >= LEAST && count <= most)) {
    throw new FeatureError(
      'samples',
      `${count} of ${judged.count} pictures cannot be compared with twice as many of ${real.count} real ones.`,
      most < LEAST
        ? `Give at least ${LEAST} pictures, and ${2 * LEAST} real ones.`
        : `Choose a number of samples from ${LEAST} to ${most}.`,
    );
  }
  const order = shuffled(real.count, seed);
  const reference = await describe(net, choose(real, order.subarray(0, count)));
  const held = await describe(net, choose(real, order.subarray(count, 2 * count)));
  const fakes = await describe(
    net,
    choose(judged, shuffled(judged.count, seed).subarray(0, count)),
  );
  return {
    trainedOn: net.trainedOn,
    samples: count,
    pictures: await compare(net, reference, fakes),
    real: await compare(net, reference, held),
  };
}

/** Pictures of a set, and what the net makes of them. */
interface Described extends Features {
  /** Flat [count, pixels], in [−1, 1]. */
  readonly pixels: Float32Array;
}

async function describe(net: FeatureNet, set: ImageSet): Promise<Described> {
  const { imageSize, channels } = net.shape;
  const fitted = fitToSquare(set, imageSize, channels);
  const pixels = Float32Array.from(fitted.data, (byte) => byte / 127.5 - 1);
  return { ...(await net.describe(fitted)), pixels };
}

async function compare(net: FeatureNet, real: Described, fakes: Described): Promise<Quality> {
  const { dimension, classes } = real;
  const { products } = net;
  const size = fakes.pixels.length / fakes.count;
  const seen = classMeasures(fakes.probabilities, classes);
  const shares = classMeasures(real.probabilities, classes).shares;
  return {
    frechetDistance: frechetDistance(
      moments(real.features, dimension),
      moments(fakes.features, dimension),
    ),
    kernelDistance: await kernelDistance(real.features, fakes.features, dimension, { products }),
    ...(await manifoldMeasures(real.features, fakes.features, dimension, { products })),
    classesCovered: seen.covered,
    classDistance: classDistance(seen.shares, shares),
    confidence: seen.confidence,
    slicedWasserstein: slicedWasserstein(real.pixels, fakes.pixels, size),
    pairwiseDiversity: await pairwiseDiversity(fakes.pixels.subarray(0, DIVERSE * size), size, {
      products,
    }),
  };
}

/** The numbers below `count` in random order (Fisher & Yates). */
function shuffled(count: number, seed: number): Uint32Array {
  const random = new HostRandom(seed);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Pictures of a set by their places. */
function choose(set: ImageSet, places: Uint32Array): ImageSet {
  const bytes = set.height * set.width * set.channels;
  const data = new Uint8Array(places.length * bytes);
  places.forEach((place, i) => {
    data.set(set.data.subarray(place * bytes, (place + 1) * bytes), i * bytes);
  });
  const { labels: _, ...rest } = set;
  return { ...rest, count: places.length, data };
}
