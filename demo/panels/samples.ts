import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Preview } from '../engine/protocol.ts';
import { count } from '../format.ts';
import { chosenData, latest, phase } from '../state.ts';
import { samplesText } from './samples.text.ts';
import { Past, Timeline } from './timeline.ts';

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
    h('div', { class: 'stage' }, h(SampleCanvas, {}), h(EmptyStage, {}), h(Past, {})),
    h(Timeline, {}),
    h(RealPictures, {}),
  );
}

function Caption() {
  const text = samplesText();
  const step = latest.value?.step;
  return h('p', { class: 'hint' }, step ? text.after(count(step)) : text.atATime);
}

function SampleCanvas() {
  const shown = phase.value === 'training' || phase.value === 'paused' || latest.value !== null;
  return h('canvas', {
    id: 'samples',
    class: shown ? 'pixels' : 'pixels blank',
    role: 'img',
    'aria-label': samplesText().grid,
  });
}

function EmptyStage() {
  if (phase.value === 'training' || phase.value === 'paused' || latest.value) return null;
  return h(
    'div',
    { class: 'empty' },
    h(
      'p',
      null,
      phase.value === 'starting' ? samplesText().gettingReady : samplesText().invitation,
    ),
  );
}

function RealPictures() {
  const found = chosenData.value;
  if (!found) return null;
  return h(
    'div',
    { class: 'real' },
    h('h3', null, samplesText().real),
    h(PreviewCanvas, { preview: found.preview }),
  );
}

const PREVIEW_COLUMNS = 8;

function PreviewCanvas({ preview }: { readonly preview: Preview }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (ref.current) drawPreview(ref.current, preview);
  }, [preview]);
  return h('canvas', {
    ref,
    class: 'pixels',
    role: 'img',
    'aria-label': samplesText().preview(preview.count),
  });
}

function drawPreview(canvas: HTMLCanvasElement, preview: Preview): void {
  const { count: pictures, size, channels, pixels } = preview;
  const columns = Math.min(PREVIEW_COLUMNS, pictures);
  const pitch = size + 2;
  canvas.width = columns * pitch + 2;
  canvas.height = Math.ceil(pictures / columns) * pitch + 2;
  // Few pictures are not blown up to the width of many.
  canvas.style.maxWidth = `${(100 * columns) / PREVIEW_COLUMNS}%`;
  const context = canvas.getContext('2d');
  if (!context) return;
  for (let n = 0; n < pictures; n++) {
    const image = new ImageData(size, size);
    for (let p = 0; p < size * size; p++) {
      for (let c = 0; c < 3; c++) {
        const channel = channels === 1 ? 0 : c;
        image.data[4 * p + c] = pixels[(n * size * size + p) * channels + channel] ?? 0;
      }
      image.data[4 * p + 3] = 255;
    }
    const [row, column] = [Math.floor(n / columns), n % columns];
    context.putImageData(image, 2 + column * pitch, 2 + row * pitch);
  }
}
