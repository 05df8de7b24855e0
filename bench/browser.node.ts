// Contestants in a headless browser, each in a page of its own.
import { join } from 'node:path';
import type { Browser } from 'puppeteer-core';
import { launchBrowser } from '../src/cli/browser.node.ts';
import { bundle } from './bundle.node.ts';
import type { ContestantName } from './contestants/index.ts';
import { type BenchPage, openPage } from './page.node.ts';
import { cpuSeconds } from './processes.node.ts';
import type { Entry, Seat } from './seat.ts';
import { type FileServer, serve } from './server.node.ts';

export interface BenchBrowser {
  readonly version: string;
  open(): Promise<BenchPage>;
  entry(name: ContestantName): Entry;
  close(): Promise<void>;
}

function entry(browser: Browser, server: FileServer, name: ContestantName): Entry {
  return {
    name,
    own: name === 'ganvas',
    async open(model, problem): Promise<Seat> {
      const { page, guard, close } = await openPage(browser, server.url, 'bench');
      const file = `${name}-${model.name}.safetensors`;
      return {
        async start() {
          server.files.set(file, problem);
          try {
            return await guard(
              page.evaluate((n, m, url) => window.bench.start(n, m, url), name, model, file),
            );
          } finally {
            server.files.delete(file);
          }
        },
        async turn(steps) {
          await page.bringToFront();
          return guard(page.evaluate((n) => window.bench.turn(n), steps));
        },
        cpuSeconds: () => cpuSeconds(browser.process()?.pid),
        close,
      };
    },
  };
}

export async function openBrowser(options: {
  readonly adapter: 'auto' | 'software';
  readonly browserPath?: string | undefined;
}): Promise<BenchBrowser> {
  const { adapter, browserPath } = options;
  const server = await serve(await bundle(join(import.meta.dirname, 'page', 'main.browser.ts')));
  const { browser } = await launchBrowser({ adapter, ...(browserPath ? { browserPath } : {}) });
  return {
    version: await browser.version(),
    open: () => openPage(browser, server.url, 'bench'),
    entry: (name) => entry(browser, server, name),
    async close() {
      await browser.close();
      server.close();
    },
  };
}
