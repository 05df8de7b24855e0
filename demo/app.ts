import { signal } from '@preact/signals';
import { h } from 'preact';
import { useEffect } from 'preact/hooks';
import { choosePictures } from './actions.ts';
import { filesOf } from './files.ts';
import { Header } from './panels/header.ts';
import { ProblemPanel, SoftwareNote } from './panels/problem.ts';
import { Samples } from './panels/samples/samples.ts';
import { dataText } from './panels/setup/data-choice.text.ts';
import { Setup } from './panels/setup/setup.ts';
import { Side } from './panels/side.ts';
import { Toolbar } from './panels/toolbar.ts';
import { locked } from './state.ts';

export function App() {
  return h(
    'div',
    { class: 'page' },
    h(Header, {}),
    h(Toolbar, {}),
    h(
      'main',
      null,
      h(ProblemPanel, {}),
      h('div', { class: 'workspace' }, h(Setup, {}), h(Samples, {}), h(Side, {})),
      h(SoftwareNote, {}),
    ),
    h(DropTarget, {}),
  );
}

/** Files are being dragged over the page. */
const dragging = signal(false);

/** The whole page takes pictures: a small target is hard to hit with a folder on the pointer. */
function DropTarget() {
  useEffect(() => {
    const listeners = new AbortController();
    const on = (type: 'dragover' | 'dragleave' | 'drop', listener: (event: DragEvent) => void) =>
      addEventListener(type, listener, { signal: listeners.signal });
    on('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      // During a run too: the browser would else leave the page for the picture.
      event.preventDefault();
      event.dataTransfer.dropEffect = locked.value ? 'none' : 'copy';
      dragging.value = !locked.value;
    });
    on('dragleave', (event) => {
      if (event.relatedTarget === null) dragging.value = false;
    });
    on('drop', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      dragging.value = false;
      // A folder that cannot be read rejects this, which the page then says.
      void filesOf(event.dataTransfer).then(choosePictures);
    });
    return () => listeners.abort();
  }, []);
  return dragging.value && h('div', { class: 'drop-cover' }, dataText().dropHere);
}
