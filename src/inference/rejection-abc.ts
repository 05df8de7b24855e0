import { InferenceError } from './errors.ts';
import { PosteriorSamples } from './samples.ts';
import type { Simulations } from './simulate.ts';

/** The deviation of each column of rows, or 1 where it never changes. */
function deviations(rows: Float32Array, columns: number): Float64Array {
  const count = rows.length / columns;
  const sums = new Float64Array(columns);
  rows.forEach((x, i) => {
    sums[i % columns] += x;
  });
  const squares = new Float64Array(columns);
  rows.forEach((x, i) => {
    squares[i % columns] += (x - sums[i % columns] / count) ** 2;
  });
  return squares.map((sum) => Math.sqrt(sum / count) || 1);
}

/**
 * Rejection ABC (Pritchard et al. 1999): the θ of those simulations whose y are nearest to the observed
 * one, by Euclidean distance once each number of y is divided by its deviation over all simulations. The
 * fewer are accepted, the nearer they are to the posterior, and the fewer they are. What it costs are the
 * simulations, so that it is the yardstick for any other inference without a likelihood.
 *
 * Errors: `InferenceError` for an observation of another length, and for a number to accept that the
 * simulations do not have.
 */
export function rejectionAbc(
  { theta, y, count }: Simulations,
  observed: ArrayLike<number>,
  accept: number,
): PosteriorSamples {
  const columns = y.length / count;
  const parameters = theta.length / count;
  const target = Float64Array.from(observed);
  if (target.length !== columns || !target.every(Number.isFinite)) {
    throw new InferenceError(
      'observation',
      `The observation has ${target.length} numbers, ${target.filter(Number.isFinite).length} of them finite.`,
      `Give ${columns} numbers, as the simulations have.`,
    );
  }
  if (!(Number.isInteger(accept) && accept >= 1 && accept <= count)) {
    const advice = `Choose a whole number from 1 to ${count}, a thousandth of it for instance.`;
    throw new InferenceError('options', `${accept} simulations cannot be accepted.`, advice);
  }
  const scale = deviations(y, columns);
  const distances = new Float64Array(count);
  y.forEach((x, i) => {
    const column = i % columns;
    distances[(i - column) / columns] += ((x - target[column]) / scale[column]) ** 2;
  });
  // As numbers sort fastest: those below the last accepted one, then as many as are left of its equals.
  const last = distances.slice().sort()[accept - 1];
  const near = (keep: (distance: number) => boolean) =>
    Array.from(distances.keys()).filter((row) => keep(distances[row]));
  const rows = [...near((d) => d < last), ...near((d) => d === last)].slice(0, accept);
  const accepted = rows.flatMap((row) => [
    ...theta.subarray(row * parameters, (row + 1) * parameters),
  ]);
  return new PosteriorSamples(Float32Array.from(accepted), parameters);
}
