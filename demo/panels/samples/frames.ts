import { effect, signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Scores } from '../../../src/index.ts';
import { beliefColours, beliefs, colourOf, isProbability, meanOf } from '../../belief.ts';
import { count, figure } from '../../format.ts';
import { columnsOf, edgeOf, GAP, type Grid, pictureAt, sideOf } from '../../grid.ts';
import { framed, seenGrid, seenScores, settings } from '../../state.ts';
import { framesText } from './frames.text.ts';

/** The sample under the pointer. */
const pointed = signal<number | null>(null);

/** Says what D makes of the sample that the pointer is on, over the element of the grid. */
export function pointAt(event: PointerEvent & { readonly currentTarget: HTMLElement }): void {
  const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
  const [x, y] = [(event.clientX - left) / width, (event.clientY - top) / height];
  pointed.value = event.type === 'pointerleave' ? null : pictureAt(x, y, seenGrid.value);
}

/** Thinner ones cannot be told apart by colour. In CSS pixels. */
const LEAST_WIDTH = 2;

/** A frame around each sample, of the colour of D's belief in it, over the canvas. */
export function Frames() {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    const redraw = () => {
      const probabilities = isProbability(settings.value.objective);
      drawFrames(canvas, seenGrid.value, seenScores.value, probabilities);
    };
    const stop = effect(redraw);
    const resized = new ResizeObserver(redraw);
    resized.observe(canvas);
    return () => {
      stop();
      resized.disconnect();
    };
  }, [framed.value]);
  return framed.value && h('canvas', { ref, class: 'frames', 'aria-hidden': true });
}

function drawFrames(
  canvas: HTMLCanvasElement,
  grid: Grid,
  scores: Scores | null,
  probabilities: boolean,
): void {
  canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
  canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
  const context = canvas.getContext('2d');
  if (!context || !scores) return;
  const belief = beliefs(scores, probabilities);
  const scale = canvas.width / sideOf(grid);
  const width = Math.max((scale * GAP) / 2, LEAST_WIDTH * devicePixelRatio);
  // The outer edge is in the middle of the gap; what is wider goes over the picture.
  const inset = width / 2 - (scale * GAP) / 2;
  const side = scale * grid.size - 2 * inset;
  context.lineWidth = width;
  const columns = columnsOf(grid.count);
  for (const [n, logit] of scores.generated.subarray(0, grid.count).entries()) {
    if (!Number.isFinite(logit)) continue;
    const [column, row] = [n % columns, Math.floor(n / columns)];
    const [x, y] = [edgeOf(column, grid), edgeOf(row, grid)];
    context.strokeStyle = colourOf(belief(logit));
    context.strokeRect(scale * x + inset, scale * y + inset, side, side);
  }
}

const GRADIENT = `linear-gradient(to right, ${beliefColours.map((c) => `rgb(${c.join(' ')})`).join(', ')})`;

/** What the colours mean, and what D makes of the samples in words. */
export function FramesLegend() {
  if (!framed.value) return null;
  const text = framesText();
  const probabilities = isProbability(settings.value.objective);
  const [low, middle, high] = probabilities ? text.probability : text.score;
  return h(
    'div',
    { class: 'frames-legend' },
    h('div', { class: 'scale', style: { background: GRADIENT }, 'aria-hidden': true }),
    h(
      'div',
      { class: 'axis' },
      h('span', null, low),
      h('span', null, middle),
      h('span', null, high),
    ),
    h('p', { class: 'hint tabular' }, said(seenScores.value, seenGrid.value.count, probabilities)),
    settings.value.ema > 0 && h('p', { class: 'hint' }, text.averaged),
  );
}

function said(scores: Scores | null, shown: number, probabilities: boolean): string {
  const text = framesText();
  if (!scores) return text.hint;
  const logits = scores.generated.subarray(0, shown);
  const belief = beliefs(scores, probabilities);
  const value = (logit: number) => figure(probabilities ? belief(logit) : logit);
  const at = pointed.value;
  const logit = at === null ? undefined : logits[at];
  if (at !== null && logit !== undefined) return text.one(count(at + 1), value(logit));
  const taken = logits.filter((x) => belief(x) > 0.5).length;
  if (probabilities) return text.taken(taken, logits.length);
  return text.compared(value(meanOf(logits)), value(meanOf(scores.real)));
}
