import { GanvasError } from '../graph/errors.ts';

/** A classifier of such sizes is not possible. `code` is `classifier`. */
export class ClassifierError extends GanvasError {
  override readonly name = 'ClassifierError';

  constructor(message: string, advice: string) {
    super('classifier', message, advice);
  }
}

/** Refuses what is no whole number of at least 1. */
export function checkSizes(sizes: Readonly<Record<string, number>>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size >= 1) continue;
    throw new ClassifierError(`${name} is ${size}.`, 'Choose a whole number of at least 1.');
  }
}
