import { h } from 'preact';
import { type Letter, means } from '../../explore.ts';
import { exploreText } from './explore.text.ts';

/** Asks for the samples that a tool lacks. */
export function Missing({ needed }: { readonly needed: readonly Letter[] }) {
  const lacking = needed.filter((letter) => !means.value[letter]);
  return h('p', { class: 'note' }, exploreText().missing(lacking.join(', ')));
}
