// When the page's worker draws samples, and asks D of them.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Show } from '../../demo/engine/show.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A show whose drawings are counted, without a GPU. */
async function open(batchSize = 16) {
  const drawn: number[] = [];
  const trainer = {
    step: 0,
    options: { imageSize: 16, batchSize },
    attachCanvas: async () => ({ draw: () => drawn.push(trainer.step), detach: () => {} }),
  };
  const studio = { gridCount: 64, scoring: false, post: () => {}, explorer: { redraw: () => {} } };
  const film = { wants: () => false };
  const { signal } = new AbortController();
  const options = { studio, trainer, film, signal, canvas: {}, gauge: {}, job: 1, software: false };
  const show = await Show.open(options as unknown as Parameters<typeof Show.open>[0]);
  const follow = async (from: number, to: number) => {
    drawn.length = 0;
    for (trainer.step = from; trainer.step <= to; trainer.step++) {
      vi.advanceTimersByTime(1000);
      await show.follow(trainer.step);
    }
    return [...drawn];
  };
  return { show, follow };
}

test('samples are drawn every few steps', async () => {
  const { follow } = await open();
  expect(await follow(1, 16)).toEqual([1, 5, 9, 13]);
});

test('samples are drawn more seldom beside small batches, and not more often beside large ones', async () => {
  expect(await (await open(4)).follow(1, 40)).toEqual([1, 17, 33]);
  expect(await (await open(128)).follow(1, 16)).toEqual([1, 5, 9, 13]);
});

test('samples are drawn again at once after a lost device led back', async () => {
  const { show, follow } = await open();
  await follow(1, 500);
  show.rewind(300);
  expect((await follow(301, 310))[0]).toBe(301);
});
