// Programs and functions as data that can be posted to a worker: graphs cannot, as their tensors know
// the graph that they are of. Decoding runs every shape rule again.

import { Graph, type GraphData } from '../graph/graph.ts';
import { operations } from '../ops/index.ts';
import type { TracedFunction } from './graph-function.ts';
import type { TrainingProgram } from './program.ts';

/** A `TrainingProgram` for `structuredClone` and `postMessage`. */
export type ProgramData<Name extends string = string> = Omit<TrainingProgram<Name>, 'step'> & {
  /** The graph of a step as JSON. */
  readonly step: GraphData;
};

/** A `TracedFunction` for `structuredClone` and `postMessage`. */
export type FunctionData<Input extends string = string, Output extends string = string> = Omit<
  TracedFunction<Input, Output>,
  'graph'
> & {
  /** The function's graph as JSON. */
  readonly graph: GraphData;
};

/** A program as data that can be posted; big arrays are the same ones. */
export const encodeProgram = <Name extends string>(
  program: TrainingProgram<Name>,
): ProgramData<Name> => ({ ...program, step: program.step.toJSON() });

/** The program again. Errors: `GraphError` and `ShapeError` where the data is damaged. */
export const decodeProgram = <Name extends string>(
  data: ProgramData<Name>,
): TrainingProgram<Name> => ({ ...data, step: Graph.fromJSON(data.step, operations()) });

/** A function as data that can be posted. */
export const encodeFunction = <Input extends string, Output extends string>(
  traced: TracedFunction<Input, Output>,
): FunctionData<Input, Output> => ({ ...traced, graph: traced.graph.toJSON() });

/** The function again. Errors: `GraphError` and `ShapeError` where the data is damaged. */
export const decodeFunction = <Input extends string, Output extends string>(
  data: FunctionData<Input, Output>,
): TracedFunction<Input, Output> => ({ ...data, graph: Graph.fromJSON(data.graph, operations()) });
