import { GanvasError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { DeviceTensor, Executable } from '../runtime/executable.ts';
import type { Elements, Variables } from '../runtime/variables.ts';
import type { Session } from './session.ts';

/**
 * A graph on what is being trained, such as the generator on latents of its own: compiled once, run
 * whenever it is wanted. Made by a trainer's `compile`; it goes on when a lost device is replaced.
 */
export class GraphFunction {
  #bound: { readonly executable: Executable; readonly variables: Variables } | undefined;
  #disposed = false;
  readonly #graph: Graph;
  readonly #inputs: Map<string, Elements>;

  /** For trainers. */
  constructor(graph: Graph, inputs: ReadonlyMap<string, Elements>) {
    this.#graph = graph;
    this.#inputs = new Map(inputs);
  }

  /** For trainers: makes what it needs on the device of `session`. */
  async bind(session: Session): Promise<void> {
    const bound = await session.compile(this.#graph, [...this.#inputs.keys()]);
    this.#release();
    this.#bound = bound;
    for (const [name, values] of this.#inputs) bound.variables.write(name, values);
    // It may have been disposed while it was compiled.
    if (this.#disposed) this.#release();
  }

  /** Sets an input for the runs that follow. */
  write(name: string, values: Elements): void {
    this.#executable();
    this.#bound?.variables.write(name, values);
    this.#inputs.set(name, values);
  }

  /** Submits the graph, after all that was submitted before. */
  run(): void {
    this.#executable().run();
  }

  /** Submits the graph and brings an output to the host. */
  read(output: string): Promise<Float32Array<ArrayBuffer>> {
    const executable = this.#executable();
    executable.run();
    return executable.read(output);
  }

  /** Where an output lies on the device: valid until the device is lost, overwritten by the next run. */
  output(name: string): DeviceTensor {
    const output = this.#executable().outputs.get(name);
    if (!output) throw new RangeError(`The graph has no output '${name}'.`);
    return output;
  }

  #executable(): Executable {
    if (!this.#bound)
      throw new GanvasError('disposed', 'This function has been disposed.', 'Compile it again.');
    return this.#bound.executable;
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
