/** One run of the main job: server, browser, page, and the files that come out of it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'puppeteer-core';
import type { AdapterInfo, StepMetrics } from '../index.ts';
import { BrowserNotFoundError, launchBrowser } from './browser.node.ts';
import type { Dataset } from './dataset.node.ts';
import type { Interrupt } from './interrupt.node.ts';
import { type CliOptions, pictureShape, planRun, type RunPlan } from './options.node.ts';
import { Progress, say } from './progress.node.ts';
import type { Answer, DataInfo, PageEvent, RunResult } from './protocol.ts';
import { type RunServer, startServer } from './server.node.ts';
import type { RunWriter } from './writers.node.ts';

/** A checkpoint this often, besides the one at the end: what a crash can cost, in seconds. */
const CHECKPOINT_SECONDS = 300;

/** Unreadable pictures that are listed by name; run.json has them all. */
const LISTED_FILES = 10;

/** Messages of the page's console that are kept, to explain a failure. */
const KEPT_MESSAGES = 10;

/** What it takes for the page's modules to be compiled and run, on a slow and busy machine. */
const PAGE_TIMEOUT_MS = 120_000;

/** A browser that hangs is not waited for. */
const CLOSE_MS = 5000;

/** Takes the cursor to the start of its line and clears it. */
const CLEAR_LINE = '\r\x1b[K';

/** Why a run failed; the message is for people, and complete. */
export class RunError extends Error {
  override readonly name = 'RunError';
}

/** One run, from the browser's launch to the last file. */
export class Run {
  readonly #options: CliOptions;
  readonly #dataset: Dataset;
  readonly #writer: RunWriter;
  readonly #interrupt: Interrupt;
  /** What the browser's console said last, to explain a failure. */
  readonly #console: string[] = [];
  readonly #record: Record<string, unknown>;
  #progress: Progress | undefined;
  #begin: (() => Promise<void>) | undefined;
  #begun = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CliOptions, dataset: Dataset, writer: RunWriter, interrupt: Interrupt) {
    this.#options = options;
    this.#dataset = dataset;
    this.#writer = writer;
    this.#interrupt = interrupt;
    this.#record = { status: 'running', startedAt: new Date().toISOString(), options };
  }

  /** Trains and writes everything; cleans up in any case. */
  async go(): Promise<void> {
    let server: RunServer | undefined;
    let browser: Browser | undefined;
    try {
      const started = performance.now();
      const paths = this.#dataset.files.map(({ path }) => path);
      server = await this.#abortable(
        startServer(paths, (kind, parameters, body) => this.#receive(kind, parameters, body)),
      );
      const launched = await this.#launch();
      browser = launched.browser;
      const { page, failure } = await this.#openPage(browser, server);
      const guard = <T>(work: Promise<T>) => Promise.race([work, failure]);

      const adapter = await this.#abortable(
        guard(this.#ask(page.evaluate(() => window.ganvas.open()))),
      );
      const software = adapter.software || launched.adapterKind === 'software';
      say(`${software ? 'software adapter' : 'GPU'}: ${describeAdapter(adapter)}`);
      const opened = performance.now();

      const data = await this.#abortable(guard(this.#load(page, server, software)));
      const loaded = performance.now();
      const plan = planRun(this.#options, software, this.#dataset.kind, data.count);
      say(plan.description);
      Object.assign(this.#record, {
        preset: plan.preset,
        training: plan.training,
        seed: plan.training.seed,
        limits: { steps: plan.steps ?? null, seconds: plan.seconds ?? null },
        dataset: { ...data, name: this.#dataset.name },
        adapter,
        versions: {
          ganvas: packageVersion(),
          node: process.version,
          browser: await browser.version(),
          platform: `${process.platform} ${process.arch}`,
        },
        timings: { launchMs: Math.round(opened - started), dataMs: Math.round(loaded - opened) },
      });

      const result = await this.#train(page, server, plan, guard);
      this.#finish(result);
      if (result.diverged !== undefined) throw new RunError(result.diverged);
      await this.#writer.run(this.#record);
      this.#report(result);
    } catch (error) {
      clearPassing();
      this.#progress?.stop();
      await this.#writing.catch(() => {});
      if (this.#begun) {
        const message = error instanceof Error ? error.message : String(error);
        Object.assign(this.#record, { status: 'failed', error: message });
        await this.#writer.run(this.#record).catch(() => {});
        say(`stopped early: what was written so far is in ${this.#writer.dir}`);
      }
      throw error;
    } finally {
      this.#progress?.stop();
      await Promise.race([browser?.close().catch(() => {}), sleep(CLOSE_MS)]);
      this.#interrupt.kill();
      await server?.close();
    }
  }

  /** The work's result, unless a signal comes first. */
  #abortable<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#interrupt.aborted]);
  }

  async #launch() {
    const { browser: browserPath, adapter } = this.#options;
    const launched = await this.#abortable(
      launchBrowser({
        adapter,
        headless: true,
        // Signals are for `Interrupt`: the first one is to leave the browser running.
        handleSignals: false,
        ...(browserPath ? { browserPath } : {}),
      }),
    ).catch((error: unknown) => {
      throw error instanceof BrowserNotFoundError ? new RunError(error.message) : error;
    });
    this.#interrupt.kill = () => launched.browser.process()?.kill('SIGKILL');
    return launched;
  }

  /** Opens the page; `failure` rejects when it crashes, now or later. */
  async #openPage(browser: Browser, server: RunServer) {
    const page = await browser.newPage();
    let fail: (error: Error) => void = () => {};
    const failure = new Promise<never>((_, reject) => {
      fail = (error) => reject(error);
    });
    failure.catch(() => {});
    const failed = (text: string) => fail(new RunError(this.#withConsole(text)));
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

    await page.exposeFunction('ganvasReport', (event: PageEvent) => this.#event(event));
    const ready = async () => {
      await page.goto(server.pageUrl);
      await page.waitForFunction(() => 'ganvas' in window, { timeout: PAGE_TIMEOUT_MS });
    };
    await this.#abortable(Promise.race([ready(), failure]));
    return { page, failure };
  }

  async #load(page: Page, server: RunServer, software: boolean): Promise<DataInfo> {
    const { kind, name, files } = this.#dataset;
    const data = await this.#ask(
      page.evaluate((request) => window.ganvas.load(request), {
        kind,
        name,
        files: files.map((file, i) => ({ name: file.name, url: server.fileUrl(i) })),
        ...pictureShape(this.#options, software, kind),
      }),
    );
    clearPassing();
    say(`${name}: ${data.count.toLocaleString('en')} pictures`);
    for (const { name: file, reason } of data.leftOut.slice(0, LISTED_FILES)) {
      say(`left out ${file}: ${reason}`);
    }
    const more = data.leftOut.length - LISTED_FILES;
    if (more > 0) say(`left out ${more} more; run.json names them all`);
    return data;
  }

  async #train(
    page: Page,
    server: RunServer,
    plan: RunPlan,
    guard: <T>(work: Promise<T>) => Promise<T>,
  ): Promise<RunResult> {
    const { training, steps, seconds, sampleEvery, sampleSeconds } = plan;
    this.#begin = async () => {
      await this.#writer.begin();
      await this.#writer.run(this.#record);
      this.#begun = true;
      this.#progress = new Progress({ steps, seconds });
      // From here on a signal asks the page to stop; until now it ended the run at once.
      this.#interrupt.stop = () => {
        this.#progress?.stop();
        say('stopping: writing what there is (Ctrl-C again to exit at once)');
        // Where the page is gone, the run has failed already.
        page.evaluate(() => window.ganvas.stop()).catch(() => {});
      };
      this.#progress.start();
    };
    showPassing('preparing …');
    const result = await this.#abortable(
      guard(
        this.#ask(
          page.evaluate((request) => window.ganvas.train(request), {
            training,
            steps,
            seconds,
            sampleEvery,
            sampleSeconds,
            samples: this.#options.samples,
            checkpointSeconds: CHECKPOINT_SECONDS,
            resultsUrl: server.resultsUrl,
          }),
        ),
      ),
    );
    this.#progress?.stop();
    await this.#writing;
    return result;
  }

  /** An answer of the page; its errors become errors here. */
  async #ask<T>(asked: Promise<Answer<T>>): Promise<T> {
    const answer = await asked;
    if (answer.ok) return answer.value;
    throw new RunError(this.#withConsole(answer.message));
  }

  /** The page waits for what this does, so that nothing overtakes the run's first files. */
  async #event(event: PageEvent): Promise<void> {
    switch (event.type) {
      case 'data': {
        const { loaded, total } = event;
        const share = total ? `${Math.floor((100 * loaded) / total)} %` : `${loaded}`;
        showPassing(`${this.#dataset.name}: ${share}`);
        break;
      }
      case 'ready':
        clearPassing();
        await this.#begin?.();
        break;
      case 'metrics':
        // A stopped run still tells of the steps that were under way.
        if (!this.#interrupt.signal) this.#progress?.update(event.rows);
        if (this.#options.json) {
          process.stdout.write(event.rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        }
        this.#record.steps = event.rows.at(-1)?.step;
        this.#write(event.rows);
    }
  }

  #write(rows: readonly StepMetrics[]): void {
    this.#writing = this.#writing.then(() => this.#writer.metrics(rows));
    // Looked at when the run ends; until then it is not to end the process.
    this.#writing.catch(() => {});
  }

  async #receive(kind: string, parameters: URLSearchParams, body: Buffer): Promise<void> {
    if (kind === 'checkpoint') await this.#writer.checkpoint(body);
    else if (kind === 'samples') {
      const number = (name: string) => Number(parameters.get(name));
      await this.#writer.samples(number('step'), body, {
        width: number('width'),
        height: number('height'),
        channels: number('channels'),
        count: number('count'),
      });
    } else throw new Error(`There are no results of the kind ${kind}.`);
  }

  #finish(result: RunResult): void {
    const { step, stopped, adapter, setupMs, trainMs, stats, memory } = result;
    const { plan, firstStepMs, ...counts } = stats;
    Object.assign(this.#record, {
      status: stopped ? 'interrupted' : 'done',
      steps: step,
      adapter,
      stats: counts,
      memory,
      plan,
      timings: {
        ...(this.#record.timings as object),
        setupMs: Math.round(setupMs),
        firstStepMs,
        trainMs: Math.round(trainMs),
        stepsPerSecond: step > 0 ? step / (trainMs / 1000) : 0,
      },
      finishedAt: new Date().toISOString(),
    });
  }

  #report(result: RunResult): void {
    const seconds = result.trainMs / 1000;
    const rate = (result.step / seconds).toFixed(2);
    say(
      `${result.stopped ? 'stopped' : 'done'}: ${result.step} steps in ${seconds.toFixed(1)} s ` +
        `(${rate} steps/s); ${this.#writer.dir} has ${this.#writer.lastSample ?? 'no samples'}, ` +
        'metrics.csv, checkpoint.safetensors and run.json',
    );
  }

  #withConsole(text: string): string {
    if (this.#console.length === 0) return text;
    return `${text}\nThe browser's console said:\n${this.#console.map((line) => `  ${line}`).join('\n')}`;
  }
}

/** Shows on a terminal what is going on, until something else is said. */
function showPassing(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${text}`);
}

function clearPassing(): void {
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
}

function describeAdapter(adapter: AdapterInfo): string {
  const { vendor, architecture, description } = adapter;
  return [vendor, architecture, description].filter(Boolean).join(', ') || 'unnamed';
}

function packageVersion(): string {
  const path = join(import.meta.dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
