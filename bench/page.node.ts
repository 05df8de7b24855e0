// A page of the benchmark, as Node sees it.
import type { Browser, Page } from 'puppeteer-core';

const LOAD_TIMEOUT_MS = 120_000;
/** Messages of the page's console that are kept, to explain a failure. */
const KEPT_MESSAGES = 10;

export interface BenchPage {
  readonly page: Page;
  /** The work's result, unless the page fails first. */
  guard<T>(work: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Opens a page, which is ready when its window has something of the name `ready`. */
export async function openPage(browser: Browser, url: string, ready: string): Promise<BenchPage> {
  const page = await browser.newPage();
  const messages: string[] = [];
  let fail: (error: Error) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Looked at where work is guarded; until then it is not to end the process.
  failure.catch(() => {});
  const explained = (text: string) =>
    new Error([text, ...messages.map((message) => `  console: ${message}`)].join('\n'));
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warn') return;
    messages.push(message.text());
    if (messages.length > KEPT_MESSAGES) messages.shift();
  });
  page.on('error', (error) => fail(explained(`The page crashed: ${error.message}`)));
  page.on('pageerror', (error) => fail(explained(`The page failed: ${error}`)));
  browser.on('disconnected', () => fail(explained('The browser ended unexpectedly.')));
  const guard = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await Promise.race([work, failure]);
    } catch (error) {
      throw explained(error instanceof Error ? error.message : String(error));
    }
  };
  const load = async () => {
    await page.goto(url, { timeout: LOAD_TIMEOUT_MS });
    await page.waitForFunction((name) => name in window, { timeout: LOAD_TIMEOUT_MS }, ready);
  };
  await guard(load());
  return { page, guard, close: () => page.close() };
}
