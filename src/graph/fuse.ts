import type { Graph, Node, Tensor } from './graph.ts';
import { type MapArg, MapBuilder, type MapProgram, type OperandAccess } from './map.ts';
import { type Access, opDefinition } from './registry.ts';
import { broadcastShapes, type Shape, sameShape, stridesOf } from './shape.ts';

/** A further output of a node that is not stored, but added to an earlier tensor where that lies. */
export interface Addition {
  readonly onto: Tensor;
  /** The result, which takes the place of `onto`. */
  readonly total: Tensor;
}

/** What runs as one kernel: a node with the chain fused after it, or a chain on its own. */
export interface Group {
  /** The node whose kernel this is; absent for a chain of element-wise operations on its own. */
  readonly node?: Node;
  /** What is stored in place of the node's first output. */
  output: Tensor;
  /** Applied before storing. */
  readonly map: MapBuilder;
  /** Applied to a reduction's input as it is loaded. */
  readonly prologue?: MapProgram;
  /** By the output of the node that is added. */
  readonly additions?: ReadonlyMap<Tensor, Addition>;
}

/** What fusing must know of kernels, without knowing any. */
export interface FusionRules {
  /** Storage buffers that the node's storing dispatch binds, or undefined if nothing may be fused to it. */
  buffersOf(node: Node): number | undefined;
  takesPrologue(node: Node): boolean;
  /** Can the node's kernel add this output, which is not its first, to what lies in its place? */
  canAdd(output: Tensor): boolean;
  readonly maxBuffers: number;
  /** Byte alignment of a binding's offset: a view that starts elsewhere is copied. */
  readonly alignment: number;
}

/** The tensor that a view only renames, if it has all its elements. */
export function unview(tensor: Tensor): Tensor {
  let t = tensor;
  while (t.node.op === 'view' && t.node.inputs[0].size === t.size) t = t.node.inputs[0];
  return t;
}

/** The number that every element of a tensor has, where that is known while tracing. */
function constantOf(tensor: Tensor): number | undefined {
  const { op, attrs, inputs } = tensor.node;
  if (op === 'constant') return attrs.value as number;
  if (['view', 'broadcastTo', 'transpose', 'slice'].includes(op)) return constantOf(inputs[0]);
  return undefined;
}

/** The cheapest way to read `access` for an output of `shape`. */
function simplify(shape: Shape, input: Shape, access: Access): OperandAccess {
  const full = shape.every((n, i) => access.low[i] <= 0 && access.high[i] >= n);
  const moving = shape.flatMap((n, i) => (n === 1 ? [] : [{ n, stride: access.strides[i] }]));
  if (full && access.offset === 0) {
    if (moving.every((a) => a.stride === 0)) return { kind: 'scalar' };
    const dense = stridesOf(moving.map((a) => a.n));
    const first = moving.findIndex((a) => a.stride !== 0);
    const trailing = moving.every((a, i) => (i < first ? a.stride === 0 : a.stride === dense[i]));
    if (trailing && first === 0) return { kind: 'same' };
    if (trailing) return { kind: 'cyclic', period: input.reduce((a, b) => a * b, 1) };
  }
  return { kind: 'strided', shape, access };
}

/** Does it read the same thing at every element? Then it may be computed wherever its result is needed. */
const isUniform = (map: MapProgram): boolean =>
  map.operands.every((o) => o.access.kind === 'scalar');

/** Every tensor that a group's kernels read. */
export function readsOf({ node, map, prologue, additions }: Group): Tensor[] {
  const direct = prologue ? prologue.operands.map((o) => o.tensor) : (node?.inputs ?? []);
  const addedTo = [...(additions?.values() ?? [])].map(({ onto }) => onto);
  return [...direct, ...map.operands.map((o) => o.tensor), ...addedTo];
}

class Fuser {
  private readonly groups: Group[] = [];
  /** Which group makes a tensor, as an index into `groups`. */
  private readonly maker = new Map<Tensor, number>();
  private readonly uses = new Map<Tensor, Set<Node>>();
  private readonly results: ReadonlySet<Tensor>;

  constructor(
    graph: Graph,
    private readonly nodes: readonly Node[],
    private readonly rules: FusionRules,
  ) {
    this.results = new Set(graph.results().map(unview));
    for (const node of nodes) {
      // A view that renames a whole tensor is no use of its own: its users are.
      if (node.op === 'view' && node.inputs[0].size === node.outputs[0].size) continue;
      for (const input of node.inputs) {
        const t = unview(input);
        const users = this.uses.get(t);
        if (users) users.add(node);
        else this.uses.set(t, new Set([node]));
      }
    }
  }

  run(): Group[] {
    for (const node of this.nodes) this.visit(node);
    for (const result of this.results) this.materialise(result);
    return this.needed();
  }

  /** Chains that were computed anew by all their users are not run. */
  private needed(): Group[] {
    const read = new Set<number>();
    for (const result of this.results) read.add(this.readyAfter(result));
    for (let i = this.groups.length - 1; i >= 0; i--) {
      const group = this.groups[i];
      if (!group.node && !read.has(i)) continue;
      for (const t of readsOf(group)) read.add(this.readyAfter(t));
    }
    return this.groups.filter((group, i) => group.node || read.has(i));
  }

  private visit(node: Node) {
    if (node.op === 'variable' || node.op === 'constant') return;
    const definition = opDefinition(node.op);
    if (definition.elementwise) this.visitElementwise(node);
    else if (definition.access)
      this.visitMovement(
        node,
        definition.access(node.inputs[0].shape, node.outputs[0].shape, node.attrs),
      );
    else if (node.op === 'view') this.visitView(node);
    else this.visitKernel(node);
  }

  private push(group: Group) {
    const index = this.groups.push(group) - 1;
    this.maker.set(group.output, index);
    group.node?.outputs.slice(1).forEach((t) => {
      this.maker.set(t, index);
    });
  }

  /** Constants, and what is a constant under another shape, exist in memory only where they must. */
  private materialise(tensor: Tensor) {
    const value = constantOf(tensor);
    const t = unview(tensor);
    if (value === undefined || this.maker.has(t)) return;
    this.push({ output: t, map: new MapBuilder({ kind: 'number', value }) });
  }

  private visitView(node: Node) {
    const [x] = node.inputs;
    const [y] = node.outputs;
    if (
      constantOf(x) !== undefined ||
      ((node.attrs.offset as number) * 4) % this.rules.alignment === 0
    )
      return;
    const strides = stridesOf(y.shape);
    const access = {
      strides,
      offset: node.attrs.offset as number,
      low: y.shape.map(() => 0),
      high: y.shape,
    };
    const map = new MapBuilder({ kind: 'kernel' });
    map.result = map.operand(unview(x), simplify(y.shape, x.shape, access));
    this.push({ output: y, map });
  }

  private visitMovement(node: Node, access: Access) {
    const [x] = node.inputs;
    const [y] = node.outputs;
    if (constantOf(y) !== undefined) return;
    this.materialise(x);
    const map = new MapBuilder({ kind: 'kernel' });
    map.result = map.operand(unview(x), simplify(y.shape, x.shape, access));
    this.push({ output: y, map });
  }

  private visitKernel(node: Node) {
    for (const input of node.inputs) this.materialise(input);
    let prologue: MapProgram | undefined;
    if (this.rules.takesPrologue(node)) {
      const map = new MapBuilder({ kind: 'kernel' });
      const x = node.inputs[0];
      const chain = this.chainFor(x, node, x.shape);
      map.result = chain
        ? map.inline(chain.map, { kind: 'kernel' })
        : map.operand(unview(x), { kind: 'same' });
      prologue = map;
    }
    this.push({ node, output: node.outputs[0], map: new MapBuilder({ kind: 'kernel' }), prologue });
  }

  /** The chain on its own that makes `x`, if `user` may compute it anew instead of reading it. */
  private chainFor(x: Tensor, user: Node, shape: Shape): Group | undefined {
    const t = unview(x);
    const group = this.groups[this.maker.get(t) ?? -1];
    if (!group || group.node || this.results.has(t)) return undefined;
    const uniform = isUniform(group.map);
    const size = shape.reduce((a, b) => a * b, 1);
    if (!uniform && t.size !== size) return undefined;
    const soleUser = this.uses.get(t)?.size === 1 && this.uses.get(t)?.has(user);
    const free = uniform && group.map.operands.length === 0;
    return soleUser || free ? group : undefined;
  }

  /** The group that must have run before `tensor` can be read; −1 if none. */
  private readyAfter(tensor: Tensor): number {
    let t = tensor;
    while (!this.maker.has(t) && t.node.op === 'view') t = t.node.inputs[0];
    return this.maker.get(t) ?? -1;
  }

  private accessOf(x: Tensor, shape: Shape): OperandAccess {
    if (sameShape(x.shape, shape)) return { kind: 'same' };
    const lead = shape.length - x.shape.length;
    const own = stridesOf(x.shape);
    const strides = shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : own[i - lead]));
    return simplify(shape, x.shape, { strides, offset: 0, low: shape.map(() => 0), high: shape });
  }

  private visitElementwise(node: Node) {
    const [y] = node.outputs;
    const shape = broadcastShapes(node.inputs.map((t) => t.shape)) ?? y.shape;
    const target = this.fusionTarget(node, y);
    const chains = node.inputs.map((x) =>
      unview(x) === target?.tensor ? undefined : this.chainFor(x, node, shape),
    );

    const assemble = (base: MapBuilder | undefined, inline: ReadonlySet<Group | undefined>) => {
      const map = new MapBuilder({ kind: 'kernel' });
      const kernelValue = base && map.inline(base, { kind: 'kernel' });
      const inlined = new Map<Group, MapArg>();
      const args = node.inputs.map((x, i): MapArg => {
        const value = constantOf(x);
        if (value !== undefined) return { kind: 'number', value };
        if (kernelValue && unview(x) === target?.tensor) return kernelValue;
        const chain = chains[i];
        if (!chain || !inline.has(chain)) return map.operand(unview(x), this.accessOf(x, shape));
        const result = inlined.get(chain) ?? map.inline(chain.map, { kind: 'kernel' });
        inlined.set(chain, result);
        return result;
      });
      map.result = map.instruction(node.op, args, node.attrs);
      return map;
    };
    const buffers = (map: MapProgram) => new Set(map.operands.map((o) => o.tensor)).size;
    const largestFirst = [...new Set(chains)]
      .filter((chain) => chain !== undefined)
      .sort((c, d) => buffers(d.map) - buffers(c.map));
    // With all chains inlined, without the largest, and so on down to none.
    const choices = [undefined, ...largestFirst].map((_, n) => new Set(largestFirst.slice(n)));

    for (const inline of choices) {
      if (!target) break;
      const map = assemble(target.group.map, inline);
      const early = map.operands.every((o) => this.readyAfter(o.tensor) < target.index);
      if (early && target.buffers + buffers(map) <= this.rules.maxBuffers) {
        this.groups[target.index] = { ...target.group, output: y, map };
        this.maker.set(y, target.index);
        return;
      }
    }
    if (node.op === 'add' && this.addInPlace(node, y)) return;
    // The last of them reads no more than the node's own operands.
    const maps = choices.map((inline) => assemble(undefined, inline));
    const fits = (map: MapBuilder) => 1 + buffers(map) <= this.rules.maxBuffers;
    this.push({ output: y, map: maps.find(fits) ?? maps[maps.length - 1] });
  }

  private hasOneUse(tensor: Tensor): boolean {
    return this.uses.get(tensor)?.size === 1 && !this.results.has(tensor);
  }

  /**
   * Gradients of parameters that are used twice: where the kernel that makes the later operand of an
   * addition can add it to the earlier one, and nobody else needs either, no dispatch is left.
   */
  private addInPlace(node: Node, y: Tensor): boolean {
    const [added, onto] = node.inputs
      .map((x) => unview(x))
      .map((tensor) => ({ tensor, index: this.maker.get(tensor) ?? -1 }))
      .sort((a, b) => b.index - a.index);
    const group = this.groups[added.index];
    if (onto.index < 0 || onto.index === added.index || added.tensor.node !== group.node)
      return false;
    for (const { tensor } of [added, onto])
      if (!this.hasOneUse(tensor) || tensor.size !== y.size) return false;
    if (!this.rules.canAdd(added.tensor)) return false;
    const addition = { onto: onto.tensor, total: y };
    const additions = new Map([...(group.additions ?? []), [added.tensor, addition]]);
    this.groups[added.index] = { ...group, additions };
    this.maker.set(y, added.index);
    return true;
  }

  /** The latest kernel that makes an operand of `node` for nobody else, to which `node` may be fused. */
  private fusionTarget(node: Node, y: Tensor) {
    let best: { group: Group; index: number; tensor: Tensor; buffers: number } | undefined;
    for (const input of node.inputs) {
      const tensor = unview(input);
      const index = this.maker.get(tensor);
      const group = this.groups[index ?? -1];
      if (!group?.node || index === undefined || group.output !== tensor) continue;
      const buffers = this.rules.buffersOf(group.node);
      const soleUse = this.hasOneUse(tensor);
      // Of the same size as the result it is not broadcast: its elements are in the same order.
      if (buffers === undefined || !soleUse || tensor.size !== y.size) continue;
      if (!best || index > best.index) best = { group, index, tensor, buffers };
    }
    return best;
  }
}

/**
 * Fuses chains of element-wise operations to the kernel that makes their operand, and movements to
 * the loads of what follows; adds up the further outputs of kernels in place. `nodes` are in trace
 * order; so are the groups.
 */
export const fuse = (graph: Graph, nodes: readonly Node[], rules: FusionRules): Group[] =>
  new Fuser(graph, nodes, rules).run();
