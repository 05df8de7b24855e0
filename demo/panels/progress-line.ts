import { h } from 'preact';
import type { Progress } from '../engine/protocol.ts';
import { count, megabytes } from '../format.ts';
import { progress } from '../state.ts';
import { progressLineText } from './progress-line.text.ts';
import { dataText } from './setup/data-choice.text.ts';

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

/** The worker knows data sets by names that are nobody's words. */
function nameOf(data: string): string {
  const names: Readonly<Partial<Record<string, string>>> = dataText().names;
  return names[data] ?? data;
}

function progressText({ stage, name, loaded, total }: Progress): string {
  const text = progressLineText();
  switch (stage) {
    case 'download':
      return text.download(nameOf(name), megabytes(loaded), total ? megabytes(total) : undefined);
    case 'decode':
      return text.decode(count(loaded), total ? count(total) : undefined);
    case 'compile':
      return text.compile;
  }
}
