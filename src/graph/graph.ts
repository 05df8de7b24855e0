import { GraphError } from './errors.ts';
import { type OpDefinition, opDefinition, unknownOperation } from './registry.ts';
import { byteSize, type DType, type Shape, sameShape, sizeOf, type TensorType } from './shape.ts';

/** Plain data that a node carries, so that a graph can be serialised. */
export type Attr =
  | number
  | string
  | boolean
  | null
  | readonly Attr[]
  | { readonly [key: string]: Attr };
/** What a node carries beside its inputs, by name. */
export type Attrs = { readonly [key: string]: Attr };

/** One operation: pure data. `inputs` and `outputs` are tensors of the same graph. */
export interface Node {
  /** Its place in the graph. */
  readonly id: number;
  /** Name of the operation. */
  readonly op: string;
  /** What it is applied to. */
  readonly inputs: readonly Tensor[];
  /** What it makes. */
  readonly outputs: readonly Tensor[];
  /** What else decides the result, such as a stride. */
  readonly attrs: Attrs;
  /**
   * The part of a model that it was made for, such as `discriminator` or `discriminator backward`; empty for
   * none. It decides nothing: it says in profiles where time goes.
   */
  readonly scope: string;
}

/** A symbolic tensor: a shape, a dtype and the node that makes it. It holds no numbers. */
export class Tensor implements TensorType {
  constructor(
    /** The graph that it belongs to. */
    readonly graph: Graph,
    /** Its number among the graph's tensors. */
    readonly id: number,
    /** Sizes of its axes, outermost first. */
    readonly shape: Shape,
    /** Type of its elements. */
    readonly dtype: DType,
    /** What makes it. */
    readonly node: Node,
    /** Which of the node's outputs it is. */
    readonly index: number,
  ) {}

  /** Number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of its buffer: dense, rounded up to 16. */
  get bytes(): number {
    return byteSize(this);
  }

  toString(): string {
    return `${this.node.op}#${this.id}[${this.shape.join(', ')}]`;
  }
}

/** A named tensor that outlives the step: parameters, optimiser moments, counters, data sets. */
export interface Variable extends TensorType {
  /** Its name in the graph, and wherever its values are kept. */
  readonly name: string;
  /** The value that the step starts from. */
  readonly initial: Tensor;
  /** The newest value: what `variable()` returns, and what the step leaves behind. */
  current: Tensor;
}

/** The serialised form of a graph: plain JSON. Tensors are numbered in the order they were made. */
export interface GraphData {
  /** In the order that they were made in. */
  readonly nodes: readonly {
    /** Name of the operation. */
    readonly op: string;
    /** Numbers of the tensors that it is applied to. */
    readonly inputs: readonly number[];
    /** What else decides the result. */
    readonly attrs: Attrs;
    /** Types of what it makes. */
    readonly outputs: readonly TensorType[];
    /** The part of a model that it was made for; empty for none. */
    readonly scope: string;
  }[];
  /** What outlives the graph's run. */
  readonly variables: readonly {
    /** The variable's name. */
    readonly name: string;
    /** The tensor that it begins with. */
    readonly initial: number;
    /** The tensor that it ends with. */
    readonly current: number;
  }[];
  /** Results. */
  readonly outputs: readonly {
    /** The result's name. */
    readonly name: string;
    /** The tensor that it is. */
    readonly tensor: number;
  }[];
}

/**
 * A static graph of operations on symbolic tensors: one training step, or one forward pass.
 *
 * Parameters are values: `assign` gives a variable a new version, and whoever reads the variable
 * afterwards reads that version. Nothing is executed here; `runtime/` does that.
 */
export class Graph {
  /** In the order that they were made in, in which they can be computed. */
  readonly nodes: Node[] = [];
  /** By name. */
  readonly variables = new Map<string, Variable>();
  /** Results by name. */
  readonly outputs = new Map<string, Tensor>();
  /** @internal `Node.scope` of the nodes that are added. */
  scope = '';
  private tensorCount = 0;

  /** Adds a node after checking its inputs with the operation's shape rule. */
  add(op: string, inputs: readonly Tensor[], attrs: Attrs = {}): readonly Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) {
        throw new GraphError(
          `${op}: ${input} belongs to another graph.`,
          'Read variables and make constants in the graph that uses them.',
        );
      }
    }
    return this.append(op, inputs, attrs, opDefinition(op).infer(inputs, attrs));
  }

  /** @internal Gives all nodes that `make` adds a scope; a failed trace is of no use to anybody. */
  within<T>(scope: string, make: () => T): T {
    const outer = this.scope;
    this.scope = scope;
    const made = make();
    this.scope = outer;
    return made;
  }

  private append(
    op: string,
    inputs: readonly Tensor[],
    attrs: Attrs,
    types: readonly TensorType[],
  ) {
    const outputs: Tensor[] = [];
    const node: Node = { id: this.nodes.length, op, inputs, outputs, attrs, scope: this.scope };
    types.forEach(({ shape, dtype }, index) => {
      outputs.push(new Tensor(this, this.tensorCount++, shape, dtype, node, index));
    });
    this.nodes.push(node);
    return outputs;
  }

  /** The newest version of a variable, declared on first use. */
  variable(name: string, shape: Shape, dtype: DType = 'f32'): Tensor {
    const known = this.variables.get(name);
    if (known) {
      if (!sameShape(known.shape, shape) || known.dtype !== dtype) {
        throw new GraphError(
          `Variable '${name}' is ${known.dtype}[${known.shape.join(', ')}], not ${dtype}[${shape.join(', ')}].`,
          'Give each variable a name of its own.',
        );
      }
      return known.current;
    }
    const [initial] = this.append('variable', [], { name }, [{ shape, dtype }]);
    this.variables.set(name, { name, shape, dtype, initial, current: initial });
    return initial;
  }

  /** Makes `value` the variable's newest version; the step stores it at its end. */
  assign(name: string, value: Tensor): void {
    const variable = this.variables.get(name);
    if (!variable)
      throw new GraphError(`There is no variable '${name}'.`, 'Read it before assigning it.');
    if (!sameShape(variable.shape, value.shape) || variable.dtype !== value.dtype) {
      throw new GraphError(
        `Variable '${name}' of shape [${variable.shape.join(', ')}] cannot become ${value}.`,
        'A variable keeps its shape and dtype.',
      );
    }
    variable.current = value;
  }

  /** Marks a tensor as a result that can be read after the step. */
  output(name: string, tensor: Tensor): Tensor {
    if (this.outputs.has(name)) {
      throw new GraphError(
        `Output '${name}' is declared twice.`,
        'Give each output a name of its own.',
      );
    }
    this.outputs.set(name, tensor);
    return tensor;
  }

  /** Tensors that must exist at the end: outputs and new versions of variables. */
  results(): Tensor[] {
    const updated = [...this.variables.values()].filter((v) => v.current !== v.initial);
    return [...this.outputs.values(), ...updated.map((v) => v.current)];
  }

  /** The graph as plain data; `JSON.stringify` calls it. */
  toJSON(): GraphData {
    return {
      nodes: this.nodes.map((node) => ({
        op: node.op,
        inputs: node.inputs.map((t) => t.id),
        attrs: node.attrs,
        outputs: node.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
        scope: node.scope,
      })),
      variables: [...this.variables.values()].map(({ name, initial, current }) => ({
        name,
        initial: initial.id,
        current: current.id,
      })),
      outputs: [...this.outputs].map(([name, tensor]) => ({ name, tensor: tensor.id })),
    };
  }

  /**
   * Rebuilds a graph of these operations, running every shape rule again: data from elsewhere is not
   * trusted.
   */
  static fromJSON(data: GraphData, operations: readonly OpDefinition[]): Graph {
    const graph = new Graph();
    const known = new Set(operations.map(({ name }) => name));
    const tensors: Tensor[] = [];
    const at = (id: number): Tensor => {
      const tensor = tensors[id];
      if (!tensor)
        throw new GraphError(
          `Tensor ${id} is used before it is made.`,
          'The graph data is damaged.',
        );
      return tensor;
    };
    for (const { op, inputs, attrs, outputs, scope } of data.nodes) {
      graph.scope = scope;
      if (op !== 'variable' && !known.has(op)) throw unknownOperation(op);
      const made =
        op === 'variable'
          ? [graph.variable(String(attrs.name), outputs[0].shape, outputs[0].dtype)]
          : graph.add(op, inputs.map(at), attrs);
      tensors.push(...made);
    }
    for (const { name, current } of data.variables) graph.assign(name, at(current));
    for (const { name, tensor } of data.outputs) graph.output(name, at(tensor));
    return graph;
  }
}
