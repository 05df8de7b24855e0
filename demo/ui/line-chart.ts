import { computed, effect, signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count, figure } from '../format.ts';
import type { Columns } from '../history.ts';
import { lineChartText } from './line-chart.text.ts';

export interface Line<Name extends string> {
  readonly series: Name;
  readonly label: string;
  /** A custom property of the style sheet. */
  readonly colour: `--${string}`;
  /** Lines differ by more than their colour. */
  readonly dashed?: boolean;
}

interface LineChartProps<Name extends string> {
  readonly title: string;
  /** One line on what it says. */
  readonly hint: string;
  readonly lines: readonly Line<Name>[];
  readonly history: Columns<Name>;
  /** Read where the chart has to follow a change. */
  readonly version: { readonly value: number };
  /** Ends of the vertical axis, where they are known beforehand. */
  readonly range?: readonly [number, number];
  /** A logarithmic vertical axis; what is not above 0 is a gap. */
  readonly log?: boolean;
  /** Values of now, where the history has only means of several steps. */
  readonly now?: Readonly<Record<Name, number>> | null;
}

/** Share of the past in a smoothed value, from one point to the next. */
const SMOOTHING = 0.9;

/** Steps that the axis of an empty chart shows. */
const EMPTY_STEPS = [1, 100];

/** Lines over the steps of a run, with their values now, or under the pointer, in words above. */
export function LineChart<Name extends string>({
  title,
  hint,
  lines,
  history,
  version,
  range,
  log = false,
  now = null,
}: LineChartProps<Name>) {
  const host = useRef<HTMLDivElement>(null);
  const pointed = useMemo(() => signal<number | null>(null), []);
  /** The point under the pointer; a history that has been cleared since has no such point. */
  const point = useMemo(
    () =>
      computed(() => {
        const index = version.value >= 0 ? pointed.value : null;
        return index !== null && index < history.length ? index : null;
      }),
    [],
  );

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const values = () => chartData(history, lines, log);
    const build = () =>
      new uPlot(
        chartOptions(element, lines, log ? 'log' : range, (index) => {
          pointed.value = index;
        }),
        values(),
        element,
      );

    let chart = build();
    const redraw = () => {
      // Nobody sees the charts of a hidden tab; it catches up when it is shown.
      if (!document.hidden) chart.setData(values());
    };
    const stopFollowing = effect(() => {
      // Read before anything else can end this function: reading is what subscribes.
      if (version.value >= 0) redraw();
    });
    // uPlot takes its colours once.
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = () => {
      chart.destroy();
      chart = build();
    };
    let frame = 0;
    const resized = new ResizeObserver(() => {
      // In a frame of its own: a change of size inside the observer would call it again.
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() =>
        chart.setSize({ width: element.clientWidth, height: element.clientHeight }),
      );
    });
    dark.addEventListener('change', recolour);
    document.addEventListener('visibilitychange', redraw);
    resized.observe(element);
    return () => {
      stopFollowing();
      dark.removeEventListener('change', recolour);
      document.removeEventListener('visibilitychange', redraw);
      resized.disconnect();
      cancelAnimationFrame(frame);
      chart.destroy();
    };
  }, [log]);

  return h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      null,
      h('h3', null, title),
      h(PointedStep, { history, point }),
      h('p', { class: 'hint' }, hint),
      h(Legend<Name>, { lines, history, version, point, now }),
    ),
    h('div', { ref: host, class: 'plot', 'aria-hidden': true }),
  );
}

interface PointedStepProps {
  readonly history: { readonly steps: readonly number[] };
  readonly point: { readonly value: number | null };
}

function PointedStep({ history, point }: PointedStepProps) {
  const step = point.value === null ? undefined : history.steps[point.value];
  return (
    step !== undefined && h('span', { class: 'hint tabular' }, lineChartText().step(count(step)))
  );
}

type LegendProps<Name extends string> = Omit<PointedStepProps, 'history'> &
  Pick<LineChartProps<Name>, 'lines' | 'version' | 'history' | 'now'>;

function Legend<Name extends string>({ lines, history, version, point, now }: LegendProps<Name>) {
  // Subscribes: what stands at a point changes when points are merged.
  const index = version.value >= 0 ? point.value : null;
  return h(
    'dl',
    { class: 'legend' },
    lines.map(({ series, label, colour, dashed }) => {
      const column = history.column(series);
      const value = index === null ? (now?.[series] ?? column.at(-1)) : column[index];
      return h(
        'div',
        { key: series },
        h(
          'dt',
          null,
          h('span', {
            class: dashed ? 'key dashed' : 'key',
            style: { color: `var(${colour})` },
            'aria-hidden': true,
          }),
          label,
        ),
        h('dd', null, figure(value)),
      );
    }),
  );
}

/** Each line as it was measured, and smoothed, for the trend in the noise. */
function chartData<Name extends string>(
  history: Columns<Name>,
  lines: readonly Line<Name>[],
  log: boolean,
): uPlot.AlignedData {
  const steps = history.length > 0 ? [...history.steps] : EMPTY_STEPS;
  const columns = lines.map(({ series }) =>
    history.length > 0
      ? history.column(series).map((value) => (log && !(Number(value) > 0) ? null : value))
      : steps.map(() => null),
  );
  return [steps, ...columns.flatMap((column) => [[...column], smooth(column)])];
}

function smooth(column: readonly (number | null)[]): (number | null)[] {
  let sum = 0;
  let weight = 0;
  return column.map((value) => {
    if (value === null) return null;
    sum = SMOOTHING * sum + (1 - SMOOTHING) * value;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    return sum / weight;
  });
}

/** The ends of an axis that follows its values. */
function fitted(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 2];
  return uPlot.rangeNum(low, high, 0.1, true);
}

function chartOptions(
  element: HTMLElement,
  lines: readonly Line<string>[],
  range: readonly [number, number] | 'log' | undefined,
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  // In parts of the page's text, which is larger on very large screens.
  const em = Number.parseFloat(style.fontSize) / 15;
  const axis: uPlot.Axis = {
    stroke: colour('--muted'),
    font: `${11 * em}px ${style.fontFamily}`,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: {
      x: { time: false },
      y: range === 'log' ? { distr: 3 } : { range: range ? [range[0], range[1]] : fitted },
    },
    axes: [
      { ...axis, size: 28 * em, space: 70 * em, values: (_, steps) => steps.map(stepText) },
      { ...axis, size: 40 * em, space: 32 * em },
    ],
    series: [
      {},
      ...lines.flatMap((line): uPlot.Series[] => [
        { stroke: colour(line.colour), alpha: 0.35, width: 1, points: { show: false } },
        {
          stroke: colour(line.colour),
          width: 2,
          points: { show: false },
          ...(line.dashed ? { dash: [7, 4] } : {}),
        },
      ]),
    ],
    hooks: {
      setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)],
    },
  };
}

/** Steps are whole: a scale of a few of them would otherwise show halves. */
function stepText(step: number): string {
  if (!Number.isInteger(step)) return '';
  return step >= 10_000 ? `${step / 1000}k` : String(step);
}
