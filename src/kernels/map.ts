import type { Attrs, Tensor } from '../graph/graph.ts';
import type { Access } from '../ops/movement.ts';

/** How a map reads one of its operands at the element it is computing. */
export type OperandAccess =
  /** The operand has the output's shape: the same index. */
  | { readonly kind: 'same' }
  /** One element for all. */
  | { readonly kind: 'scalar' }
  /** The operand has the output's trailing axes: index mod `period`. */
  | { readonly kind: 'cyclic'; readonly period: number }
  /** Anything else: from the coordinates in `shape`. */
  | { readonly kind: 'strided'; readonly shape: readonly number[]; readonly access: Access };

export interface MapOperand {
  readonly tensor: Tensor;
  readonly access: OperandAccess;
}

/** An argument: the result of an earlier instruction, an operand, or a number. */
export type MapArg =
  | { readonly kind: 'value'; readonly index: number }
  | { readonly kind: 'operand'; readonly index: number }
  | { readonly kind: 'number'; readonly value: number };

/**
 * A chain of element-wise operations on one element. Value 0 is what the kernel computed; each
 * instruction adds a value; the last value is stored. Without instructions value 0 is.
 */
export interface MapProgram {
  readonly operands: readonly MapOperand[];
  readonly instructions: readonly { readonly op: string; readonly args: readonly MapArg[]; readonly attrs: Attrs }[];
}

export const identityMap: MapProgram = { operands: [], instructions: [] };
