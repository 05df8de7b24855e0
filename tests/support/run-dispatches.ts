// Runs dispatches as a kernel lowered them, without a plan: for tests of one kernel or variant.
import { bufferUsage, type Device } from '../../src/gpu/device.ts';
import { pipelinesOf } from '../../src/gpu/pipelines.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import type { Tensor } from '../../src/graph/graph.ts';
import type { BufferRef, Dispatch } from '../../src/kernels/kernel.ts';

/**
 * What `outputs` hold after the dispatches ran in order. Every buffer is filled with the bit pattern of a NaN
 * first, also what is behind an input's last element: what is not written, or read from outside,
 * shows. Throws what WebGPU reports.
 */
export async function runDispatches(
  device: Device,
  dispatches: readonly Dispatch[],
  inputs: ReadonlyMap<Tensor, ArrayBufferView>,
  outputs: readonly Tensor[],
): Promise<Float32Array[]> {
  const own: GPUBuffer[] = [];
  const buffers = new Map<BufferRef, GPUBuffer>();
  const bufferOf = (ref: BufferRef): GPUBuffer => {
    const known = buffers.get(ref);
    if (known) return known;
    const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
    const bytes = Math.ceil(ref.bytes / 16) * 16;
    const buffer = device.createBuffer('label' in ref ? ref.label : `${ref}`, bytes, usage);
    own.push(buffer);
    buffers.set(ref, buffer);
    const contents = new Uint8Array(buffer.size).fill(0xff);
    const data = 'graph' in ref ? inputs.get(ref) : undefined;
    if (data) contents.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    device.gpu.queue.writeBuffer(buffer, 0, contents);
    return buffer;
  };
  const uniform = (label: string, data: Uint32Array<ArrayBuffer>): GPUBuffer => {
    const size = Math.ceil(data.byteLength / 16) * 16;
    const buffer = device.createBuffer(label, size, bufferUsage.uniform | bufferUsage.copyTarget);
    own.push(buffer);
    device.gpu.queue.writeBuffer(buffer, 0, data);
    return buffer;
  };

  const errors: Error[] = [];
  const forget = device.onError((error) => errors.push(error));
  try {
    const cache = pipelinesOf(device);
    const pipelines = await Promise.all(
      dispatches.map(({ shader, label }) => cache.pipeline(shader, label)),
    );
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    dispatches.forEach(({ label, shader, buffers: refs, params, grid }, i) => {
      const bound: Record<string, GPUBuffer> = {};
      for (const [name, ref] of Object.entries(refs)) bound[name] = bufferOf(ref);
      if (params) bound.params = uniform(label, params);
      pass.setPipeline(pipelines[i]);
      pass.setBindGroup(0, cache.bindGroup(shader, bound, label));
      pass.dispatchWorkgroups(...grid);
    });
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    const results: Float32Array[] = [];
    for (const output of outputs) {
      // All of the buffer, so that a test can look behind the last element.
      results.push(new Float32Array(await readBuffer(device, bufferOf(output)), 0, output.size));
    }
    if (errors.length > 0) throw errors[0];
    return results;
  } finally {
    forget();
    for (const buffer of own) device.destroyBuffer(buffer);
  }
}
