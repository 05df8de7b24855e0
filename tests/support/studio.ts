/** What tests of the page's abilities begin with: the production build, and a browser that is new to it. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { buildPage, type StaticHost, serveBuilt } from './page-host.ts';
import { type Accidents, pause, Visitor } from './visitor.ts';

/** Of a desk's window and of a phone's, in CSS pixels. */
export const WIDTHS = [1440, 390] as const;

/** How the page is opened. */
interface Visit extends Accidents {
  readonly width?: number;
  /** Settings of a link. Without, the page chooses the small preset by itself: the adapter is software. */
  readonly hash?: string;
  /** What the page says when it can be used. */
  readonly status?: string;
}

export class Studio {
  /** Of a file's tests, on the disk. */
  dir!: string;
  host!: StaticHost;
  browser!: Browser;
  /** Of one test: what another one stored in the browser is not there. */
  context!: BrowserContext;
  #downloads!: string;
  #visitors: Visitor[] = [];

  async open(): Promise<void> {
    this.dir = await mkdtemp(join(tmpdir(), 'ganvas-studio-'));
    ({ browser: this.browser } = await launchBrowser({ adapter: 'software' }));
    const dist = join(this.dir, 'dist');
    await buildPage(dist);
    this.host = await serveBuilt(dist);
  }

  async close(): Promise<void> {
    await this.host?.close();
    await this.browser?.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  async begin(): Promise<void> {
    this.#downloads = await mkdtemp(join(this.dir, 'downloads-'));
    this.context = await this.browser.createBrowserContext({
      downloadBehavior: { policy: 'allow', downloadPath: this.#downloads },
    });
  }

  /** Of each test: the console is empty, and nothing went anywhere. */
  async end(failed: string | undefined): Promise<void> {
    const visitors = this.#visitors.splice(0);
    const violations = this.host.violations.splice(0);
    for (const visitor of failed ? visitors : [])
      if (!visitor.page.isClosed()) await visitor.keep(`failed ${failed}`);
    await this.context.close();
    expect(visitors.flatMap(({ complaints }) => complaints)).toEqual([]);
    expect(violations).toEqual([]);
  }

  /** Somebody opens the page, and waits until it can be used. */
  async visit({ hash = '', status = 'Ready to train.', ...how }: Visit = {}): Promise<Visitor> {
    const options = { width: WIDTHS[0], ...how };
    const visitor = await Visitor.open(this.context, this.host.url + hash, options);
    this.#visitors.push(visitor);
    await visitor.says(status);
    return visitor;
  }

  /** The file of that ending which the page gives, once the browser has written all of it. */
  async downloaded(ending: string): Promise<Buffer> {
    for (let tries = 0; tries < 600; tries++) {
      const [name] = (await readdir(this.#downloads)).filter((file) => file.endsWith(ending));
      const path = name && join(this.#downloads, name);
      const bytes = path ? await readFile(path) : Buffer.of();
      if (path && bytes.length > 0) {
        // The next one may have its name.
        await rm(path);
        return bytes;
      }
      await pause(100);
    }
    throw new Error(`No file *${ending} was given.`);
  }
}

/** To be called once in a file, outside of tests; there is something in it as soon as they run. */
export function useStudio(): Studio {
  const studio = new Studio();
  beforeAll(() => studio.open());
  afterAll(() => studio.close());
  beforeEach(() => studio.begin());
  afterEach(({ task }) =>
    studio.end(task.result?.state === 'fail' ? task.name.replaceAll(/\W+/g, '-') : undefined),
  );
  return studio;
}
