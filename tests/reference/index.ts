/**
 * The yardstick: runs a graph on the CPU in float64 with plain loops.
 * It is written for being right at a glance, and shares no code with the kernels.
 */
import type { Graph, Node } from '../../src/graph/graph.ts';
import '../../src/ops/index.ts';
import { batchNormReference } from './batch-norm.ts';
import { convReference } from './conv.ts';
import { elementwiseReference } from './elementwise.ts';
import { firstNonFiniteReference } from './first-non-finite.ts';
import { matmulReference } from './matmul.ts';
import { movementReference } from './movement.ts';
import { optimiserReference } from './optimiser.ts';
import { randomReference } from './random.ts';
import { reduceReference } from './reduce.ts';
import { tauLeapReference } from './tau-leap.ts';
import type { ReferenceTable } from './types.ts';

/** Every operation but `variable`, which the interpreter answers itself. */
export const referenceTable: ReferenceTable = {
  ...batchNormReference,
  ...convReference,
  ...elementwiseReference,
  ...firstNonFiniteReference,
  ...matmulReference,
  ...movementReference,
  ...optimiserReference,
  ...randomReference,
  ...reduceReference,
  ...tauLeapReference,
};

export interface Interpretation {
  /** The graph's outputs, by name. */
  readonly outputs: Map<string, Float64Array>;
  /** What each variable holds after the step, assigned or not. */
  readonly variables: Map<string, Float64Array>;
  /** Every tensor that was computed, by its id. */
  readonly values: Map<number, Float64Array>;
}

/**
 * Runs a graph once. `variables` holds what each variable starts with (bytes as 0 to 255).
 * `nodes` may be `prune(graph)`, to leave out what the results do not need.
 */
export function interpret(
  graph: Graph,
  variables: ReadonlyMap<string, ArrayLike<number>>,
  nodes: readonly Node[] = graph.nodes,
): Interpretation {
  const values = new Map<number, Float64Array>();
  const computed = (id: number): Float64Array => {
    const value = values.get(id);
    if (!value) throw new Error(`Tensor ${id} was not computed.`);
    return value;
  };
  const start = (name: string, size: number): Float64Array => {
    const value = variables.get(name);
    if (value?.length !== size)
      throw new Error(`Variable '${name}' needs ${size} values, got ${value?.length ?? 'none'}.`);
    return Float64Array.from(value);
  };

  for (const node of nodes) {
    const made =
      node.op === 'variable'
        ? [start(node.attrs.name as string, node.outputs[0].size)]
        : referenceTable[node.op](
            node,
            node.inputs.map((t) => computed(t.id)),
          );
    node.outputs.forEach((output, i) => {
      if (made[i]?.length !== output.size)
        throw new Error(`${output}: the reference made ${made[i]?.length} values.`);
      values.set(output.id, made[i]);
    });
  }

  return {
    values,
    outputs: new Map([...graph.outputs].map(([name, t]) => [name, computed(t.id)])),
    variables: new Map(
      [...graph.variables.values()].map(({ name, initial, current }) => [
        name,
        current === initial ? start(name, initial.size) : computed(current.id),
      ]),
    ),
  };
}
