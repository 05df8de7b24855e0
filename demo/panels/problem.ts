import { type ComponentChildren, h } from 'preact';
import { dismissProblem, openAgain } from '../actions.ts';
import type { Problem } from '../engine/protocol.ts';
import { adapter, phase, problem } from '../state.ts';
import { Button } from '../ui/button.ts';
import { explained } from './explained.ts';
import { problemText } from './problem.text.ts';

/** What went wrong and what to do. The alert is always there, so that its words are read out. */
export function ProblemPanel() {
  const { value } = problem;
  return h('div', { role: 'alert', class: 'problems' }, value && h(ProblemText, { value }));
}

function ProblemText({ value }: { readonly value: Problem }) {
  const text = problemText();
  const { message, advice, detail } = explained(value);
  return h(
    'div',
    { class: 'problem', 'data-code': value.code },
    h('h2', null, titleOf(value.code)),
    h('p', null, message),
    adviceOn(value.code) ?? (advice && h('p', null, advice)),
    detail && h('p', { class: 'hint', lang: 'en' }, detail),
    h(
      'div',
      { class: 'buttons' },
      phase.value === 'unavailable'
        ? value.code === 'no-adapter' && h(Button, { onPress: openAgain }, text.tryAgain)
        : h(Button, { onPress: dismissProblem }, text.dismiss),
    ),
  );
}

/** A visitor without a GPU should know why the small preset was chosen. */
export function SoftwareNote() {
  if (!adapter.value?.software) return null;
  return h('p', { class: 'note software' }, problemText().software);
}

function titleOf(code: string): string {
  const { titles } = problemText();
  switch (code) {
    case 'no-webgpu':
      return titles.noWebgpu;
    case 'no-adapter':
      return titles.noAdapter;
    case 'device-lost':
    case 'recovery':
      return titles.lost;
    case 'out-of-memory':
      return titles.memory;
    case 'limit':
      return titles.limit;
    case 'non-finite':
      return titles.nonFinite;
    default:
      if (code.startsWith('storage-')) return titles.storage;
      if (/^(checkpoint|safetensors)-/.test(code)) return titles.checkpoint;
      return code.startsWith('data-') || code === 'no-files' ? titles.data : titles.other;
  }
}

/** Longer advice than an error's one line, where a visitor has something to set or install. */
function adviceOn(code: string): ComponentChildren {
  const text = problemText();
  switch (code) {
    case 'no-webgpu':
      return isSecureContext
        ? [h('p', null, text.these), listed(text.browsers)]
        : h('p', null, text.insecure);
    case 'device-lost':
      return h('p', null, text.recovering);
    case 'no-adapter':
      return listed(text.adapters);
    default:
      return null;
  }
}

const listed = (items: readonly string[]) =>
  h(
    'ul',
    null,
    items.map((item) => h('li', { key: item }, item)),
  );
