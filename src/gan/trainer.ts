import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { LimitError } from '../gpu/errors.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Executable } from '../runtime/executable.ts';
import type { Variables } from '../runtime/variables.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { decodeMetrics, METRICS_BYTES, type StepMetrics } from './metrics.ts';
import { type GanOptions, resolveOptions } from './options.ts';
import { requirements } from './requirements.ts';
import { type CanvasView, type PictureGrid, Sampler } from './sampler.ts';
import { Players, traceStep, variableNames } from './step.ts';

/** When a run ends, whichever comes first; never by itself if none is given. */
export interface RunOptions {
  /** Steps to do in this run. */
  readonly steps?: number;
  /** Seconds that this run may take; pauses count. */
  readonly seconds?: number;
  /** Ends the run with the signal's reason, once the steps in flight are done. */
  readonly signal?: AbortSignal;
  /**
   * Every so many steps nothing is in flight when the metrics arrive: pictures and checkpoints made
   * then show exactly that step. Otherwise they may be one step ahead.
   */
  readonly boundaryEvery?: number;
}

/** Sizes and times of a trainer. */
export interface TrainerStats {
  readonly dispatches: number;
  readonly submits: number;
  /** Bytes of all buffers on the device now, and the most there were. */
  readonly bufferBytes: number;
  readonly peakBufferBytes: number;
  /** Bytes of the resident data set, which are among them. */
  readonly dataBytes: number;
  readonly pipelines: number;
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  /** Multiply-adds × 2 of a step. */
  readonly flops: number;
  /** One line a command of the step: what was chosen to run. */
  readonly plan: readonly string[];
  /** Milliseconds to trace, compile and run the first step. */
  readonly firstStepMs: number | null;
}

/** A step on its way. */
interface Submitted {
  readonly step: number;
  /** When it was submitted, by `performance.now()`. */
  readonly at: number;
  readonly metrics: Promise<Float32Array>;
}

/** Steps that the GPU may be behind: enough to keep it busy, few enough to answer quickly. */
const IN_FLIGHT = 2;
/** Longest submit while a canvas is attached: longer ones starve the compositor. */
const CANVAS_SUBMIT_MS = 40;
/** A step that is longer is cut in any case, so that drivers do not take it for a hang. */
const LONG_SUBMIT_MS = 500;
const MAX_SUBMITS = 4;

/**
 * Trains a DCGAN on a set of pictures, all of it on the GPU.
 *
 * ```ts
 * const trainer = await GanTrainer.create(engine, pictures, { imageSize: 32 });
 * for await (const { step, lossD, lossG } of trainer.run({ steps: 1000 })) console.log(step, lossD, lossG);
 * ```
 */
export class GanTrainer {
  readonly options: GanOptions;
  private readonly samplers = new Map<number, Promise<Sampler>>();
  private readonly ring: ReadbackRing;
  private readonly views = new Set<CanvasView>();
  private rates: Pick<GanOptions, 'lrD' | 'lrG'>;
  private submitted = 0;
  private running = false;
  private stopping = false;
  private disposed = false;
  private firstStepMs: number | null = null;
  private stepMs = 0;
  private gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  private constructor(
    private readonly engine: Engine,
    private readonly players: Players,
    private readonly variables: Variables,
    private readonly executable: Executable,
    private readonly dataBytes: number,
    private readonly begun: number,
  ) {
    this.options = players.options;
    const { lrD, lrG } = players.options;
    this.rates = { lrD, lrG };
    this.ring = new ReadbackRing(engine.device, IN_FLIGHT, METRICS_BYTES);
  }

  /**
   * Uploads the pictures (made square, of the model's size and channels), traces and compiles the
   * step. Errors: `ModelError` for options, `DataError` for pictures, `RunLimitError` for what the
   * device is too small for: see `requirements`.
   */
  static async create(
    engine: Engine,
    pictures: ImageSet,
    given: Partial<GanOptions> = {},
  ): Promise<GanTrainer> {
    const begun = performance.now();
    const options = resolveOptions(given);
    const { imageSize, channels } = options;
    const { limits } = engine.device.gpu;
    const { count } = checkImageSet(pictures);
    // Before they are resized, which needs so much of the host's memory.
    if (count * imageSize ** 2 * channels > limits.maxStorageBufferBindingSize) {
      requirements(options, { count }).check(limits);
    }
    const set = fitToSquare(pictures, imageSize, channels);
    const players = new Players(options);
    const graph = traceStep(players, [set.count, imageSize, imageSize, channels]);
    const variables = engine.variables();
    let executable: Executable | undefined;
    try {
      executable = await engine.compile(graph, variables);
      for (const [name, values] of players.initialValues()) variables.write(name, values);
      variables.write(variableNames.data, set.data);
      return new GanTrainer(engine, players, variables, executable, set.data.byteLength, begun);
    } catch (error) {
      executable?.dispose();
      variables.dispose();
      // The device knows buffers; what they are for, and which batch would fit, is known here.
      if (error instanceof LimitError) requirements(options, { count }).check(limits);
      throw error;
    }
  }

  /** Steps submitted to the GPU so far. */
  get step(): number {
    return this.submitted;
  }

  get paused(): boolean {
    return this.gate !== undefined;
  }

  /** Holds a run before its next step. */
  pause(): void {
    if (this.gate) return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.gate = { opened, open };
  }

  /** Lets a paused run go on. */
  resume(): void {
    this.gate?.open();
    this.gate = undefined;
  }

  /** Ends the run, or the next one if none is going on, once the steps in flight have been reported. */
  stop(): void {
    this.stopping = true;
    this.resume();
  }

  /** Trains, and yields the metrics of every step in order. Only one run at a time. */
  async *run({
    steps = Infinity,
    seconds = Infinity,
    signal,
    boundaryEvery,
  }: RunOptions = {}): AsyncGenerator<StepMetrics, void> {
    this.assertUsable();
    if (this.running) {
      throw new GanvasError(
        'busy',
        'This trainer is running already.',
        'Stop it first, or make another trainer.',
      );
    }
    this.running = true;
    const onAbort = () => this.stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    const pending: Submitted[] = [];
    const last = this.submitted + steps;
    const end = performance.now() + seconds * 1000;
    const over = () =>
      this.stopping || this.disposed || this.submitted >= last || performance.now() >= end;
    let arrived = 0;
    try {
      signal?.throwIfAborted();
      for (;;) {
        while (pending.length < IN_FLIGHT && !over()) {
          if (this.gate && pending.length > 0) break;
          if (boundaryEvery && pending.length > 0 && this.submitted % boundaryEvery === 0) break;
          if (this.gate) {
            await Promise.race([this.gate.opened, this.engine.lost]);
            this.engine.device.assertUsable();
            continue;
          }
          pending.push(this.submit());
        }
        const next = pending.shift();
        if (!next) break;
        const values = await next.metrics.catch((error: unknown) => {
          if (!this.disposed) throw error;
        });
        if (!values) break;
        const now = performance.now();
        const metrics = this.toMetrics(values, next.step, now - Math.max(arrived, next.at));
        arrived = now;
        yield metrics;
      }
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      await Promise.allSettled(pending.map((p) => p.metrics));
      this.running = false;
      this.stopping = false;
    }
  }

  private submit(): Submitted {
    const at = performance.now();
    const output = this.executable.outputs.get('metrics');
    if (!output) throw new Error('the step has no metrics');
    let slot: ReturnType<ReadbackRing['encodeCopy']> | undefined;
    this.executable.run({
      submits: this.submits,
      tail: (encoder) => {
        slot = this.ring.encodeCopy(encoder, output.buffer, METRICS_BYTES, output.offset);
      },
    });
    const bytes = slot?.read() ?? Promise.reject(new Error('the metrics were not copied'));
    const metrics = bytes.then((b) => new Float32Array(b));
    // It may fail before the run looks at it, while the loop's body is busy: that is not unhandled.
    metrics.catch(() => {});
    return { at, step: ++this.submitted, metrics };
  }

  /** Submits that a step is cut into: short ones while somebody watches. */
  private get submits(): number {
    if (this.views.size > 0) return Math.max(1, Math.ceil(this.stepMs / CANVAS_SUBMIT_MS));
    return this.stepMs > LONG_SUBMIT_MS ? MAX_SUBMITS : 1;
  }

  private toMetrics(values: Float32Array, step: number, timeMs: number): StepMetrics {
    this.firstStepMs ??= performance.now() - this.begun;
    this.stepMs = this.stepMs === 0 ? timeMs : 0.9 * this.stepMs + 0.1 * timeMs;
    return decodeMetrics(values, step, timeMs);
  }

  private sampler(count: number): Promise<Sampler> {
    if (!(Number.isInteger(count) && count >= 1 && count <= 4096)) {
      throw new GanvasError(
        'samples',
        `A grid of ${count} pictures is not possible.`,
        'Ask for 1 to 4096.',
      );
    }
    let sampler = this.samplers.get(count);
    if (!sampler) {
      sampler = Sampler.create(this.engine, this.players, this.variables, count).catch((error) => {
        if (error instanceof LimitError) {
          const { limits } = this.engine.device.gpu;
          requirements(this.options, { count: 1 }, { samples: count }).check(limits);
        }
        throw error;
      });
      this.samplers.set(count, sampler);
      sampler.catch(() => this.samplers.delete(count));
    }
    return sampler;
  }

  /** Pictures of a fixed latent batch, by running statistics and, if on, the averaged weights. */
  async sampleGrid({ count = 64 }: { count?: number } = {}): Promise<PictureGrid> {
    this.assertUsable();
    const sampler = await this.sampler(count);
    return sampler.read(this.submitted);
  }

  /** Shows the sample grid on a canvas, drawn from the GPU's memory, whenever `draw` is called. */
  async attachCanvas(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    { count = 64, columns = 8 }: { count?: number; columns?: number } = {},
  ): Promise<CanvasView> {
    this.assertUsable();
    const sampler = await this.sampler(count);
    this.assertUsable();
    const inner = sampler.attach(canvas, columns);
    const view: CanvasView = {
      draw: () => {
        this.assertUsable();
        inner.draw();
      },
      detach: () => {
        if (this.views.delete(view)) inner.detach();
      },
    };
    this.views.add(view);
    return view;
  }

  /** Sets new learning rates; the next step submitted uses them. */
  setLearningRates({ lrD, lrG }: { lrD?: number; lrG?: number }): void {
    this.assertUsable();
    const { optimiserD, optimiserG } = this.players;
    // Both are checked before one is written.
    const writes = [
      lrD === undefined ? undefined : optimiserD.withLearningRate(lrD),
      lrG === undefined ? undefined : optimiserG.withLearningRate(lrG),
    ];
    for (const write of writes) if (write) this.variables.write(write.variable, write.values);
    this.rates = { lrD: lrD ?? this.rates.lrD, lrG: lrG ?? this.rates.lrG };
  }

  /**
   * Everything that a run consists of, as a safetensors file with PyTorch's names and layouts. Of one
   * moment, between two steps, even while a run goes on.
   */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    this.assertUsable();
    return writeCheckpoint(this.players, (name) => this.variables.read(name), {
      format: 'ganvas-1',
      options: JSON.stringify({ ...this.options, ...this.rates }),
      choices: JSON.stringify(this.executable.plan.choices),
    });
  }

  /** All parameters as they are now, by net, flat: to compare runs bit by bit. */
  async parameters(): Promise<{ generator: Float32Array; discriminator: Float32Array }> {
    this.assertUsable();
    const { generator, discriminator } = this.players;
    const read = (name: string) => this.variables.read(name) as Promise<Float32Array<ArrayBuffer>>;
    const [g, d] = await Promise.all([read(generator.variable), read(discriminator.variable)]);
    return { generator: g, discriminator: d };
  }

  stats(): TrainerStats {
    const { counters } = this.engine.device;
    const { stats, plan } = this.executable;
    return {
      dispatches: stats.dispatches,
      submits: this.submits,
      bufferBytes: counters.bufferBytes,
      peakBufferBytes: counters.peakBufferBytes,
      dataBytes: this.dataBytes,
      pipelines: stats.pipelines,
      parameters: {
        generator: this.players.generator.parameterCount,
        discriminator: this.players.discriminator.parameterCount,
      },
      flops: stats.flops,
      plan: plan.commands.map((c) => (c.kind === 'copy' ? 'copy' : c.dispatch.label)),
      firstStepMs: this.firstStepMs,
    };
  }

  private assertUsable() {
    if (this.disposed)
      throw new GanvasError('disposed', 'This trainer has been disposed.', 'Make a new one.');
    this.engine.device.assertUsable();
  }

  /** Ends a run and frees everything on the GPU. Twice is fine. */
  dispose(): void {
    if (this.disposed) return;
    this.stop();
    this.disposed = true;
    for (const view of this.views) view.detach();
    this.executable.dispose();
    this.ring.dispose();
    for (const sampler of this.samplers.values())
      sampler.then(
        (s) => s.dispose(),
        () => {},
      );
    this.samplers.clear();
    this.variables.dispose();
  }
}
