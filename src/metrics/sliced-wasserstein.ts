import { GanvasError } from '../graph/errors.ts';
import { HostRandom } from '../nn/initialisers.ts';

/** How the distance is estimated. */
export interface SlicedWassersteinOptions {
  /** Directions that the samples are projected on. */
  readonly projections?: number;
  /** Of the directions: distances are comparable only under the same seed and number. */
  readonly seed?: number;
  /** 1: mean absolute difference of the sorted projections; 2: square root of their mean square. */
  readonly order?: 1 | 2;
}

/**
 * Sliced Wasserstein distance between two sets of equally many samples, each a row of `dimension`
 * numbers: the Wasserstein distance of their projections on random directions, over which it is
 * averaged. In one dimension the optimal transport pairs the sorted values, so it is exact there.
 *
 * 0 for equal sets; a mode that one set lacks shows as surely as a sample that is off. Two finite
 * sets from one distribution are a little apart: compare with the distance of two real sets.
 *
 * Rabin, Peyré, Delon & Bernot 2011, "Wasserstein barycenter and its application to texture mixing";
 * Bonneel, Rabin, Peyré & Pfister 2015, "Sliced and Radon Wasserstein barycenters of measures",
 * section 2.4 for the Monte-Carlo estimate over fixed directions.
 */
export function slicedWasserstein(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dimension: number,
  { projections = 256, seed = 0, order = 1 }: SlicedWassersteinOptions = {},
): number {
  const count = a.length / dimension;
  if (!(Number.isInteger(count) && count >= 1 && b.length === a.length)) {
    throw new GanvasError(
      'metric',
      `Two sets of ${a.length} and ${b.length} numbers are not equally many samples of ${dimension}.`,
      'Take as many samples of each, flattened one after the other.',
    );
  }
  if (!(Number.isInteger(projections) && projections >= 1)) {
    throw new GanvasError('metric', `${projections} projections are not possible.`, 'Take 256.');
  }
  const random = new HostRandom(seed);
  const direction = new Float64Array(dimension);
  const projectedA = new Float64Array(count);
  const projectedB = new Float64Array(count);
  let total = 0;
  for (let p = 0; p < projections; p++) {
    drawDirection(direction, random);
    project(a, direction, projectedA);
    project(b, direction, projectedB);
    for (let i = 0; i < count; i++) {
      const difference = Math.abs(projectedA[i] - projectedB[i]);
      total += order === 1 ? difference : difference * difference;
    }
  }
  const mean = total / (projections * count);
  return order === 1 ? mean : Math.sqrt(mean);
}

/** Uniform on the unit sphere: normals, normalised. */
function drawDirection(direction: Float64Array, random: HostRandom) {
  let square = 0;
  for (let i = 0; i < direction.length; i++) {
    direction[i] = random.normal();
    square += direction[i] * direction[i];
  }
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < direction.length; i++) direction[i] *= scale;
}

/** The samples' coordinates along a direction, in ascending order. */
function project(samples: ArrayLike<number>, direction: Float64Array, result: Float64Array) {
  const { length } = direction;
  for (let i = 0; i < result.length; i++) {
    let sum = 0;
    for (let j = 0, at = i * length; j < length; j++, at++) sum += samples[at] * direction[j];
    result[i] = sum;
  }
  result.sort();
}
