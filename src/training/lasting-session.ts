import { DeviceLostError, RecoveryError } from '../gpu/errors.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Elements } from '../runtime/variables.ts';
import { type FunctionHost, GraphFunction, type TracedFunction } from './graph-function.ts';
import { assignedVariables, type TrainingProgram } from './program.ts';
import { Session, type Snapshot } from './session.ts';

/** Something on the device that is made again when another device takes the place of a lost one. */
export interface Attachment {
  reattach(): void;
  /** Frees it. */
  detach(): void;
}

/** What a lasting session tells of. */
export interface SessionEvents {
  lost(error: DeviceLostError): void;
  recovered(lostSteps: number): void;
}

/** How often something is tried that loses the device each time. */
const MAX_ATTEMPTS = 4;

/**
 * A session that outlives its device: the one in use, the snapshot that another one goes on from, and
 * all that has to be made again there. Where the device is lost for good, because the engine was
 * disposed or its device was passed in, everything rejects with the `DeviceLostError`.
 */
export class LastingSession implements FunctionHost {
  /** What is drawn on canvases. */
  readonly attachments = new Set<Attachment>();
  /** Steps submitted so far. */
  step: number;
  private session: Session;
  private last: Snapshot;
  private recovery: Promise<void> | undefined;
  /** The session may be new already, but what reads it is not. */
  private replacing = false;
  protected disposed = false;
  private readonly functions = new Set<GraphFunction>();
  /** Values of the variables that steps do not change. */
  readonly constants: Map<string, Elements>;

  constructor(
    private readonly engine: Engine,
    private readonly program: TrainingProgram,
    session: Session,
    step: number,
    private readonly events: SessionEvents,
  ) {
    this.session = session;
    this.step = step;
    const assigned = new Set(assignedVariables(program));
    const entries = [...program.initial];
    this.constants = new Map(entries.filter(([name]) => !assigned.has(name)));
    this.last = { step, values: new Map(entries.filter(([name]) => assigned.has(name))) };
  }

  /** The session in use; after a loss it is another one. */
  get current(): Session {
    return this.session;
  }

  /** What another device would go on from. */
  get snapshot(): Snapshot {
    return this.last;
  }

  private get down(): boolean {
    return this.replacing || this.session.device.loss !== null;
  }

  get interrupted(): boolean {
    return this.down && this.engine.reopens && !this.disposed;
  }

  /** Throws the `DeviceLostError` where the device is lost and nothing takes its place. */
  assertUsable(): void {
    if (!this.interrupted) this.session.device.assertUsable();
  }

  /** Copies the run's state to the host. For a moment when no step is in flight. */
  async takeSnapshot(): Promise<void> {
    this.last = await this.session.snapshot(this.step);
  }

  /**
   * Gives all numbers that steps change the values of the snapshot; counters go on, and with them
   * noise and batches. That is the snapshot from then on. For a moment when no step is in flight.
   */
  async rollBack(): Promise<void> {
    const { session } = this;
    const values = new Map(this.last.values);
    for (const [name, kept] of values) {
      if (kept instanceof Float32Array) session.variables.write(name, kept);
      else values.set(name, await session.variables.read(name));
    }
    this.last = { step: this.step, values };
  }

  /** The session in use, on a device that is well: another one if that of the last was lost. */
  async alive(): Promise<Session> {
    while (this.down) {
      this.recovery ??= this.replace().finally(() => {
        this.recovery = undefined;
      });
      await this.recovery;
    }
    return this.session;
  }

  /** Opens another device, and everything on it, from the last snapshot. */
  private async replace(): Promise<void> {
    // Not before `recovery` is set: who is told of the loss may ask for the device at once.
    await Promise.resolve();
    const reached = this.step;
    const { loss } = this.session.device;
    if (loss && this.interrupted) this.events.lost(loss);
    this.replacing = true;
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.reopen();
          break;
        } catch (error) {
          if (!(error instanceof DeviceLostError && this.interrupted)) throw error;
          if (attempt === MAX_ATTEMPTS) throw new RecoveryError(error);
        }
      }
    } finally {
      this.replacing = false;
    }
    this.events.recovered(reached - this.step);
  }

  private async reopen(): Promise<void> {
    const { choices } = this.session.executable.plan;
    const { last } = this;
    const values = new Map([...this.constants, ...last.values]);
    const session = await Session.open(this.engine, this.program, values, choices);
    if (this.disposed) {
      session.dispose();
      throw new DeviceLostError('disposed');
    }
    this.session.dispose();
    this.session = session;
    this.step = last.step;
    // What was set while the session was opened.
    for (const [name, constant] of this.constants)
      if (constant !== values.get(name)) session.variables.write(name, constant);
    for (const fn of this.functions) await fn.bind(session);
    for (const attachment of this.attachments) attachment.reattach();
  }

  async outlasting<T>(work: (session: Session) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // At once where all is well: what is submitted now comes before the next step.
      const session = this.down ? await this.alive() : this.session;
      try {
        return await work(session);
      } catch (error) {
        const lost = error instanceof DeviceLostError && session.device.loss !== null;
        if (!lost || !this.engine.reopens || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Compiles a graph that reads what is being trained. */
  async compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    const fn = new GraphFunction(traced, this);
    let bound: Session | undefined;
    // Another session may have taken the place of the one that it was compiled for.
    while (bound !== this.session) {
      bound = await this.outlasting(async (session) => {
        await fn.bind(session);
        return session;
      });
    }
    this.functions.add(fn);
    return fn;
  }

  forget(fn: GraphFunction): void {
    this.functions.delete(fn);
  }

  /** Sets a variable that steps do not change, for those that follow. */
  write(name: string, values: Elements): void {
    if (!this.interrupted) this.session.variables.write(name, values);
    if (this.constants.has(name)) this.constants.set(name, values);
  }

  /** Frees everything on the device. Twice is fine. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const attachment of this.attachments) attachment.detach();
    this.attachments.clear();
    for (const fn of this.functions) fn.dispose();
    this.functions.clear();
    this.session.dispose();
  }
}
