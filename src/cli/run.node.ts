/** One run of the main job: the page that trains, and the files that come out of it. */

import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RunError } from './command.node.ts';
import type { Dataset } from './dataset.node.ts';
import { Headless } from './headless.node.ts';
import type { Interrupt } from './interrupt.node.ts';
import type { CliOptions } from './options.node.ts';
import { pictureShape, planRun, type RunPlan } from './plan.node.ts';
import { clearPassing, Progress, say, showPassing } from './progress.node.ts';
import {
  type CheckpointInfo,
  type DataInfo,
  GRIDS,
  type PageEvent,
  type RunResult,
} from './protocol.ts';
import type { RunWriter } from './writers.node.ts';

/** A checkpoint this often, besides the one at the end: what a crash can cost, in seconds. */
const CHECKPOINT_SECONDS = 300;

/** Unreadable pictures that are listed by name; run.json has them all. */
const LISTED_FILES = 10;

/** One run, from the browser's launch to the last file. */
export class Run {
  readonly #options: CliOptions;
  readonly #dataset: Dataset;
  readonly #writer: RunWriter;
  readonly #interrupt: Interrupt;
  readonly #headless: Headless;
  readonly #record: Record<string, unknown>;
  #deviceLosses = 0;
  #classes = false;
  #progress: Progress | undefined;
  #begin: (() => Promise<void>) | undefined;
  #begun = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: CliOptions, dataset: Dataset, writer: RunWriter, interrupt: Interrupt) {
    this.#options = options;
    this.#dataset = dataset;
    this.#writer = writer;
    this.#interrupt = interrupt;
    this.#headless = new Headless(options, interrupt);
    this.#record = { status: 'running', startedAt: new Date().toISOString(), options };
  }

  /** Trains and writes everything; cleans up in any case. */
  async go(): Promise<void> {
    const headless = this.#headless;
    const { resume } = this.#options;
    try {
      const started = performance.now();
      const { labels } = this.#dataset;
      const files = this.#dataset.files.map(({ path }) => path);
      const adapter = await headless.open({
        // By their places: the pictures, the checkpoint, the labels.
        files: [...files, ...[resume, labels].filter((path) => path !== undefined)],
        onEvent: (event) => this.#event(event),
        onResult: (kind, parameters, body) => this.#receive(kind, parameters, body),
      });
      const { software } = adapter;
      const opened = performance.now();

      const checkpoint =
        resume === undefined ? undefined : await this.#readCheckpoint(resume, files.length);
      const classes = this.#options.classes || hasClasses(checkpoint);
      const data = await this.#load(
        checkpoint?.options ?? pictureShape(this.#options, software, this.#dataset.kind),
        classes,
      );
      const loaded = performance.now();
      const { kind } = this.#dataset;
      const { count } = data;
      const plan = planRun(this.#options, software, kind, count, checkpoint, data.classes);
      say(plan.description);
      Object.assign(this.#record, {
        preset: plan.preset,
        training: plan.training,
        seed: plan.training.seed,
        ...(checkpoint && { resumed: { file: resume, step: checkpoint.step } }),
        limits: { steps: plan.steps ?? null, seconds: plan.seconds ?? null },
        dataset: { ...data, name: this.#dataset.name },
        adapter,
        versions: {
          ganvas: packageVersion(),
          node: process.version,
          browser: await headless.browserVersion(),
          platform: `${process.platform} ${process.arch}`,
        },
        timings: { launchMs: Math.round(opened - started), dataMs: Math.round(loaded - opened) },
      });

      const from = checkpoint?.step ?? 0;
      const result = await this.#train(plan, from);
      this.#finish(result, from);
      if (result.failed !== undefined) throw new RunError(result.failed);
      await this.#writer.run(this.#record);
      this.#report(result, from);
    } catch (error) {
      clearPassing();
      this.#progress?.stop();
      await this.#writing.catch(() => {});
      if (this.#begun) {
        const message = error instanceof Error ? error.message : String(error);
        Object.assign(this.#record, {
          status: 'failed',
          error: message,
          deviceLosses: this.#deviceLosses,
        });
        await this.#writer.run(this.#record).catch(() => {});
        say(`stopped early: what was written so far is in ${this.#writer.dir}`);
      }
      throw error;
    } finally {
      this.#progress?.stop();
      await headless.close();
    }
  }

  async #readCheckpoint(path: string, index: number): Promise<CheckpointInfo> {
    const url = this.#headless.fileUrl(index);
    return await this.#headless
      .ask((page) => page.evaluate((address) => window.ganvas.readCheckpoint(address), url))
      .catch((error: unknown) => {
        throw error instanceof RunError
          ? new RunError(`--resume ${path}: ${error.message}`)
          : error;
      });
  }

  async #load(shape: { imageSize: number; channels: number }, classes: boolean): Promise<DataInfo> {
    const { kind, name, files, labels } = this.#dataset;
    const { imageSize, channels } = shape;
    const { resume } = this.#options;
    if (classes && kind === 'idx' && labels === undefined) {
      throw new RunError(
        `--resume ${resume}: the run has classes, and there are no labels beside the pictures; give --labels.`,
      );
    }
    const labelsAt = files.length + (resume === undefined ? 0 : 1);
    const request = {
      kind,
      name,
      files: files.map((file, i) => ({ name: file.name, url: this.#headless.fileUrl(i) })),
      imageSize,
      channels,
      classes: classes
        ? {
            labels:
              labels === undefined
                ? undefined
                : { name: labels, url: this.#headless.fileUrl(labelsAt) },
          }
        : undefined,
    };
    const data = await this.#headless.ask((page) =>
      page.evaluate((asked) => window.ganvas.load(asked), request),
    );
    clearPassing();
    const ofClasses = data.classes === undefined ? '' : ` of ${data.classes} classes`;
    say(`${name}: ${data.count.toLocaleString('en')} pictures${ofClasses}`);
    for (const { name: file, reason } of data.leftOut.slice(0, LISTED_FILES)) {
      say(`left out ${file}: ${reason}`);
    }
    const more = data.leftOut.length - LISTED_FILES;
    if (more > 0) say(`left out ${more} more; run.json names them all`);
    return data;
  }

  async #train(plan: RunPlan, from: number): Promise<RunResult> {
    const { training, steps, seconds, sampleEvery, sampleSeconds } = plan;
    const { lr, lrD = lr, lrG = lr, resume, samples, dataset } = this.#options;
    this.#writer.use(training);
    this.#classes = training.model !== 'vae' && (training.classes ?? 0) > 0;
    this.#begin = async () => {
      // From here on a signal asks the page to stop; until now it ended the run at once. Before the
      // first file, so that whoever sees a file knows that Ctrl-C completes them all.
      this.#interrupt.stop = () => {
        this.#progress?.stop();
        say('stopping: writing what there is (Ctrl-C again to exit at once)');
        // Where the page is gone, the run has failed already.
        this.#headless.page.evaluate(() => window.ganvas.stop()).catch(() => {});
      };
      const goesOn =
        resume !== undefined && realpathSync(dirname(resume)) === realpathSync(this.#writer.dir);
      if (goesOn) await this.#writer.goBack(from);
      else await this.#writer.begin();
      await this.#writer.run(this.#record);
      this.#begun = true;
      this.#progress = new Progress({ from, steps, seconds });
      if (!this.#interrupt.signal) this.#progress.start();
    };
    showPassing('preparing …');
    const request = {
      training,
      rates: resume === undefined ? {} : { lr, lrD, lrG },
      steps,
      seconds,
      sampleEvery,
      sampleSeconds,
      samples,
      checkpointSeconds: CHECKPOINT_SECONDS,
      resultsUrl: this.#headless.resultsUrl,
    };
    const result = await this.#headless
      .ask((page) => page.evaluate((asked) => window.ganvas.train(asked), request))
      .catch((error: unknown) => {
        if (!(error instanceof RunError)) throw error;
        if (error.code === 'checkpoint-data') {
          throw new RunError(`--dataset ${dataset}: ${error.message}`);
        }
        const ofFile = /^(checkpoint|safetensors|state)/.test(error.code ?? '');
        throw ofFile ? new RunError(`--resume ${resume}: ${error.message}`) : error;
      });
    this.#progress?.stop();
    await this.#writing;
    return result;
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
        this.#write(() => this.#writer.metrics(event.rows));
        break;
      case 'lost':
        this.#deviceLosses++;
        break;
      case 'recovered':
        say(`the GPU device was lost; going on from step ${event.step}`);
        this.#progress?.goBack(event.step);
        this.#record.steps = event.step;
        await this.#write(() => this.#writer.goBack(event.step));
    }
  }

  #write(work: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(work);
    // Looked at when the run ends; until then it is not to end the process.
    this.#writing.catch(() => {});
    return this.#writing;
  }

  async #receive(kind: string, parameters: URLSearchParams, body: Buffer): Promise<void> {
    const grid = GRIDS.find((known) => known === kind);
    if (kind === 'checkpoint') await this.#writer.checkpoint(body);
    else if (grid) {
      const number = (name: string) => Number(parameters.get(name));
      const shape = {
        width: number('width'),
        height: number('height'),
        channels: number('channels'),
        count: number('count'),
      };
      const columns = this.#classes ? number('columns') : undefined;
      await this.#writer.grid(grid, number('step'), body, shape, columns);
    } else throw new Error(`There are no results of the kind ${kind}.`);
  }

  #finish(result: RunResult, from: number): void {
    const { step, stopped, adapter, setupMs, trainMs, stats, memory } = result;
    const { plan, firstStepMs, ...counts } = stats;
    Object.assign(this.#record, {
      status: stopped ? 'interrupted' : 'done',
      steps: step,
      deviceLosses: this.#deviceLosses,
      adapter,
      stats: counts,
      memory,
      plan,
      timings: {
        ...(this.#record.timings as object),
        setupMs: Math.round(setupMs),
        firstStepMs,
        trainMs: Math.round(trainMs),
        stepsPerSecond: step > from ? (step - from) / (trainMs / 1000) : 0,
      },
      finishedAt: new Date().toISOString(),
    });
  }

  #report({ step, stopped, trainMs }: RunResult, from: number): void {
    const seconds = trainMs / 1000;
    const rate = ((step - from) / seconds).toFixed(2);
    say(
      `${stopped ? 'stopped' : 'done'}: ${step - from} steps in ${seconds.toFixed(1)} s ` +
        `(${rate} steps/s${from > 0 ? `, ${step} steps in all` : ''}); ${this.#writer.dir} has ` +
        `${this.#writer.lastSample ?? 'no samples'}, metrics.csv, checkpoint.safetensors and run.json`,
    );
  }
}

/** Whether a checkpoint is of a run with classes. */
const hasClasses = (checkpoint: CheckpointInfo | undefined): boolean =>
  checkpoint !== undefined &&
  checkpoint.options.model !== 'vae' &&
  (checkpoint.options.classes ?? 0) > 0;

function packageVersion(): string {
  const path = join(import.meta.dirname, '..', '..', 'package.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
}
