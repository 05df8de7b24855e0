/** What goes wrong in a run, told from its numbers, in words that panels have. */

import type { Columns } from './history.ts';

/** `d-wins`: G gets no help any more. `g-wins`: D tells nothing apart. `collapse`: the samples are alike. */
export type Trouble = 'd-wins' | 'g-wins' | 'collapse';

/** Fewer steps say nothing: every run begins with ups and downs. */
const LEAST_STEPS = 300;

/** Of the run's points, the last so many are looked at. */
const WINDOW = 50;

/** Samples whose mean distance is below this share of that of real pictures look alike. */
const ALIKE = 0.35;

/** Frames that must agree. */
const FRAMES = 3;

const mean = (values: readonly (number | null)[]): number =>
  values.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0) / values.length;

/**
 * The worst that is to be seen at the moment, if anything. Only the original GAN's D says how real a
 * picture is; of other objectives the samples alone are judged.
 */
export function diagnose(
  history: Columns<'dReal' | 'dFake'>,
  quality: Columns<'diversity'>,
  probabilities: boolean,
): Trouble | null {
  const step = history.steps.at(-1) ?? 0;
  if (step < LEAST_STEPS || history.length < WINDOW) return null;
  const frames = quality.column('diversity').slice(-FRAMES);
  const late = (quality.steps.at(-FRAMES) ?? 0) >= LEAST_STEPS;
  const alike = frames.length === FRAMES && frames.every((d) => d !== null && d < ALIKE);
  // A young generator's samples are pale, and so alike, but become less so from frame to frame.
  const growing = Number(frames.at(-1)) > 1.01 * Number(frames[0]);
  if (late && alike && !growing) return 'collapse';
  if (!probabilities) return null;
  const [real, fake] = [history.column('dReal'), history.column('dFake')].map((column) =>
    mean(column.slice(-WINDOW)),
  ) as [number, number];
  if (real > 0.97 && fake < 0.03) return 'd-wins';
  if (fake > real + 0.1) return 'g-wins';
  return null;
}
