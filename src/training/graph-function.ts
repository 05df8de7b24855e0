import { GanvasError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { DeviceTensor, Executable } from '../runtime/executable.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements, Variables } from '../runtime/variables.ts';
import type { Session } from './session.ts';

/** Whoever gives a function its device, and another one when that is lost. */
export interface FunctionHost {
  /** The device is lost, and another one will take its place. */
  readonly interrupted: boolean;
  /** Does what needs the device; again, on another one, if that is lost meanwhile. */
  outlasting<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * A graph on what is being trained, such as the generator on latents of its own: compiled once, run
 * whenever it is wanted. Made by a trainer's `compile`; it goes on when a lost device is replaced.
 */
export class GraphFunction {
  #bound: { readonly executable: Executable; readonly variables: Variables } | undefined;
  /** Kernels that were chosen first: with them another device gives the same bits. */
  #choices: Choices | undefined;
  #disposed = false;
  readonly #graph: Graph;
  readonly #inputs: Map<string, Elements>;
  readonly #host: FunctionHost;

  /** For trainers. */
  constructor(graph: Graph, inputs: ReadonlyMap<string, Elements>, host: FunctionHost) {
    this.#graph = graph;
    this.#inputs = new Map(inputs);
    this.#host = host;
  }

  /** For trainers: makes what it needs on the device of `session`. */
  async bind(session: Session): Promise<void> {
    const bound = await session.compile(this.#graph, [...this.#inputs.keys()], this.#choices);
    this.#release();
    this.#bound = bound;
    this.#choices = bound.executable.plan.choices;
    // It may have been disposed while it was compiled.
    if (this.#disposed) return this.#release();
    for (const [name, values] of this.#inputs) bound.variables.write(name, values);
  }

  /** Sets an input for the runs that follow. */
  write(name: string, values: Elements): void {
    const { variables } = this.#usable();
    if (!this.#host.interrupted) variables.write(name, values);
    this.#inputs.set(name, values);
  }

  /** Submits the graph, after all that was submitted before; nothing while a lost device is replaced. */
  run(): void {
    const { executable } = this.#usable();
    if (!this.#host.interrupted) executable.run();
  }

  /** Submits the graph and brings an output to the host. */
  async read(output: string): Promise<Float32Array<ArrayBuffer>> {
    return this.#host.outlasting(async () => {
      const { executable } = this.#usable();
      executable.run();
      return executable.read(output);
    });
  }

  /** Where an output lies on the device: valid until the device is lost, overwritten by the next run. */
  output(name: string): DeviceTensor {
    const output = this.#usable().executable.outputs.get(name);
    if (!output) throw new RangeError(`The graph has no output '${name}'.`);
    return output;
  }

  #usable() {
    if (!this.#bound)
      throw new GanvasError('disposed', 'This function has been disposed.', 'Compile it again.');
    return this.#bound;
  }

  #release(): void {
    this.#bound?.executable.dispose();
    this.#bound?.variables.dispose();
    this.#bound = undefined;
  }

  /** Frees its memory. Twice is fine. */
  dispose(): void {
    this.#disposed = true;
    this.#release();
  }
}
