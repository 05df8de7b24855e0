import { DeviceLostError } from '../gpu/errors.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Engine, MemoryInfo } from '../runtime/engine.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import { GraphFunction, type TracedFunction } from './graph-function.ts';
import { decodeMetrics, type Metrics, NonFiniteError } from './metrics.ts';
import { assignedVariables, type TrainingProgram } from './program.ts';
import { IN_FLIGHT, Session, type Snapshot } from './session.ts';

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

/** What happens to a trainer beside its steps. */
export type TrainerEvent =
  /** The device is gone; another one is being opened. */
  | { readonly type: 'device-lost'; readonly error: DeviceLostError }
  /** Training goes on at the step of the last snapshot; those after it are done again. */
  | { readonly type: 'recovered'; readonly step: number; readonly lostSteps: number };

export interface TrainerOptions {
  /**
   * Seconds between copies of the run's state on the host, 30 by default: what the loss of a device
   * costs at most. `Infinity` for none but the first.
   */
  readonly snapshotSeconds?: number;
  readonly onEvent?: (event: TrainerEvent) => void;
}

/** Sizes and times of a trainer. */
export interface TrainerStats {
  readonly dispatches: number;
  readonly submits: number;
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
  readonly step: number;
  /** When it was submitted, by `performance.now()`. */
  readonly at: number;
  readonly metrics: Promise<Float32Array>;
}

/** Something on the device that is made again when another device takes the place of a lost one. */
export interface Attachment {
  reattach(): void;
  /** Frees it. */
  detach(): void;
}

/** Longest submit while a canvas is attached: longer ones starve the compositor. */
const CANVAS_SUBMIT_MS = 40;
/** A step that is longer is cut in any case, so that drivers do not take it for a hang. */
const LONG_SUBMIT_MS = 500;
const MAX_SUBMITS = 4;
const SNAPSHOT_SECONDS = 30;

/**
 * What every trainer does: runs a program's step again and again, tells what it measured, and goes on
 * when the device is lost.
 */
export abstract class BaseTrainer<Name extends string> {
  /** What is drawn on canvases. */
  protected readonly attachments = new Set<Attachment>();
  protected disposed = false;
  private session: Session;
  private readonly functions = new Set<GraphFunction>();
  /** Values of the variables that steps do not change. */
  private readonly constants: Map<string, Elements>;
  private last: Snapshot;
  private snapshotAt = performance.now();
  private recovery: Promise<void> | undefined;
  private submitted: number;
  private running = false;
  private stopping = false;
  private firstStepMs: number | null = null;
  private stepMs = 0;
  private gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  protected constructor(
    protected readonly engine: Engine,
    private readonly program: TrainingProgram<Name>,
    session: Session,
    private readonly settings: TrainerOptions,
    /** Steps that were done before, and when the trainer began to be made. */
    { step, begun }: { readonly step: number; readonly begun: number },
  ) {
    this.session = session;
    this.submitted = step;
    this.begun = begun;
    const assigned = new Set(assignedVariables(program));
    const entries = [...program.initial];
    this.constants = new Map(entries.filter(([name]) => !assigned.has(name)));
    this.last = { step, values: new Map(entries.filter(([name]) => assigned.has(name))) };
  }

  private readonly begun: number;

  /** Steps submitted to the GPU so far. */
  get step(): number {
    return this.submitted;
  }

  get paused(): boolean {
    return this.gate !== undefined;
  }

  /** Kernels that were chosen for the step: with them it gives the same bits again. */
  get choices(): Choices {
    return this.session.executable.plan.choices;
  }

  /** Holds a run before its next step. */
  pause(): void {
    if (this.gate) return;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
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
    const pending: Submitted[] = [];
    const last = this.submitted + steps;
    const end = performance.now() + seconds * 1000;
    const over = () =>
      this.stopping || this.disposed || this.submitted >= last || performance.now() >= end;
    let arrived = 0;
    try {
      signal?.throwIfAborted();
      for (;;) {
        let metrics: Metrics<Name>;
        try {
          while (pending.length < IN_FLIGHT && !over()) {
            if (this.gate && pending.length > 0) break;
            if (boundaryEvery && pending.length > 0 && this.submitted % boundaryEvery === 0) break;
            if (this.snapshotDue) {
              if (pending.length > 0) break;
              await this.takeSnapshot();
              continue;
            }
            if (this.gate) {
              await Promise.race([this.gate.opened, this.session.device.lost]);
              this.session.device.assertUsable();
              continue;
            }
            pending.push(this.submit());
          }
          const next = pending.shift();
          if (!next) break;
          const values = await next.metrics;
          const now = performance.now();
          metrics = this.toMetrics(values, next.step, now - Math.max(arrived, next.at));
          arrived = now;
        } catch (error) {
          if (this.disposed) break;
          if (!(error instanceof DeviceLostError)) throw error;
          pending.length = 0;
          await this.recover(error);
          continue;
        }
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
    const metrics = this.session.step(this.submits);
    return { at, step: ++this.submitted, metrics };
  }

  /** Submits that a step is cut into: short ones while somebody watches. */
  private get submits(): number {
    if (this.attachments.size > 0) return Math.max(1, Math.ceil(this.stepMs / CANVAS_SUBMIT_MS));
    return this.stepMs > LONG_SUBMIT_MS ? MAX_SUBMITS : 1;
  }

  private toMetrics(values: Float32Array, step: number, timeMs: number): Metrics<Name> {
    this.firstStepMs ??= performance.now() - this.begun;
    this.stepMs = this.stepMs === 0 ? timeMs : 0.9 * this.stepMs + 0.1 * timeMs;
    const metrics = decodeMetrics(values, this.program.metrics, step, timeMs);
    const bad = this.program.metrics.find((name) => !Number.isFinite(metrics[name]));
    if (bad) throw new NonFiniteError(bad, step, metrics[bad]);
    return metrics;
  }

  private get snapshotDue(): boolean {
    const { snapshotSeconds = SNAPSHOT_SECONDS } = this.settings;
    return performance.now() - this.snapshotAt >= snapshotSeconds * 1000;
  }

  private async takeSnapshot(): Promise<void> {
    this.last = await this.session.snapshot(this.submitted);
    this.snapshotAt = performance.now();
  }

  /** The run's state as it was last copied to the host: what a lost device goes back to. */
  get snapshot(): Snapshot {
    return this.last;
  }

  /** Opens another device, and everything on it, from the last snapshot. Once, whoever asks. */
  private recover(error: DeviceLostError): Promise<void> {
    this.recovery ??= this.reopen(error).finally(() => {
      this.recovery = undefined;
    });
    return this.recovery;
  }

  private async reopen(error: DeviceLostError): Promise<void> {
    const { choices } = this;
    const reached = this.submitted;
    this.settings.onEvent?.({ type: 'device-lost', error });
    await this.engine.reopen();
    if (this.disposed) return;
    const values = new Map([...this.constants, ...this.last.values]);
    const session = await Session.open(this.engine, this.program, values, choices);
    if (this.disposed) {
      session.dispose();
      return;
    }
    this.session.dispose();
    this.session = session;
    this.submitted = this.last.step;
    this.snapshotAt = performance.now();
    for (const fn of this.functions) await fn.bind(session);
    for (const attachment of this.attachments) attachment.reattach();
    const lostSteps = reached - this.submitted;
    this.settings.onEvent?.({ type: 'recovered', step: this.submitted, lostSteps });
  }

  /** The session in use, on a device that is well: another one if that of the last was lost. */
  private async alive(): Promise<Session> {
    this.assertNotDisposed();
    const { loss } = this.session.device;
    if (loss) await this.recover(loss);
    this.assertNotDisposed();
    return this.session;
  }

  /** Compiles a graph that reads what is being trained. */
  protected async compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    const fn = new GraphFunction(traced, {
      interrupted: false,
      outlasting: (work) => work(),
      forget: (gone) => this.functions.delete(gone),
    });
    await fn.bind(await this.alive());
    this.functions.add(fn);
    return fn;
  }

  /** Sets a variable for the steps that follow. */
  protected write(name: string, values: Elements): void {
    this.assertUsable();
    this.session.variables.write(name, values);
    if (this.constants.has(name)) this.constants.set(name, values);
  }

  /** Values of one moment between two steps, even while a run goes on. */
  protected async read(names: readonly string[]): Promise<Map<string, Elements>> {
    return (await this.alive()).read(names);
  }

  /**
   * All that the run is, of one moment between two steps, even while a run goes on. Where the device
   * is lost and no other one to be had, of the last snapshot.
   */
  protected async readState(): Promise<Map<string, Elements>> {
    const state = await this.alive().then(
      (session) => session.read(assignedVariables(this.program)),
      (error: unknown) => {
        const meant = error instanceof DeviceLostError && error.reason === 'disposed';
        if (this.disposed || meant) throw error;
        return this.last.values;
      },
    );
    return new Map([...this.constants, ...state]);
  }

  stats(): TrainerStats {
    const { stats, plan } = this.session.executable;
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
    const constants = [...this.constants.values()];
    const constantBytes = constants.reduce((sum, values) => sum + values.byteLength, 0);
    return { ...this.engine.memory(), constantBytes };
  }

  private assertNotDisposed(): void {
    if (this.disposed)
      throw new GanvasError('disposed', 'This trainer has been disposed.', 'Make a new one.');
  }

  protected assertUsable(): void {
    this.assertNotDisposed();
    this.session.device.assertUsable();
  }

  /** Ends a run and frees everything on the GPU. Twice is fine. */
  dispose(): void {
    if (this.disposed) return;
    this.stop();
    this.disposed = true;
    for (const attachment of this.attachments) attachment.detach();
    this.attachments.clear();
    for (const fn of this.functions) fn.dispose();
    this.functions.clear();
    this.session.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
