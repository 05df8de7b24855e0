/**
 * What the charts show of a run, however long it becomes: at most `capacity` points, each the mean
 * of so many steps. When they are used up, neighbours are merged in pairs.
 */

import type { StepMetrics } from '../src/index.ts';

export const series = ['lossD', 'lossG', 'dReal', 'dFake'] as const;
export type Series = (typeof series)[number];

/** What a chart cannot draw, such as a loss that is not a number, is a gap. */
type Column = (number | null)[];

export class History {
  readonly #capacity: number;
  #steps: number[] = [];
  #columns: Record<Series, Column> = emptyColumns();
  /** Steps that a point stands for. */
  #stride = 1;
  /** Sums of the point that is not full yet. */
  #sums: Record<Series, number> = emptySums();
  #pending = 0;
  #last = 0;

  /** @param capacity an even number */
  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#steps.length;
  }

  /** The last step of each point. */
  get steps(): readonly number[] {
    return this.#steps;
  }

  column(name: Series): readonly (number | null)[] {
    return this.#columns[name];
  }

  /** Adds a step. One that is done again, after the loss of a device, replaces what came after it. */
  push(row: Pick<StepMetrics, Series | 'step'>): void {
    if (row.step <= this.#last) this.#rewind(row.step);
    this.#last = row.step;
    for (const name of series) this.#sums[name] += row[name];
    this.#pending++;
    if (this.#pending < this.#stride) return;
    this.#steps.push(row.step);
    for (const name of series) {
      const mean = this.#sums[name] / this.#pending;
      this.#columns[name].push(Number.isFinite(mean) ? mean : null);
    }
    this.#sums = emptySums();
    this.#pending = 0;
    if (this.#steps.length === this.#capacity) this.#halve();
  }

  clear(): void {
    this.#steps = [];
    this.#columns = emptyColumns();
    this.#stride = 1;
    this.#sums = emptySums();
    this.#pending = 0;
    this.#last = 0;
  }

  /** Forgets the step and all later ones. */
  #rewind(step: number): void {
    const kept = this.#steps.filter((at) => at < step).length;
    this.#steps.length = kept;
    for (const name of series) this.#columns[name].length = kept;
    this.#sums = emptySums();
    this.#pending = 0;
  }

  #halve(): void {
    this.#steps = this.#steps.filter((_, i) => i % 2 === 1);
    for (const name of series) {
      const old = this.#columns[name];
      this.#columns[name] = this.#steps.map((_, i) => {
        const [a, b] = [old[2 * i] ?? null, old[2 * i + 1] ?? null];
        return a === null || b === null ? null : (a + b) / 2;
      });
    }
    this.#stride *= 2;
  }
}

function emptyColumns(): Record<Series, Column> {
  return { lossD: [], lossG: [], dReal: [], dFake: [] };
}

function emptySums(): Record<Series, number> {
  return { lossD: 0, lossG: 0, dReal: 0, dFake: 0 };
}
