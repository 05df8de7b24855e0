/** The demo page as a person uses it. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { PNG } from 'pngjs';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { expect } from 'vitest';

/** Where screenshots of the page lie after a run of the tests, for people to look at. */
const SHOTS = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'ganvas', 'studio');

/** Compiling for the software adapter, on a machine of two cores that does other things besides. */
const PATIENCE_MS = 240_000;

/** Milliseconds from a press. */
export interface Times {
  readonly changed: number;
  readonly shown: number;
}

/** What is different from other browsers. */
export interface Accidents {
  /** Runs before the page's own scripts. */
  readonly script?: string;
  /** Runs before those of its worker. */
  readonly inWorker?: string;
}

/** Has every worker import this code before its own. */
const beforeWorkers = (code: string) => `
  const Real = Worker;
  globalThis.Worker = class extends Real {
    constructor(url, options) {
      const module = (code) => URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
      const names = [module(${JSON.stringify(code)}), new URL(url, location.href).href];
      super(module(names.map((name) => 'import ' + JSON.stringify(name) + ';').join('')), options);
    }
  };`;

/** The page as a person uses it: by the names of its controls and the words on it. */
export class Visitor {
  /** All that the browser complained of. */
  readonly complaints: string[] = [];

  private constructor(
    readonly page: Page,
    home: string,
  ) {
    page.on('console', (message) => {
      if (!message.text().startsWith('[vite] connect')) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      const own = ['blob:', 'data:'].includes(protocol) || origin === home;
      if (!own || request.method() !== 'GET')
        this.complaints.push(`Something leaves: ${request.method()} ${request.url()}`);
    });
    page.on('requestfailed', (request) => {
      // A picture of the film that nobody looks at any more need not be loaded to its end, nor data
      // that somebody cancelled.
      const { protocol, pathname } = new URL(request.url());
      const left =
        (protocol === 'blob:' || pathname.includes('/data/')) &&
        request.failure()?.errorText === 'net::ERR_ABORTED';
      if (!left) this.complaints.push(`failed: ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()} ${response.url()}`);
    });
  }

  static async open(
    browser: Pick<Browser, 'newPage'>,
    url: string,
    { width = 1280, script, inWorker }: Accidents & { readonly width?: number } = {},
  ): Promise<Visitor> {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.setViewport({ width, height: 900 });
    if (script) await page.evaluateOnNewDocument(script);
    if (inWorker) {
      // The page lets no other code in than its own.
      await page.setBypassCSP(true);
      await page.evaluateOnNewDocument(beforeWorkers(inWorker));
    }
    const visitor = new Visitor(page, new URL(url).origin);
    await page.goto(url);
    return visitor;
  }

  async find(name: string, role: string): Promise<ElementHandle<Element>> {
    const found = await this.page.waitForSelector(`::-p-aria([name="${name}"][role="${role}"])`);
    if (!found) throw new Error(`There is no ${role} "${name}".`);
    return found;
  }

  async press(name: string): Promise<void> {
    await (await this.find(name, 'button')).click();
  }

  async choose(name: string, value: string): Promise<void> {
    await (await this.find(name, 'combobox')).select(value);
  }

  async tab(name: string): Promise<void> {
    await (await this.find(name, 'tab')).click();
  }

  /** Types into a field of numbers, and leaves it. */
  async type(name: string, number: string): Promise<void> {
    const field = await this.find(name, 'spinbutton');
    await field.click({ count: 3 });
    await this.page.keyboard.type(number);
    await this.page.keyboard.press('Tab');
  }

  /** Opens what is folded under a heading that begins like that: all settings are on a narrow page. */
  async unfold(...headings: string[]): Promise<void> {
    for (const heading of headings) {
      const found = await this.page.waitForFunction(
        (start) =>
          [...document.querySelectorAll('summary')].find((e) => e.textContent?.startsWith(start)),
        {},
        heading,
      );
      const summary = found.asElement() as ElementHandle<Element>;
      if (!(await summary.evaluate((e) => e.closest('details')?.open))) await summary.click();
    }
  }

  /** Opens everything that is folded. */
  async unfoldAll(): Promise<void> {
    await this.page.$$eval('details', (all) => {
      for (const details of all) details.open = true;
    });
  }

  /** Chooses a data set by its value, on a page that shows its settings. */
  async learnFrom(data: string): Promise<void> {
    await (await this.page.waitForSelector(`input[value=${data}]`))?.click();
  }

  /** Chooses files in the dialog of that kind. */
  async give(pick: 'files' | 'folder' | 'checkpoint', ...paths: string[]): Promise<void> {
    const input = await this.page.waitForSelector(`input[data-pick=${pick}]`);
    await (input as ElementHandle<HTMLInputElement>).uploadFile(...paths);
  }

  /** Presses Train, and waits for so many steps. */
  async train(steps: number): Promise<void> {
    await this.press('Train');
    await this.says('Training.');
    await this.reaches(steps);
  }

  async rest(): Promise<void> {
    await this.press('Pause');
    await this.says('Paused.');
  }

  /** Nothing went wrong, and nothing is wider than the window. */
  async quiet(): Promise<void> {
    expect(await this.alert()).toBe('');
    expect(this.complaints).toEqual([]);
    expect(await this.page.evaluate(() => document.documentElement.scrollWidth)).toBe(
      this.page.viewport()?.width,
    );
  }

  /** What the automatic check of accessibility finds, in words. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = (await this.page.evaluate(() =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(),
    )) as AxeResults;
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((n) => `${n.target} ${n.failureSummary}`).join(' ')}`,
    );
  }

  /** Keeps a screenshot of the whole page, beside that of other widths. */
  async keep(name: string): Promise<void> {
    await mkdir(SHOTS, { recursive: true });
    const path = join(SHOTS, `${name}-${this.page.viewport()?.width}.png`);
    // What stays in reach when the page is scrolled would be in the middle.
    const from = await this.page.evaluate(() => {
      const { scrollY } = window;
      scrollTo(0, 0);
      return scrollY;
    });
    await this.page.screenshot({ path, fullPage: true });
    await this.page.evaluate((y) => scrollTo(0, y), from);
  }

  /** Waits until the text of the element is like that. */
  async reads(selector: string, pattern: RegExp): Promise<void> {
    await this.page.waitForFunction(
      (where, source) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ''),
      { polling: 50 },
      selector,
      pattern.source,
    );
  }

  /** Waits until the line that says how things are says this. */
  async says(status: string): Promise<void> {
    await this.page.waitForFunction(
      (text) => document.querySelector('[role=status]')?.textContent === text,
      { polling: 50 },
      status,
    );
  }

  async reaches(step: number): Promise<void> {
    await this.page.waitForFunction(
      (least) =>
        Number(document.querySelector('.readouts dd')?.textContent?.replaceAll(',', '')) >= least,
      { polling: 50 },
      step,
    );
  }

  async step(): Promise<number> {
    return Number((await this.readouts())[0]?.replaceAll(',', ''));
  }

  readouts(): Promise<string[]> {
    return this.page.$$eval('.readouts dd', (all) => all.map((dd) => dd.textContent ?? ''));
  }

  /** The number beside this word, such as above a chart. */
  value(word: string): Promise<number> {
    return this.page.$$eval(
      'dt',
      (all, text) =>
        Number(all.find((dt) => dt.textContent === text)?.nextElementSibling?.textContent),
      word,
    );
  }

  /** Both losses, D(x) and D(G(z)), as they stand above the charts. */
  values(): Promise<number[]> {
    return this.page.$$eval('.legend dd', (all) =>
      all.slice(0, 4).map((dd) => Number(dd.textContent)),
    );
  }

  alert(): Promise<string> {
    return this.page.$eval('[role=alert]', (element) => element.textContent ?? '');
  }

  /** What is to be seen where the samples are. */
  async samples(): Promise<Buffer> {
    const canvas = await this.page.$('canvas#samples');
    if (!canvas) throw new Error('There is no canvas of samples.');
    return PNG.sync.read(Buffer.from(await canvas.screenshot())).data;
  }

  /** Presses a button; gives the times until the status has changed and until that is shown. */
  async timesToAnswer(button: string): Promise<Times> {
    await this.page.evaluate(() => {
      const status = document.querySelector('[role=status]');
      if (!status) throw new Error('There is no status.');
      let pressed = 0;
      // The event's own time: what it waited for the page to be free counts.
      const note = (event: Event) => {
        pressed = event.timeStamp;
      };
      addEventListener('pointerup', note, { once: true, capture: true });
      const answered = new Promise<Times>((resolve) => {
        const observer = new MutationObserver(() => {
          observer.disconnect();
          const changed = performance.now() - pressed;
          requestAnimationFrame(() => resolve({ changed, shown: performance.now() - pressed }));
        });
        observer.observe(status, { attributes: true, childList: true, subtree: true });
      });
      Object.assign(window, { answered });
    });
    await this.press(button);
    return await this.page.evaluate(
      () => (window as unknown as { answered: Promise<Times> }).answered,
    );
  }
}

/** Share of pixels that differ visibly. */
export function difference(a: Buffer, b: Buffer): number {
  expect(b.length).toBe(a.length);
  let differing = 0;
  for (let i = 0; i < a.length; i += 4) {
    if (Math.abs((a[i] ?? 0) - (b[i] ?? 0)) > 8) differing++;
  }
  return (4 * differing) / a.length;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
