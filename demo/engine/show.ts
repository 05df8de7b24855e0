/** What is to be seen of a run while it goes on: its samples on the canvas, the film of them, and D's view. */

import { type CanvasView, Critic, type GanTrainer, type Scores } from '../../src/index.ts';
import { columnsOf, DEFAULT_COUNT } from '../grid.ts';
import { type Film, pictureOf } from './film.ts';
import { problemOf } from './problem.ts';
import type { QualityGauge } from './quality.ts';
import type { Studio } from './studio.ts';

/** Pictures are redrawn no more often than this: each time costs a pass of the generator. */
const DRAW_MS = { software: 250, gpu: 100 };

/**
 * Once the first few steps have been shown, 64 samples at least so many steps apart; more samples, or as many
 * beside smaller batches than these, accordingly: else the software adapter does little but draw.
 */
const DRAW_STEPS = 4;
const DRAW_BATCH = 16;

/** D is asked no more often than this, nor after fewer steps for 64 samples: it costs about a step. */
const SCORE_MS = 1000;
const SCORE_STEPS = 20;

/** As many pictures are judged at least: fewer make no histogram. */
const LEAST_SCORED = 64;

const layoutOf = (count: number) => ({ count, columns: columnsOf(count) });

/** A hidden tab shows nothing, and must not wait for it. */
const PATIENCE_MS = 100;

/**
 * Settles when the browser has taken what was drawn. Until then the commands of a software adapter
 * keep the browser from drawing anything: traced on SwiftShader, it waits for all that were submitted.
 */
const shown = (): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MS);
    requestAnimationFrame(() => {
      clearTimeout(timer);
      resolve();
    });
  });

interface ShowOptions {
  readonly studio: Studio;
  readonly canvas: OffscreenCanvas;
  readonly job: number;
  readonly trainer: GanTrainer;
  readonly gauge: QualityGauge;
  readonly film: Film;
  readonly software: boolean;
  /** Of the run: what fails after its end is nobody's concern. */
  readonly signal: AbortSignal;
}

export class Show {
  /** The newest picture of the film. */
  thumbnail: Blob | undefined;
  readonly #options: ShowOptions;
  #canvas: OffscreenCanvas;
  /** None while it gives way to another. */
  #view: CanvasView | undefined;
  #count: number;
  #step: number;
  #drawn = { step: -1, at: performance.now() };
  #scored = { step: -1, at: performance.now() };
  /** Questions to D that are under way. */
  #asked = 0;
  #critic: Critic | undefined;
  #compiling = false;
  /** So many pictures are more than D can be shown at once here. */
  #tooMany = Number.POSITIVE_INFINITY;
  #resizing: Promise<void> = Promise.resolve();

  private constructor(options: ShowOptions, view: CanvasView, count: number) {
    this.#options = options;
    this.#canvas = options.canvas;
    this.#view = view;
    this.#count = count;
    this.#step = options.trainer.step;
    this.#tellGrid();
  }

  static async open(options: ShowOptions): Promise<Show> {
    const { studio, trainer, canvas } = options;
    const count = studio.gridCount;
    return new Show(options, await trainer.attachCanvas(canvas, layoutOf(count)), count);
  }

  /** A step was done. Resolves when the next one can begin. */
  async follow(step: number): Promise<void> {
    const { studio, software, trainer } = this.#options;
    this.#step = step;
    const { batchSize } = trainer.options;
    const load = (this.#count / DEFAULT_COUNT) * Math.max(1, DRAW_BATCH / batchSize);
    const due = (last: { readonly step: number; readonly at: number }, ms: number, steps: number) =>
      performance.now() - last.at >= ms && step - last.step >= Math.min(steps * load, step);
    const drawing = due(this.#drawn, software ? DRAW_MS.software : DRAW_MS.gpu, DRAW_STEPS);
    if (drawing) this.draw();
    if (drawing && software) await shown();
    if (studio.scoring && this.#asked === 0 && due(this.#scored, SCORE_MS, SCORE_STEPS))
      void this.#score();
  }

  /** Goes on after this step, which a lost device led back to. */
  rewind(step: number): void {
    this.#step = step;
    this.#drawn = { step: -1, at: this.#drawn.at };
    this.#scored = { step: -1, at: this.#scored.at };
  }

  /** The run rests, or D is asked for again: what is to be seen is what the last number says. */
  settle(): void {
    if (this.#drawn.step !== this.#step) this.draw();
    if (this.#options.studio.scoring && this.#scored.step !== this.#step) void this.#score();
  }

  draw(): void {
    if (!this.#view) return;
    this.#view.draw();
    this.#options.studio.explorer.redraw();
    this.#drawn = { step: this.#step, at: performance.now() };
    if (this.#options.film.wants(this.#step)) this.#record();
  }

  /** All samples as they are now, each pixel a pixel. */
  async picture(): Promise<Blob> {
    await this.#resizing;
    this.draw();
    return pictureOf(this.#canvas, 'image/png');
  }

  /** Adds to the film what was drawn just now. */
  #record(): void {
    const { studio, job, gauge, trainer } = this.#options;
    const { post } = studio;
    const step = this.#step;
    const count = this.#count;
    Promise.all([pictureOf(this.#canvas, 'image/webp'), this.#score()]).then(
      ([picture, scores]) => {
        this.thumbnail = picture;
        post({ type: 'frame', job, step, count, picture, ...(scores && { scores }) });
      },
      this.#note,
    );
    gauge
      .measure(trainer)
      .then((quality) => post({ type: 'quality', job, step, ...quality }), this.#note);
  }

  /** Tells what D makes of the samples; nothing yet where that has to be compiled first. */
  async #score(): Promise<Scores | undefined> {
    const { studio, job } = this.#options;
    const step = this.#step;
    this.#scored = { step, at: performance.now() };
    const critic = this.#critic;
    if (critic?.count !== Math.max(LEAST_SCORED, this.#count)) {
      void this.#compileCritic();
      return undefined;
    }
    this.#asked++;
    try {
      const scores = await critic.scores();
      studio.post({ type: 'scores', job, step, scores });
      return scores;
    } catch (error) {
      this.#note(error);
      return undefined;
    } finally {
      this.#asked--;
    }
  }

  /** Another critic for another number of pictures, which is asked at once. */
  async #compileCritic(): Promise<void> {
    const count = Math.max(LEAST_SCORED, this.#count);
    if (this.#compiling || count >= this.#tooMany) return;
    this.#compiling = true;
    this.#critic?.dispose();
    this.#critic = undefined;
    try {
      // D trains against the newest weights. Against their average (EMA), which the samples have, it is so
      // sure that all frames have one colour, and the charts of D(G(z)) say something else.
      this.#critic = await Critic.create(this.#options.trainer, { count, averaged: false });
    } catch (error) {
      this.#tooMany = count;
      return this.#note(error);
    } finally {
      this.#compiling = false;
    }
    await this.#score();
  }

  /** As many samples as the visitor wants now. The others are shown until these can be drawn. */
  resize(): void {
    this.#resizing = this.#resizing.then(() => this.#resize()).catch(this.#note);
  }

  async #resize(): Promise<void> {
    const { studio, trainer } = this.#options;
    const count = studio.gridCount;
    if (count === this.#count) return;
    try {
      // Compiled beside the one on the canvas.
      await trainer.sampleGrid({ count });
      await this.#attach(count);
      this.#count = count;
    } finally {
      studio.gridCount = this.#count;
      this.#tellGrid();
    }
    this.draw();
    if (studio.scoring) void this.#score();
  }

  /** From now on samples are drawn on this canvas. */
  moveTo(canvas: OffscreenCanvas): void {
    this.#resizing = this.#resizing
      .then(async () => {
        this.#canvas = canvas;
        await this.#attach(this.#count);
        this.draw();
      })
      .catch(this.#note);
  }

  async #attach(count: number): Promise<void> {
    this.#view?.detach();
    this.#view = undefined;
    this.#view = await this.#options.trainer.attachCanvas(this.#canvas, layoutOf(count));
  }

  #tellGrid(): void {
    const { studio, trainer, job } = this.#options;
    const { imageSize: size } = trainer.options;
    studio.post({ type: 'grid', job, grid: { count: this.#count, size } });
  }

  readonly #note = (error: unknown): void => {
    const { studio, signal } = this.#options;
    // A run that ends takes its samples with it.
    if (!signal.aborted) studio.post({ type: 'note', problem: problemOf(error) });
  };

  /** Lets go of the canvas. */
  close(): void {
    this.#view?.detach();
    this.#view = undefined;
    this.#critic?.dispose();
  }
}
