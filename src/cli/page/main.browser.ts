/** The page of the commands: computes when Node says so and sends the results back. */

import {
  DeviceLostError,
  Engine,
  type GanTrainer,
  GanvasError,
  type ImageSet,
  NonFiniteError,
  RecoveryError,
  requirements,
  type TrainerEvent,
  type VaeTrainer,
} from '../../index.ts';
import type {
  Answer,
  DataInfo,
  PageApi,
  PageEvent,
  RunRequest,
  RunResult,
  StepRow,
} from '../protocol.ts';
import { readInfo } from './checkpoint.browser.ts';
import { classesOf, loadSet } from './data.browser.ts';
import { judge } from './evaluate.browser.ts';
import { drawGrids, openTrainer } from './model.browser.ts';
import { drawSamples, LARGEST } from './sample.browser.ts';
import { trainFeatures } from './train-features.browser.ts';
import { fetchBytes, sendResult } from './transfer.browser.ts';

declare global {
  interface Window {
    ganvas: PageApi;
    /** Put here by Node, through Puppeteer. */
    ganvasReport: (event: PageEvent) => Promise<void>;
  }
}

/** Metrics are sent in batches: a message to Node costs more than a fast step. */
const REPORT_MS = 100;

/** How long a run whose commands have failed is waited for. */
const FAILURE_MS = 1000;

let engine: Engine | undefined;
let set: ImageSet | undefined;
let checkpoint: Uint8Array<ArrayBuffer> | undefined;
let trainer: GanTrainer | VaeTrainer | undefined;
let stopping = false;

/** Turns what a function throws into data. */
async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const code = error instanceof GanvasError ? error.code : undefined;
    return { ok: false, message: error instanceof Error ? error.message : String(error), code };
  }
}

/** An engine that is large enough for the run, where the adapter is. */
async function engineFor({ training, samples }: RunRequest, pictures: ImageSet): Promise<Engine> {
  if (training.model === 'vae') {
    engine?.dispose();
    engine = await Engine.create({ wantedLimits: LARGEST });
    return engine;
  }
  // A checkpoint's rates may be 0, which no run begins with; its size does not depend on them.
  const { lrD: _d, lrG: _g, ...model } = training;
  const needs = requirements(model, pictures, samples === undefined ? {} : { samples });
  if (Object.keys(needs.limits).length > 0) {
    // The one that told about the adapter has the default limits.
    engine?.dispose();
    engine = await Engine.create({ wantedLimits: needs.limits });
  }
  engine ??= await Engine.create();
  needs.check(engine.adapter.limits);
  return engine;
}

/**
 * The result of training, or what happened that it cannot go on from: a lack of memory, a refused
 * command. Steps may hang then, so they get a moment to report what they measured, and no more. From the
 * loss of a device the trainer goes on by itself.
 */
async function watched<T>(training: Promise<T>, on: Engine): Promise<T> {
  let failure: Error | undefined;
  const failed = new Promise<void>((resolve) => {
    on.onError((error) => {
      if (error instanceof DeviceLostError) return;
      failure ??= error;
      resolve();
    });
  });
  const patience = failed.then(async () => {
    trainer?.stop();
    await new Promise((resolve) => setTimeout(resolve, FAILURE_MS));
  });
  try {
    await Promise.race([training, patience]);
  } catch (error) {
    throw failure ?? error;
  }
  if (failure) throw failure;
  return await training;
}

/** What has happened in the course of a run. */
class Course {
  /** The last step whose metrics are known. */
  step = 0;
  /** The steps of the last grid and of the last checkpoint that were sent. */
  sampledStep: number | undefined;
  savedStep: number | undefined;
  /** There is no device at this moment. */
  lost = false;
  /** Why the run cannot go on. */
  failed: string | undefined;
  diverged = false;
  /** When the command has taken in what happened to the device. */
  told: Promise<unknown> = Promise.resolve();
  #rows: StepRow[] = [];
  #reportedAt = performance.now();

  async onMetrics(metrics: StepRow): Promise<void> {
    this.step = metrics.step;
    this.#rows.push(metrics);
    if (performance.now() - this.#reportedAt >= REPORT_MS) await this.report();
  }

  async report(): Promise<void> {
    this.#reportedAt = performance.now();
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await window.ganvasReport({ type: 'metrics', rows });
  }

  /** The trainer does not wait for this; what is told is received in its order. */
  onEvent(event: TrainerEvent): void {
    if (event.type === 'device-lost') {
      // Where there was no other device, looking for one again is no second loss.
      if (this.lost) return;
      this.lost = true;
      this.told = Promise.all([this.report(), window.ganvasReport({ type: 'lost' })]);
    } else if (event.type === 'recovered') {
      this.lost = false;
      this.step = event.step;
      this.told = window.ganvasReport({ type: 'recovered', step: event.step });
    }
    // It is looked at before the next grid or checkpoint is sent.
    this.told.catch(() => {});
  }
}

async function train(request: RunRequest, on: Engine, pictures: ImageSet): Promise<RunResult> {
  const begun = performance.now();
  const resumed = checkpoint;
  checkpoint = undefined;
  const course = new Course();
  const settings = { onEvent: (event: TrainerEvent) => course.onEvent(event) };
  const running = await openTrainer(on, pictures, request, resumed, settings);
  trainer = running;
  course.step = running.step;
  const ready = performance.now();
  await window.ganvasReport({ type: 'ready' });
  if (stopping) running.stop();

  const send = async (kind: string, parameters: object, body: Uint8Array<ArrayBuffer>) => {
    await course.told;
    await sendResult(request.resultsUrl, kind, parameters, body);
  };
  const sendSamples = async () => {
    const grids = await drawGrids(running, pictures, request);
    // Drawn after a loss, they are of an earlier step than they were asked for.
    if (grids.some(([, { step }]) => step !== running.step)) return;
    for (const [kind, { pixels, ...shape }] of grids) await send(kind, shape, pixels);
    course.sampledStep = running.step;
  };
  const sendCheckpoint = async () => {
    const bytes = await running.checkpoint();
    await send('checkpoint', {}, bytes);
    course.savedStep = running.step;
  };

  const { sampleEvery } = request;
  const last = running.step + (request.steps ?? Number.POSITIVE_INFINITY);
  const end = ready + 1000 * (request.seconds ?? Number.POSITIVE_INFINITY);
  const over = () =>
    stopping || course.failed !== undefined || running.step >= last || performance.now() >= end;
  let sampledAt = ready;
  let savedAt = ready;
  const advance = async () => {
    const steps = last - running.step;
    const seconds = (end - performance.now()) / 1000;
    for await (const metrics of running.run({ steps, seconds, boundaryEvery: sampleEvery })) {
      await course.onMetrics(metrics);
      const now = performance.now();
      if (metrics.step % sampleEvery === 0 && now - sampledAt >= 1000 * request.sampleSeconds) {
        await unlessLost(sendSamples);
        sampledAt = now;
      }
      if (now - savedAt >= 1000 * request.checkpointSeconds) {
        await unlessLost(sendCheckpoint);
        savedAt = performance.now();
      }
    }
  };
  // A checkpoint from before training diverged is worth more than one of what it came to.
  const worthSaving = () => !course.diverged || (course.savedStep === undefined && !resumed);

  // Everything here may find the device lost, and the run back at an earlier step.
  for (;;) {
    try {
      if (!over()) await advance();
      else if (course.savedStep !== running.step && worthSaving()) await unlessLost(sendCheckpoint);
      else if (course.sampledStep !== running.step && !course.lost) await unlessLost(sendSamples);
      else break;
    } catch (error) {
      const diverged = error instanceof NonFiniteError;
      if (!diverged && !(error instanceof RecoveryError)) throw error;
      course.diverged ||= diverged;
      course.failed ??= error.message;
    } finally {
      // Also when a step fails: the last metrics may say why.
      await course.report();
    }
  }
  if (course.lost) {
    course.failed ??= 'The GPU device was lost, and none can be opened in its place.';
    course.failed += ` The checkpoint is of step ${running.snapshot.step}.`;
  }
  return {
    step: course.step,
    stopped: stopping,
    failed: course.failed,
    adapter: on.adapter,
    setupMs: ready - begun,
    trainMs: performance.now() - ready,
    stats: running.stats(),
    memory: running.memory(),
  };
}

/** Does it, unless the device is lost meanwhile: the trainer opens another one when it is next used. */
async function unlessLost(work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) => {
    if (!(error instanceof DeviceLostError)) throw error;
  });
}

window.ganvas = {
  open: () =>
    answer(async () => {
      engine = await Engine.create();
      return engine.adapter;
    }),
  load: (request) =>
    answer(async (): Promise<DataInfo> => {
      let told = 0;
      set = await loadSet(request, (loaded, total) => {
        const now = performance.now();
        if (now - told < REPORT_MS && loaded !== total) return;
        told = now;
        void window.ganvasReport({ type: 'data', loaded, total });
      });
      const { count, leftOut = [], classNames } = set;
      return { count, leftOut, classes: classesOf(set), classNames };
    }),
  readCheckpoint: (url) =>
    answer(async () => {
      checkpoint = await fetchBytes(url);
      return readInfo(checkpoint);
    }),
  train: (request) =>
    answer(async () => {
      if (!set) throw new Error('The data set comes first.');
      const pictures = set;
      set = undefined;
      const on = await engineFor(request, pictures);
      return await watched(train(request, on, pictures), on);
    }),
  sample: (request) => answer(() => drawSamples(request)),
  evaluate: (request) => answer(() => judge(request)),
  trainFeatures: (request) => answer(() => trainFeatures(request)),
  stop() {
    stopping = true;
    trainer?.stop();
  },
};
