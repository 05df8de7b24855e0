import { GanvasError, GraphError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { DeviceTensor, Executable } from '../runtime/executable.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements, Variables } from '../runtime/variables.ts';
import type { Session } from './session.ts';

/** A graph that reads what is being trained, and variables of its own, its inputs. Plain data. */
export interface TracedFunction<Input extends string = string, Output extends string = string> {
  /** It reads variables of the program and the inputs, and has the outputs. */
  readonly graph: Graph;
  /** What the inputs are until others are given. */
  readonly inputs: ReadonlyMap<Input, Elements>;
  /** Names of the results. */
  readonly outputs: readonly Output[];
}

/** Whoever gives a function its device, and another one when that is lost. */
export interface FunctionHost {
  /** The device is lost, and another one will take its place. */
  readonly interrupted: boolean;
  /** Does what needs the device; again, on another one, if that is lost meanwhile. */
  outlasting<T>(work: () => Promise<T>): Promise<T>;
  /** A function has been disposed: it needs no other device any more. */
  forget(fn: GraphFunction): void;
}

/**
 * A graph on what is being trained, such as the generator on latents of its own: compiled once, run
 * whenever it is wanted. Made by a trainer's `compile`; it goes on when a lost device is replaced.
 */
export class GraphFunction<Input extends string = string, Output extends string = string> {
  #bound: { readonly executable: Executable; readonly variables: Variables } | undefined;
  /** Kernels that were chosen first: with them another device gives the same bits. */
  #choices: Choices | undefined;
  #disposed = false;
  readonly #traced: TracedFunction<Input, Output>;
  readonly #inputs: Map<string, Elements>;
  readonly #host: FunctionHost;

  /** @internal For trainers. */
  constructor(traced: TracedFunction<Input, Output>, host: FunctionHost) {
    this.#traced = traced;
    this.#inputs = new Map(traced.inputs);
    this.#host = host;
  }

  /** @internal For trainers: makes what it needs on the device of `session`. */
  async bind(session: Session): Promise<void> {
    const { graph } = this.#traced;
    const bound = await session.compile(graph, [...this.#inputs.keys()], this.#choices);
    this.#release();
    this.#bound = bound;
    this.#choices = bound.executable.plan.choices;
    // It may have been disposed while it was compiled.
    if (this.#disposed) return this.#release();
    for (const [name, values] of this.#inputs) bound.variables.write(name, values);
  }

  /** Sets an input for the runs that follow. */
  write(name: Input, given: Float32Array): void {
    const { variables } = this.#usable();
    const values = given as Float32Array<ArrayBuffer>;
    // The variables of what is being trained have names too, and are not its own to write.
    if (!this.#inputs.has(name)) {
      const known = [...this.#inputs.keys()].join(', ') || 'none';
      throw new GraphError(`The function has no input '${name}'.`, `Known: ${known}.`);
    }
    if (!this.#host.interrupted) variables.write(name, values);
    this.#inputs.set(name, values);
  }

  /** Submits the graph, after all that was submitted before; nothing while a lost device is replaced. */
  run(): void {
    const { executable } = this.#usable();
    if (!this.#host.interrupted) executable.run();
  }

  /** Sets inputs, runs, and brings all outputs to the host, flat, the last axis fastest. */
  async call(
    inputs: { readonly [name in Input]?: Float32Array } = {},
  ): Promise<Record<Output, Float32Array<ArrayBuffer>>> {
    for (const [name, values] of Object.entries<Float32Array | undefined>(inputs))
      if (values) this.write(name as Input, values);
    const { outputs } = this.#traced;
    const read = await this.#read(outputs);
    const named = outputs.map((name, i) => [name, read[i]]);
    return Object.fromEntries(named) as Record<Output, Float32Array<ArrayBuffer>>;
  }

  /** Submits the graph and brings an output to the host. */
  async read(output: Output): Promise<Float32Array<ArrayBuffer>> {
    const [values] = await this.#read([output]);
    return values;
  }

  #read(outputs: readonly Output[]): Promise<Float32Array<ArrayBuffer>[]> {
    return this.#host.outlasting(async () => {
      const { executable } = this.#usable();
      executable.run();
      // All copies are submitted before one is awaited: another run may follow at once.
      return Promise.all(outputs.map((name) => executable.read(name)));
    });
  }

  /**
   * Where an output lies on the device, to be used there without a copy: valid until the device is
   * lost, overwritten by the next run.
   */
  output(name: Output): DeviceTensor {
    const output = this.#usable().executable.outputs.get(name);
    if (output) return output;
    const known = this.#traced.outputs.join(', ') || 'none';
    throw new GraphError(`The function has no output '${name}'.`, `Known: ${known}.`);
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
    this.#host.forget(this);
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
