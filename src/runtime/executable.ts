import { deferred } from '../gpu/deferred.ts';
import { bufferUsage, type Device } from '../gpu/device.ts';
import { pipelinesOf } from '../gpu/pipelines.ts';
import { readBuffer } from '../gpu/readback.ts';
import type { PassTimer } from '../gpu/timing.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import type { Placement, Storage } from '../graph/place.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { type Choices, type Command, type Plan, planGraph } from './plan.ts';
import type { Variables } from './variables.ts';

/** A command with everything that it needs on the device. */
type Encodable =
  | {
      readonly kind: 'dispatch';
      readonly pipeline: GPUComputePipeline;
      readonly group: GPUBindGroup;
      readonly grid: readonly [number, number, number];
    }
  | {
      readonly kind: 'copy';
      readonly from: GPUBufferBinding;
      readonly to: GPUBufferBinding;
      readonly bytes: number;
    };

/** A result of a graph on the device. Valid until the graph runs again. */
export interface DeviceTensor {
  /** The buffer that it lies in, perhaps with other tensors. */
  readonly buffer: GPUBuffer;
  /** Bytes. */
  readonly offset: number;
  /** Sizes of its axes; f32, dense, the last axis fastest. */
  readonly shape: Shape;
}

/** Sizes of a compiled graph. */
export interface ExecutableStats {
  /** Kernels that run each time. */
  readonly dispatches: number;
  /** Copies between buffers each time. */
  readonly copies: number;
  /** Different pipelines among them. */
  readonly pipelines: number;
  /** Bytes of intermediates, outputs and uniforms; variables apart. */
  readonly bytes: number;
  /** Multiply-adds × 2 each time. */
  readonly flops: number;
}

/** How far compiling is, in pipelines. */
export interface CompileProgress {
  /** `start` once, `progress` for each pipeline, `done` once. */
  readonly status: 'start' | 'progress' | 'done';
  /** The shader that was compiled last; empty at the start. */
  readonly file: string;
  /** Pipelines compiled. */
  readonly loaded: number;
  /** Pipelines to compile. */
  readonly total: number;
}

/** How compiling is watched, and ended early. */
export interface CompileOptions {
  /** Ends compiling with the signal's reason; nothing is left on the device. */
  readonly signal?: AbortSignal | undefined;
  /** Called as compiling goes on. */
  readonly onProgress?: ((progress: CompileProgress) => void) | undefined;
}

/** What `work` gives, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const { promise: aborted, reject } = deferred<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Compiles each shader of a plan once; a pipeline a command, none for copies. */
async function compilePipelines(
  { commands }: Plan,
  device: Device,
  { signal, onProgress }: CompileOptions,
): Promise<(GPUComputePipeline | undefined)[]> {
  signal?.throwIfAborted();
  const cache = pipelinesOf(device);
  const codes = commands.flatMap((c) => (c.kind === 'dispatch' ? [c.dispatch.shader.code] : []));
  const total = new Set(codes).size;
  const byCode = new Map<string, Promise<GPUComputePipeline>>();
  let loaded = 0;
  let file = '';
  const tell = (status: CompileProgress['status']) => onProgress?.({ status, file, loaded, total });
  tell('start');
  const pipelines = commands.map((c) => {
    if (c.kind === 'copy') return undefined;
    const { shader, label } = c.dispatch;
    const known = byCode.get(shader.code);
    if (known) return known;
    const pipeline = cache.pipeline(shader, label).then((made) => {
      loaded++;
      file = label;
      if (!signal?.aborted) tell('progress');
      return made;
    });
    byCode.set(shader.code, pipeline);
    return pipeline;
  });
  const made = await unlessAborted(Promise.all(pipelines), signal);
  tell('done');
  return made;
}

/**
 * The cost of a command relative to others, in the proportions that were measured on the software
 * adapter before its kernels were tuned: 0.4 a FLOP, 2 a byte, 16,000 a dispatch. It only decides
 * where a step is cut into submits.
 */
function predictedCost(command: Command): number {
  if (command.kind === 'copy') return command.to.bytes;
  const bytes = command.bindings.reduce((sum, b) => sum + b.place.bytes, 0);
  return command.dispatch.flops * 0.4 + bytes * 2 + 16_000;
}

const UNIFORM_ALIGNMENT = 256;

/** One uniform buffer for all dispatches; equal contents share a place. */
function packUniforms(plan: Plan) {
  const offsets = new Map<string, number>();
  const blocks: Uint32Array[] = [];
  const offsetOf = (params: Uint32Array): number => {
    const key = params.join();
    let offset = offsets.get(key);
    if (offset === undefined) {
      offset = blocks.push(params) * UNIFORM_ALIGNMENT - UNIFORM_ALIGNMENT;
      offsets.set(key, offset);
    }
    return offset;
  };
  const ofCommand = plan.commands.map((c) =>
    c.kind === 'dispatch' && c.dispatch.params ? offsetOf(c.dispatch.params) : undefined,
  );
  const data = new Uint32Array((Math.max(1, blocks.length) * UNIFORM_ALIGNMENT) / 4);
  blocks.forEach((block, i) => {
    data.set(block, (i * UNIFORM_ALIGNMENT) / 4);
  });
  return { data, ofCommand };
}

/**
 * A graph compiled for a device: its commands with pipelines and bind groups made once. Running it
 * encodes and submits; it creates nothing and waits for nothing.
 */
export class Executable {
  private disposed = false;

  private constructor(
    readonly device: Device,
    readonly plan: Plan,
    private readonly commands: readonly Encodable[],
    private readonly costs: readonly number[],
    private readonly own: readonly GPUBuffer[],
    readonly outputs: ReadonlyMap<string, DeviceTensor>,
    readonly stats: ExecutableStats,
  ) {}

  /** Plans a graph, allocates its memory, and compiles its pipelines in parallel. */
  static async compile(
    graph: Graph,
    variables: Variables,
    choices: Choices = {},
    options: CompileOptions = {},
  ): Promise<Executable> {
    const { device } = variables;
    device.assertUsable();
    const plan = planGraph(graph, device.traits, choices);
    const own: GPUBuffer[] = [];
    const make = (label: string, bytes: number, usage: number) => {
      const buffer = device.createBuffer(label, bytes, usage);
      own.push(buffer);
      return buffer;
    };
    try {
      const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
      const { data, ofCommand } = packUniforms(plan);
      // First of all, as compiling takes seconds: what is too large is to be refused at once, and a
      // buffer without memory would make everything invalid that is made of it.
      const { pool, fixed, uniforms } = await device.allocate(() => {
        for (const variable of graph.variables.values()) variables.buffer(variable.name, variable);
        return {
          pool: plan.poolSizes.map((bytes, i) => make(`pool ${i}`, bytes, usage)),
          fixed: new Map(plan.fixed.map((s) => [s, make(s.label, s.bytes, usage)])),
          uniforms: make('uniforms', data.byteLength, bufferUsage.uniform | bufferUsage.copyTarget),
        };
      });
      const cache = pipelinesOf(device);
      const pipelines = await compilePipelines(plan, device, options);
      device.assertUsable();
      device.gpu.queue.writeBuffer(uniforms, 0, data);

      const bufferOf = (storage: Storage): GPUBuffer => {
        const variable =
          storage.kind === 'variable' ? graph.variables.get(storage.label) : undefined;
        if (variable) return variables.buffer(variable.name, variable);
        return fixed.get(storage) ?? pool[plan.poolOf.get(storage) ?? -1];
      };
      // Bindings are as long as their tensor, rounded to the 16 bytes that a vec4 access needs.
      const bind = ({ storage, offset, bytes }: Placement): GPUBufferBinding => {
        const buffer = bufferOf(storage);
        return { buffer, offset, size: Math.min(Math.ceil(bytes / 16) * 16, buffer.size - offset) };
      };
      const commands = plan.commands.map((command, i): Encodable => {
        if (command.kind === 'copy') {
          return {
            kind: 'copy',
            from: bind(command.from),
            to: bind(command.to),
            bytes: command.to.bytes,
          };
        }
        const { dispatch, bindings } = command;
        const buffers: Record<string, GPUBufferBinding> = {};
        for (const { name, place } of bindings) buffers[name] = bind(place);
        if (dispatch.params) {
          buffers.params = {
            buffer: uniforms,
            offset: ofCommand[i] ?? 0,
            size: Math.ceil(dispatch.params.byteLength / 16) * 16,
          };
        }
        const pipeline = pipelines[i] as GPUComputePipeline;
        return {
          kind: 'dispatch',
          pipeline,
          group: cache.bindGroup(dispatch.shader, buffers, dispatch.label),
          grid: dispatch.grid,
        };
      });
      const outputs = new Map(
        [...graph.outputs].map(([name, { shape }]): [string, DeviceTensor] => {
          const { storage, offset } = plan.outputs.get(name) as Placement;
          return [name, { buffer: bufferOf(storage), offset, shape }];
        }),
      );
      const dispatches = plan.commands.filter((c) => c.kind === 'dispatch');
      return new Executable(
        device,
        plan,
        commands,
        plan.commands.map(predictedCost),
        own,
        outputs,
        {
          dispatches: dispatches.length,
          copies: plan.commands.length - dispatches.length,
          pipelines: new Set(dispatches.map((c) => c.dispatch.shader.code)).size,
          bytes: own.reduce((sum, b) => sum + b.size, 0),
          flops: dispatches.reduce((sum, c) => sum + c.dispatch.flops, 0),
        },
      );
    } catch (error) {
      for (const buffer of own) device.destroyBuffer(buffer);
      throw error;
    }
  }

  /**
   * Encodes and submits the whole graph in at most `submits` submits of like predicted time.
   * `tail` may add commands to the last, such as a copy of the metrics. With a `timer`, every
   * dispatch has a pass of its own, in the order of the plan: slower, for profiles.
   */
  run({
    submits = 1,
    tail,
    timer,
  }: {
    submits?: number;
    tail?: (encoder: GPUCommandEncoder) => void;
    timer?: PassTimer;
  } = {}): void {
    if (this.disposed)
      throw new GanvasError('disposed', 'This graph has been disposed.', 'Compile it again.');
    this.device.assertUsable();
    const { gpu } = this.device;
    const share = this.costs.reduce((a, b) => a + b, 0) / Math.max(1, submits);
    let encoder = gpu.createCommandEncoder();
    let pass: GPUComputePassEncoder | undefined;
    let cost = 0;
    let end = share;
    this.commands.forEach((command, i) => {
      // A command belongs to the submit that its middle falls into.
      if (cost > 0 && cost + this.costs[i] / 2 > end) {
        pass?.end();
        pass = undefined;
        gpu.queue.submit([encoder.finish()]);
        encoder = gpu.createCommandEncoder();
        while (cost + this.costs[i] / 2 > end) end += share;
      }
      cost += this.costs[i];
      if (command.kind === 'copy' || timer) {
        pass?.end();
        pass = undefined;
      }
      if (command.kind === 'copy') {
        const { from, to, bytes } = command;
        encoder.copyBufferToBuffer(from.buffer, from.offset ?? 0, to.buffer, to.offset ?? 0, bytes);
        return;
      }
      const timestampWrites = timer?.writes();
      pass ??= encoder.beginComputePass(timestampWrites && { timestampWrites });
      pass.setPipeline(command.pipeline);
      pass.setBindGroup(0, command.group);
      pass.dispatchWorkgroups(...command.grid);
    });
    pass?.end();
    tail?.(encoder);
    gpu.queue.submit([encoder.finish()]);
  }

  /** A copy of an output's elements, once the graph has run. */
  async read(name: string): Promise<Float32Array<ArrayBuffer>> {
    const output = this.outputs.get(name);
    if (!output)
      throw new RangeError(`No output '${name}' among ${[...this.outputs.keys()].join(', ')}`);
    return new Float32Array(
      await readBuffer(this.device, output.buffer, output.offset, sizeOf(output.shape) * 4),
    );
  }

  /** Frees intermediates and outputs; variables stay. Doing so twice is fine. */
  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const buffer of this.own) this.device.destroyBuffer(buffer);
  }
}
