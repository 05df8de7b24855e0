/** A page with the engine, in a browser that nobody sees: what the commands compute in. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'puppeteer-core';
import type { AdapterInfo } from '../index.ts';
import { BrowserNotFoundError, launchBrowser } from './browser.node.ts';
import { type BrowserOptions, RunError } from './command.node.ts';
import type { Interrupt } from './interrupt.node.ts';
import { say } from './progress.node.ts';
import type { Answer, PageEvent } from './protocol.ts';
import { type ResultHandler, type RunServer, startServer } from './server.node.ts';

/** Messages of the page's console that are kept, to explain a failure. */
const KEPT_MESSAGES = 10;

/** What it takes for the page's modules to be compiled and run, on a slow and busy machine. */
const PAGE_TIMEOUT_MS = 120_000;

/** A browser that hangs is not waited for. */
const CLOSE_MS = 5000;

/** What the page reads, and who takes what it tells and sends. */
export interface Exchange {
  /** Paths of the files that it may read; their addresses are `fileUrl` of their index. */
  readonly files: readonly string[];
  readonly onResult: ResultHandler;
  /** The page waits for what this does. */
  readonly onEvent: (event: PageEvent) => void | Promise<void>;
}

/** Server, browser and page of one command. */
export class Headless {
  readonly #options: BrowserOptions;
  readonly #interrupt: Interrupt;
  /** What the browser's console said last, to explain a failure. */
  readonly #console: string[] = [];
  /** Rejects when the page or its browser ends before the command does. */
  readonly #failure: Promise<never>;
  #fail: (error: Error) => void = () => {};
  #server: RunServer | undefined;
  #browser: Browser | undefined;
  #page: Page | undefined;

  constructor(options: BrowserOptions, interrupt: Interrupt) {
    this.#options = options;
    this.#interrupt = interrupt;
    this.#failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {});
  }

  /** Opens everything, the adapter included, and says which it is. */
  async open(exchange: Exchange): Promise<AdapterInfo> {
    this.#server = await this.#abortable(startServer(exchange.files, exchange.onResult));
    const { browser: browserPath, adapter: kind } = this.#options;
    const launched = await this.#abortable(
      launchBrowser({
        adapter: kind,
        headless: true,
        // Signals are for `Interrupt`: the first one is to leave the browser running.
        handleSignals: false,
        ...(browserPath ? { browserPath } : {}),
      }),
    ).catch((error: unknown) => {
      throw error instanceof BrowserNotFoundError ? new RunError(error.message) : error;
    });
    const { browser } = launched;
    this.#browser = browser;
    this.#interrupt.kill = () => browser.process()?.kill('SIGKILL');
    this.#page = await browser.newPage();
    await this.#openPage(browser, this.#page, this.#server.pageUrl, exchange);

    const found = await this.ask((page) => page.evaluate(() => window.ganvas.open()));
    const adapter = { ...found, software: found.software || launched.adapterKind === 'software' };
    say(`${adapter.software ? 'software adapter' : 'GPU'}: ${describeAdapter(adapter)}`);
    return adapter;
  }

  async #openPage(
    browser: Browser,
    page: Page,
    url: string,
    { onEvent }: Pick<Exchange, 'onEvent'>,
  ): Promise<void> {
    const failed = (text: string) => this.#fail(new RunError(this.#withConsole(text)));
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warn') return;
      this.#console.push(message.text());
      if (this.#console.length > KEPT_MESSAGES) this.#console.shift();
    });
    page.on('error', (error) => failed(`the page crashed (${error.message}).`));
    page.on('pageerror', (error) => {
      failed(`the page failed: ${error instanceof Error ? error.message : String(error)}`);
    });
    browser.on('disconnected', () => failed('the browser ended unexpectedly.'));
    page.on('response', (response) => {
      if (response.status() < 400 || response.request().resourceType() !== 'script') return;
      response.text().then(
        (text) => failed(`${response.url()} cannot be served: ${text.split('\n')[0]}`),
        () => failed(`${response.url()} cannot be served.`),
      );
    });
    await page.exposeFunction('ganvasReport', onEvent);
    const ready = async () => {
      await page.goto(url, { timeout: PAGE_TIMEOUT_MS });
      await page.waitForFunction(() => 'ganvas' in window, { timeout: PAGE_TIMEOUT_MS });
    };
    await this.#abortable(Promise.race([ready(), this.#failure]));
  }

  /** The work's result, unless a signal comes first that nobody handles gently. */
  #abortable<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#interrupt.aborted]);
  }

  /** An answer of the page; its errors become errors here, and so does its end. */
  async ask<T>(question: (page: Page) => Promise<Answer<T>>): Promise<T> {
    const { page } = this;
    const answer = await this.#abortable(Promise.race([question(page), this.#failure]));
    if (answer.ok) return answer.value;
    throw new RunError(this.#withConsole(answer.message), answer.code);
  }

  get page(): Page {
    if (!this.#page) throw new Error('The page is not open yet.');
    return this.#page;
  }

  /** Path on the server of a file, by its index. */
  fileUrl(index: number): string {
    return this.#running.fileUrl(index);
  }

  /** Path on the server under which results are received. */
  get resultsUrl(): string {
    return this.#running.resultsUrl;
  }

  get #running(): RunServer {
    if (!this.#server) throw new Error('The server is not running yet.');
    return this.#server;
  }

  /** What the browser is, with its version. */
  async browserVersion(): Promise<string> {
    return await this.page.browser().version();
  }

  /** Ends everything, however far it came. */
  async close(): Promise<void> {
    await Promise.race([this.#browser?.close().catch(() => {}), sleep(CLOSE_MS)]);
    this.#interrupt.kill();
    await this.#server?.close();
  }

  #withConsole(text: string): string {
    if (this.#console.length === 0) return text;
    return `${text}\nThe browser's console said:\n${this.#console.map((line) => `  ${line}`).join('\n')}`;
  }
}

function describeAdapter(adapter: AdapterInfo): string {
  const { vendor, architecture, description } = adapter;
  return [vendor, architecture, description].filter(Boolean).join(', ') || 'unnamed';
}
