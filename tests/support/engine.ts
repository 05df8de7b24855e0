// Engines for tests on the device: each goes when its tests are over.
import { afterAll, afterEach, expect, onTestFinished } from 'vitest';
import { Engine, type EngineOptions } from '../../src/index.ts';

/** What each engine for tests has told of and no test has asked for. */
const untaken = new WeakMap<Engine, Error[]>();

/**
 * An engine for all tests of a file or of a suite, to be opened at its top. A test during which something
 * was refused that nobody was told of fails, unless it takes the error by `errorsOf`.
 */
export async function engineForTests(options?: EngineOptions): Promise<Engine> {
  const engine = await Engine.create(options);
  const errors: Error[] = [];
  untaken.set(engine, errors);
  engine.onError((error) => errors.push(error));
  afterEach(() => expect(errorsOf(engine)).toEqual([]));
  afterAll(() => engine.dispose());
  return engine;
}

/** Takes what an engine for tests has told of so far: for a test that expects it, as of a lost device. */
export function errorsOf(engine: Engine): Error[] {
  const errors = untaken.get(engine);
  if (!errors) throw new Error('Only engines for tests keep what they tell of.');
  return errors.splice(0);
}

/** An engine for the test that opens it. */
export async function engineForTest(options?: EngineOptions): Promise<Engine> {
  const engine = await Engine.create(options);
  onTestFinished(() => engine.dispose());
  return engine;
}

/** Makes something that is disposed after the test that makes it. */
export async function forTest<T extends { dispose(): void }>(making: Promise<T>): Promise<T> {
  const made = await making;
  onTestFinished(() => made.dispose());
  return made;
}
