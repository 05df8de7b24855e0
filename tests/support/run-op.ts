// Runs one operation of a graph, and the chain that is fused to it, exactly as the planner would
// lower it; everything that the kernels must write starts as NaN.
import { bufferUsage, type Device } from '../../src/gpu/device.ts';
import { pipelinesOf } from '../../src/gpu/pipelines.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import { fuse } from '../../src/graph/fuse.ts';
import type { Graph, Tensor } from '../../src/graph/graph.ts';
import { writesOf } from '../../src/graph/place.ts';
import { prune } from '../../src/graph/prune.ts';
import { opDefinition } from '../../src/graph/registry.ts';
import { type BufferRef, type DeviceTraits, kernelOf } from '../../src/kernels/kernel.ts';
import { interpret } from '../reference/index.ts';

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
  const nodes = prune(graph).filter((n) => n.op !== 'variable');
  const groups = fuse(graph, nodes, {
    buffersOf: (node) => kernelOf(node.op)?.fusable?.(node),
    takesPrologue: (node) => kernelOf(node.op)?.takesPrologue ?? false,
    maxBuffers: merged.maxStorageBuffersPerShaderStage,
    alignment: 256,
  });
  const [group] = groups;
  const { node, output, map } = group;
  if (groups.length !== 1 || !node) throw new Error(`${groups.length} groups instead of one`);

  const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
  const own: GPUBuffer[] = [];
  const make = (label: string, bytes: number, data?: ArrayBufferView): GPUBuffer => {
    const buffer = device.createBuffer(label, Math.ceil(bytes / 16) * 16, usage);
    own.push(buffer);
    // All bits set is a NaN, and as an index far outside of everything.
    const contents = new Uint8Array(buffer.size).fill(0xff);
    if (data) contents.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    device.gpu.queue.writeBuffer(buffer, 0, contents);
    return buffer;
  };
  const buffers = new Map<BufferRef, GPUBuffer>();
  for (const { name, initial } of graph.variables.values()) {
    buffers.set(initial, make(name, initial.bytes, variables.get(name)));
  }
  for (const [o, i] of opDefinition(node.op).inPlace ?? []) {
    buffers.set(node.outputs[o], buffers.get(node.inputs[i])!);
  }
  const bufferOf = (ref: BufferRef): GPUBuffer => {
    const buffer = buffers.get(ref) ?? make('label' in ref ? ref.label : String(ref), ref.bytes);
    buffers.set(ref, buffer);
    return buffer;
  };

  const errors: Error[] = [];
  const forget = device.onError((error) => errors.push(error));
  try {
    const cache = pipelinesOf(device);
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const dispatch of kernelOf(node.op)!.lower({ node, output, map, device: merged })) {
      const { label, shader, params } = dispatch;
      const bound: Record<string, GPUBuffer> = {};
      for (const [name, ref] of Object.entries(dispatch.buffers)) bound[name] = bufferOf(ref);
      if (params) {
        const { uniform, copyTarget } = bufferUsage;
        const size = Math.ceil(params.byteLength / 16) * 16;
        bound.params = device.createBuffer('params', size, uniform | copyTarget);
        own.push(bound.params);
        device.gpu.queue.writeBuffer(bound.params, 0, params);
      }
      pass.setPipeline(await cache.pipeline(shader, label));
      pass.setBindGroup(0, cache.bindGroup(shader, bound, label));
      pass.dispatchWorkgroups(...dispatch.grid);
    }
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);

    const { values } = interpret(graph, variables);
    const results: OpResult[] = [];
    for (const tensor of writesOf(group)) {
      const bytes = await readBuffer(device, bufferOf(tensor));
      const buffer = tensor.dtype === 'u32' ? new Uint32Array(bytes) : new Float32Array(bytes);
      const expected = values.get(tensor.id)!;
      results.push({ tensor, buffer, values: buffer.subarray(0, tensor.size), expected });
    }
    if (errors.length > 0) throw errors[0];
    return results;
  } finally {
    forget();
    for (const buffer of own) device.destroyBuffer(buffer);
  }
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
