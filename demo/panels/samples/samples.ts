import { h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { giveCanvas } from '../../actions.ts';
import { count } from '../../format.ts';
import { columnsOf, sideOf } from '../../grid.ts';
import {
  canvasVersion,
  gridCount,
  latest,
  lookedFrame,
  phase,
  ready,
  seenGrid,
  zoom,
} from '../../state.ts';
import { Frames, FramesLegend, pointAt } from './frames.ts';
import { PickedBar, Picker } from './pick.ts';
import { RealPictures } from './real-pictures.ts';
import { samplesText } from './samples.text.ts';
import { Past, Timeline } from './timeline.ts';
import { ViewOptions } from './view-options.ts';

/** The generator's pictures, drawn by the worker from the buffer they are computed in. */
export function Samples() {
  return h(
    'section',
    { class: 'panel samples', 'aria-labelledby': 'samples-title' },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', { id: 'samples-title' }, samplesText().title),
      h(Caption, {}),
    ),
    h(Stage, {}),
    h(PickedBar, {}),
    h(FramesLegend, {}),
    h(ViewOptions, {}),
    h(Timeline, {}),
    h(RealPictures, {}),
  );
}

function Caption() {
  const text = samplesText();
  const step = lookedFrame.value?.step ?? latest.value?.step;
  const said = step ? text.after(count(step)) : text.atATime(gridCount.value);
  return h('p', { class: 'hint' }, said);
}

/** As large as there is room for, or larger, to be scrolled. */
function Stage() {
  const grid = seenGrid.value;
  const enlarged = zoom.value !== 'fit';
  const width = zoom.value === 'fit' ? undefined : `${zoom.value * sideOf(grid)}px`;
  return h(
    'div',
    {
      class: enlarged ? 'stage-window enlarged' : 'stage-window',
      // What scrolls must be reached by keyboard.
      ...(enlarged && { tabIndex: 0, role: 'region', 'aria-label': samplesText().enlarged }),
    },
    h(
      'div',
      {
        class: 'stage',
        style: { '--cell': `${100 / columnsOf(grid.count)}%`, width },
        onPointerMove: pointAt,
        onPointerLeave: pointAt,
      },
      h(SampleCanvas, {}),
      h(EmptyStage, {}),
      h(Past, {}),
      h(Frames, {}),
      h(Picker, {}),
    ),
  );
}

/** A canvas is given away once and for all: another one is another element. */
function SampleCanvas() {
  return h(GivenCanvas, { key: canvasVersion.value });
}

function GivenCanvas() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current) giveCanvas(canvas.current);
  }, []);
  const shown = phase.value === 'training' || phase.value === 'paused' || latest.value !== null;
  const { count } = seenGrid.value;
  return h('canvas', {
    ref: canvas,
    id: 'samples',
    class: shown ? 'pixels' : 'pixels blank',
    role: 'img',
    'aria-label': samplesText().grid(count, columnsOf(count)),
  });
}

function EmptyStage() {
  if (phase.value === 'training' || phase.value === 'paused' || latest.value) return null;
  return h('div', { class: 'empty' }, h('p', null, invitation()));
}

/** What to do for samples to appear. */
function invitation(): string {
  const text = samplesText();
  if (phase.value === 'starting') return text.gettingReady;
  if (phase.value === 'unavailable') return text.none;
  return ready.value ? text.invitation(gridCount.value) : text.choose;
}
