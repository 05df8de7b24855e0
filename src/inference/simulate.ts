import { Graph } from '../graph/graph.ts';
import { mean } from '../ops/reduce.ts';
import type { Engine } from '../runtime/engine.ts';
import type { TracedFunction } from '../training/graph-function.ts';
import { traceTraining } from '../training/trace.ts';
import { Trainer } from '../training/trainer.ts';
import { InferenceError } from './errors.ts';
import { drawJoint, type Simulator } from './simulator.ts';

/** Draws from the joint distribution of θ and y. */
export interface Simulations {
  /** [count, parameters], flat. */
  readonly theta: Float32Array<ArrayBuffer>;
  /** [count, observations], flat: row i was simulated with row i of θ. */
  readonly y: Float32Array<ArrayBuffer>;
  /** How many there are. */
  readonly count: number;
}

/** Options of `simulate`. */
export interface SimulateOptions {
  /** How many simulations. */
  readonly count: number;
  /** As that of `traceTraining`; 0 by default. */
  readonly seed?: number;
  /** Simulations that are run side by side; 1024 by default, or all if they are fewer. */
  readonly batchSize?: number;
}

/**
 * Runs a simulator on the device with θ from its prior, and brings both to the host: to see what it does,
 * for `rejectionAbc`, or for observations whose true θ is known.
 *
 * Errors: `InferenceError`, and what `Trainer.create` throws.
 */
export async function simulate(
  engine: Engine,
  simulator: Simulator,
  { count, seed = 0, batchSize = Math.min(count, 1024) }: SimulateOptions,
): Promise<Simulations> {
  for (const [name, n] of Object.entries({ count, batchSize })) {
    if (!(Number.isInteger(n) && n >= 1)) {
      const advice = 'It must be a whole number of at least 1.';
      throw new InferenceError('options', `${name} is ${n}.`, advice);
    }
  }
  const shapes = {
    theta: [batchSize, simulator.parameters],
    y: [batchSize, simulator.observations],
  };
  const zeros = (shape: readonly number[]) => new Float32Array(shape[0] * shape[1]);
  const program = traceTraining({
    seed,
    optimisers: [],
    step(context) {
      const drawn = drawJoint(simulator, context, batchSize);
      for (const name of ['theta', 'y'] as const) {
        context.variable(name, { shape: shapes[name], values: zeros(shapes[name]) });
        context.assign(name, drawn[name]);
      }
      return { mean: mean(drawn.y) };
    },
  });
  const graph = new Graph();
  for (const [name, shape] of Object.entries(shapes))
    graph.output(name, graph.variable(name, shape));
  const latest: TracedFunction<string, 'theta' | 'y'> = {
    graph,
    inputs: new Map(),
    outputs: ['theta', 'y'],
  };

  using trainer = await Trainer.create(engine, program, { snapshotSeconds: Infinity });
  const read = await trainer.compile(latest);
  const theta = new Float32Array(count * simulator.parameters);
  const y = new Float32Array(count * simulator.observations);
  let done = 0;
  // At a boundary nothing is in flight: what is read is of this very step.
  for await (const _ of trainer.run({ steps: Math.ceil(count / batchSize), boundaryEvery: 1 })) {
    const batch = await read.call();
    const rows = Math.min(batchSize, count - done);
    theta.set(batch.theta.subarray(0, rows * simulator.parameters), done * simulator.parameters);
    y.set(batch.y.subarray(0, rows * simulator.observations), done * simulator.observations);
    done += rows;
  }
  return { theta, y, count };
}
