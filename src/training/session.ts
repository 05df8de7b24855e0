import { DeviceLostError } from '../gpu/errors.ts';
import { ReadbackRing, type ReadbackSlot } from '../gpu/readback.ts';
import type { PassTimer } from '../gpu/timing.ts';
import type { Graph } from '../graph/graph.ts';
import type { Engine } from '../runtime/engine.ts';
import type { CompileOptions, Executable } from '../runtime/executable.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements, Variables } from '../runtime/variables.ts';
import { FiniteCheck, type NonFinite } from './finite-check.ts';
import { metricsBytes, metricsOutput } from './metrics.ts';
import { assignedVariables, type TrainingProgram } from './program.ts';

/** Steps that the GPU may be behind: enough to keep it busy, few enough to answer quickly. */
export const IN_FLIGHT = 2;
/** Devices that may be lost one after the other while a session is opened. */
const MAX_ATTEMPTS = 4;

/** All values of a run at the end of a step. */
export interface Snapshot {
  /** Steps done then. */
  readonly step: number;
  /** The variables that steps change. */
  readonly values: ReadonlyMap<string, Elements>;
}

/** A program on one device. It ends with the device; another one goes on from a snapshot. */
export class Session {
  private constructor(
    private readonly engine: Engine,
    private readonly program: TrainingProgram,
    readonly variables: Variables,
    readonly executable: Executable,
    private readonly check: FiniteCheck | undefined,
    private readonly ring: ReadbackRing,
  ) {}

  /**
   * Allocates, compiles, and fills the variables. With `choices`, these kernels are used: a run keeps
   * to those that it began with. If the device is lost meanwhile, it is done again on another one.
   * Whatever it fails with, nothing is left on the device.
   */
  static async open(
    engine: Engine,
    program: TrainingProgram,
    values: ReadonlyMap<string, Elements>,
    choices?: Choices,
    options: CompileOptions = {},
  ): Promise<Session> {
    for (let attempt = 1; ; attempt++) {
      await engine.reopen();
      try {
        return await Session.openOnce(engine, program, values, choices, options);
      } catch (error) {
        const again = error instanceof DeviceLostError && engine.reopens && attempt < MAX_ATTEMPTS;
        if (!again) throw error;
      }
    }
  }

  private static async openOnce(
    engine: Engine,
    program: TrainingProgram,
    values: ReadonlyMap<string, Elements>,
    choices: Choices | undefined,
    options: CompileOptions,
  ): Promise<Session> {
    const variables = engine.variables();
    const { device } = variables;
    const made: { dispose(): void }[] = [variables];
    try {
      const executable = await engine.compile(program.step, variables, choices, options);
      made.push(executable);
      const check = await FiniteCheck.compile(engine, program, variables);
      if (check) made.push(check);
      const bytes = metricsBytes(program.metrics);
      const ring = await ReadbackRing.allocate(device, IN_FLIGHT, bytes);
      made.push(ring);
      options.signal?.throwIfAborted();
      for (const [name, initial] of values) variables.write(name, initial);
      return new Session(engine, program, variables, executable, check, ring);
    } catch (error) {
      for (const part of made) part.dispose();
      throw error;
    }
  }

  get device() {
    return this.variables.device;
  }

  /** Encodes and submits a step, its dispatches timed where a timer is given. Resolves with its metrics. */
  step(submits: number, timer?: PassTimer): Promise<Float32Array> {
    const bytes = metricsBytes(this.program.metrics);
    const output = this.executable.outputs.get(metricsOutput);
    if (!output) throw new Error('the step has no metrics');
    let slot: ReadbackSlot | undefined;
    this.executable.run({
      submits,
      ...(timer && { timer }),
      tail: (encoder) => {
        timer?.resolve(encoder);
        slot = this.ring.encodeCopy(encoder, output.buffer, bytes, output.offset);
      },
    });
    const copied = slot?.read() ?? Promise.reject(new Error('the metrics were not copied'));
    const metrics = copied.then((b) => new Float32Array(b));
    // It may fail before the run looks at it, while the loop's body is busy: that is not unhandled.
    metrics.catch(() => {});
    return metrics;
  }

  /** Submits a look at what the steps so far have left. Resolves with the first number that is not finite. */
  async findNonFinite(): Promise<NonFinite | undefined> {
    return this.check?.run();
  }

  /** Values of one moment: all reads are submitted before one is awaited, so that no step comes between. */
  async read(names: readonly string[]): Promise<Map<string, Elements>> {
    const reads = names.map((name) => this.variables.read(name));
    // Where one fails, the copies of the others are freed too before this ends.
    await Promise.allSettled(reads);
    const read = await Promise.all(reads);
    return new Map(names.map((name, i) => [name, read[i]]));
  }

  /**
   * The values that steps change, read one variable after the other: for a moment when no step is in
   * flight, so that the copies on the device never need more memory than the largest variable.
   */
  async snapshot(step: number): Promise<Snapshot> {
    const values = new Map<string, Elements>();
    for (const name of assignedVariables(this.program)) {
      values.set(name, await this.variables.read(name));
    }
    return { step, values };
  }

  /** Compiles a graph beside the step. `own` variables are its own, all others the run's. */
  async compile(graph: Graph, own: readonly string[], choices?: Choices) {
    const variables = this.variables.overlay(own);
    try {
      return { variables, executable: await this.engine.compile(graph, variables, choices) };
    } catch (error) {
      variables.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.executable.dispose();
    this.check?.dispose();
    this.ring.dispose();
    this.variables.dispose();
  }
}
