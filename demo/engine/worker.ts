/**
 * The engine's side of the page. It has a thread of its own, so that neither compiling nor encoding
 * nor decoding pictures ever keeps the page from answering.
 */

import {
  Engine,
  GanTrainer,
  indexedDbTuningStore,
  RecoveryError,
  type StepMetrics,
} from '../../src/index.ts';
import { DataLoader } from './data-loader.ts';
import { problemOf } from './problem.ts';
import type { DataSource, Event, Request, TrainOptions } from './protocol.ts';

/** The page is told of steps, and redraws its charts, no more often than this. */
const REPORT_MS = 250;

/** Pictures are redrawn no more often than this: each time costs a pass of the generator. */
const DRAW_MS = { software: 250, gpu: 100 };

/** Once the first few steps have been shown, 64 samples at least so many steps apart. */
const DRAW_STEPS = 4;

/** Steps a second are those of about so long a time. */
const RATE_MS = 3000;

/** What a lost device costs at most. */
const SNAPSHOT_SECONDS = 20;

/** As much as the adapter has: what a run needs is not known when its adapter is shown. */
const LARGEST = { maxStorageBufferBindingSize: 2 ** 32, maxBufferSize: 2 ** 32 };

const GRID = { count: 64, columns: 8 };

const post = (event: Event, transfer: Transferable[] = []) => self.postMessage(event, { transfer });

const loader = new DataLoader(
  (progress) => post({ type: 'progress', progress }),
  (data) => post({ type: 'data', data }),
);

let canvas: OffscreenCanvas | undefined;
let engine: Promise<Engine> | undefined;
let run: { readonly abort: AbortController; trainer?: GanTrainer } | undefined;
/** Settles when the last run has let go of the device and the canvas. */
let cleared: Promise<void> = Promise.resolve();

function openEngine(): Promise<Engine> {
  engine ??= Engine.create({
    powerPreference: 'high-performance',
    wantedLimits: LARGEST,
    tuningStore: indexedDbTuningStore,
  }).then(
    (opened) => {
      opened.onError((error) => post({ type: 'note', problem: problemOf(error) }));
      const { vendor, architecture, description, software } = opened.adapter;
      const name = description || [vendor, architecture].filter(Boolean).join(' ') || 'unnamed';
      post({ type: 'adapter', adapter: { name, software } });
      return opened;
    },
    (error: unknown) => {
      engine = undefined;
      throw error;
    },
  );
  return engine;
}

async function train(job: number, source: DataSource, options: TrainOptions): Promise<void> {
  const abort = new AbortController();
  const { signal } = abort;
  run?.abort.abort();
  const current: NonNullable<typeof run> = { abort };
  run = current;
  const before = cleared;
  const end = Promise.withResolvers<void>();
  cleared = end.promise;
  try {
    await before;
    signal.throwIfAborted();
    const opened = await openEngine();
    const set = await loader.load(source, options.imageSize, options.channels);
    signal.throwIfAborted();
    post({ type: 'progress', progress: { stage: 'compile', loaded: 0, total: undefined } });
    const trainer = await GanTrainer.create(opened, set, options, {
      snapshotSeconds: SNAPSHOT_SECONDS,
      onEvent: (event) => {
        if (event.type === 'recovered') post({ type: 'recovered', job, step: event.step });
      },
    });
    try {
      signal.throwIfAborted();
      current.trainer = trainer;
      await follow(job, trainer, signal, opened.adapter.software);
    } finally {
      trainer.dispose();
    }
  } catch (error) {
    if (error instanceof RecoveryError) {
      // The next run tries anew.
      (await engine)?.dispose();
      engine = undefined;
    }
    if (!signal.aborted) post({ type: 'failed', job, problem: problemOf(error) });
  } finally {
    if (run === current) run = undefined;
    end.resolve();
  }
}

/** Trains until the signal, drawing and reporting now and then. */
async function follow(
  job: number,
  trainer: GanTrainer,
  signal: AbortSignal,
  software: boolean,
): Promise<void> {
  if (!canvas) throw new Error('The page gave no canvas to draw on.');
  const view = await trainer.attachCanvas(canvas, GRID);
  const drawMs = software ? DRAW_MS.software : DRAW_MS.gpu;
  let step = 0;
  let drawnStep = 0;
  let drawnAt = performance.now();
  const draw = () => {
    view.draw();
    drawnStep = step;
    drawnAt = performance.now();
  };

  let rows: StepMetrics[] = [];
  let marks: { readonly time: number; readonly step: number }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const report = () => {
    timer = undefined;
    const time = performance.now();
    const oldest = marks.findLast((mark) => time - mark.time > RATE_MS) ?? marks[0];
    marks = [...marks.filter((mark) => time - mark.time <= RATE_MS), { time, step }];
    const stepsPerSecond = oldest ? ((step - oldest.step) * 1000) / (time - oldest.time) : 0;
    post({ type: 'metrics', job, rows, stepsPerSecond });
    rows = [];
    if (trainer.paused) {
      // What is on the canvas is then what the last number says, and a pause counts for no rate.
      if (drawnStep !== step) draw();
      marks = [];
    }
  };

  try {
    draw();
    post({ type: 'training', job });
    for await (const metrics of trainer.run({ signal })) {
      if (marks.length === 0) marks = [{ time: performance.now(), step }];
      step = metrics.step;
      rows.push(metrics);
      // A timer rather than a look at the clock: the last steps before a pause are told as well.
      timer ??= setTimeout(report, REPORT_MS);
      const due = performance.now() - drawnAt >= drawMs;
      if (due && step - drawnStep >= Math.min(DRAW_STEPS, step)) draw();
    }
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
    view.detach();
  }
}

function handle(request: Request): void {
  switch (request.type) {
    case 'canvas':
      canvas = request.canvas;
      break;
    case 'open':
      openEngine().catch((error: unknown) =>
        post({ type: 'unavailable', problem: problemOf(error) }),
      );
      break;
    case 'load':
      loader.load(request.source, request.imageSize, request.channels).catch((error: unknown) => {
        if (!DataLoader.superseded(error)) {
          post({ type: 'data-failed', problem: problemOf(error) });
        }
      });
      break;
    case 'train':
      void train(request.job, request.source, request.options);
      break;
    case 'pause':
      run?.trainer?.pause();
      break;
    case 'resume':
      run?.trainer?.resume();
      break;
    case 'reset':
      run?.abort.abort();
      loader.cancel();
      break;
  }
}

self.addEventListener('message', ({ data }: MessageEvent<Request>) => handle(data));
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  post({ type: 'note', problem: problemOf(event.reason) });
});
