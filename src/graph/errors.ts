/**
 * Base class of every error that the engine throws on purpose.
 *
 * `code` is stable and meant for programs; `message` says what was wrong, with the numbers;
 * `advice` says what to do about it.
 */
export class GanvasError extends Error {
  /** The class's name, which minifiers leave as it is. */
  override readonly name: string = 'GanvasError';

  constructor(
    /** What was wrong, for programs: stable from version to version. */
    readonly code: string,
    message: string,
    /** What to do about it, for people: a part of the message too. */
    readonly advice: string,
  ) {
    super(advice ? `${message} ${advice}` : message);
  }
}

/** An operation was given shapes or dtypes that it cannot take. Thrown when the graph is built. */
export class ShapeError extends GanvasError {
  override readonly name = 'ShapeError';

  constructor(op: string, got: readonly (readonly number[])[], expected: string) {
    const shapes = got.map((s) => `[${s.join(', ')}]`).join(', ');
    super('shape', `${op}: cannot take ${shapes || 'these attributes'}.`, `Expected ${expected}.`);
  }
}

/** The graph was used in a way that has no meaning, such as mixing two graphs. */
export class GraphError extends GanvasError {
  override readonly name = 'GraphError';

  constructor(message: string, advice: string) {
    super('graph', message, advice);
  }
}
