// A browser whose GPU process crashes again and again gives no adapter any more: to some pages after
// one crash, to all after a few.
import { expect, test, vi } from 'vitest';
import { startServer } from '../../src/cli/server.node.ts';
import { softwareBrowser } from '../support/software-browser.ts';

test('a named error ends training, and the last snapshot is kept', async () => {
  const server = await startServer([], async () => {});
  const browser = await softwareBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(server.pageUrl);
    await page.evaluate(`(async () => {
      const { Training } = await import('/tests/soak/page.ts');
      globalThis.training = await Training.start();
      training.run(Infinity).catch(({ code }) => { globalThis.ended = code; });
    })()`);
    const reached = (step: number) =>
      vi.waitFor(async () => expect(await page.evaluate('training.trainer.step')).gt(step), {
        timeout: 120_000,
      });
    // Long enough for a snapshot.
    await vi.waitFor(
      async () => expect(await page.evaluate('training.trainer.snapshot.step')).gt(0),
      { timeout: 120_000 },
    );
    const devtools = await browser.target().createCDPSession();
    for (let crashes = 1; crashes <= 8 && !(await page.evaluate('globalThis.ended')); crashes++) {
      await reached(3);
      // It answers from a process that is gone, if at all.
      devtools.send('Browser.crashGpuProcess').catch(() => {});
      await vi.waitFor(
        async () => {
          const events = (await page.evaluate('training.events')) as string[];
          const back = events.filter((type) => type === 'recovered').length;
          expect((await page.evaluate('globalThis.ended')) || back >= crashes).toBeTruthy();
        },
        { timeout: 120_000 },
      );
    }
    expect(await page.evaluate('globalThis.ended')).toBe('recovery');
    const kept = 'training.trainer.checkpoint().then(({ length }) => length)';
    expect(await page.evaluate(kept)).toBeGreaterThan(1000);
    expect(await page.evaluate('training.trainer.step')).toBeGreaterThan(0);
  } finally {
    await browser.close();
    await server.close();
  }
});
