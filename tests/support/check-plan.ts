// Follows a plan's commands over symbolic memory: which element of which tensor lies where. Knows
// nothing of how the planner decided, only what WebGPU allows and what the graph means.
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import type { Placement, Storage } from '../../src/graph/place.ts';
import { opDefinition } from '../../src/graph/registry.ts';
import type { BufferRef, DeviceTraits } from '../../src/kernels/kernel.ts';
import type { Command, Plan } from '../../src/runtime/plan.ts';

export const defaultTraits: DeviceTraits = {
  software: true,
  features: new Set(),
  enoughInvocations: 128,
  maxWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
};

const ALIGNMENT = 256;

/**
 * An element of a tensor as of one step, in one number: what the step before left behind is another.
 * 0 is a zero that was there from the start; scratch memory counts down from there.
 */
type Cell = number;
const MOST_ELEMENTS = 2 ** 28;
const MOST_TENSORS = 2 ** 16;

type Dispatched = Extract<Command, { kind: 'dispatch' }>;

function fail(message: string): never {
  throw new Error(message);
}

/** Where an element comes from: views and packs only rename what others made. */
function cellOf(tensor: Tensor, index: number, step: number): Cell {
  const { op, inputs, attrs } = tensor.node;
  if (op === 'view') return cellOf(inputs[0], index + (attrs.offset as number), step);
  if (op === 'pack') {
    const offsets = attrs.offsets as number[];
    const part = offsets.findIndex((o, i) => index >= o && index < o + inputs[i].size);
    return part < 0 ? 0 : cellOf(inputs[part], index - offsets[part], step);
  }
  return (step * MOST_TENSORS + tensor.id) * MOST_ELEMENTS + index;
}

/** Words of memory that a tensor takes, its padding apart. */
const wordsOf = (t: Tensor): number => Math.ceil((t.size * (t.dtype === 'u8' ? 1 : 4)) / 4);

class Simulation {
  private readonly memory = new Map<string, (Cell | undefined)[]>();
  private readonly scratch = new Map<BufferRef, Cell>();
  private lastScratch = 0;
  private steps = 0;

  constructor(
    private readonly graph: Graph,
    private readonly plan: Plan,
    private readonly traits: DeviceTraits,
  ) {
    for (const storage of plan.fixed) {
      this.memory.set(this.bufferOf(storage), new Array(storage.bytes / 4).fill(0));
    }
  }

  /** Which GPU buffer a storage is. */
  private bufferOf(storage: Storage): string {
    if (storage.kind === 'variable') return `variable ${storage.label}`;
    if (storage.kind === 'fixed') return `fixed ${this.plan.fixed.indexOf(storage)}`;
    return `pool ${this.plan.poolOf.get(storage) ?? fail(`${storage.label} has no buffer`)}`;
  }

  private cells(buffer: string): (Cell | undefined)[] {
    const cells = this.memory.get(buffer) ?? [];
    this.memory.set(buffer, cells);
    return cells;
  }

  private describe(cell: Cell | undefined): string {
    if (cell === undefined) return 'nothing';
    if (cell === 0) return 'a zero';
    if (cell < 0) return 'scratch memory';
    const tensor = Math.floor(cell / MOST_ELEMENTS);
    const made = this.graph.nodes
      .flatMap((n) => n.outputs)
      .find((t) => t.id === tensor % MOST_TENSORS);
    return `${made} [${cell % MOST_ELEMENTS}] of step ${Math.floor(tensor / MOST_TENSORS)}`;
  }

  private write({ storage, offset }: Placement, tensor: Tensor) {
    const cells = this.cells(this.bufferOf(storage));
    for (let i = 0; i < wordsOf(tensor); i++) cells[offset / 4 + i] = cellOf(tensor, i, this.steps);
  }

  /** What is wrong where `tensor` should lie. */
  private difference({ storage, offset }: Placement, tensor: Tensor): string | undefined {
    const buffer = this.bufferOf(storage);
    const cells = this.cells(buffer);
    for (let i = 0; i < wordsOf(tensor); i++) {
      const found = cells[offset / 4 + i];
      const wanted = cellOf(tensor, i, this.steps);
      if (found === wanted) continue;
      const held = `${buffer} holds ${this.describe(found)} at ${offset / 4 + i}`;
      return `${held}, not ${this.describe(wanted)}`;
    }
    return undefined;
  }

  private expect(place: Placement, tensor: Tensor, where: string) {
    const wrong = this.difference(place, tensor);
    if (wrong) fail(`${where}: ${wrong}`);
  }

  step() {
    this.steps++;
    for (const { initial, name } of this.graph.variables.values()) {
      const storage: Storage = { kind: 'variable', label: name, bytes: initial.bytes };
      this.write({ storage, offset: 0, bytes: initial.bytes }, initial);
    }
    for (const command of this.plan.commands) {
      if (command.kind === 'copy') this.copy(command);
      else this.dispatch(command);
    }
    for (const { initial, current, name } of this.graph.variables.values()) {
      const storage: Storage = { kind: 'variable', label: name, bytes: initial.bytes };
      this.expect({ storage, offset: 0, bytes: initial.bytes }, current, `variable ${name}`);
    }
    for (const [name, tensor] of this.graph.outputs) {
      const place = this.plan.outputs.get(name) ?? fail(`no place for output ${name}`);
      if (place.storage.kind === 'pool') fail(`output ${name} lies in shared memory`);
      this.expect(place, tensor, `output ${name}`);
    }
  }

  private copy({ from, to }: Extract<Command, { kind: 'copy' }>) {
    const [source, target] = [this.bufferOf(from.storage), this.bufferOf(to.storage)];
    const where = `copy from ${source} to ${target}`;
    if (source === target) fail(`${where}: within one buffer`);
    if (to.bytes % 4 !== 0 || from.offset % 4 !== 0 || to.offset % 4 !== 0) fail(`${where}: odd`);
    if (from.offset + to.bytes > from.storage.bytes || to.offset + to.bytes > to.storage.bytes)
      fail(`${where}: out of bounds`);
    const cells = this.cells(target);
    const taken = this.cells(source).slice(from.offset / 4, (from.offset + to.bytes) / 4);
    for (let i = 0; i < to.bytes / 4; i++) cells[to.offset / 4 + i] = taken[i];
  }

  private dispatch({ dispatch, bindings }: Dispatched) {
    const { label, shader, buffers, grid } = dispatch;
    const storages = shader.bindings.filter((b) => b.kind !== 'uniform');
    if (storages.length > this.traits.maxStorageBuffersPerShaderStage)
      fail(`${label}: ${storages.length} storage buffers`);
    for (const n of grid) {
      if (!(n >= 1 && n <= this.traits.maxWorkgroupsPerDimension)) fail(`${label}: grid ${grid}`);
    }
    const bound = storages.map(({ name, kind }) => {
      const { place } =
        bindings.find((b) => b.name === name) ?? fail(`${label}: nothing bound to ${name}`);
      if (place.offset % ALIGNMENT !== 0) fail(`${label}: ${name} at ${place.offset}`);
      const end = place.offset + Math.ceil(place.bytes / 16) * 16;
      if (end > place.storage.bytes) fail(`${label}: ${name} ends at ${end}`);
      return { name, kind, place, end, buffer: this.bufferOf(place.storage) };
    });
    for (const a of bound) {
      for (const b of bound) {
        if (a === b || a.buffer !== b.buffer) continue;
        if (a.kind !== b.kind) fail(`${label}: ${a.name} and ${b.name} are both ${a.buffer}`);
        const overlap = a.place.offset < b.end && b.place.offset < a.end;
        if (a.kind === 'read_write' && overlap) fail(`${label}: ${a.name} overlaps ${b.name}`);
      }
    }
    for (const { name, kind, place } of bound) {
      const ref = buffers[name];
      const where = `${label}, ${name}`;
      if (!('graph' in ref)) {
        // Scratch memory: written by one dispatch, read by a later one of the same node.
        const cells = this.cells(this.bufferOf(place.storage));
        if (kind === 'read_write') this.scratch.set(ref, --this.lastScratch);
        const wanted = this.scratch.get(ref);
        for (let i = 0; i < Math.ceil(ref.bytes / 4); i++) {
          if (kind === 'read_write') cells[i] = wanted;
          else if (cells[i] !== wanted) fail(`${where}: holds ${this.describe(cells[i])}`);
        }
      } else if (kind === 'read') this.expect(place, ref, where);
      else {
        const updated = updatedInput(ref);
        if (updated) this.expect(place, updated, where);
        // What is added in place is one operand of a sum; the other lies there.
        if (shader.code.includes(`const ADD_${name.toUpperCase()} = true`)) {
          const differences = ref.node.inputs.map((t) => this.difference(place, t));
          if (ref.node.op !== 'add' || !differences.includes(undefined))
            fail(`${where}: ${differences.join('; ')}`);
        }
        // A chain that reads what it overwrites does so only in a variable's place.
        const variable = this.graph.variables.get(place.storage.label);
        if (/\blet o\d+ = result\[/.test(shader.code))
          this.expect(place, variable?.initial ?? fail(`${where}: read`), where);
      }
    }
    for (const { name, kind, place } of bound) {
      const ref = buffers[name];
      if (kind === 'read_write' && 'graph' in ref) this.write(place, ref);
    }
  }
}

function updatedInput({ node, index }: Tensor): Tensor | undefined {
  const pair = opDefinition(node.op).inPlace?.find(([output]) => output === index);
  return pair && node.inputs[pair[1]];
}

/**
 * Throws unless two steps in a row leave in variables and outputs what the graph says, and every
 * command is one that WebGPU accepts.
 */
export function checkPlan(graph: Graph, plan: Plan, traits: DeviceTraits = defaultTraits): void {
  const simulation = new Simulation(graph, plan, traits);
  simulation.step();
  simulation.step();
}
