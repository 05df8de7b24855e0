/** What a visitor picks out of the samples, to look into the space that they are drawn from. */

import { batch, computed } from '@preact/signals';
import type { Latents } from './engine/protocol.ts';
import { mean } from './latents.ts';
import { corners, latents, picked, type SideTab, side } from './state.ts';

export const letters = ['A', 'B', 'C'] as const;
export type Letter = (typeof letters)[number];

/** Samples of one letter: one row of thumbnails, the mean beside them. */
export const MOST_OF_A_LETTER = 5;

/** Tabs that show the picked sample. */
const showPicked: readonly SideTab[] = ['explore', 'machine'];

/** What each letter stands for; null for those without samples. */
export const means = computed((): Readonly<Record<Letter, Float32Array | null>> => {
  const all = latents.value;
  const of = (letter: Letter) =>
    all && corners.value[letter].length > 0
      ? mean(corners.value[letter].map((index) => latentOf(all, index)))
      : null;
  return { A: of('A'), B: of('B'), C: of('C') };
});

/** Looks at a sample closely, by its number. */
export function pick(index: number): void {
  if (!latents.value) return;
  batch(() => {
    picked.value = { index, latent: latentOf(latents.value!, index) };
    if (!showPicked.includes(side.value)) side.value = 'explore';
  });
}

/** The sample alone is what the letter stands for. */
export function setCorner(letter: Letter, index: number): void {
  corners.value = { ...corners.value, [letter]: [index] };
}

/** One more sample that the letter is the mean of. */
export function addToCorner(letter: Letter, index: number): void {
  const samples = corners.value[letter];
  if (samples.includes(index) || samples.length >= MOST_OF_A_LETTER) return;
  corners.value = { ...corners.value, [letter]: [...samples, index] };
}

export function removeFromCorner(letter: Letter, index: number): void {
  const samples = corners.value[letter].filter((sample) => sample !== index);
  corners.value = { ...corners.value, [letter]: samples };
}

/** The latent of a sample. */
export const latentOf = ({ values, dimension }: Latents, index: number): Float32Array =>
  values.subarray(index * dimension, (index + 1) * dimension);
