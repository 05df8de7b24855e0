// The engine, in a page of its own, for tests that run in Node.
import type { Browser, Page } from 'puppeteer-core';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { startServer } from '../../src/cli/server.node.ts';
import type { ImageSet } from '../../src/data/image-set.ts';
import type { GanOptions } from '../../src/gan/options.ts';
import type { PackedPictures, StepReply } from './engine-page.ts';

/** What `takeSteps` tells, as bytes. */
export interface Steps {
  readonly checkpoint: Buffer;
  readonly metrics: Record<string, number>[];
  readonly gradients: Buffer[];
  readonly seen: Buffer;
}

const pack = (pictures: ImageSet): PackedPictures => ({
  ...pictures,
  data: Buffer.from(pictures.data).toString('base64'),
});
const toBytes = (base64: string): Buffer => Buffer.from(base64, 'base64');

export class EnginePage {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    private readonly server: { close(): Promise<void> },
  ) {}

  static async open(): Promise<EnginePage> {
    const server = await startServer([], () => Promise.resolve());
    const { browser } = await launchBrowser({ adapter: 'software' });
    const page = await browser.newPage();
    await page.goto(server.pageUrl);
    // As text: compiled here, the import would be Vitest's.
    await page.evaluate(`import('/tests/pytorch/engine-page.ts')`);
    return new EnginePage(browser, page, server);
  }

  /** Steps from the beginning with `options`, or from a checkpoint. */
  async takeSteps(
    pictures: ImageSet,
    steps: number,
    start: { readonly options: Partial<GanOptions> } | { readonly from: Buffer },
  ): Promise<Steps> {
    const from = 'from' in start ? { from: start.from.toString('base64') } : {};
    const request = {
      options: 'options' in start ? start.options : {},
      pictures: pack(pictures),
      ...from,
      steps,
    };
    const reply: StepReply = await this.page.evaluate((r) => window.takeSteps(r), request);
    return {
      checkpoint: toBytes(reply.checkpoint),
      metrics: reply.metrics,
      gradients: reply.gradients.map(toBytes),
      seen: toBytes(reply.seen),
    };
  }

  /** Metrics of steps that a trainer takes from a checkpoint on. */
  resume(pictures: ImageSet, from: Buffer, steps: number): Promise<Record<string, number>[]> {
    const request = { pictures: pack(pictures), from: from.toString('base64'), steps };
    return this.page.evaluate((r) => window.resume(r), request);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}
