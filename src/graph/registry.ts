import { GraphError } from './errors.ts';
import type { Attrs, Node, Tensor } from './graph.ts';
import type { Shape, TensorType } from './shape.ts';

/** What a gradient rule sees: `dOutputs[i]` is undefined where nothing flows back into output i. */
export interface GradContext {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly dOutputs: readonly (Tensor | undefined)[];
  /** `needs[i]`: input i leads to something a gradient is asked for. Others may be left out. */
  readonly needs: readonly boolean[];
}

/**
 * Where an element of a movement operation's output comes from: input index =
 * offset + Σ coordinateᵢ · strideᵢ, and 0 is read where a coordinate leaves [lowᵢ, highᵢ).
 */
export interface Access {
  readonly strides: readonly number[];
  readonly offset: number;
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** What an operation means, apart from how it runs. Defined in `ops/`, one file each. */
export interface OpDefinition {
  readonly name: string;
  /** The shape rule. Throws `ShapeError` for inputs that do not fit. */
  infer(inputs: readonly TensorType[], attrs: Attrs): TensorType[];
  /** Gradients of the inputs, written with operations so that they can be differentiated again. */
  grad?(context: GradContext): readonly (Tensor | undefined)[];
  /** The same outputs from primitives; fused operations are differentiated through it. */
  decompose?(inputs: readonly Tensor[], attrs: Attrs): readonly Tensor[];
  /** Gradients stop here, as under PyTorch's `no_grad`: an optimiser's update is no part of a loss. */
  readonly detached?: boolean;
  /** Pairs [output, input]: the kernel updates that input's buffer where it lies. */
  readonly inPlace?: readonly (readonly [output: number, input: number])[];
  /** Works on each element alone, so that it can be fused to whatever makes its operands. */
  readonly elementwise?: boolean;
  /** Only moves elements: kernels fold the movement into the load of whatever comes next. */
  access?(input: Shape, output: Shape, attrs: Attrs): Access;
  /** Multiply-adds × 2 of useful work; element-wise work is not counted. */
  flops?(inputs: readonly TensorType[], outputs: readonly TensorType[], attrs: Attrs): number;
}

const definitions = new Map<string, OpDefinition>();

// Call it as pure, `export const xOp = /* @__PURE__ */ defineOp(…)`, and name the operation `xOp.name`:
// a bundler then drops the operations that nothing can name, and keeps all others.
/** Registers an operation. Its name is its identity in serialised graphs. */
export function defineOp<T extends OpDefinition>(definition: T): T {
  if (definitions.has(definition.name)) {
    throw new GraphError(
      `Operation '${definition.name}' is defined twice.`,
      'Choose another name.',
    );
  }
  definitions.set(definition.name, definition);
  return definition;
}

export const unknownOperation = (name: string): GraphError =>
  new GraphError(
    `There is no operation '${name}'.`,
    'Use a function of ops/, or `operations()` for a graph from elsewhere.',
  );

/** The definition of an operation. */
export function opDefinition(name: string): OpDefinition {
  const definition = definitions.get(name);
  if (!definition) throw unknownOperation(name);
  return definition;
}

/** Names of all operations, for tests that must cover each. */
export const opNames = (): string[] => [...definitions.keys()];
