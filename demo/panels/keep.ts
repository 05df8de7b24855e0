import { h } from 'preact';
import { saveCheckpoint } from '../actions.ts';
import { phase } from '../state.ts';
import { Button } from '../ui/button.ts';
import { keepText } from './keep.text.ts';

/** Taking the result home. */
export function Keep() {
  const text = keepText();
  const able = phase.value === 'training' || phase.value === 'paused';
  return h(
    'div',
    { class: 'keep' },
    h('p', { class: 'hint' }, text.hint),
    h(
      'div',
      { class: 'buttons' },
      h(Button, { inactive: !able, onPress: saveCheckpoint }, text.save),
    ),
  );
}
