import { h } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Preview } from '../../engine/protocol.ts';
import { chosenData, problem, ready, waiting } from '../../state.ts';
import { ProgressLine } from '../progress-line.ts';
import { realPicturesText } from './real-pictures.text.ts';

/** Some pictures of the chosen set, as soon as they are read. */
export function RealPictures() {
  const found = chosenData.value;
  if (!found && (!ready.value || problem.value)) return null;
  return h(
    'div',
    { class: 'real' },
    h('h3', null, realPicturesText().title),
    found
      ? h(PreviewCanvas, {
          preview: found.preview,
          columns: PREVIEW_COLUMNS,
          label: realPicturesText().preview(found.preview.count),
        })
      : h('div', { class: 'unread' }, !waiting.value && h(ProgressLine, {})),
  );
}

const PREVIEW_COLUMNS = 8;

interface PreviewCanvasProps {
  readonly preview: Preview;
  /** Pictures in a row. */
  readonly columns: number;
  readonly label: string;
}

/** Real pictures, in a grid like that of the samples. */
export function PreviewCanvas({ preview, columns, label }: PreviewCanvasProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  // Before it is shown: an empty canvas has another shape.
  useLayoutEffect(() => {
    if (ref.current) drawPreview(ref.current, preview, columns);
  }, [preview, columns]);
  return h('canvas', {
    ref,
    class: 'pixels',
    role: 'img',
    'aria-label': label,
  });
}

function drawPreview(canvas: HTMLCanvasElement, preview: Preview, inRow: number): void {
  const { count: pictures, size, channels, pixels } = preview;
  const columns = Math.min(inRow, pictures);
  const pitch = size + 2;
  canvas.width = columns * pitch + 2;
  canvas.height = Math.ceil(pictures / columns) * pitch + 2;
  // Few pictures are not blown up to the width of many.
  canvas.style.maxWidth = `${(100 * columns) / inRow}%`;
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
