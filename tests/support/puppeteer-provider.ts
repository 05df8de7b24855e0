// Vitest's browser mode on the browser that the command line uses too, with its WebGPU flags.
import { defineBrowserProvider } from '@vitest/browser';
import type { Browser } from 'puppeteer-core';
import type { BrowserProvider, BrowserProviderOption } from 'vitest/node';
import { launchBrowser } from '../../src/cli/browser.node.ts';

/** `GANVAS_ADAPTER=software` skips the search for a real GPU, e.g. to compare the two. */
const adapter = process.env.GANVAS_ADAPTER === 'software' ? 'software' : 'auto';

/** As long as a page may take to load on a machine that does other things besides. */
const PAGE_MS = 120_000;

/**
 * A browser for each session, of which Vitest opens as many as there are workers: a software adapter
 * compiles pipelines one after the other in each GPU process, and files that share one would wait for
 * each other. What a file stores, and a GPU process that it spoils, are no other's either.
 */
class PuppeteerProvider implements BrowserProvider {
  readonly name = 'puppeteer';
  readonly supportsParallelism = true;
  readonly #headless: boolean;
  readonly #browsers: Promise<Browser>[] = [];

  constructor(headless: boolean) {
    this.#headless = headless;
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(_sessionId: string, url: string): Promise<void> {
    // One after the other: only the first has to look for a real GPU.
    const before = this.#browsers.at(-1);
    const launch = async () => {
      await before?.catch(() => undefined);
      return (await launchBrowser({ adapter, headless: this.#headless })).browser;
    };
    const launched = launch();
    this.#browsers.push(launched);
    const page = await (await launched).newPage();
    await page.goto(url, { timeout: PAGE_MS });
  }

  async close(): Promise<void> {
    for (const launched of this.#browsers.splice(0)) {
      // A launch that failed has been reported by openPage, and leaves nothing to close.
      const browser = await launched.catch(() => undefined);
      await browser?.close();
    }
  }
}

export function puppeteer(): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'puppeteer',
    supportedBrowser: ['chromium'],
    providerFactory: (project) => new PuppeteerProvider(project.config.browser.headless),
  });
}
