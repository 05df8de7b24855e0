// Engines for tests on the device: each goes when its tests are over.
import { afterAll, afterEach, expect, onTestFinished } from 'vitest';
import { Engine, type EngineOptions } from '../../src/index.ts';

/**
 * An engine for all tests of a file or of a suite, to be opened at its top. A test during which something
 * was refused that nobody was told of fails.
 */
export async function engineForTests(options?: EngineOptions): Promise<Engine> {
  const engine = await Engine.create(options);
  const errors: Error[] = [];
  engine.onError((error) => errors.push(error));
  afterEach(() => expect(errors.splice(0)).toEqual([]));
  afterAll(() => engine.dispose());
  return engine;
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
