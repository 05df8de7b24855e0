// What theory says of two distributions and of the discriminator between them, on a grid.

import { GanvasError } from '../graph/errors.ts';

/** Numbers that are no masses, or a grid that makes no sense. Code `divergence`. */
export class DivergenceError extends GanvasError {
  override readonly name = 'DivergenceError';

  constructor(message: string, advice: string) {
    super('divergence', message, advice);
  }
}

/** Equal cells of an interval or of a rectangle. Cells are numbered with the last axis fastest. */
export interface Grid {
  /** The lower end of each axis: one or two numbers. */
  readonly low: readonly number[];
  /** The upper end of each axis. */
  readonly high: readonly number[];
  /** Cells along each axis. */
  readonly cells: readonly number[];
}

function checkGrid({ low, high, cells }: Grid): number {
  const fits =
    (low.length === 1 || low.length === 2) &&
    high.length === low.length &&
    cells.length === low.length &&
    low.every((from, i) => Number.isFinite(from) && Number.isFinite(high[i]) && high[i] > from) &&
    cells.every((n) => Number.isInteger(n) && n >= 1);
  if (!fits) {
    throw new DivergenceError(
      `The grid is from [${low}] to [${high}] in [${cells}] cells.`,
      'Give one or two axes, each with low below high and at least one cell.',
    );
  }
  return cells.reduce((product, n) => product * n, 1);
}

/** Points in the middle of all cells, in the order of the cells. */
export function gridCentres(grid: Grid): number[][] {
  checkGrid(grid);
  return grid.low.reduce<number[][]>(
    (points, from, axis) => {
      const size = (grid.high[axis] - from) / grid.cells[axis];
      const along = Array.from({ length: grid.cells[axis] }, (_, i) => from + (i + 0.5) * size);
      return points.flatMap((point) => along.map((x) => [...point, x]));
    },
    [[]],
  );
}

/**
 * The mass that a density has in each cell: its mean at `points` by `points` (or `points`, on a line)
 * places of the cell, times the cell's volume. Few are enough where the density hardly changes within a
 * cell. The sum is below 1 by what lies outside the grid.
 *
 * @throws {DivergenceError} for a grid that makes no sense, or a density that is NaN, negative or infinite.
 */
export function gridMasses(
  grid: Grid,
  density: (point: readonly number[]) => number,
  points = 1,
): Float64Array {
  const masses = new Float64Array(checkGrid(grid));
  if (!(Number.isInteger(points) && points >= 1))
    throw new DivergenceError(`${points} points of a cell.`, 'Give a whole number of at least 1.');
  const sizes = grid.low.map((from, axis) => (grid.high[axis] - from) / grid.cells[axis]);
  const volume = sizes.reduce((product, size) => product * size, 1);
  const places = gridCentres({
    low: sizes.map((size) => -size / 2),
    high: sizes.map((size) => size / 2),
    cells: sizes.map(() => points),
  });
  for (const [cell, centre] of gridCentres(grid).entries()) {
    for (const place of places) masses[cell] += density(centre.map((x, i) => x + place[i]));
    masses[cell] *= volume / places.length;
  }
  return checkMasses('The density', masses);
}

/**
 * The share of samples in each cell: `samples` are points one after the other. Those outside the grid
 * count in the nearest cell, so that a generator's strays are not left out.
 *
 * @throws {DivergenceError} for no samples, or one that is NaN or infinite.
 */
export function gridHistogram(grid: Grid, samples: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(checkGrid(grid));
  const { low, high, cells } = grid;
  const count = samples.length / low.length;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new DivergenceError(
      `${samples.length} numbers are no samples of ${low.length}.`,
      'Give at least one, with all its coordinates.',
    );
  }
  for (let i = 0; i < count; i++) {
    let cell = 0;
    for (const [axis, from] of low.entries()) {
      const x = samples[i * low.length + axis];
      if (!Number.isFinite(x))
        throw new DivergenceError(`Sample ${i} is at ${x}.`, 'The generator diverged.');
      const at = Math.floor(((x - from) / (high[axis] - from)) * cells[axis]);
      cell = cell * cells[axis] + Math.min(Math.max(at, 0), cells[axis] - 1);
    }
    shares[cell] += 1 / count;
  }
  return shares;
}

function checkMasses<Masses extends ArrayLike<number>>(what: string, masses: Masses): Masses {
  let total = 0;
  for (let i = 0; i < masses.length; i++) {
    if (!(masses[i] >= 0 && Number.isFinite(masses[i])))
      throw new DivergenceError(`${what} of cell ${i} is ${masses[i]}.`, 'Masses are at least 0.');
    total += masses[i];
  }
  if (!(total > 0))
    throw new DivergenceError(`${what} is 0 everywhere.`, 'Choose a grid that has mass.');
  return masses;
}

/** Two distributions on the same cells, each with sum 1. */
function normalised(p: ArrayLike<number>, q: ArrayLike<number>): [Float64Array, Float64Array] {
  if (p.length !== q.length) {
    throw new DivergenceError(
      `Masses of ${p.length} and of ${q.length} cells.`,
      'Give both on one grid.',
    );
  }
  const share = (what: string, masses: ArrayLike<number>) => {
    const total = Array.from(checkMasses(what, masses)).reduce((a, b) => a + b, 0);
    return Float64Array.from(masses, (mass) => mass / total);
  };
  return [share('The mass p', p), share('The mass q', q)];
}

/** p · log(p/q), 0 where p is 0. */
const relative = (p: number, q: number): number => (p === 0 ? 0 : p * Math.log(p / q));

/**
 * The Kullback-Leibler divergence Σ p log(p/q) in nats, infinite where q lacks what p has. Masses of the
 * cells of one grid; each distribution is divided by its sum.
 *
 * @throws {DivergenceError} for masses that are NaN, negative, infinite, all 0, or not equally many.
 */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [a, b] = normalised(p, q);
  return a.reduce((sum, x, i) => sum + relative(x, b[i]), 0);
}

/**
 * The Jensen-Shannon divergence ½ KL(p‖m) + ½ KL(q‖m) with m = (p + q)/2, in nats: 0 where p and q are
 * equal, log 2 where they have nothing in common. From few samples in many cells it is too large: compare
 * with as many samples of the true distribution.
 *
 * @throws {DivergenceError} as `klDivergence`.
 */
export function jsDivergence(p: ArrayLike<number>, q: ArrayLike<number>): number {
  const [a, b] = normalised(p, q);
  return a.reduce((sum, x, i) => {
    const middle = (x + b[i]) / 2;
    return sum + (relative(x, middle) + relative(b[i], middle)) / 2;
  }, 0);
}

/**
 * The discriminator that is best while G stays as it is, p/(p + q) (Goodfellow et al. 2014,
 * proposition 1): p and q are densities at the same points, or masses of the same cells, of real and
 * generated data. ½ where neither has mass: D is not determined there.
 *
 * @throws {DivergenceError} for values that are NaN, negative, infinite, all 0, or not equally many.
 */
export function optimalDiscriminator(p: ArrayLike<number>, q: ArrayLike<number>): Float64Array {
  normalised(p, q);
  return Float64Array.from(p, (real, i) => (real + q[i] > 0 ? real / (real + q[i]) : 0.5));
}

/**
 * V(D, G) = E log D(x) + E log(1 − D(G(z))) (Goodfellow et al. 2014, equation 1) of the discriminator's
 * values `d` in the cells: −∞ where D is certain and wrong. The best D has −log 4 + 2 JS(p, q), theorem 1,
 * which is `optimalValue`.
 *
 * @throws {DivergenceError} as `klDivergence`, and for values of D outside [0, 1].
 */
export function discriminatorValue(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  d: ArrayLike<number>,
): number {
  const [a, b] = normalised(p, q);
  if (d.length !== a.length)
    throw new DivergenceError(`D of ${d.length} cells.`, `Give it of all ${a.length}.`);
  return a.reduce((sum, x, i) => {
    if (!(d[i] >= 0 && d[i] <= 1))
      throw new DivergenceError(
        `D of cell ${i} is ${d[i]}.`,
        'It is a probability: sigmoid(logit).',
      );
    return sum + expected(x, Math.log(d[i])) + expected(b[i], Math.log1p(-d[i]));
  }, 0);
}

/** mass · log, 0 where there is no mass: so little that D's rounding to 0 or 1 says nothing is none. */
const expected = (mass: number, log: number): number =>
  mass === 0 || (log === Number.NEGATIVE_INFINITY && mass < Number.EPSILON) ? 0 : mass * log;

/** V(D*, G) = −log 4 + 2 JS(p, q) (Goodfellow et al. 2014, theorem 1). Errors: as `klDivergence`. */
export const optimalValue = (p: ArrayLike<number>, q: ArrayLike<number>): number =>
  2 * jsDivergence(p, q) - Math.log(4);
