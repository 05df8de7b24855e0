// What the page's worker says to questions that come at the wrong moment.
import { expect, test } from 'vitest';
import { answer } from '../../demo/engine/answers.ts';
import type { Studio } from '../../demo/engine/studio.ts';
import { GanvasError } from '../../src/index.ts';

/** A studio in whose run this happens to a checkpoint that is asked for. */
const studioWith = (error: Error): Studio =>
  ({ run: { trainer: { checkpoint: () => Promise.reject(error) } } }) as unknown as Studio;

test('a run that ends while its checkpoint is made is said to be over, in the words of the page', async () => {
  const disposed = new GanvasError(
    'disposed',
    'This trainer has been disposed.',
    'Make a new one.',
  );
  await expect(answer(studioWith(disposed), 'checkpoint', null)).rejects.toMatchObject({
    code: 'no-run',
  });
});

test('what else goes wrong is told as it is', async () => {
  const failure = new GanvasError('storage', 'The disk is full.', 'Make room.');
  await expect(answer(studioWith(failure), 'checkpoint', null)).rejects.toBe(failure);
});

test('without a run there is nothing to ask about', async () => {
  await expect(answer({} as Studio, 'checkpoint', null)).rejects.toMatchObject({ code: 'no-run' });
});
