import { GraphError } from '../graph/errors.ts';
import { type FusionRules, fuse, type Group } from '../graph/fuse.ts';
import type { Graph, Node } from '../graph/graph.ts';
import { type PlacedGroup, type Placement, place, type Storage } from '../graph/place.ts';
import { assignPool, type Lifetime } from '../graph/pool.ts';
import { prune } from '../graph/prune.ts';
import { kernelOf, lowerElementwise } from '../kernels/index.ts';
import {
  type BufferRef,
  type Candidate,
  type DeviceTraits,
  type Dispatch,
  type Kernel,
  lowerWith,
} from '../kernels/kernel.ts';

/** Byte alignment of a storage binding's offset: WebGPU's default limit. */
const ALIGNMENT = 256;

/** A binding of a dispatch: the shader's name for it, and the memory. */
export interface PlannedBinding {
  readonly name: string;
  readonly place: Placement;
}

/** One command of a step. */
export type Command =
  | {
      readonly kind: 'dispatch';
      readonly dispatch: Dispatch;
      readonly bindings: readonly PlannedBinding[];
      /** Name of the operation, or `elementwise` for a chain of such on its own. */
      readonly op: string;
      /** Of the node that it was made for: see `Node.scope`. */
      readonly scope: string;
    }
  | { readonly kind: 'copy'; readonly from: Placement; readonly to: Placement };

/** A step, ready to be given buffers and pipelines. Plain data: made without a device. */
export interface Plan {
  readonly commands: readonly Command[];
  /** The shared buffers, in bytes, and which of them a pooled storage lies in. */
  readonly poolSizes: readonly number[];
  readonly poolOf: ReadonlyMap<Storage, number>;
  /** Memory of this plan alone, zero at first. */
  readonly fixed: readonly Storage[];
  /** Ways to run that were chosen for it: with them, the graph and the adapter make the same plan again. */
  readonly choices: Choices;
  /** Where the graph's outputs are, by name. */
  readonly outputs: ReadonlyMap<string, Placement>;
}

function kernelFor(node: Node): Kernel {
  const kernel = kernelOf(node.op);
  if (kernel) return kernel;
  const advice = 'Decompose it, or write one in kernels/.';
  throw new GraphError(`There is no kernel for '${node.op}'.`, advice);
}

/** What the kernels of a device can take in. */
export const fusionRules = (device: DeviceTraits): FusionRules => ({
  buffersOf: (node) => kernelOf(node.op)?.fusable?.(node),
  takesPrologue: (node) => kernelOf(node.op)?.takesPrologue ?? false,
  canAdd: ({ node, index }) => kernelOf(node.op)?.addable?.includes(index) ?? false,
  maxBuffers: device.maxStorageBuffersPerShaderStage,
  alignment: ALIGNMENT,
});

const fuseFor = (graph: Graph, device: DeviceTraits): Group[] =>
  fuse(graph, prune(graph), fusionRules(device));

/**
 * Which way to run was chosen, by what is run: the operation and its shapes. A choice that is not there,
 * or is not possible any more, leaves the kernel's own.
 */
export type Choices = Readonly<Record<string, string>>;

/** A node that can be run in several ways. */
export interface Choosable {
  readonly key: string;
  readonly candidates: readonly Candidate[];
}

const choiceKey = ({ op, inputs, attrs }: Node): string =>
  [op, inputs.map((t) => t.shape.join('×')).join(' · '), JSON.stringify(attrs)].join(' ');

/** What in a graph can be run in several ways, once each. */
export function choosable(graph: Graph, device: DeviceTraits): Choosable[] {
  const found = new Map<string, Choosable>();
  for (const { node, ...fused } of fuseFor(graph, device)) {
    if (!node || node.op === 'pack') continue;
    const kernel = kernelFor(node);
    if (!('candidates' in kernel)) continue;
    const lowering = { node, ...fused, device };
    const key = choiceKey(node);
    const candidates = kernel.candidates(lowering);
    if (candidates.length > 1 && !found.has(key)) found.set(key, { key, candidates });
  }
  return [...found.values()];
}

function lowerGroup(
  { group, overwrites }: PlacedGroup,
  device: DeviceTraits,
  choices: Choices,
): Dispatch[] {
  const { node, ...fused } = group;
  if (!node) return [lowerElementwise(group.output, group.map, device, overwrites)];
  if (node.op === 'pack') return [];
  const lowering = { node, ...fused, device };
  return lowerWith(kernelFor(node), lowering, choices[choiceKey(node)]);
}

/** Which pooled storages each command touches, as lifetimes. */
function lifetimes(commands: readonly Command[]): Map<Storage, Lifetime> {
  const lives = new Map<Storage, { bytes: number; first: number; last: number }>();
  commands.forEach((command, i) => {
    const places =
      command.kind === 'copy' ? [command.from, command.to] : command.bindings.map((b) => b.place);
    for (const { storage } of places) {
      if (storage.kind !== 'pool') continue;
      const life = lives.get(storage);
      if (life) life.last = i;
      else lives.set(storage, { bytes: storage.bytes, first: i, last: i });
    }
  });
  return lives;
}

/**
 * Turns a traced graph into commands with memory: prunes, fuses, places, lowers to dispatches, and
 * shares buffers among what is not alive at the same time.
 */
export function planGraph(graph: Graph, device: DeviceTraits, choices: Choices = {}): Plan {
  const placed = place(graph, fuseFor(graph, device), ALIGNMENT);
  const commands: Command[] = [];
  for (const placedGroup of placed.groups) {
    const { node, output } = placedGroup.group;
    const { scope } = node ?? output.node;
    const op = node?.op ?? 'elementwise';
    for (const copy of placedGroup.copiesBefore) commands.push({ kind: 'copy', ...copy });
    const scratch = new Map<BufferRef, Placement>();
    const placeOf = (ref: BufferRef): Placement => {
      if ('graph' in ref) return placed.placementOf(ref);
      let place = scratch.get(ref);
      if (!place) {
        // Rounded as tensors are, for kernels that bind vectors.
        const bytes = Math.ceil(ref.bytes / 16) * 16;
        place = { storage: { kind: 'pool', label: ref.label, bytes }, offset: 0, bytes };
        scratch.set(ref, place);
      }
      return place;
    };
    for (const dispatch of lowerGroup(placedGroup, device, choices)) {
      const bindings = Object.entries(dispatch.buffers).map(([name, ref]) => ({
        name,
        place: placeOf(ref),
      }));
      commands.push({ kind: 'dispatch', dispatch, bindings, op, scope });
    }
  }
  for (const copy of placed.finalCopies) commands.push({ kind: 'copy', ...copy });

  const lives = [...lifetimes(commands)];
  const pool = assignPool(lives.map(([, life]) => life));
  const fixed = new Set<Storage>();
  for (const command of commands) {
    const places =
      command.kind === 'copy' ? [command.from, command.to] : command.bindings.map((b) => b.place);
    for (const { storage } of places) if (storage.kind === 'fixed') fixed.add(storage);
  }
  return {
    commands,
    poolSizes: pool.sizes,
    poolOf: new Map(lives.map(([storage], i) => [storage, pool.bufferOf[i]])),
    fixed: [...fixed],
    choices,
    outputs: placed.outputs,
  };
}
