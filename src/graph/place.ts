import { type Group, readsOf } from './fuse.ts';
import type { Graph, Tensor } from './graph.ts';
import { opDefinition } from './registry.ts';

/**
 * Memory that a tensor lies in. `variable`: outlives the step and belongs to the caller. `fixed`:
 * belongs to the plan alone, starts as zeros. `pool`: shared with others whose lifetimes differ.
 */
export interface Storage {
  readonly kind: 'variable' | 'fixed' | 'pool';
  readonly label: string;
  readonly bytes: number;
}

/** Where a tensor's elements are. `offset` and `bytes` in bytes. */
export interface Placement {
  readonly storage: Storage;
  readonly offset: number;
  readonly bytes: number;
}

export interface Copy {
  readonly from: Placement;
  readonly to: Placement;
}

/** A group, the copies that must precede it, and the operand that it overwrites as it reads it. */
export interface PlacedGroup {
  readonly group: Group;
  readonly copiesBefore: readonly Copy[];
  readonly overwrites?: Tensor;
}

export interface PlacedGraph {
  readonly groups: readonly PlacedGroup[];
  /** Copies at the end: new versions of variables that could not be made where the variable lies. */
  readonly finalCopies: readonly Copy[];
  /** Where the graph's outputs are when all is done, by name. */
  readonly outputs: ReadonlyMap<string, Placement>;
  /** Where a tensor is from when it is made until it is last read. */
  placementOf(tensor: Tensor): Placement;
}

const END = Number.POSITIVE_INFINITY;

/** What a group writes: its result, then its node's further outputs. */
export const writesOf = ({ node, output, additions }: Group): Tensor[] => [
  output,
  ...(node?.outputs.slice(1).map((t) => additions?.get(t)?.total ?? t) ?? []),
];

/** The input that the tensor's node updates in place to make it. */
function updatedInput({ node, index }: Tensor): Tensor | undefined {
  if (node.op === 'variable') return undefined;
  const pair = opDefinition(node.op).inPlace?.find(([output]) => output === index);
  return pair && node.inputs[pair[1]];
}

/** What a group adds to in place to make `total`. */
const addedTo = ({ additions }: Group, total: Tensor): Tensor | undefined =>
  [...(additions?.values() ?? [])].find((a) => a.total === total)?.onto;

class Placer {
  private readonly placed = new Map<Tensor, Placement>();
  /** Group that writes a tensor. */
  private readonly writer = new Map<Tensor, number>();
  /** Groups that read a tensor, by the tensor that owns the memory. */
  private readonly readers = new Map<Tensor, number[]>();
  private readonly windows = new Map<Tensor, { pack: Tensor; offset: number }>();
  private readonly variableStorage = new Map<string, Storage>();
  /** Tensors that lie, or may lie, in a variable's storage: its versions. */
  private readonly versions = new Map<string, Set<Tensor>>();
  /** Tensors that are kept for the caller, whose memory is not shared. */
  private readonly kept: ReadonlySet<Tensor>;

  constructor(
    private readonly graph: Graph,
    private readonly groups: readonly Group[],
    private readonly alignment: number,
  ) {
    groups.forEach((group, p) => {
      for (const t of writesOf(group)) this.writer.set(t, p);
    });
    groups.forEach((group, p) => {
      for (const t of readsOf(group)) this.noteReader(t, p);
    });
    this.kept = new Set([...graph.outputs.values()].map((t) => this.base(t).tensor));
    for (const t of graph.results()) this.noteReader(t, END);
    this.claimVariables();
    for (const group of groups) if (group.node?.op === 'pack') this.claimWindows(group);
  }

  run(): PlacedGraph {
    const groups = this.groups.map((group, p) => this.placeGroup(group, p));
    return { groups, ...this.settle(), placementOf: (t) => this.placementOf(t) };
  }

  /** Brings new versions of variables home. Old versions that are wanted too are saved first. */
  private settle(): Pick<PlacedGraph, 'finalCopies' | 'outputs'> {
    const moves = [...this.graph.variables.values()]
      .map(({ initial, current }) => ({
        from: this.placementOf(current),
        to: this.placementOf(initial),
      }))
      .filter(({ from, to }) => from.storage !== to.storage || from.offset !== to.offset);
    const overwritten = new Set(moves.map(({ to }) => to.storage));
    const saves: Copy[] = [];
    const saved = (from: Placement, kind: 'pool' | 'fixed'): Placement => {
      if (!overwritten.has(from.storage)) return from;
      const { bytes } = from;
      const storage: Storage = { kind, label: `${from.storage.label} before`, bytes };
      const to = { storage, offset: 0, bytes };
      saves.push({ from, to });
      return to;
    };
    const outputs = new Map(
      [...this.graph.outputs].map(([name, t]) => [name, saved(this.placementOf(t), 'fixed')]),
    );
    const safeMoves = moves.map(({ from, to }) => ({ from: saved(from, 'pool'), to }));
    return { outputs, finalCopies: [...saves, ...safeMoves] };
  }

  /** The tensor whose memory a view looks into, and where the view starts, in elements. */
  private base(tensor: Tensor): { tensor: Tensor; offset: number } {
    let t = tensor;
    let offset = 0;
    // An unaligned view has been copied: a group writes it.
    while (t.node.op === 'view' && !this.writer.has(t)) {
      offset += t.node.attrs.offset as number;
      t = t.node.inputs[0];
    }
    return { tensor: t, offset };
  }

  private noteReader(tensor: Tensor, position: number) {
    const { tensor: t } = this.base(tensor);
    const list = this.readers.get(t);
    if (list) list.push(position);
    else this.readers.set(t, [position]);
  }

  private lastReader = (tensor: Tensor): number =>
    Math.max(-1, ...(this.readers.get(tensor) ?? []));

  private claimVariables() {
    for (const { name, initial, current } of this.graph.variables.values()) {
      const storage: Storage = { kind: 'variable', label: name, bytes: initial.bytes };
      this.variableStorage.set(name, storage);
      this.placed.set(initial, { storage, offset: 0, bytes: initial.bytes });
      const versions = new Set([initial]);
      // Back from the newest version through operations that update in place.
      for (let t: Tensor | undefined = this.base(current).tensor; t && t !== initial; ) {
        versions.add(t);
        const input = updatedInput(t);
        t = input && this.base(input).tensor;
      }
      this.versions.set(name, versions);
    }
  }

  /** Lets whoever makes an input of `pack` write it straight to its window. */
  private claimWindows(group: Group) {
    const node = group.node;
    if (!node) return;
    const offsets = node.attrs.offsets as number[];
    const wanted = new Set<Tensor>();
    const claims: { tensors: readonly Tensor[]; offset: number }[] = [];
    const bases = node.inputs.map((input) => this.base(input).tensor);
    node.inputs.forEach((input, i) => {
      const { tensor, offset } = this.base(input);
      const byteOffset = offsets[i] * 4;
      if (offset !== 0 || tensor.size !== input.size || byteOffset % this.alignment !== 0) return;
      // What is packed twice would be copied within a buffer.
      if (bases.filter((t) => t === tensor).length > 1) return;
      const tensors = this.addedUp(tensor);
      // What has a place of its own stays there.
      const free = (t: Tensor) =>
        this.writer.has(t) && !this.kept.has(t) && !this.windows.has(t) && t.node.op !== 'pack';
      if (!tensors.every(free) || tensors.some(updatedInput)) return;
      claims.push({ tensors, offset: byteOffset });
      for (const t of tensors) wanted.add(t);
    });
    // One dispatch may not read one window of a buffer and write another.
    for (const { tensors, offset } of claims) {
      const clash = (this.readers.get(tensors[0]) ?? []).some(
        (p) => p !== END && writesOf(this.groups[p]).some((t) => wanted.has(t)),
      );
      if (clash) continue;
      for (const t of tensors) this.windows.set(t, { pack: group.output, offset });
    }
  }

  /**
   * A tensor and what it was added up from in place, back to the first: all of them lie in one place.
   * Nobody reads any but the tensor itself.
   */
  private addedUp(tensor: Tensor): Tensor[] {
    const writer = this.writer.get(tensor);
    const onto = writer === undefined ? undefined : addedTo(this.groups[writer], tensor);
    return onto ? [tensor, ...this.addedUp(onto)] : [tensor];
  }

  private placementOf(tensor: Tensor): Placement {
    const { tensor: t, offset } = this.base(tensor);
    const at = this.placed.get(t);
    if (!at) throw new Error(`${tensor} has no memory: it is read before it is made`);
    return { storage: at.storage, offset: at.offset + offset * 4, bytes: tensor.bytes };
  }

  private allocate(t: Tensor, kind: 'pool' | 'fixed' = this.kept.has(t) ? 'fixed' : 'pool') {
    const placement = {
      storage: { kind, label: String(t), bytes: t.bytes },
      offset: 0,
      bytes: t.bytes,
    };
    this.placed.set(t, placement);
    return placement;
  }

  /** A pack's buffer starts as zeros and nobody else writes to it, so that its gaps stay zero. */
  private packPlacement = (pack: Tensor): Placement =>
    this.placed.get(pack) ?? this.allocate(pack, 'fixed');

  private placeGroup(group: Group, position: number): PlacedGroup {
    const copiesBefore: Copy[] = [];
    let overwrites: Tensor | undefined;
    if (group.node?.op === 'pack') {
      const to = this.packPlacement(group.output);
      const offsets = group.node.attrs.offsets as number[];
      group.node.inputs.forEach((input, i) => {
        const { tensor } = this.base(input);
        if (this.windows.get(tensor)?.pack === group.output) return;
        const bytes = input.size * 4;
        copiesBefore.push({
          from: { ...this.placementOf(input), bytes },
          to: { storage: to.storage, offset: offsets[i] * 4, bytes },
        });
      });
      return { group, copiesBefore };
    }
    for (const t of writesOf(group)) {
      const window = this.windows.get(t);
      if (window) {
        const { storage } = this.packPlacement(window.pack);
        this.placed.set(t, { storage, offset: window.offset, bytes: t.bytes });
        continue;
      }
      const input = addedTo(group, t) ?? (group.node === t.node ? updatedInput(t) : undefined);
      if (input) {
        const from = this.placementOf(input);
        if (this.mayOverwrite(input, t, position)) this.placed.set(t, from);
        else copiesBefore.push({ from, to: this.allocate(t) });
        continue;
      }
      const home = this.homeOf(t, group, position);
      if (home) {
        this.placed.set(t, home.placement);
        overwrites = home.overwrites;
      } else {
        this.allocate(t);
      }
    }
    return { group, copiesBefore, overwrites };
  }

  /** May an in-place operation turn `input` into `t` where it lies? */
  private mayOverwrite(input: Tensor, t: Tensor, position: number): boolean {
    const { tensor } = this.base(input);
    const { storage } = this.placementOf(input);
    if (this.lastReader(tensor) > position) return false;
    // Bound once more, for another operand, it would be both read and written.
    const operands = readsOf(this.groups[position]).filter((r) => this.base(r).tensor === tensor);
    if (operands.length > 1) return false;
    if (storage.kind === 'variable') return this.versions.get(storage.label)?.has(t) ?? false;
    return storage.kind === 'pool' && !this.kept.has(t);
  }

  /** The storage of the variable that `t` is the newest version of, if it may be written there now. */
  private homeOf(t: Tensor, group: Group, position: number) {
    for (const { name, current, initial } of this.graph.variables.values()) {
      const storage = this.variableStorage.get(name);
      if (
        current === initial ||
        this.base(current).tensor !== t ||
        t.bytes !== initial.bytes ||
        !storage
      )
        continue;
      const earlier = [...(this.versions.get(name) ?? [])].filter((v) => v !== t);
      const last = Math.max(...earlier.map((v) => this.lastReader(v)));
      if (last > position) continue;
      const placement = { storage, offset: 0, bytes: t.bytes };
      if (last < position) return { placement, overwrites: undefined };
      // Read in the same dispatch: one read_write binding serves if each element is read where it is written.
      const reads = group.map.operands.filter((o) => earlier.includes(this.base(o.tensor).tensor));
      const alike = reads.length === 1 && reads[0].access.kind === 'same';
      if (!group.node && alike) return { placement, overwrites: reads[0].tensor };
    }
    return undefined;
  }
}

/**
 * Decides where every tensor lies, before kernels are chosen: updates in place where nobody needs the
 * old value any more, gradients straight into their net's buffer, new versions of variables where the
 * variable lies. Whatever cannot be proved safe is copied instead.
 */
export const place = (graph: Graph, groups: readonly Group[], alignment: number): PlacedGraph =>
  new Placer(graph, groups, alignment).run();
