/** The run so far in pictures, as the page holds it. */

import { type Frame, film, lookedAt } from './state.ts';

/** In the order of steps: what D makes of a frame may come later than the next one. */
export function addFrame(frame: Frame): void {
  const same = film.value.find(({ step }) => step === frame.step);
  if (same) URL.revokeObjectURL(same.url);
  const others = film.value.filter((other) => other !== same);
  film.value = [...others, frame].sort((a, b) => a.step - b.step);
}

/** Forgets all frames but the first so many. */
export function cutFilm(kept: number): void {
  for (const { url } of film.value.slice(kept)) URL.revokeObjectURL(url);
  film.value = film.value.slice(0, kept);
  if (lookedAt.value !== null && lookedAt.value >= kept) lookedAt.value = null;
}
