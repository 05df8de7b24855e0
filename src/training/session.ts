import { ReadbackRing } from '../gpu/readback.ts';
import type { Graph } from '../graph/graph.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Executable } from '../runtime/executable.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements, Variables } from '../runtime/variables.ts';
import { metricsBytes, metricsOutput } from './metrics.ts';
import { assignedVariables, type TrainingProgram } from './program.ts';

/** Steps that the GPU may be behind: enough to keep it busy, few enough to answer quickly. */
export const IN_FLIGHT = 2;

/** All values of a run at the end of a step. */
export interface Snapshot {
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
    private readonly ring: ReadbackRing,
  ) {}

  /**
   * Allocates, compiles, and fills the variables. With `choices`, these kernels are used: a run keeps
   * to those that it began with.
   */
  static async open(
    engine: Engine,
    program: TrainingProgram,
    values: ReadonlyMap<string, Elements>,
    choices?: Choices,
  ): Promise<Session> {
    const variables = engine.variables();
    let executable: Executable | undefined;
    try {
      executable = await engine.compile(program.step, variables, choices);
      for (const [name, initial] of values) variables.write(name, initial);
      const ring = new ReadbackRing(variables.device, IN_FLIGHT, metricsBytes(program.metrics));
      return new Session(engine, program, variables, executable, ring);
    } catch (error) {
      executable?.dispose();
      variables.dispose();
      throw error;
    }
  }

  get device() {
    return this.variables.device;
  }

  /** Encodes and submits a step. Resolves with its metrics. */
  step(submits: number): Promise<Float32Array> {
    const bytes = metricsBytes(this.program.metrics);
    const output = this.executable.outputs.get(metricsOutput);
    if (!output) throw new Error('the step has no metrics');
    let slot: ReturnType<ReadbackRing['encodeCopy']> | undefined;
    this.executable.run({
      submits,
      tail: (encoder) => {
        slot = this.ring.encodeCopy(encoder, output.buffer, bytes, output.offset);
      },
    });
    const copied = slot?.read() ?? Promise.reject(new Error('the metrics were not copied'));
    const metrics = copied.then((b) => new Float32Array(b));
    // It may fail before the run looks at it, while the loop's body is busy: that is not unhandled.
    metrics.catch(() => {});
    return metrics;
  }

  /** Values of one moment: all reads are submitted before one is awaited, so that no step comes between. */
  async read(names: readonly string[]): Promise<Map<string, Elements>> {
    const read = await Promise.all(names.map((name) => this.variables.read(name)));
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
  async compile(graph: Graph, own: readonly string[]) {
    const variables = this.variables.overlay(own);
    try {
      return { variables, executable: await this.engine.compile(graph, variables) };
    } catch (error) {
      variables.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.executable.dispose();
    this.ring.dispose();
    this.variables.dispose();
  }
}
