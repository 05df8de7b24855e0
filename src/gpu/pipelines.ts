// Compute pipelines and bind groups. Shaders with equal code share a pipeline, and shaders whose
// bindings have the same kinds in the same order share a layout.
import type { Device } from './device.ts';
import { LimitError, ShaderError } from './errors.ts';

/** What a pipeline is made from: `Shader` of kernels/wgsl.ts. Its entry point is `main`. */
export interface ComputeShader {
  readonly code: string;
  /** In order, numbered from 0, all in group 0. */
  readonly bindings: readonly {
    readonly name: string;
    readonly binding: number;
    readonly kind: 'read' | 'read_write' | 'uniform';
  }[];
}

interface Layout {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

const computeStage = 0x4;
const bufferTypes = {
  read: 'read-only-storage',
  read_write: 'storage',
  uniform: 'uniform',
} as const;

const caches = new WeakMap<Device, PipelineCache>();

/** The pipelines of a device: one cache for all that run on it. */
export function pipelinesOf(device: Device): PipelineCache {
  const cache = caches.get(device) ?? new PipelineCache(device);
  caches.set(device, cache);
  return cache;
}

export class PipelineCache {
  readonly #device: Device;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, Layout>();

  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * The pipeline of a shader, compiled in the background: ask for all that are needed before
   * awaiting one, and they compile in parallel. Rejects with a `ShaderError` that names `label`.
   */
  pipeline(shader: ComputeShader, label: string): Promise<GPUComputePipeline> {
    let pipeline = this.#pipelines.get(shader.code);
    if (!pipeline) {
      pipeline = this.#compile(shader, label);
      this.#pipelines.set(shader.code, pipeline);
    }
    return pipeline;
  }

  /** A bind group for a pipeline of this shader, with a buffer for each name of its bindings. */
  bindGroup(
    shader: ComputeShader,
    buffers: Readonly<Record<string, GPUBuffer | GPUBufferBinding>>,
    label: string,
  ): GPUBindGroup {
    const entries = shader.bindings.map(({ name, binding }) => {
      const buffer = buffers[name];
      if (!buffer) throw new TypeError(`${label}: no buffer for the binding ${name}`);
      return { binding, resource: 'buffer' in buffer ? buffer : { buffer } };
    });
    const { group } = this.#layout(shader, label);
    this.#device.counters.bindGroups++;
    return this.#device.gpu.createBindGroup({ label, layout: group, entries });
  }

  async #compile(shader: ComputeShader, label: string): Promise<GPUComputePipeline> {
    this.#device.assertUsable();
    const { gpu, counters } = this.#device;
    const layout = this.#layout(shader, label).pipeline;
    // What is wrong with the module is reported below; without the scope it would be twice.
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ label, code: shader.code });
    const scope = gpu.popErrorScope().catch(() => null);
    counters.shaderModules++;
    try {
      const compute = { module, entryPoint: 'main' };
      const pipeline = await gpu.createComputePipelineAsync({ label, layout, compute });
      counters.pipelines++;
      return pipeline;
    } catch (error) {
      if (this.#device.loss) throw this.#device.loss;
      const { messages } = await module.getCompilationInfo();
      const errors = messages
        .filter(({ type }) => type === 'error')
        .map(({ lineNum, linePos, message }) => ({
          line: lineNum,
          column: linePos,
          text: message,
        }));
      // A module that compiles may still make no pipeline, e.g. when a workgroup is too large.
      if (errors.length === 0) {
        errors.push({
          line: 0,
          column: 0,
          text: error instanceof Error ? error.message : `${error}`,
        });
      }
      throw new ShaderError(label, errors, shader.code);
    } finally {
      await scope;
    }
  }

  #layout({ bindings }: ComputeShader, label: string): Layout {
    const key = bindings.map(({ kind }) => kind).join();
    const known = this.#layouts.get(key);
    if (known) return known;
    const { gpu } = this.#device;
    const storage = bindings.filter(({ kind }) => kind !== 'uniform').length;
    const available = gpu.limits.maxStorageBuffersPerShaderStage;
    if (storage > available) {
      throw new LimitError(label, 'maxStorageBuffersPerShaderStage', storage, available);
    }
    const group = gpu.createBindGroupLayout({
      label: key,
      entries: bindings.map(({ binding, kind }) => ({
        binding,
        visibility: computeStage,
        buffer: { type: bufferTypes[kind] },
      })),
    });
    const pipeline = gpu.createPipelineLayout({ label: key, bindGroupLayouts: [group] });
    const layout = { group, pipeline };
    this.#layouts.set(key, layout);
    return layout;
  }
}
