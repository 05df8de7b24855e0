import { h } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { worker } from '../../conversation.ts';
import type { ViewLayout } from '../../engine/protocol.ts';
import { canvasVersion, settings } from '../../state.ts';

interface LatentCanvasProps extends ViewLayout {
  /** Flat, `count` of them. The same array means the same pictures. */
  readonly latents: Float32Array;
  /** What screen readers say of it. */
  readonly label: string;
  readonly name?: string;
}

let views = 0;

/** Pictures of latents, drawn by the worker on the GPU for as long as this is on the page. */
export function LatentCanvas(props: LatentCanvasProps) {
  return h(GivenCanvas, { ...props, key: canvasVersion.value });
}

function GivenCanvas({ latents, label, name, count, columns, gap }: LatentCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const view = useRef(0);
  // A canvas is given away once and for all: another layout is another element, by its key.
  useLayoutEffect(() => {
    if (!canvas.current) return;
    const id = ++views;
    view.current = id;
    const offscreen = canvas.current.transferControlToOffscreen();
    const layout = { count, columns, gap };
    worker.send({ type: 'open-view', view: id, canvas: offscreen, layout }, [offscreen]);
    return () => worker.send({ type: 'close-view', view: id });
  }, []);
  useEffect(() => {
    worker.send({ type: 'show', view: view.current, latents });
  }, [latents]);
  const pitch = settings.value.imageSize + gap;
  const [width, height] = [columns, Math.ceil(count / columns)].map((n) => n * pitch + gap);
  return h('canvas', {
    ref: canvas,
    class: 'pixels',
    role: 'img',
    'aria-label': label,
    // Before the first picture, too, so that nothing moves when it comes.
    style: { aspectRatio: `${width} / ${height}` },
    'data-view': name,
  });
}
