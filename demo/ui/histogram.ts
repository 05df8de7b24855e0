import { h } from 'preact';
import { useState } from 'preact/hooks';
import { figure } from '../format.ts';
import { histogramText } from './histogram.text.ts';

export interface Shares {
  readonly label: string;
  /** Of each of equal parts of the range. */
  readonly shares: readonly number[];
  /** A custom property of the style sheet. */
  readonly colour: `--${string}`;
}

interface HistogramProps {
  readonly title: string;
  /** One line on what it says. */
  readonly hint: string;
  /** Ends of the horizontal axis. */
  readonly from: number;
  readonly to: number;
  /** One above the axis, one hanging below it: they stay apart for everybody. */
  readonly series: readonly [Shares, Shares];
}

const HALF = 40;
const WIDTH = 240;

/** Two distributions, back to back, with their means, or the shares under the pointer, in words above. */
export function Histogram({ title, hint, from, to, series }: HistogramProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const parts = series[0].shares.length;
  // The axis may have become shorter since.
  const part = pointed !== null && pointed < parts ? pointed : null;
  const width = (to - from) / parts;
  const ends = (at: number) =>
    [endText(from + at * width), endText(from + (at + 1) * width)] as const;
  const point = (event: PointerEvent & { readonly currentTarget: Element }) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const at = Math.floor(((event.clientX - left) / width) * parts);
    setPointed(Math.min(parts - 1, Math.max(0, at)));
  };
  return h(
    'figure',
    { class: 'chart histogram' },
    h(
      'figcaption',
      null,
      h('h3', null, title),
      part !== null && h('span', { class: 'hint tabular' }, histogramText().part(...ends(part))),
      h('p', { class: 'hint' }, hint),
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
            h(
              'dd',
              null,
              part === null
                ? figure(meanOf(shares, from, to))
                : `${Math.round(100 * (shares[part] ?? 0))} %`,
            ),
          ),
        ),
      ),
    ),
    h(
      'svg',
      {
        viewBox: `0 0 ${WIDTH} ${2 * HALF}`,
        preserveAspectRatio: 'none',
        'aria-hidden': true,
        onPointerMove: point,
        onPointerLeave: () => setPointed(null),
      },
      h(Bars, { from, to, series, part }),
    ),
    h(
      'div',
      { class: 'axis', 'aria-hidden': true },
      h('span', null, endText(from)),
      h('span', null, endText(to)),
    ),
  );
}

interface BarsProps extends Omit<HistogramProps, 'title' | 'hint'> {
  /** The one under the pointer. */
  readonly part: number | null;
}

function Bars({ from, to, series, part }: BarsProps) {
  const most = Math.max(...series.flatMap(({ shares }) => shares), 1e-9);
  const width = WIDTH / series[0].shares.length;
  const zero = (-from / (to - from)) * WIDTH;
  return [
    part !== null &&
      h('rect', { class: 'pointed', x: part * width, y: 0, width, height: 2 * HALF }),
    ...series.flatMap(({ shares, colour }, s) =>
      shares.map((share, n) => {
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
    // Where the sign changes, if that is inside.
    zero > 0 &&
      zero < WIDTH &&
      h('line', { class: 'zero', x1: zero, x2: zero, y1: 0, y2: 2 * HALF }),
  ];
}

/** Without the noise of the last bits. */
const endText = (value: number): string => String(Number(value.toPrecision(3)));

/** The mean that the parts' middles give, which the legend tells in words. */
function meanOf(shares: readonly number[], from: number, to: number): number {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const sum = shares.reduce((part, share, n) => part + share * (n + 0.5), 0);
  return from + ((to - from) * sum) / (shares.length * total);
}
