// Whether one engine's runs look like draws from the other's: numbers, and their table.

/** A run of one of the two, by where it is in the experiment. */
export interface Point {
  readonly engine: 'ganvas' | 'pytorch';
  readonly width: number;
  readonly seed: number;
  readonly steps: number;
  /** Fréchet distance of its pictures from the real ones. */
  readonly distance: number;
}

/** The runs of both engines at one width after so many steps. */
export interface Comparison {
  readonly width: number;
  readonly steps: number;
  /** Distances by seed, ascending. */
  readonly ganvas: readonly number[];
  readonly pytorch: readonly number[];
  /** Where the mean of so many more runs of PyTorch would lie 95 times in 100. */
  readonly spread: readonly [number, number];
  /** Whether the mean of Ganvas's runs lies there. */
  readonly inside: boolean;
}

/** Student's t that 2.5 % of the draws exceed, by degrees of freedom from 1. */
const T_975 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228],
  ...[2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086],
];

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * The 95 % prediction interval for the mean of `more` further draws from where `values` came from, taken
 * as normal: mean ± t · s · √(1/n + 1/more), with s the unbiased standard deviation.
 *
 * @throws {RangeError} if there are fewer than 2 values, or no further draw
 */
export function predictionInterval(values: readonly number[], more: number): [number, number] {
  const n = values.length;
  if (n < 2 || more < 1) throw new RangeError(`No interval of ${more} draws from ${n}.`);
  const centre = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (n - 1);
  const t = T_975[Math.min(n - 1, T_975.length) - 1];
  const half = t * Math.sqrt(variance * (1 / n + 1 / more));
  return [centre - half, centre + half];
}

/** Compares wherever there are a run of Ganvas and two of PyTorch; by width, then steps. */
export function compare(points: readonly Point[]): Comparison[] {
  const places = new Map(points.map(({ width, steps }) => [`${width} ${steps}`, { width, steps }]));
  const sorted = [...places.values()].sort((a, b) => a.width - b.width || a.steps - b.steps);
  return sorted.flatMap(({ width, steps }) => {
    const of = (engine: Point['engine']) =>
      points
        .filter((p) => p.engine === engine && p.width === width && p.steps === steps)
        .sort((a, b) => a.seed - b.seed)
        .map(({ distance }) => distance);
    const ganvas = of('ganvas');
    const pytorch = of('pytorch');
    if (ganvas.length === 0 || pytorch.length < 2) return [];
    const spread = predictionInterval(pytorch, ganvas.length);
    const at = mean(ganvas);
    return [{ width, steps, ganvas, pytorch, spread, inside: spread[0] <= at && at <= spread[1] }];
  });
}

const digits = (value: number): string => value.toFixed(value < 10 ? 2 : 1);

/** A row for each comparison, in Markdown. */
export function comparisonTable(comparisons: readonly Comparison[]): string {
  const header = ['width', 'steps', 'PyTorch', 'its spread', 'Ganvas', 'inside'];
  const runs = (values: readonly number[]) =>
    `${digits(mean(values))} (${values.map(digits).join(', ')})`;
  const rows = comparisons.map(({ width, steps, ganvas, pytorch, spread, inside }) => [
    `${width}`,
    steps.toLocaleString('en'),
    runs(pytorch),
    spread.map((end) => digits(Math.max(0, end))).join(' – '),
    runs(ganvas),
    inside ? 'yes' : '**no**',
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
