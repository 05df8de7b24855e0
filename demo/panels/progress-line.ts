import { h } from 'preact';
import type { Progress } from '../engine/protocol.ts';
import { count, megabytes } from '../format.ts';
import { progress } from '../state.ts';
import { progressLineText } from './progress-line.text.ts';

/** How far what is being read or compiled is. */
export function ProgressLine() {
  if (!progress.value) return null;
  const { loaded, total } = progress.value;
  const text = progressText(progress.value);
  return h(
    'div',
    { class: 'progress' },
    h('progress', {
      'aria-label': text,
      ...(total ? { max: total, value: Math.min(loaded, total) } : {}),
    }),
    h('span', null, text),
  );
}

function progressText({ stage, name, loaded, total }: Progress): string {
  const text = progressLineText();
  switch (stage) {
    case 'download':
      return text.download(name, megabytes(loaded), total ? megabytes(total) : undefined);
    case 'decode':
      return text.decode(count(loaded), total ? count(total) : undefined);
    case 'compile':
      return text.compile;
  }
}
