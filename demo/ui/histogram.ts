import { h } from 'preact';

export interface Shares {
  readonly label: string;
  /** Of each of equal parts of the range. */
  readonly shares: readonly number[];
  /** A custom property of the style sheet. */
  readonly colour: `--${string}`;
}

interface HistogramProps {
  readonly title: string;
  /** Ends of the horizontal axis. */
  readonly from: number;
  readonly to: number;
  /** One above the axis, one hanging below it: they stay apart for everybody. */
  readonly series: readonly [Shares, Shares];
}

const HALF = 40;
const WIDTH = 240;

/** Two distributions, back to back. */
export function Histogram({ title, from, to, series }: HistogramProps) {
  const most = Math.max(...series.flatMap(({ shares }) => shares), 1e-9);
  return h(
    'figure',
    { class: 'chart histogram' },
    h(
      'figcaption',
      null,
      h('h3', null, title),
      h(
        'dl',
        { class: 'legend' },
        series.map(({ label, colour, shares }) =>
          h(
            'div',
            { key: label },
            h(
              'dt',
              null,
              h('span', {
                class: 'key',
                style: { color: `var(${colour})` },
                'aria-hidden': true,
              }),
              label,
            ),
            h('dd', null, meanOf(shares, from, to).toFixed(2)),
          ),
        ),
      ),
    ),
    h(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${2 * HALF}`, preserveAspectRatio: 'none', 'aria-hidden': true },
      series.map(({ shares, colour }, s) =>
        shares.map((share, n) => {
          const width = WIDTH / shares.length;
          const height = (share / most) * HALF;
          return h('rect', {
            key: `${s}-${n}`,
            x: n * width,
            y: s === 0 ? HALF - height : HALF,
            width: width - 1,
            height,
            style: { fill: `var(${colour})` },
          });
        }),
      ),
    ),
    h(
      'div',
      { class: 'axis', 'aria-hidden': true },
      h('span', null, String(from)),
      h('span', null, String(to)),
    ),
  );
}

/** The mean that the parts' middles give, which the legend tells in words. */
function meanOf(shares: readonly number[], from: number, to: number): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const sum = shares.reduce((part, share, n) => part + share * (n + 0.5), 0);
  return from + ((to - from) * sum) / (shares.length * total);
}
