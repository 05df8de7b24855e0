import { GraphError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { view } from '../ops/movement.ts';
import type { FileLayout } from './file-layout.ts';
import type { Initialiser } from './initialisers.ts';

/** One way through a net. */
export interface Pass {
  /** Batch statistics, and running ones updated; otherwise running statistics. */
  readonly training: boolean;
  /** The net's parameters, flat: the newest version, or an average of them. */
  readonly weights: Tensor;
  /** Classes of the items, one-hot [N, classes], for modules that are conditional. */
  readonly classes?: Tensor | undefined;
}

/** Where a parameter lies in its net's flat buffer, in elements. */
interface Home {
  readonly offset: number;
}

/** A tensor that is learned. It belongs to one net, which gives it a place in its flat buffer. */
export class Parameter {
  private home: Home | undefined;
  private readonly reads = new WeakMap<Tensor, Tensor>();

  constructor(
    /** Sizes of its axes, in this engine's order. */
    readonly shape: Shape,
    /** How it starts. */
    readonly init: Initialiser,
    /** The order of its axes in files; as here by default. */
    readonly layout: FileLayout = { axes: shape.map((_, i) => i) },
  ) {}

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Element at which it starts in its net's flat buffer. */
  get offset(): number {
    if (!this.home)
      throw new GraphError(
        'A parameter is used before its net is made.',
        'Wrap the module in a Net.',
      );
    return this.home.offset;
  }

  /** @internal For `Net` only. */
  settle(offset: number): void {
    if (this.home)
      throw new GraphError('A layer belongs to two nets.', 'Make a layer of its own for each net.');
    this.home = { offset };
  }

  /** The parameter in a version of its net's flat buffer. The same tensor each time for the same version. */
  read(weights: Tensor): Tensor {
    let tensor = this.reads.get(weights);
    if (!tensor) {
      tensor = view(weights, this.offset, this.shape);
      this.reads.set(weights, tensor);
    }
    return tensor;
  }
}

/**
 * A tensor that is kept but not learned, such as running statistics: a variable of its own, f32. A
 * module reads it in `forward`, and may assign its next version there, in training mode.
 */
export class ModuleBuffer {
  private named: string | undefined;

  constructor(
    /** Sizes of its axes. */
    readonly shape: Shape,
    /** What it starts as. */
    readonly initial: Float32Array<ArrayBuffer>,
    /** Names by which PyTorch's files know the slices of axis 0, where it is several tensors there. */
    readonly fileNames?: readonly string[],
  ) {
    const fits = fileNames === undefined || fileNames.length === shape[0];
    if (initial.length !== sizeOf(shape) || !fits) {
      throw new GraphError(
        `A buffer [${shape.join(', ')}] is given ${initial.length} values and ${fileNames?.length ?? 'no'} names.`,
        'Give a value for each element, and names for all slices of axis 0 or for none.',
      );
    }
  }

  /** Name of the variable. */
  get variable(): string {
    if (!this.named)
      throw new GraphError('A buffer is used before its net is made.', 'Wrap the module in a Net.');
    return this.named;
  }

  /** @internal For `Net` only. */
  settle(variable: string): void {
    this.named = variable;
  }

  /** The newest version in a graph. */
  read(graph: Graph): Tensor {
    return graph.variable(this.variable, this.shape);
  }

  /** Makes a tensor of its shape the newest version, which is there for the next step too. */
  assign(value: Tensor): void {
    value.graph.assign(this.variable, value);
  }
}

/**
 * A layer or a tree of them. Names follow PyTorch's `state_dict`.
 *
 * ```ts
 * class Scale extends Module {
 *   private readonly scale = new Parameter([1], constantInit(1));
 *   override readonly parameters = new Map([['scale', this.scale]]);
 *
 *   forward(x: Tensor, { weights }: Pass): Tensor {
 *     return mul(x, this.scale.read(weights));
 *   }
 * }
 * ```
 */
export abstract class Module {
  /** Own parameters by name, in the order of PyTorch's `parameters()`. */
  readonly parameters: ReadonlyMap<string, Parameter> = new Map();
  /** Own buffers by name. */
  readonly buffers: ReadonlyMap<string, ModuleBuffer> = new Map();
  /** Modules inside this one, by name. */
  readonly children: ReadonlyMap<string, Module> = new Map();

  /** The module applied to `x`, in the graph of `x`. */
  abstract forward(x: Tensor, pass: Pass): Tensor;
}
