import { computed, signal } from '@preact/signals';
import { h } from 'preact';
import { means } from '../../explore.ts';
import { wayBetween } from '../../latents.ts';
import { latents } from '../../state.ts';
import { Slider } from '../../ui/slider.ts';
import { LatentCanvas } from './latent-canvas.ts';
import { Missing } from './missing.ts';
import { mixText } from './mix.text.ts';

const STRIP = 9;
/** Places of the slider, in hundredths of the way. */
const PLACES = 100;

const place = signal(PLACES / 2);

const way = (count: number) =>
  computed(() => {
    const { A, B } = means.value;
    return A && B && latents.value && wayBetween(A, B, count, latents.value.law);
  });

const strip = way(STRIP);
const fine = way(PLACES + 1);
const one = computed(() => {
  const all = fine.value;
  const dimension = latents.value?.dimension ?? 0;
  return all?.slice(place.value * dimension, (place.value + 1) * dimension);
});

/** On the way from one sample to another. */
export function Mix() {
  const text = mixText();
  if (!strip.value || !one.value) return h(Missing, { needed: ['A', 'B'] });
  return h(
    'div',
    { class: 'tool' },
    h('p', { class: 'hint' }, latents.value?.law === 'normal' ? text.arc : text.line),
    h(
      'div',
      null,
      h(LatentCanvas, {
        ...{ count: STRIP, columns: STRIP, gap: 2, name: 'strip' },
        latents: strip.value,
        label: text.strip(STRIP),
      }),
      h(
        'div',
        { class: 'ends', 'aria-hidden': true },
        h('strong', null, 'A'),
        h('strong', null, 'B'),
      ),
    ),
    h(Slider, {
      label: text.place,
      max: PLACES,
      value: place.value,
      said: text.share(place.value),
      onChoose: (value) => {
        place.value = value;
      },
    }),
    h(
      'div',
      { class: 'single' },
      h(LatentCanvas, {
        ...{ count: 1, columns: 1, gap: 0, name: 'mixed' },
        latents: one.value,
        label: text.one,
      }),
    ),
  );
}
