/** The page of the headless job: trains when Node says so and sends the results back. */

import {
  Engine,
  GanTrainer,
  type ImageSet,
  NonFiniteError,
  requirements,
  type StepMetrics,
} from '../../index.ts';
import type { Answer, DataInfo, PageApi, PageEvent, RunRequest, RunResult } from '../protocol.ts';
import { loadSet } from './data.browser.ts';

declare global {
  interface Window {
    ganvas: PageApi;
    /** Put here by Node, through Puppeteer. */
    ganvasReport: (event: PageEvent) => Promise<void>;
  }
}

/** Metrics are sent in batches: a message to Node costs more than a fast step. */
const REPORT_MS = 100;

/** How long a run whose device has failed is waited for. */
const FAILURE_MS = 1000;

let engine: Engine | undefined;
let set: ImageSet | undefined;
let trainer: GanTrainer | undefined;
let stopping = false;

/** Turns what a function throws into data. */
async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** An engine that is large enough for the run, where the adapter is. */
async function engineFor({ training, samples }: RunRequest, pictures: ImageSet): Promise<Engine> {
  const needs = requirements(training, pictures, { samples });
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
 * The result of training, or what happened to the device: its loss, a lack of memory, a refused
 * command. Steps may hang then, so they get a moment to report what they measured, and no more.
 */
async function watched<T>(training: Promise<T>, on: Engine): Promise<T> {
  let failure: Error | undefined;
  const failed = new Promise<void>((resolve) => {
    const fail = (error: Error) => {
      failure ??= error;
      resolve();
    };
    on.onError(fail);
    void on.lost.then(fail);
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

async function train(request: RunRequest, on: Engine, pictures: ImageSet): Promise<RunResult> {
  const begun = performance.now();
  const running = await GanTrainer.create(on, pictures, request.training);
  trainer = running;
  const ready = performance.now();
  await window.ganvasReport({ type: 'ready' });
  if (stopping) running.stop();

  let rows: StepMetrics[] = [];
  let reported = ready;
  const report = async () => {
    reported = performance.now();
    const batch = rows;
    rows = [];
    if (batch.length > 0) await window.ganvasReport({ type: 'metrics', rows: batch });
  };
  const send = async (kind: string, parameters: object, body: Uint8Array<ArrayBuffer>) => {
    const query = new URLSearchParams(
      Object.entries(parameters).map(([key, value]) => [key, String(value)]),
    );
    const response = await fetch(`${request.resultsUrl}/${kind}?${query}`, {
      method: 'POST',
      body,
    });
    if (!response.ok) throw new Error(`Writing the ${kind} failed: ${await response.text()}`);
  };
  const sendSamples = async () => {
    const { pixels, ...shape } = await running.sampleGrid({ count: request.samples });
    await send('samples', shape, pixels);
    return shape.step;
  };
  const sendCheckpoint = async () => send('checkpoint', {}, await running.checkpoint());

  let step = 0;
  let sampledStep: number | undefined;
  let sampledAt = ready;
  let savedAt: number | undefined;
  let diverged: string | undefined;
  try {
    const { steps, seconds, sampleEvery } = request;
    const limits = { ...(steps && { steps }), ...(seconds && { seconds }) };
    for await (const metrics of running.run({ ...limits, boundaryEvery: sampleEvery })) {
      step = metrics.step;
      rows.push(metrics);
      const now = performance.now();
      if (step % sampleEvery === 0 && now - sampledAt >= 1000 * request.sampleSeconds) {
        sampledStep = await sendSamples();
        sampledAt = now;
      }
      if (now - (savedAt ?? ready) >= 1000 * request.checkpointSeconds) {
        await sendCheckpoint();
        savedAt = performance.now();
      }
      if (now - reported >= REPORT_MS) await report();
    }
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    diverged = error.message;
  } finally {
    // Also when a step fails: the last metrics may say why.
    await report();
  }
  const trainMs = performance.now() - ready;
  if (sampledStep !== running.step) await sendSamples();
  // A checkpoint from before training diverged is worth more than one of what it came to.
  if (!diverged || savedAt === undefined) await sendCheckpoint();
  return {
    step,
    stopped: stopping,
    diverged,
    adapter: on.adapter,
    setupMs: ready - begun,
    trainMs,
    stats: running.stats(),
    memory: running.memory(),
  };
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
      return { count: set.count, leftOut: set.leftOut ?? [] };
    }),
  train: (request) =>
    answer(async () => {
      if (!set) throw new Error('The data set comes first.');
      const pictures = set;
      set = undefined;
      const on = await engineFor(request, pictures);
      return await watched(train(request, on, pictures), on);
    }),
  stop() {
    stopping = true;
    trainer?.stop();
  },
};
