import { computed } from '@preact/signals';
import { Fragment, h } from 'preact';
import {
  addToCorner,
  type Letter,
  latentOf,
  letters,
  MOST_OF_A_LETTER,
  means,
  removeFromCorner,
} from '../../explore.ts';
import { flat } from '../../latents.ts';
import { corners, latents, picked } from '../../state.ts';
import { exploreText } from './explore.text.ts';
import { LatentCanvas } from './latent-canvas.ts';

/** Thumbnails of a letter, and its mean. */
const COLUMNS = MOST_OF_A_LETTER + 1;

/** Of all places, row by row: nothing is to be seen of those that are empty. */
const places = computed(() => {
  const all = latents.value;
  if (!all) return null;
  const nothing = new Float32Array(all.dimension);
  const rows = letters.map((letter) => {
    const samples = corners.value[letter].map((index) => latentOf(all, index));
    const empty = Array<Float32Array>(MOST_OF_A_LETTER - samples.length).fill(nothing);
    return [...samples, ...empty, means.value[letter] ?? nothing];
  });
  return flat(rows.flat());
});

/** The samples that A, B and C stand for: put in, shown, taken out. */
export function Corners() {
  const text = exploreText();
  if (!places.value) return null;
  return h(
    'section',
    { class: 'corners', 'aria-labelledby': 'corners-title' },
    h(
      'div',
      { class: 'corners-head' },
      h('h3', { id: 'corners-title' }, text.letters),
      h('span', { class: 'hint' }, text.mean),
    ),
    h(
      'div',
      { class: 'corners-rows' },
      h(
        'div',
        { class: 'corners-letters', 'aria-hidden': true },
        letters.map((letter) => h('strong', { key: letter }, letter)),
      ),
      h(
        'div',
        { class: 'thumbnails' },
        h(LatentCanvas, {
          ...{ count: letters.length * COLUMNS, columns: COLUMNS, gap: 2, name: 'corners' },
          latents: places.value,
          label: text.thumbnails,
        }),
        h(
          'div',
          { class: 'over' },
          letters.map((letter) => h(Row, { key: letter, letter })),
        ),
      ),
    ),
    h('p', { class: 'hint' }, text.lettersHint),
  );
}

function Row({ letter }: { readonly letter: Letter }) {
  const text = exploreText();
  const samples = corners.value[letter];
  const index = picked.value?.index;
  const able = index !== undefined && !samples.includes(index);
  const empty = MOST_OF_A_LETTER - samples.length;
  return h(
    Fragment,
    null,
    samples.map((sample) => {
      const label = text.remove(sample + 1, letter);
      return h(
        'button',
        {
          key: sample,
          type: 'button',
          class: 'remove',
          'aria-label': label,
          title: label,
          onClick: () => removeFromCorner(letter, sample),
        },
        '×',
      );
    }),
    empty > 0 &&
      h(
        'button',
        {
          key: 'add',
          type: 'button',
          class: 'add',
          'aria-disabled': !able,
          'aria-label': index === undefined ? text.addNothing(letter) : text.add(index + 1, letter),
          onClick: () => {
            if (index !== undefined) addToCorner(letter, index);
          },
        },
        '+',
      ),
    Array.from({ length: Math.max(0, empty - 1) }, (_, n) =>
      h('span', { key: `empty-${n}`, class: 'hidden-place' }),
    ),
    h('span', { key: 'mean', class: samples.length === 0 ? 'hidden-place' : 'mean' }),
  );
}
