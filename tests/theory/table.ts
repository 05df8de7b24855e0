// The table of the objectives on the ring, as Markdown.
import type { RingMeasures } from './ring.ts';
import { aidSettings, describeSetting, ringSettings } from './ring-settings.ts';

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
};
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** A row for each objective, medians over its runs; the last is of real points. */
export function ringTable(
  runs: ReadonlyMap<string, readonly RingMeasures[]>,
  real: RingMeasures,
): string {
  const row = (...cells: string[]) => `| ${cells.join(' | ')} |`;
  const rows = [...runs].map(([name, each]) =>
    row(
      `\`${name.split(',')[0]}\`${name.includes(',') ? name.slice(name.indexOf(',')) : ''}`,
      describeSetting({ ...ringSettings, ...aidSettings }[name]),
      each.map(({ modes }) => modes).join(', '),
      percent(median(each.map(({ near }) => near))),
      median(each.map(({ js }) => js)).toFixed(3),
    ),
  );
  return [
    row('objective', 'beside it', 'modes of 8, each run', 'near a mode', 'JS'),
    row('---', '---', '---', '---', '---'),
    ...rows,
    row('real points', '', `${real.modes}`, percent(real.near), real.js.toFixed(3)),
  ].join('\n');
}
