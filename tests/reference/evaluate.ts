import { Graph, type Tensor } from '../../src/graph/graph.ts';
import type { DType, Shape } from '../../src/graph/shape.ts';
import { interpret } from './index.ts';

/** A tensor with numbers in it, f32 unless it says otherwise. */
export interface Input {
  readonly shape: Shape;
  readonly values: ArrayLike<number>;
  readonly dtype?: DType;
}

/** A graph with a variable for each input, and the values of those variables. */
export function graphOf(inputs: readonly Input[]) {
  const graph = new Graph();
  const tensors = inputs.map(({ shape, dtype }, i) => graph.variable(`input${i}`, shape, dtype));
  const variables = new Map(inputs.map(({ values }, i) => [`input${i}`, values]));
  return { graph, tensors, variables };
}

/** The values of the tensors that `build` makes of some inputs. */
export function evaluate(
  inputs: readonly Input[],
  build: (...tensors: Tensor[]) => Tensor | readonly Tensor[],
): Float64Array[] {
  const { graph, tensors, variables } = graphOf(inputs);
  const made = [build(...tensors)].flat();
  const { values } = interpret(graph, variables);
  return made.map((t) => values.get(t.id)!);
}
