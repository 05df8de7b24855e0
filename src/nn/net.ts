import type { Graph, Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import type { NamedPart } from './file-layout.ts';
import type { HostRandom } from './initialisers.ts';
import type { Module, ModuleBuffer, Parameter } from './module.ts';

/** Elements by which windows of a flat buffer are aligned: WebGPU's 256 bytes. */
const ALIGNMENT = 64;
const align = (n: number): number => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/** A variable that is one tensor, in the order of its axes. */
export const wholePart = (variable: string, name: string, shape: Shape): NamedPart => ({
  ...{ variable, name, offset: 0, size: sizeOf(shape), shape, axes: shape.map((_, i) => i) },
});

/**
 * A module with a name and memory: all its parameters lie in one flat buffer, so that an optimiser
 * updates them in one dispatch.
 *
 * Variables: `NAME.parameters` f32 [size], and one for each buffer, such as `NAME.main.1.running`.
 */
export class Net {
  /** Parameters by their names in PyTorch's `state_dict`, such as `main.0.weight`. */
  readonly parameters = new Map<string, Parameter>();
  /** Buffers by the name of their module, such as `main.1.running`. */
  readonly buffers = new Map<string, ModuleBuffer>();
  /** Elements of the flat buffer: parameters and the gaps that align them. */
  readonly size: number;

  constructor(
    /** What its variables and its tensors in files begin with. */
    readonly name: string,
    /** What it computes. */
    readonly module: Module,
  ) {
    let offset = 0;
    const visit = (path: string, m: Module) => {
      for (const [key, parameter] of m.parameters) {
        parameter.settle(offset);
        offset += align(parameter.size);
        this.parameters.set(path + key, parameter);
      }
      for (const [key, buffer] of m.buffers) {
        buffer.settle(`${name}.${path}${key}`);
        this.buffers.set(path + key, buffer);
      }
      for (const [key, child] of m.children) visit(`${path}${key}.`, child);
    };
    visit('', module);
    this.size = offset;
  }

  /** Number of learned elements, as PyTorch counts them. */
  get parameterCount(): number {
    return [...this.parameters.values()].reduce((sum, p) => sum + p.size, 0);
  }

  /** Name of the variable that holds the parameters. */
  get variable(): string {
    return `${this.name}.parameters`;
  }

  /** The newest version of the parameters in a graph. */
  weights(graph: Graph): Tensor {
    return graph.variable(this.variable, [this.size]);
  }

  /** The parameters one by one, in a version of the flat buffer: what gradients are taken of. */
  split(weights: Tensor): Tensor[] {
    return [...this.parameters.values()].map((p) => p.read(weights));
  }

  /**
   * The net applied to `x`. `weights` other than the newest, such as an average, may be given; and
   * `classes` where it is conditional.
   */
  forward(
    x: Tensor,
    {
      training,
      weights = this.weights(x.graph),
      classes,
    }: { training: boolean; weights?: Tensor; classes?: Tensor | undefined },
  ): Tensor {
    const pass = { training, weights, classes };
    return x.graph.within(this.name, () => this.module.forward(x, pass));
  }

  /** All its tensors, named as in PyTorch's `state_dict` after the net's own name. */
  parts(): NamedPart[] {
    const buffers = [...this.buffers].flatMap(([path, { variable, shape, fileNames }]) => {
      if (!fileNames) return [wholePart(variable, `${this.name}.${path}`, shape)];
      const slice = shape.slice(1);
      const size = sizeOf(slice);
      const owner = path.slice(0, path.lastIndexOf('.') + 1);
      return fileNames.map((name, i) => ({
        ...wholePart(variable, `${this.name}.${owner}${name}`, slice),
        offset: i * size,
      }));
    });
    return [...this.partsIn(this.variable, this.name), ...buffers];
  }

  /**
   * Parts of a variable that is laid out as the parameters are, such as Adam's moments, named
   * `PREFIX.PATH`.
   */
  partsIn(variable: string, prefix: string): NamedPart[] {
    return [...this.parameters].map(([path, { offset, size, shape, layout }]) => ({
      ...{ variable, name: `${prefix}.${path}`, offset, size, shape, axes: layout.axes },
    }));
  }

  /** Initial values of all variables, drawn in the order of the parameters. */
  initialValues(random: HostRandom): Map<string, Float32Array<ArrayBuffer>> {
    const flat = new Float32Array(this.size);
    for (const p of this.parameters.values()) flat.set(p.init(p.shape, random), p.offset);
    const values = new Map([[this.variable, flat]]);
    for (const buffer of this.buffers.values()) values.set(buffer.variable, buffer.initial);
    return values;
  }
}
