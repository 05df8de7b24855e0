import type { Attrs, Tensor } from './graph.ts';
import type { Access } from './registry.ts';

/** How a map reads one of its operands at the element it is computing. */
export type OperandAccess =
  /** The operand has as many elements as the output, in the same order: the same index. */
  | { readonly kind: 'same' }
  /** One element for all. */
  | { readonly kind: 'scalar' }
  /** The operand has the output's trailing axes: index mod `period`. */
  | { readonly kind: 'cyclic'; readonly period: number }
  /** Anything else: from the output's coordinates in `shape`. */
  | { readonly kind: 'strided'; readonly shape: readonly number[]; readonly access: Access };

export interface MapOperand {
  readonly tensor: Tensor;
  readonly access: OperandAccess;
}

/** What the kernel itself computed, the result of an earlier instruction, an operand, or a number. */
export type MapArg =
  | { readonly kind: 'kernel' }
  | { readonly kind: 'instruction'; readonly index: number }
  | { readonly kind: 'operand'; readonly index: number }
  | { readonly kind: 'number'; readonly value: number };

export interface MapInstruction {
  readonly op: string;
  readonly args: readonly MapArg[];
  readonly attrs: Attrs;
}

/** A chain of element-wise operations on one element: what a kernel applies before it stores, or as it loads. */
export interface MapProgram {
  readonly operands: readonly MapOperand[];
  readonly instructions: readonly MapInstruction[];
  readonly result: MapArg;
}

/** Stores what the kernel computed. */
export const identityMap: MapProgram = {
  operands: [],
  instructions: [],
  result: { kind: 'kernel' },
};

const sameAccess = (a: OperandAccess, b: OperandAccess): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Collects operands and instructions. The same operand read the same way is there once. */
export class MapBuilder {
  readonly operands: MapOperand[] = [];
  readonly instructions: MapInstruction[] = [];

  constructor(public result: MapArg) {}

  operand(tensor: Tensor, access: OperandAccess): MapArg {
    const known = this.operands.findIndex(
      (o) => o.tensor === tensor && sameAccess(o.access, access),
    );
    if (known >= 0) return { kind: 'operand', index: known };
    return { kind: 'operand', index: this.operands.push({ tensor, access }) - 1 };
  }

  instruction(op: string, args: readonly MapArg[], attrs: Attrs): MapArg {
    return { kind: 'instruction', index: this.instructions.push({ op, args, attrs }) - 1 };
  }

  /** Repeats another map's instructions here; `kernel` replaces what its kernel computed. */
  inline(other: MapProgram, kernel: MapArg): MapArg {
    const operands = other.operands.map((o) => this.operand(o.tensor, o.access));
    const results: MapArg[] = [];
    const here = (arg: MapArg): MapArg => {
      switch (arg.kind) {
        case 'kernel':
          return kernel;
        case 'operand':
          return operands[arg.index];
        case 'instruction':
          return results[arg.index];
        case 'number':
          return arg;
      }
    };
    for (const { op, args, attrs } of other.instructions) {
      results.push(this.instruction(op, args.map(here), attrs));
    }
    return here(other.result);
  }
}
