/**
 * Pictures of any latents, on canvases of their own, beside a run. The GPU is given no more when it has
 * not done what it was given the time before last: what the page asks for faster than that replaces
 * what it asked for before, and training goes on in between.
 */

import { type CanvasView, DeviceLostError, type Engine, type GanTrainer } from '../../src/index.ts';
import type { Latents, ViewLayout } from './protocol.ts';

/** As many as the largest grid shows. */
const LATENTS = 256;

/** While the generator learns, what nobody touches is drawn anew no more often than this. */
const REDRAW_MS = 500;

interface View {
  readonly canvas: OffscreenCanvas;
  readonly layout: ViewLayout;
  latents?: Float32Array;
  /** It could not be drawn, which has been told once: not again at every step. */
  failed?: boolean;
  /** On the canvas, from the first picture until the run ends. */
  shown?: CanvasView | undefined;
}

export class Explorer {
  readonly #onProblem: (error: unknown) => void;
  readonly #views = new Map<number, View>();
  /** Those to draw. */
  readonly #due = new Set<View>();
  #working = false;
  #trainer: GanTrainer | undefined;
  #engine: Engine | undefined;
  /** When the GPU has done all but the last of what it was given. */
  #before: Promise<void> | undefined;
  /** End the waits for the GPU. */
  readonly #waits = new Set<() => void>();
  #redrawn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onProblem: (error: unknown) => void) {
    this.#onProblem = onProblem;
  }

  /** From now on pictures are this trainer's. */
  begin(engine: Engine, trainer: GanTrainer): void {
    this.#engine = engine;
    this.#trainer = trainer;
    this.#drawAll();
  }

  /** Lets go of the trainer. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#trainer = undefined;
    this.#engine = undefined;
    this.#due.clear();
    for (const end of this.#waits) end();
    for (const view of this.#views.values()) detach(view);
  }

  /** Another device took the place of a lost one, which may never say that it has done its work. */
  recover(): void {
    for (const end of this.#waits) end();
    // What failed on the lost device need not fail on this one.
    for (const view of this.#views.values()) view.failed = false;
    this.redraw();
  }

  open(id: number, canvas: OffscreenCanvas, layout: ViewLayout): void {
    this.#views.set(id, { canvas, layout });
  }

  close(id: number): void {
    const view = this.#views.get(id);
    if (!view) return;
    this.#views.delete(id);
    this.#due.delete(view);
    detach(view);
  }

  /** Draws pictures of these latents, as soon as there is a run. */
  show(id: number, latents: Float32Array): void {
    const view = this.#views.get(id);
    if (!view) return;
    view.latents = latents;
    view.failed = false;
    this.#due.add(view);
    void this.#work();
  }

  /** The generator has changed. */
  redraw(): void {
    const wait = this.#redrawn + REDRAW_MS - performance.now();
    // Later rather than not at all: the last change before a pause is to be seen.
    this.#timer ??= setTimeout(() => this.#drawAll(), Math.max(0, wait));
  }

  #drawAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#redrawn = performance.now();
    for (const view of this.#views.values()) this.#due.add(view);
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    while (this.#due.size > 0) {
      const views = [...this.#due];
      this.#due.clear();
      for (const view of views) await this.#draw(view);
      this.#redrawn = performance.now();
      const done = this.#engine && this.#workDone(this.#engine);
      await this.#before;
      this.#before = done;
    }
    this.#working = false;
  }

  /** When the GPU has done what it was given so far. */
  #workDone({ device }: Engine): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      this.#waits.delete(end);
      resolve();
    };
    this.#waits.add(end);
    device.gpu.queue.onSubmittedWorkDone().then(end, end);
    return promise;
  }

  async #draw(view: View): Promise<void> {
    const trainer = this.#trainer;
    if (!trainer || !view.latents || view.failed) return;
    const current = () => this.#trainer === trainer && [...this.#views.values()].includes(view);
    try {
      if (!view.shown) {
        const shown = await trainer.attachCanvas(view.canvas, view.layout);
        if (!current()) return shown.detach();
        view.shown = shown;
      }
      view.shown.draw({ latents: view.latents });
    } catch (error) {
      // A run that ends takes its canvases with it.
      // What a lost device fails with, the next one draws.
      if (!current() || error instanceof DeviceLostError) return;
      view.failed = true;
      this.#onProblem(error);
    }
  }
}

function detach(view: View): void {
  view.shown?.detach();
  view.shown = undefined;
}

/** What the samples of a run are drawn from. */
export function latentsOf(trainer: GanTrainer): Latents {
  const { latentDim: dimension, latent: law } = trainer.options;
  return { values: trainer.latents({ count: LATENTS }), dimension, law };
}
