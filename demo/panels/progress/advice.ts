import { h } from 'preact';
import { isProbability } from '../../belief.ts';
import { diagnose } from '../../diagnosis.ts';
import { history, historyVersion, locked, quality, settings } from '../../state.ts';
import { adviceText } from './advice.text.ts';

/** What seems to go wrong with the run, and what to try. */
export function Advice() {
  // Subscribes: the history grows in place.
  const following = historyVersion.value >= 0 && locked.value;
  const probabilities = isProbability(settings.value.objective);
  const trouble = following ? diagnose(history, quality, probabilities) : null;
  const text = trouble && adviceText()[trouble];
  return h(
    'div',
    { class: 'advice', role: 'status', 'data-trouble': trouble ?? 'none' },
    text && [h('h3', null, text.title), h('p', null, text.what), h('p', null, text.advice)],
  );
}
