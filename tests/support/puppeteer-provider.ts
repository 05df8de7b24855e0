// Vitest's browser mode on the browser that the command line uses too, with its WebGPU flags.
import { defineBrowserProvider } from '@vitest/browser';
import type { Browser, Page } from 'puppeteer-core';
import type { BrowserProvider, BrowserProviderOption } from 'vitest/node';
import { launchBrowser } from '../../src/cli/browser.node.ts';

/** `GANVAS_ADAPTER=software` skips the search for a real GPU, e.g. to compare the two. */
const adapter = process.env.GANVAS_ADAPTER === 'software' ? 'software' : 'auto';

class PuppeteerProvider implements BrowserProvider {
  readonly name = 'puppeteer';
  /** One device for one file at a time: kernels share it badly, and timings would be worthless. */
  readonly supportsParallelism = false;
  readonly #headless: boolean;
  readonly #pages = new Map<string, Page>();
  #browser: Promise<Browser> | undefined;

  constructor(headless: boolean) {
    this.#headless = headless;
  }

  getCommandsContext(): Record<string, unknown> {
    return {};
  }

  async openPage(sessionId: string, url: string): Promise<void> {
    this.#browser ??= launchBrowser({ adapter, headless: this.#headless }).then(
      (launched) => launched.browser,
    );
    const browser = await this.#browser;
    await this.#pages.get(sessionId)?.close();
    const page = await browser.newPage();
    this.#pages.set(sessionId, page);
    await page.goto(url);
  }

  async close(): Promise<void> {
    this.#pages.clear();
    // A launch that failed has been reported by openPage, and leaves nothing to close.
    const browser = await this.#browser?.catch(() => undefined);
    this.#browser = undefined;
    await browser?.close();
  }
}

export function puppeteer(): BrowserProviderOption {
  return defineBrowserProvider({
    name: 'puppeteer',
    supportedBrowser: ['chromium'],
    providerFactory: (project) => new PuppeteerProvider(project.config.browser.headless),
  });
}
