/** Numbers as people read them. */

import { computed } from '@preact/signals';
import { language } from './i18n.ts';

const whole = computed(() => new Intl.NumberFormat(language.value, { maximumFractionDigits: 0 }));

export const count = (value: number): string => whole.value.format(value);

/** Three figures, for values of any size; a dash for what is not a number. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return count(value);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Two figures: milliseconds below a second, seconds above. */
export function duration(seconds: number): string {
  const [value, unit] = seconds < 1 ? [1000 * seconds, 'ms'] : [seconds, 's'];
  return `${Number(value.toPrecision(2))} ${unit}`;
}
