import { deferred } from '../gpu/deferred.ts';
import type { Device } from '../gpu/device.ts';
import { DeviceLostError, RecoveryError } from '../gpu/errors.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Engine, MemoryInfo } from '../runtime/engine.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import type { NonFinite } from './finite-check.ts';
import { follow } from './follow.ts';
import type { GraphFunction, TracedFunction } from './graph-function.ts';
import { type Attachment, LastingSession } from './lasting-session.ts';
import { decodeMetrics, type Metrics } from './metrics.ts';
import { nextTask } from './next-task.ts';
import type { StepProbe } from './profile.ts';
import { assignedVariables, type TrainingProgram } from './program.ts';
import { IN_FLIGHT, type Session, type Snapshot } from './session.ts';
import { Survival, type TrainerOptions } from './survival.ts';

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
  /**
   * Milliseconds after which the run gives way to the page's event loop for a task, as TensorFlow.js's
   * option of that name does: 50 by default, 0 for every step, `Infinity` for never. It costs next to
   * nothing, and the steps in flight keep the GPU busy meanwhile.
   */
  readonly yieldEvery?: number;
}

/** Options of `train`. */
export interface TrainOptions<Name extends string = string> extends RunOptions {
  /** Called after every step, in order; a promise is awaited. What it throws ends the run. */
  readonly onStep?: (metrics: Metrics<Name>) => void | Promise<void>;
}

/** Sizes and times of a trainer. */
export interface TrainerStats {
  /** Kernels that run in a step. */
  readonly dispatches: number;
  /** Parts that a step is submitted in, as it is now. */
  readonly submits: number;
  /** Different pipelines of a step. */
  readonly pipelines: number;
  /** Multiply-adds × 2 of a step. */
  readonly flops: number;
  /** One line a command of the step: what was chosen to run. */
  readonly plan: readonly string[];
  /** Milliseconds to trace, compile and run the first step. */
  readonly firstStepMs: number | null;
}

/** A step on its way. */
interface Submitted {
  readonly session: Session;
  readonly step: number;
  /** When it was submitted, by `performance.now()`. */
  readonly at: number;
  readonly metrics: Promise<Float32Array>;
  /** What a look at the parameters found; where there was none, null. */
  readonly found: Promise<NonFinite | undefined> | null;
}

/** Longest submit while a canvas is attached: longer ones starve the compositor. */
const CANVAS_SUBMIT_MS = 40;
/** A step that is longer is cut in any case, so that drivers do not take it for a hang. */
const LONG_SUBMIT_MS = 500;
const MAX_SUBMITS = 4;
/** What browsers call a long task begins here. */
const YIELD_MS = 50;
/**
 * What every trainer does: runs a program's step again and again, tells what it measured, and goes on
 * when the device is lost.
 */
export abstract class BaseTrainer<Name extends string> {
  protected disposed = false;
  private readonly lasting: LastingSession;
  private readonly survival: Survival<Name>;
  private running = false;
  private stopping = false;
  /** Lets a run know at once that it is to end. */
  private halt: (() => void) | undefined;
  private firstStepMs: number | null = null;
  private stepMs = 0;
  private gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
  private readonly begun: number;
  private probe: StepProbe | undefined;

  protected constructor(
    protected readonly engine: Engine,
    private readonly program: TrainingProgram<Name>,
    session: Session,
    settings: TrainerOptions,
    /** Steps that were done before, and when the trainer began to be made. */
    { step, begun }: { readonly step: number; readonly begun: number },
  ) {
    this.begun = begun;
    this.lasting = new LastingSession(engine, program, session, step, {
      lost: (error) => settings.onEvent?.({ type: 'device-lost', error }),
      recovered: (lostSteps) => {
        this.survival.noteSnapshot();
        settings.onEvent?.({ type: 'recovered', step: this.step, lostSteps });
      },
    });
    this.survival = new Survival(engine, this.lasting, program.metrics, settings);
  }

  /** Steps submitted to the GPU so far; while a lost device is replaced, those of the snapshot. */
  get step(): number {
    return this.lasting.interrupted ? this.snapshot.step : this.lasting.step;
  }

  /** Whether a run is held by `pause`. */
  get paused(): boolean {
    return this.gate !== undefined;
  }

  /** Kernels that were chosen for the step: with them it gives the same bits again. */
  get choices(): Choices {
    return this.lasting.current.executable.plan.choices;
  }

  /** What is drawn on canvases. */
  protected get attachments(): Set<Attachment> {
    return this.lasting.attachments;
  }

  /** @internal The program on the device in use, for `profileStep` and `gpuMemory`. */
  get session(): Session {
    this.assertNotDisposed();
    return this.lasting.current;
  }

  /** @internal Has the next step of the run timed; false where there is no run, or one is timed already. */
  timeNextStep(probe: StepProbe): boolean {
    const able = this.running && !this.probe;
    if (able) this.probe = probe;
    return able;
  }

  /** Holds a run before its next step. */
  pause(): void {
    if (this.gate) return;
    const { promise: opened, resolve: open } = deferred<void>();
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
    this.halt?.();
    this.resume();
  }

  /**
   * Trains, and yields the metrics of every step in order. Only one run at a time. After the loss of a
   * device the steps since the last snapshot are done and reported again, to the same bits on the same
   * kind of adapter.
   *
   * Errors: `NonFiniteError`, see `TrainerOptions.nonFinite`; `RecoveryError` where no device takes the
   * place of a lost one, or training gets no further for losses (`checkpoint` gives the last snapshot,
   * and another run tries again); `DeviceLostError` if the engine was disposed or its device passed in.
   */
  async *run({
    steps = Infinity,
    seconds = Infinity,
    signal,
    boundaryEvery,
    yieldEvery = YIELD_MS,
  }: RunOptions = {}): AsyncGenerator<Metrics<Name>, void> {
    this.assertNotDisposed();
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
    const { promise: halted, resolve: halt } = deferred<void>();
    this.halt = halt;
    const pending: Submitted[] = [];
    const settle = () => Promise.allSettled(pending.splice(0).flatMap((p) => [p.metrics, p.found]));
    const last = this.step + steps;
    const end = performance.now() + seconds * 1000;
    const over = () =>
      this.stopping || this.disposed || this.step >= last || performance.now() >= end;
    let arrived = 0;
    let gaveWay = performance.now();
    try {
      signal?.throwIfAborted();
      for (;;) {
        let metrics: Metrics<Name>;
        try {
          // What another device has taken the place of is done again there.
          if (pending[0] && pending[0].session !== this.lasting.current) pending.length = 0;
          await this.fill(pending, over, boundaryEvery);
          const next = pending.shift();
          if (!next) break;
          const values = await next.metrics;
          const now = performance.now();
          metrics = this.toMetrics(values, next.step, now - Math.max(arrived, next.at));
          arrived = now;
          this.survival.judge(metrics, await next.found);
        } catch (error) {
          if (this.disposed) break;
          await settle();
          await this.survival.mend(error, halted);
          continue;
        }
        // The step in flight may have been read before.
        if (this.disposed) break;
        this.survival.noteStep(metrics.step);
        yield metrics;
        if (performance.now() - gaveWay >= yieldEvery) {
          await nextTask();
          gaveWay = performance.now();
        }
      }
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener('abort', onAbort);
      await settle();
      this.halt = undefined;
      this.probe?.miss();
      this.probe = undefined;
      this.running = false;
      this.stopping = false;
    }
  }

  /** `run` with a callback in the place of a loop. Resolves with the metrics of the last step, if any. */
  async train({ onStep, ...options }: TrainOptions<Name> = {}): Promise<Metrics<Name> | undefined> {
    return follow(this.run(options), onStep);
  }

  /** Submits steps, as many as may be in flight. Waits only where nothing is. */
  private async fill(
    pending: Submitted[],
    over: () => boolean,
    boundaryEvery: number | undefined,
  ): Promise<void> {
    while (pending.length < IN_FLIGHT && !over()) {
      if (pending.length > 0) {
        const boundary = boundaryEvery && this.step % boundaryEvery === 0;
        if (this.gate || boundary || this.survival.snapshotDue) return;
      } else if (this.lasting.interrupted) {
        await this.lasting.alive();
        continue;
      } else if (this.survival.snapshotDue) {
        await this.survival.takeSnapshot();
        continue;
      } else if (this.gate) {
        await this.lasting.current.device.unlessLost(this.gate.opened);
        continue;
      }
      pending.push(this.submit());
    }
  }

  private submit(): Submitted {
    const { lasting } = this;
    const session = lasting.current;
    const at = performance.now();
    const { probe } = this;
    this.probe = undefined;
    const metrics = session.step(this.submits, probe?.begin(session, this.step + 1) ?? undefined);
    const step = ++lasting.step;
    const found = this.survival.look(session, step);
    return { session, at, step, metrics, found };
  }

  /** Submits that a step is cut into: short ones while somebody watches. */
  private get submits(): number {
    if (this.attachments.size > 0) return Math.max(1, Math.ceil(this.stepMs / CANVAS_SUBMIT_MS));
    return this.stepMs > LONG_SUBMIT_MS ? MAX_SUBMITS : 1;
  }

  private toMetrics(values: Float32Array, step: number, timeMs: number): Metrics<Name> {
    this.firstStepMs ??= performance.now() - this.begun;
    this.stepMs = this.stepMs === 0 ? timeMs : 0.9 * this.stepMs + 0.1 * timeMs;
    return decodeMetrics(values, this.program.metrics, step, timeMs);
  }

  /** The run's state as it was last copied to the host: what a lost device goes back to. */
  get snapshot(): Snapshot {
    return this.lasting.snapshot;
  }

  /** Compiles a graph that reads what is being trained. */
  protected async compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    this.assertNotDisposed();
    const fn = await this.lasting.compile(traced);
    if (this.disposed) fn.dispose();
    this.assertNotDisposed();
    return fn;
  }

  /** The device in use; another one once a lost one has been replaced. */
  protected get device(): Device {
    return this.lasting.current.device;
  }

  /** Has a lost device replaced. */
  protected async usableDevice(): Promise<Device> {
    this.assertNotDisposed();
    const { device } = await this.lasting.alive();
    this.assertNotDisposed();
    return device;
  }

  /** Sets a variable that steps do not change, for those that follow. */
  protected write(name: string, values: Elements): void {
    this.assertUsable();
    this.lasting.write(name, values);
  }

  /** Values of one moment between two steps, even while a run goes on. */
  protected async read(names: readonly string[]): Promise<Map<string, Elements>> {
    this.assertNotDisposed();
    return this.lasting.outlasting((session) => session.read(names));
  }

  /**
   * All that the run is, of one moment between two steps, even while a run goes on. Where the device
   * is lost and no other one to be had, of the last snapshot.
   */
  protected async readState(): Promise<Map<string, Elements>> {
    const state = await this.read(assignedVariables(this.program)).catch((error: unknown) => {
      const meant = error instanceof DeviceLostError && error.reason === 'disposed';
      const gone = error instanceof DeviceLostError || error instanceof RecoveryError;
      if (this.disposed || meant || !gone) throw error;
      return this.snapshot.values;
    });
    return new Map([...this.lasting.constants, ...state]);
  }

  /** Sizes and times of a step. */
  stats(): TrainerStats {
    const { stats, plan } = this.lasting.current.executable;
    return {
      dispatches: stats.dispatches,
      submits: this.submits,
      pipelines: stats.pipelines,
      flops: stats.flops,
      plan: plan.commands.map((c) => (c.kind === 'copy' ? 'copy' : c.dispatch.label)),
      firstStepMs: this.firstStepMs,
    };
  }

  /** What the engine holds on the device; of it, variables that steps do not change, data sets above all. */
  memory(): MemoryInfo & { readonly constantBytes: number } {
    const constants = [...this.lasting.constants.values()];
    const constantBytes = constants.reduce((sum, values) => sum + values.byteLength, 0);
    return { ...this.engine.memory(), constantBytes };
  }

  private assertNotDisposed(): void {
    if (this.disposed)
      throw new GanvasError('disposed', 'This trainer has been disposed.', 'Make a new one.');
  }

  /** Throws where nothing will ever run again. A device that is being replaced does not count. */
  protected assertUsable(): void {
    this.assertNotDisposed();
    this.lasting.assertUsable();
  }

  /** Ends a run and frees everything on the GPU. Twice is fine. */
  dispose(): void {
    if (this.disposed) return;
    this.stop();
    this.disposed = true;
    this.lasting.dispose();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
