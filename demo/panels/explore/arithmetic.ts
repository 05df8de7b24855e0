import { computed } from '@preact/signals';
import { h } from 'preact';
import { means } from '../../explore.ts';
import { arithmetic, jittered } from '../../latents.ts';
import { arithmeticText } from './arithmetic.text.ts';
import { LatentCanvas } from './latent-canvas.ts';
import { Missing } from './missing.ts';

const result = computed(() => {
  const { A, B, C } = means.value;
  return A && B && C && arithmetic(A, B, C);
});
const around = computed(() => result.value && jittered(result.value));

/** What latents mean, added and subtracted. */
export function Arithmetic() {
  const text = arithmeticText();
  if (!result.value || !around.value) return h(Missing, { needed: ['A', 'B', 'C'] });
  return h(
    'div',
    { class: 'tool' },
    h('p', { class: 'hint' }, text.hint),
    h(
      'div',
      { class: 'sum' },
      h(
        'figure',
        null,
        h('figcaption', null, text.resultTitle),
        h(LatentCanvas, {
          ...{ count: 1, columns: 1, gap: 0, name: 'result' },
          latents: result.value,
          label: text.result,
        }),
      ),
      h(
        'figure',
        null,
        h('figcaption', null, text.aroundTitle),
        h(LatentCanvas, {
          ...{ count: 9, columns: 3, gap: 2, name: 'around' },
          latents: around.value,
          label: text.around,
        }),
      ),
    ),
  );
}
