import { signal } from '@preact/signals';
import { h } from 'preact';
import { latents, picked } from '../../state.ts';
import { Tabs } from '../../ui/tabs.ts';
import { Arithmetic } from './arithmetic.ts';
import { Corners } from './corners.ts';
import { exploreText } from './explore.text.ts';
import { LatentCanvas } from './latent-canvas.ts';
import { Mix } from './mix.ts';
import { Nearest } from './nearest.ts';
import { Walk } from './walk.ts';

type Tool = 'mix' | 'walk' | 'arithmetic' | 'nearest';
const tool = signal<Tool>('mix');

/** The space that samples are drawn from, with the generator as it is now. */
export function Explore() {
  const text = exploreText();
  if (!latents.value) return h('p', { class: 'note' }, text.noRun);
  return h(
    'div',
    { class: 'explore' },
    h(CloseUp, {}),
    h(Corners, {}),
    h(Tabs<Tool>, {
      label: text.tools,
      tabs: [
        { name: 'mix', title: text.mix, content: () => h(Mix, {}) },
        { name: 'walk', title: text.walk, content: () => h(Walk, {}) },
        { name: 'arithmetic', title: text.arithmetic, content: () => h(Arithmetic, {}) },
        { name: 'nearest', title: text.nearest, content: () => h(Nearest, {}) },
      ],
      chosen: tool.value,
      onChoose: (name) => {
        tool.value = name;
      },
    }),
  );
}

function CloseUp() {
  const text = exploreText();
  const all = latents.value;
  const sample = picked.value;
  if (!all) return null;
  return h(
    'section',
    { class: 'close-up', 'aria-label': text.closeup },
    h(
      'div',
      { class: 'close-up-picture' },
      sample &&
        h(LatentCanvas, {
          ...{ count: 1, columns: 1, gap: 0, name: 'picked' },
          latents: sample.latent,
          label: text.enlarged(sample.index + 1),
        }),
    ),
    h(
      'div',
      null,
      h('h3', null, sample ? text.sample(sample.index + 1) : text.closeup),
      h('p', { class: 'hint' }, sample ? text.numbers(all.dimension, all.law) : text.invitation),
    ),
  );
}
