// Checkpoints in a browser whose quota is used up, for real: what was stored before stays good.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { type RunServer, startServer } from '../../src/cli/server.node.ts';

let server: RunServer;
let browser: Browser;

beforeAll(async () => {
  server = await startServer([], async () => {});
  ({ browser } = await launchBrowser({ adapter: 'software', headless: true }));
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Runs in the page, where `store` saves what fits, then what does not, then tells what there is. */
const script = `(async () => {
  const { CheckpointStore } = await import('/src/io/checkpoint-store.ts');
  const { opfsStorage } = await import('/src/io/opfs-storage.browser.ts');
  const store = new CheckpointStore(await opfsStorage('quota'), { keep: 1 });
  await store.save(new Uint8Array(300_000).fill(1), { step: 1 });
  const error = await store.save(new Uint8Array(3_000_000).fill(2), { step: 2 }).catch((e) => e);
  const { step, bytes } = await store.load();
  const whole = bytes.length === 300_000 && bytes.every((byte) => byte === 1);
  await store.save(new Uint8Array(300_000).fill(3), { step: 3 });
  const steps = (await store.list()).map((entry) => entry.step);
  return { code: error.code, message: error.message, step, whole, steps };
})()`;

test('a full disk is told by name and leaves the last checkpoint', async () => {
  const page = await browser.newPage();
  await page.goto(server.pageUrl);
  const { origin } = new URL(server.pageUrl);
  const devtools = await page.createCDPSession();
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 2_000_000 });
  expect(await page.evaluate(script)).toEqual({
    code: 'storage-quota',
    message: expect.stringMatching(
      /^Storing the checkpoint of step 2 \(2\.9 MiB\) failed: there is no room\./,
    ),
    step: 1,
    whole: true,
    steps: [3],
  });
});
