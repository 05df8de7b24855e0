/**
 * What the charts show of a run, however long it becomes: at most `capacity` points, each the mean
 * of so many steps. When they are used up, neighbours are merged in pairs.
 */

/** What a chart cannot draw, such as a loss that is not a number, is a gap. */
type Column = (number | null)[];

/** What charts read of it. */
export interface Columns<Name extends string> {
  readonly length: number;
  /** The last step of each point. */
  readonly steps: readonly number[];
  column(name: Name): readonly (number | null)[];
}

export class History<Name extends string> implements Columns<Name> {
  readonly #names: readonly Name[];
  readonly #capacity: number;
  #steps: number[] = [];
  #columns: Record<Name, Column>;
  /** Steps that a point stands for. */
  #stride = 1;
  /** Sums of the point that is not full yet. */
  #sums: Record<Name, number>;
  #pending = 0;
  #last = 0;

  /** @param capacity an even number */
  constructor(names: readonly Name[], capacity = 1024) {
    this.#names = names;
    this.#capacity = capacity;
    this.#columns = this.#each(() => []);
    this.#sums = this.#each(() => 0);
  }

  #each<T>(make: (name: Name) => T): Record<Name, T> {
    return Object.fromEntries(this.#names.map((name) => [name, make(name)])) as Record<Name, T>;
  }

  get length(): number {
    return this.#steps.length;
  }

  /** The last step of each point. */
  get steps(): readonly number[] {
    return this.#steps;
  }

  column(name: Name): readonly (number | null)[] {
    return this.#columns[name];
  }

  /** Adds a step. One that is done again, after the loss of a device, replaces what came after it. */
  push(row: Readonly<Record<Name | 'step', number>>): void {
    if (row.step <= this.#last) this.#rewind(row.step);
    this.#last = row.step;
    for (const name of this.#names) this.#sums[name] += row[name];
    this.#pending++;
    if (this.#pending < this.#stride) return;
    this.#steps.push(row.step);
    for (const name of this.#names) {
      const mean = this.#sums[name] / this.#pending;
      this.#columns[name].push(Number.isFinite(mean) ? mean : null);
    }
    this.#sums = this.#each(() => 0);
    this.#pending = 0;
    if (this.#steps.length === this.#capacity) this.#halve();
  }

  clear(): void {
    this.#steps = [];
    this.#columns = this.#each(() => []);
    this.#stride = 1;
    this.#sums = this.#each(() => 0);
    this.#pending = 0;
    this.#last = 0;
  }

  /** Forgets the step and all later ones. */
  #rewind(step: number): void {
    const kept = this.#steps.filter((at) => at < step).length;
    this.#steps.length = kept;
    for (const name of this.#names) this.#columns[name].length = kept;
    this.#sums = this.#each(() => 0);
    this.#pending = 0;
  }

  #halve(): void {
    this.#steps = this.#steps.filter((_, i) => i % 2 === 1);
    for (const name of this.#names) {
      const old = this.#columns[name];
      this.#columns[name] = this.#steps.map((_, i) => {
        const [a, b] = [old[2 * i] ?? null, old[2 * i + 1] ?? null];
        return a === null || b === null ? null : (a + b) / 2;
      });
    }
    this.#stride *= 2;
  }
}
