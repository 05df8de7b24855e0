/** What D makes of single pictures, as colours and shares. */

import type { Scores } from '../src/index.ts';

/** Objectives whose D says with what probability a picture is real: a sigmoid of its logit. */
const PROBABILITIES: readonly string[] = ['original', 'f-gan-gan'];

export const isProbability = (objective: string): boolean => PROBABILITIES.includes(objective);

/**
 * From generated (dark orange) to real (light blue), the colours of G and D: told apart by hue by people
 * who see red and green alike, and by lightness, which rises all along, by everybody. All stand out from
 * the black between samples, in light and dark.
 */
export const beliefColours: readonly (readonly [number, number, number])[] = [
  [168, 62, 4],
  [226, 118, 44],
  [168, 164, 160],
  [136, 202, 255],
  [208, 238, 255],
];

/** The colour of a belief from 0 to 1. */
export function colourOf(belief: number): string {
  const last = beliefColours.length - 1;
  const at = Math.min(1, Math.max(0, belief)) * last;
  const below = Math.min(last - 1, Math.floor(at));
  const [a, b] = [beliefColours[below]!, beliefColours[below + 1]!];
  return `rgb(${a.map((value, i) => Math.round(value + (at - below) * (b[i]! - value))).join(' ')})`;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/**
 * How real D takes a picture to be, from 0 to 1, by its logit. Where that is no probability, ½ is the mean
 * of the real pictures, and their standard deviation the unit of the logit.
 */
export function beliefs({ real }: Pick<Scores, 'real'>, probabilities: boolean) {
  if (probabilities) return sigmoid;
  const finite = Array.from(real).filter(Number.isFinite);
  // Without any, as if they were at 0.
  const centre = finite.length > 0 ? meanOf(finite) : 0;
  const spread = Math.sqrt(meanOf(finite.map((x) => (x - centre) ** 2)));
  return (logit: number): number => sigmoid((logit - centre) / (spread > 0 ? spread : 1));
}

/** Shares of real and of generated pictures with logits in equal parts of a range. */
export interface LogitShares {
  readonly from: number;
  readonly to: number;
  readonly real: readonly number[];
  readonly generated: readonly number[];
}

/** Parts of the range, about. */
const PARTS = 24;

/** Null where there is no number to show. */
export function logitShares({
  real,
  generated,
}: Pick<Scores, 'real' | 'generated'>): LogitShares | null {
  const finite = [...real, ...generated].filter(Number.isFinite);
  if (finite.length === 0) return null;
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const width = roundWidth((high - low) / PARTS || 0.1);
  const first = Math.floor(low / width);
  const parts = Math.floor(high / width) - first + 1;
  const shares = (logits: Float32Array): number[] => {
    const counts = Array<number>(parts).fill(0);
    for (const logit of logits) {
      const part = Math.floor(logit / width) - first;
      if (Number.isFinite(logit)) counts[part]! += 1 / logits.length;
    }
    return counts;
  };
  return {
    from: first * width,
    to: (first + parts) * width,
    real: shares(real),
    generated: shares(generated),
  };
}

/** The next larger of 1, 2 and 5 times a power of ten: ends of parts that can be read. */
function roundWidth(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  return ([1, 2, 5].find((digit) => digit * power >= width) ?? 10) * power;
}
