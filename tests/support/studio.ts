/** What tests of the page's abilities begin with: the production build, and a browser that is new to it. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { buildPage, type StaticHost, serveBuilt } from './visitor.ts';

/** Settings of a model that the software adapter trains at many steps a second, as a link has them. */
export const SMALL = 'imageSize=16&width=4&batchSize=8&latentDim=16&lrD=0.002&lrG=0.002';

export interface Studio {
  /** Of a file's tests, on the disk. */
  readonly dir: string;
  readonly host: StaticHost;
  readonly browser: Browser;
  /** Of one test: what another one stored in the browser is not there. */
  readonly context: BrowserContext;
  /** Of one test: files that the page gives land here. */
  readonly downloads: string;
}

/** To be called once in a file, outside of tests; there is something in it as soon as they run. */
export function useStudio(): Studio {
  const studio = {} as { -readonly [key in keyof Studio]: Studio[key] };
  beforeAll(async () => {
    studio.dir = await mkdtemp(join(tmpdir(), 'ganvas-studio-'));
    ({ browser: studio.browser } = await launchBrowser({ adapter: 'software' }));
    const dist = join(studio.dir, 'dist');
    await buildPage(dist);
    studio.host = await serveBuilt(dist);
  });
  afterAll(async () => {
    await studio.host?.close();
    await studio.browser?.close();
    await rm(studio.dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    studio.downloads = await mkdtemp(join(studio.dir, 'downloads-'));
    studio.context = await studio.browser.createBrowserContext({
      downloadBehavior: { policy: 'allow', downloadPath: studio.downloads },
    });
  });
  afterEach(() => studio.context.close());
  return studio;
}
