import { DeviceLostError, RecoveryError } from '../gpu/errors.ts';
import type { Engine } from '../runtime/engine.ts';
import type { CompileProgress } from '../runtime/executable.ts';
import type { NonFinite } from './finite-check.ts';
import type { LastingSession } from './lasting-session.ts';
import { type Metrics, NonFiniteError } from './metrics.ts';
import type { Session } from './session.ts';

/** What happens to a trainer beside its steps. */
export type TrainerEvent =
  /** The device is gone; another one is being opened. */
  | { readonly type: 'device-lost'; readonly error: DeviceLostError }
  /** Training goes on at the step of the last snapshot; those after it are done again. */
  | { readonly type: 'recovered'; readonly step: number; readonly lostSteps: number }
  /** A number became infinite or NaN, and the policy is `ignore`. Once, until all is finite again. */
  | { readonly type: 'non-finite'; readonly error: NonFiniteError }
  /** The same, and weights, moments and statistics are again those of the step `to`. */
  | { readonly type: 'rolled-back'; readonly error: NonFiniteError; readonly to: number };

/** What trainers are given beside what they train. */
export interface TrainerOptions {
  /**
   * Seconds between copies of the run's state on the host, 30 by default: what the loss of a device
   * costs at most. `Infinity` for none but the first.
   */
  readonly snapshotSeconds?: number;
  /**
   * What a metric, weight, moment or statistic that is infinite or NaN does; it is found within 50
   * steps. `stop`, the default, ends the run with a `NonFiniteError`. `rollback` goes back to the
   * numbers of the last snapshot and on with other noise and batches; those steps are not reported. The
   * fourth time in a row without another snapshot in between ends the run. `ignore` tells, and goes on.
   */
  readonly nonFinite?: 'stop' | 'rollback' | 'ignore';
  /** Ends creation with the signal's reason; nothing is left on the device. */
  readonly signal?: AbortSignal;
  /** How far compiling the step is. */
  readonly onProgress?: (progress: CompileProgress) => void;
  /** What it throws ends the run. */
  readonly onEvent?: (event: TrainerEvent) => void;
}

const SNAPSHOT_SECONDS = 30;
/** Steps between two looks for numbers that are not finite: with those in flight, found within 50. */
const LOOK_EVERY = 25;
/** Rollbacks in a row. */
const MAX_ROLLBACKS = 3;
/** Losses of the device in a row while training gets no further. */
const MAX_LOSSES = 5;

/** What a run does about accidents: when it takes snapshots, what it looks at, and how it goes on. */
export class Survival<Name extends string> {
  /** When a snapshot was last thought of, by `performance.now()`, and of which step. */
  private snapshotAt = performance.now();
  private snapshotStep: number;
  /** The furthest step that was reported, and losses since then. */
  private furthest: number;
  private losses = 0;
  private rollbacks = 0;
  /** Something was not finite when it was last looked at, and that was told. */
  private told = false;

  constructor(
    private readonly engine: Engine,
    private readonly lasting: LastingSession,
    private readonly metrics: readonly Name[],
    private readonly settings: TrainerOptions,
  ) {
    this.snapshotStep = lasting.step;
    this.furthest = lasting.step;
  }

  get snapshotDue(): boolean {
    const { snapshotSeconds = SNAPSHOT_SECONDS } = this.settings;
    const due = performance.now() - this.snapshotAt >= snapshotSeconds * 1000;
    return due && this.lasting.step !== this.snapshotStep;
  }

  /** Keeps a copy of the state, unless something in it is not finite. For when nothing is in flight. */
  async takeSnapshot(): Promise<void> {
    const { lasting } = this;
    this.noteSnapshot();
    const found = await lasting.current.findNonFinite();
    if (found) return this.reject(found, lasting.step);
    await lasting.takeSnapshot();
    this.noteSnapshot();
    this.rollbacks = 0;
  }

  /** The state is that of a snapshot, or all that can be done about it has been. */
  noteSnapshot(): void {
    this.snapshotAt = performance.now();
    this.snapshotStep = this.lasting.step;
  }

  /** A step was done and reported. */
  noteStep(step: number): void {
    if (step <= this.furthest) return;
    this.furthest = step;
    this.losses = 0;
  }

  /** Looks at what the step that was just submitted leaves, if it is time to; else null. */
  look(session: Session, step: number): Promise<NonFinite | undefined> | null {
    return step % LOOK_EVERY === 0 ? session.findNonFinite() : null;
  }

  /** Says what is not finite, if anything, as the policy wants. `found`: null where nobody looked. */
  judge(metrics: Metrics<Name>, found: NonFinite | undefined | null): void {
    const bad = this.metrics.find((name) => !Number.isFinite(metrics[name]));
    if (bad) this.reject({ tensor: bad, value: metrics[bad] }, metrics.step);
    else if (found) this.reject(found, metrics.step);
    else if (found === undefined) this.told = false;
  }

  private reject({ tensor, value }: NonFinite, step: number): void {
    const error = new NonFiniteError(tensor, step, value);
    if (this.settings.nonFinite !== 'ignore') throw error;
    if (!this.told) this.settings.onEvent?.({ type: 'non-finite', error });
    this.told = true;
  }

  /**
   * Makes good what ended the run, or throws it where that is not possible. For when nothing is in
   * flight. Another device may take long to come: `halted` ends the waiting.
   */
  async mend(error: unknown, halted: Promise<void>): Promise<void> {
    if (error instanceof DeviceLostError) {
      if (this.engine.reopens && ++this.losses > MAX_LOSSES) {
        this.losses = 0;
        throw new RecoveryError(error, `${MAX_LOSSES} times in a row at step ${this.furthest + 1}`);
      }
      await Promise.race([this.lasting.alive(), halted]);
    } else if (error instanceof NonFiniteError && this.settings.nonFinite === 'rollback') {
      await this.rollBack(error);
    } else {
      throw error;
    }
  }

  private async rollBack(error: NonFiniteError): Promise<void> {
    const to = this.lasting.snapshot.step;
    try {
      await this.lasting.rollBack();
    } catch (lost) {
      // The snapshot serves then, too.
      if (!(lost instanceof DeviceLostError)) throw lost;
      await this.lasting.alive();
    }
    if (++this.rollbacks > MAX_ROLLBACKS) {
      this.rollbacks = 0;
      throw error;
    }
    this.settings.onEvent?.({ type: 'rolled-back', error, to });
  }
}
