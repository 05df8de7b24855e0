// How soon the page answers, and how evenly it draws, while it trains the small preset on the processor. It is
// alone on the machine: what else goes on there would be measured too.
import { expect, it } from 'vitest';
import { useStudio, WIDTHS } from '../../support/studio.ts';
import { pause, type Times } from '../../support/visitor.ts';

const studio = useStudio();

/** What a person takes for at once. */
const ANSWER_MS = 100;

/** The frame that shows an answer waits for the adapter, which is the same two cores as all else here. */
const SHOWN_MS = 500;

const FRAME_MS = 100;
const FRAMES_FOR_MS = 10_000;

/** The value that so large a share of them is not above. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

it.each(WIDTHS)('clicks are answered at once, and frames come evenly, at %i px', async (width) => {
  const visitor = await studio.visit({ width });
  await visitor.train(40);
  const frames = await visitor.page.evaluate(
    (duration) =>
      new Promise<number[]>((resolve) => {
        const gaps: number[] = [];
        const begun = performance.now();
        let last = begun;
        const note = () => {
          const now = performance.now();
          gaps.push(now - last);
          last = now;
          if (now - begun < duration) requestAnimationFrame(note);
          else resolve(gaps);
        };
        requestAnimationFrame(note);
      }),
    FRAMES_FOR_MS,
  );
  const answers: Times[] = [];
  for (let i = 0; i < 4; i++) {
    await pause(500);
    answers.push(await visitor.timesToAnswer('Pause'));
    await pause(200);
    answers.push(await visitor.timesToAnswer('Resume'));
  }
  const [changed, shown] = [answers.map((a) => a.changed), answers.map((a) => a.shown)];
  console.log(
    JSON.stringify({
      ...{ width, frames: frames.length, stepsPerSecond: (await visitor.readouts())[1] },
      frameP95: quantile(frames, 0.95),
      ...{ changed: quantile(changed, 0.5), shown: quantile(shown, 0.5) },
    }),
  );
  expect(quantile(frames, 0.95)).toBeLessThan(FRAME_MS);
  expect(quantile(changed, 0.5)).toBeLessThan(ANSWER_MS);
  expect(quantile(shown, 0.5)).toBeLessThan(SHOWN_MS);
  await visitor.quiet();
});
