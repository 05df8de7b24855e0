/** One run: from its data to its end, drawing and reporting now and then. */

import {
  type Engine,
  fitToSquare,
  GanTrainer,
  type ImageSet,
  RecoveryError,
  readSafetensors,
  type StepMetrics,
  type TrainerOptions,
} from '../../src/index.ts';
import { latentsOf } from './explorer.ts';
import { Film } from './film.ts';
import { allFinite, loadRun, SavedRunWriter } from './library.ts';
import { problemOf } from './problem.ts';
import type { Request, RunRecord } from './protocol.ts';
import { QualityGauge } from './quality.ts';
import { Show } from './show.ts';
import type { Studio } from './studio.ts';

/** The page is told of steps, and redraws its charts, no more often than this. */
const REPORT_MS = 250;

/** Steps a second are those of about so long a time. */
const RATE_MS = 3000;

/** What a lost device costs at most. */
const SNAPSHOT_SECONDS = 20;

export type TrainRequest = Extract<Request, { type: 'train' }>;

/** What a crash or a closed tab costs at most, in milliseconds of training. */
const SAVE_MS = 45_000;

/** A run that ends sooner was a trial, and is not kept unless it was paused. */
const WORTHWHILE_MS = 20_000;

/** A run that is throttled works and rests in turn, so often, or more seldom where steps are longer. */
const CYCLE_MS = 500;

/** Steps in flight are looked for so often before a rest. */
const LOOK_MS = 20;

/** After the visitor moved something on a slow adapter. */
const GIVE_WAY_MS = 200;

interface Rates {
  readonly lrD: number;
  readonly lrG: number;
}

export class Run {
  readonly #studio: Studio;
  readonly #request: TrainRequest;
  readonly #abort = new AbortController();
  /** Settles when the run has let go of the device and the canvas. */
  readonly #cleared: Promise<void>;
  #trainer: GanTrainer | undefined;
  #pictures: ImageSet | undefined;
  #effort = 1;
  /** Steps take long: the adapter is software. */
  #slow = false;
  /** By the visitor, not to rest. */
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writer: SavedRunWriter | undefined;
  /** Kept with it. */
  #record: Pick<RunRecord, 'name' | 'settings'>;
  #savedAt = performance.now();
  #savedStep = 0;
  #saving: Promise<void> | undefined;
  #step = 0;
  readonly #film = new Film();
  #show: Show | undefined;
  /** Those that were set before there was a trainer. */
  #rates: Rates | undefined;

  /** Ends the run before, if there is one, and begins when that has let go of everything. */
  constructor(studio: Studio, request: TrainRequest) {
    this.#studio = studio;
    this.#request = request;
    const before = studio.run;
    before?.end();
    studio.run = this;
    this.#record = request.record;
    const { from } = request;
    this.#writer = new SavedRunWriter(from?.kind === 'saved' ? from.id : undefined);
    this.#cleared = this.#go(before ? before.#cleared : undefined);
  }

  /** What this browser keeps it under, if it does. */
  get savedAs(): string | undefined {
    return this.#writer?.id;
  }

  /** Saves nothing of it from now on. Resolves when nothing is being written any more. */
  async keepNoMore(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    await this.#saving;
    await writer?.close();
  }

  /** From when it trains until it is over. */
  get trainer(): GanTrainer | undefined {
    return this.#trainer;
  }

  /** What it trains on, as the networks see it. */
  get pictures(): ImageSet | undefined {
    return this.#pictures;
  }

  /** Works for this share of the time, to keep a machine cool and its battery full. */
  throttle(effort: number): void {
    this.#effort = effort;
    this.#turn();
  }

  pause(): void {
    this.#paused = true;
    this.#trainer?.pause();
    void this.#save();
  }

  resume(): void {
    this.#paused = false;
    this.#turn();
  }

  /** Rests while the visitor moves something, where steps are so long that pictures would lag behind. */
  giveWay(): void {
    if (!this.#slow || this.#paused || !this.#trainer) return;
    clearTimeout(this.#timer);
    this.#trainer.pause();
    this.#timer = setTimeout(() => this.#turn(), GIVE_WAY_MS);
  }

  /** Works, then rests, then calls itself again, for as long as there is something to rest from. */
  #turn(): void {
    clearTimeout(this.#timer);
    if (this.#paused || !this.#trainer) return;
    const trainer = this.#trainer;
    const effort = this.#effort;
    trainer.resume();
    if (effort >= 1) return;
    const begun = performance.now();
    const rest = () => {
      trainer.pause();
      // Until then it is no rest: a step of seconds would fill all of it, and the next one follow at once.
      const inFlight = trainer.step > this.#step;
      const worked = performance.now() - begun;
      this.#timer = inFlight
        ? setTimeout(rest, LOOK_MS)
        : setTimeout(() => this.#turn(), (worked * (1 - effort)) / effort);
    };
    this.#timer = setTimeout(rest, CYCLE_MS * effort);
  }

  /** Keeps the run as it is now, unless that has been done. One save after the other. */
  async #save(): Promise<void> {
    await this.#saving;
    const trainer = this.#trainer;
    // What a lost device led back to is older than what was kept before.
    const kept = this.#step <= this.#savedStep;
    if (!trainer || !this.#writer || this.#saving || kept) return this.#saving;
    this.#saving = this.#saveNow(trainer).finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveNow(trainer: GanTrainer): Promise<void> {
    const { job } = this.#request;
    this.#savedAt = performance.now();
    try {
      const checkpoint = await trainer.checkpoint();
      const file = readSafetensors(checkpoint);
      // Within some steps the run will end because of it, and what was kept before is worth more.
      if (!allFinite(file)) return;
      // Its own: steps may have been done that are not told of yet.
      const step = Number(file.metadata.step);
      const kept = { ...this.#record, step, saved: Date.now() };
      await this.#writer?.save(checkpoint, kept, this.#show?.thumbnail);
      if (!this.#writer) return;
      this.#savedStep = step;
      this.#studio.post({ type: 'saved', job, step });
    } catch (error) {
      // Once: it would fail every time, and the run itself goes on.
      await this.#writer?.close();
      this.#writer = undefined;
      this.#studio.post({ type: 'note', problem: problemOf(error) });
    }
  }

  /** What is to be seen of it, from when it trains until it is over. */
  get show(): Show | undefined {
    return this.#trainer && this.#show;
  }

  /** New ones, also for a run that is still being prepared. `settings` are kept with it from now on. */
  setLearningRates(rates: Rates, settings: unknown): void {
    this.#record = { ...this.#record, settings };
    if (this.#trainer) this.#trainer.setLearningRates(rates);
    else this.#rates = rates;
  }

  /** Ends it, or whatever it waits for, and frees its memory. */
  end(): void {
    this.#abort.abort();
  }

  async #go(before: Promise<void> | undefined): Promise<void> {
    const studio = this.#studio;
    const { signal } = this.#abort;
    const { job, source, options, effort } = this.#request;
    this.#effort = effort;
    try {
      await before;
      signal.throwIfAborted();
      const engine = await studio.engine();
      const set = await studio.loader.load(source, options.imageSize, options.channels);
      signal.throwIfAborted();
      studio.post({
        type: 'progress',
        progress: { stage: 'compile', name: '', loaded: 0, total: undefined },
      });
      const trainer = await this.#open(engine, set);
      try {
        signal.throwIfAborted();
        this.#trainer = trainer;
        const { step: start } = trainer;
        this.#step = start;
        this.#savedStep = start;
        this.#slow = engine.adapter.software;
        if (this.#rates) trainer.setLearningRates(this.#rates);
        this.#turn();
        const seen = fitToSquare(set, options.imageSize, options.channels);
        this.#pictures = seen;
        this.#savedAt = performance.now();
        try {
          await this.#follow(trainer, new QualityGauge(seen), engine.adapter.software);
        } finally {
          const worthwhile = performance.now() - this.#savedAt > WORTHWHILE_MS;
          if (this.#savedStep > start || worthwhile) await this.#save();
          else await this.#saving;
        }
      } finally {
        this.#trainer = undefined;
        this.#pictures = undefined;
        clearTimeout(this.#timer);
        trainer.dispose();
      }
    } catch (error) {
      // The next run tries anew.
      if (error instanceof RecoveryError) await studio.closeEngine();
      if (!signal.aborted) studio.post({ type: 'failed', job, problem: problemOf(error) });
    } finally {
      await this.#writer?.close();
      if (studio.run === this) studio.run = undefined;
    }
  }

  async #open(engine: Engine, set: ImageSet): Promise<GanTrainer> {
    const { job, options, from } = this.#request;
    const settings: TrainerOptions = {
      snapshotSeconds: SNAPSHOT_SECONDS,
      signal: this.#abort.signal,
      onEvent: (event) => {
        if (event.type !== 'recovered') return;
        this.#step = event.step;
        this.#film.rewind(event.step);
        this.#show?.rewind(event.step);
        this.#studio.explorer.recover();
        this.#studio.post({ type: 'recovered', job, step: event.step });
      },
    };
    if (!from) return GanTrainer.create(engine, set, options, settings);
    const bytes =
      from.kind === 'saved'
        ? await loadRun(from.id)
        : new Uint8Array(await from.file.arrayBuffer());
    return GanTrainer.resume(engine, set, bytes, settings);
  }

  /** Trains until the end. */
  async #follow(trainer: GanTrainer, gauge: QualityGauge, software: boolean): Promise<void> {
    const studio = this.#studio;
    const { canvas, explorer, post } = studio;
    const { job } = this.#request;
    const { signal } = this.#abort;
    if (!canvas) throw new Error('The page gave no canvas to draw on.');
    const film = this.#film;
    const show = await Show.open({
      ...{ studio, canvas, job, trainer, gauge, film, software, signal },
    });
    this.#show = show;
    // Other wishes may have come while it was opened.
    if (studio.canvas && studio.canvas !== canvas) show.moveTo(studio.canvas);
    show.resize();
    let { step } = trainer;

    let rows: StepMetrics[] = [];
    const rate = new Rate();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const report = () => {
      timer = undefined;
      post({ type: 'metrics', job, rows, stepsPerSecond: rate.at(step) });
      rows = [];
      if (this.#paused) {
        // What is on the canvas is then what the last number says, and a pause counts for no rate.
        show.settle();
        rate.forget();
      }
    };

    try {
      explorer.begin(await studio.engine(), trainer);
      show.draw();
      post({ type: 'training', job, latents: latentsOf(trainer) });
      // Drawing waits for all that is in flight, and a software adapter makes the page wait with it.
      const pacing = software ? { boundaryEvery: 1 } : {};
      for await (const metrics of trainer.run({ signal, ...pacing })) {
        // Steps are done again after the loss of a device.
        if (metrics.step <= step) rate.forget();
        rate.begin(metrics.step - 1);
        step = metrics.step;
        this.#step = step;
        if (performance.now() - this.#savedAt > SAVE_MS) void this.#save();
        rows.push(metrics);
        // A timer rather than a look at the clock: the last steps before a pause are told as well.
        timer ??= setTimeout(report, REPORT_MS);
        await show.follow(step);
      }
      signal.throwIfAborted();
    } finally {
      clearTimeout(timer);
      explorer.end();
      show.close();
    }
  }
}

/** Steps a second of the last few seconds. */
class Rate {
  #marks: { readonly time: number; readonly step: number }[] = [];

  /** From now on, unless it is counting already. */
  begin(step: number): void {
    if (this.#marks.length === 0) this.#marks = [{ time: performance.now(), step }];
  }

  at(step: number): number {
    const time = performance.now();
    const oldest = this.#marks.findLast((mark) => time - mark.time > RATE_MS) ?? this.#marks[0];
    this.#marks = [...this.#marks.filter((mark) => time - mark.time <= RATE_MS), { time, step }];
    return oldest ? ((step - oldest.step) * 1000) / (time - oldest.time) : 0;
  }

  forget(): void {
    this.#marks = [];
  }
}
