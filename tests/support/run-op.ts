// Runs one operation of a graph, and the chain that is fused to it, exactly as the planner would
// lower it; everything that the kernels must write starts as NaN.
import type { Device } from '../../src/gpu/device.ts';
import { fuse } from '../../src/graph/fuse.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { writesOf } from '../../src/graph/place.ts';
import { prune } from '../../src/graph/prune.ts';
import { opDefinition } from '../../src/graph/registry.ts';
import { kernelOf } from '../../src/kernels/index.ts';
import { type DeviceTraits, lowerWith } from '../../src/kernels/kernel.ts';
import { fusionRules } from '../../src/runtime/plan.ts';
import { interpret } from '../reference/index.ts';
import { runDispatches } from './run-dispatches.ts';

export interface OpResult {
  readonly tensor: Tensor;
  /** What the device computed, the padding of the buffer included. */
  readonly buffer: Float32Array | Uint32Array;
  /** What the device computed. */
  readonly values: Float32Array | Uint32Array;
  /** What float64 says. */
  readonly expected: Float64Array;
}

/**
 * The results of a graph of one operation, its variables as given: the end of the fused chain (or
 * the first output), then the further outputs. `traits` replaces what the device says of itself.
 */
export async function runOp(
  device: Device,
  graph: Graph,
  variables: ReadonlyMap<string, Float32Array | Uint32Array | Uint8Array>,
  traits: Partial<DeviceTraits> = {},
): Promise<OpResult[]> {
  const merged = { ...device.traits, ...traits };
  const groups = fuse(graph, prune(graph), fusionRules(merged));
  const [group] = groups;
  const { node, output, map } = group;
  if (groups.length !== 1 || !node) throw new Error(`${groups.length} groups instead of one`);

  const given = new Map<Tensor, ArrayBufferView>();
  for (const { name, initial } of graph.variables.values()) {
    const data = variables.get(name);
    if (data) given.set(initial, data);
  }
  // What is updated where it lies is bound once, as the output.
  for (const [o, i] of opDefinition(node.op).inPlace ?? []) {
    given.set(node.outputs[o], given.get(node.inputs[i])!);
  }
  const dispatches = lowerWith(kernelOf(node.op)!, { node, output, map, device: merged });
  const tensors = writesOf(group);
  const computed = await runDispatches(device, dispatches, given, tensors);
  const reference = interpret(graph, variables);
  return tensors.map((tensor, i) => {
    const { buffer } = computed[i];
    const all = tensor.dtype === 'u32' ? new Uint32Array(buffer) : new Float32Array(buffer);
    const expected = reference.values.get(tensor.id)!;
    return { tensor, buffer: all, values: all.subarray(0, tensor.size), expected };
  });
}

/** ‖values − expected‖ / ‖expected‖; what is not finite makes it NaN, which is below nothing. */
export function relativeError(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    error += (values[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return error === 0 ? 0 : Math.sqrt(error / norm);
}

/** Largest |values − expected|; NaN if there is one. */
export function largestError(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(values[i] - expected[i]);
    if (!(error <= largest)) largest = error;
    if (Number.isNaN(error)) return error;
  }
  return largest;
}
