// The GPU device: how it is found, what it can do, what it holds, and how it ends.

import type { GanvasError } from '../graph/errors.ts';
import { type AdapterKind, adapterKind, enoughInvocations } from './adapter-kind.ts';
import { deferred } from './deferred.ts';
import {
  DeviceLostError,
  errorOf,
  LimitError,
  NoAdapterError,
  NoWebGPUError,
  OutOfMemoryError,
} from './errors.ts';

/** WebGPU's buffer usages. Its globals exist in browsers, but not in every runtime. */
export const bufferUsage = {
  mapRead: 0x0001,
  copySource: 0x0004,
  copyTarget: 0x0008,
  uniform: 0x0040,
  storage: 0x0080,
  queryResolve: 0x0200,
} as const;

/** WebGPU's name of a limit, such as `maxBufferSize`. */
export type LimitName = Exclude<keyof GPUSupportedLimits, '__brand'>;
/** Limits by WebGPU's names, in its units: bytes of buffers, numbers of everything else. */
export type Limits = Readonly<Partial<Record<LimitName, number>>>;

/** Features that make Ganvas faster or its profiles finer, and never change a result's meaning. */
export const optionalFeatures = ['timestamp-query', 'shader-f16', 'subgroups'] as const;
/** One of WebGPU's features that Ganvas can use. */
export type OptionalFeature = (typeof optionalFeatures)[number];

/** Which device is opened, and with what. */
export interface DeviceOptions {
  /** WebGPU's entry point; by default the page's or worker's own, `navigator.gpu`. */
  readonly gpu?: GPU | undefined;
  /** A device to share: it is used, and never destroyed. Options about adapters do not matter. */
  readonly device?: GPUDevice;
  /** Which of several GPUs; by default the browser chooses. */
  readonly powerPreference?: GPUPowerPreference;
  /** Ask for software rendering. */
  readonly forceFallbackAdapter?: boolean;
  /** What the work needs beyond WebGPU's defaults; if it is not there, a `LimitError` is thrown. */
  readonly requiredLimits?: Limits;
  /** What the work would use beyond WebGPU's defaults: raised as far as the adapter goes. */
  readonly wantedLimits?: Limits;
  /** Optional features to use where the adapter has them; by default `all`. */
  readonly features?: 'all' | 'none' | readonly OptionalFeature[];
}

/** What is computing. Browsers leave out names that they hold back for privacy. */
export interface AdapterFacts {
  /** Who made it, such as `nvidia`. */
  readonly vendor: string;
  /** Its family, such as `ampere`. */
  readonly architecture: string;
  /** In words. */
  readonly description: string;
  /** Roughly what it is, by its names. */
  readonly kind: AdapterKind;
  /** Invocations of a subgroup where that is one number on this adapter, else null. */
  readonly subgroupSize: number | null;
  /** Of the device: WebGPU's defaults, unless more was required. */
  readonly limits: GPUSupportedLimits;
  /** Of the device. `subgroups` is left out where their size may vary. */
  readonly features: ReadonlySet<string>;
}

/** What a device holds and has made. */
export interface DeviceCounters {
  /** Buffers that exist, and their bytes. */
  buffers: number;
  /** Bytes of the buffers that exist. */
  bufferBytes: number;
  /** The most bytes there were at a time. */
  peakBufferBytes: number;
  /** Made since the device was opened. */
  buffersMade: number;
  /** Shaders compiled since the device was opened. */
  shaderModules: number;
  /** Pipelines made since then. */
  pipelines: number;
  /** Bind groups made since then. */
  bindGroups: number;
}

/** A failed map may be noticed before the loss of the device that made it fail. */
const lossGraceMs = 200;

/** Opens a device, or says by its error why there is none. */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const required = options.requiredLimits ?? {};
  if (options.device) {
    requireLimits(required, options.device.limits);
    return new Device(options.device, options.device.adapterInfo, false);
  }
  const gpu = 'gpu' in options ? options.gpu : globalThis.navigator?.gpu;
  if (!gpu) throw new NoWebGPUError(globalThis.isSecureContext === false);

  const { powerPreference, forceFallbackAdapter = false } = options;
  const adapter = await gpu
    .requestAdapter({ forceFallbackAdapter, ...(powerPreference && { powerPreference }) })
    .catch((error: unknown) => {
      throw new NoAdapterError(`WebGPU failed to find an adapter: ${reasonOf(error)}.`);
    });
  if (!adapter) throw new NoAdapterError();
  requireLimits(required, adapter.limits);

  const { features = 'all' } = options;
  const wanted = features === 'all' ? optionalFeatures : features === 'none' ? [] : features;
  const device = await adapter
    .requestDevice({
      label: 'ganvas',
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits: { ...reach(options.wantedLimits ?? {}, adapter.limits), ...required },
    })
    .catch((error: unknown) => {
      throw new NoAdapterError(`The adapter gave no device: ${reasonOf(error)}.`);
    });
  return new Device(device, adapter.info, true);
}

/** The limits that are wanted, or the best there is of them. */
function reach(wanted: Limits, available: GPUSupportedLimits): Record<string, number> {
  const reached: Record<string, number> = {};
  for (const [name, wish] of Object.entries(wanted) as [LimitName, number][]) {
    const there = available[name];
    if (there === undefined) continue;
    reached[name] = name.startsWith('min') ? Math.max(wish, there) : Math.min(wish, there);
  }
  return reached;
}

function requireLimits(required: Limits, available: GPUSupportedLimits): void {
  for (const [name, needed] of Object.entries(required) as [LimitName, number][]) {
    const there = available[name] ?? 0;
    // Alignments are limits too, of which less is better.
    const enough = name.startsWith('min') ? there <= needed && there > 0 : there >= needed;
    if (!enough) throw new LimitError('The model', name, needed, there);
  }
}

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');

/** A WebGPU device with an account of what it holds. Made by `openDevice`. */
export class Device {
  /** What is computing. */
  readonly adapter: AdapterFacts;
  /** What kernels need to know when they choose how to run: `DeviceTraits` of kernels/kernel.ts. */
  readonly traits: {
    /** It computes on the CPU. */
    readonly software: boolean;
    /** Optional features in use. */
    readonly features: ReadonlySet<string>;
    /** As many as keep it busy. */
    readonly enoughInvocations: number;
    /** WebGPU's limit. */
    readonly maxWorkgroupsPerDimension: number;
    /** WebGPU's limit. */
    readonly maxStorageBuffersPerShaderStage: number;
  };
  /** What it holds and has made, as it is now. */
  readonly counters: DeviceCounters = {
    buffers: 0,
    bufferBytes: 0,
    peakBufferBytes: 0,
    buffersMade: 0,
    shaderModules: 0,
    pipelines: 0,
    bindGroups: 0,
  };
  /** Resolves when the device is lost; never when that is because of `dispose()`. */
  readonly lost: Promise<DeviceLostError>;

  readonly #owned: boolean;
  readonly #buffers = new Set<GPUBuffer>();
  readonly #listeners = new Set<(error: GanvasError) => void>();
  /** Who waits for something that will not come once the device is gone. */
  readonly #waiting = new Set<(loss: DeviceLostError) => void>();
  #loss: DeviceLostError | null = null;
  #disposed = false;

  constructor(
    /** WebGPU's own device. */
    readonly gpu: GPUDevice,
    info: GPUAdapterInfo | undefined,
    owned: boolean,
  ) {
    this.#owned = owned;
    this.adapter = factsOf(gpu, info);
    this.traits = {
      software: this.adapter.kind === 'software',
      enoughInvocations: enoughInvocations[this.adapter.kind],
      features: this.adapter.features,
      maxWorkgroupsPerDimension: gpu.limits.maxComputeWorkgroupsPerDimension,
      maxStorageBuffersPerShaderStage: gpu.limits.maxStorageBuffersPerShaderStage,
    };
    gpu.addEventListener('uncapturederror', this.#report);
    this.lost = new Promise((resolve) => {
      void gpu.lost.then(({ reason, message }) => {
        if (this.#loss) return;
        const loss = new DeviceLostError(reason === 'destroyed' ? 'destroyed' : 'unknown', message);
        this.#end(loss);
        resolve(loss);
        this.#tell(loss);
      });
    });
  }

  /** Why the device cannot be used any more, or null while it can. */
  get loss(): DeviceLostError | null {
    return this.#loss;
  }

  /**
   * Calls back with every error that WebGPU reports by itself: a refused command, memory that ran
   * out, the loss of the device. Returns a function that ends this.
   */
  onError(callback: (error: GanvasError) => void): () => void {
    // A wrapper, so that one callback given twice is two registrations, each with its own end.
    const listener = (error: GanvasError) => callback(error);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * A new buffer of at least `bytes` (WebGPU wants multiples of 4), filled with zeros. `usage` is a
   * sum of `bufferUsage`. If memory runs out, that is known later, through `onError`, or from
   * `allocate`.
   */
  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    this.assertUsable();
    const size = Math.max(16, Math.ceil(bytes / 4) * 4);
    const { limits } = this.gpu;
    const check = (limit: 'maxBufferSize' | `max${'Storage' | 'Uniform'}BufferBindingSize`) => {
      if (size > limits[limit]) throw new LimitError(`Buffer ${label}`, limit, size, limits[limit]);
    };
    if (usage & bufferUsage.storage) check('maxStorageBufferBindingSize');
    if (usage & bufferUsage.uniform) check('maxUniformBufferBindingSize');
    check('maxBufferSize');
    const buffer = this.gpu.createBuffer({ label, size, usage });
    this.#buffers.add(buffer);
    const { counters } = this;
    counters.buffers++;
    counters.buffersMade++;
    counters.bufferBytes += size;
    counters.peakBufferBytes = Math.max(counters.peakBufferBytes, counters.bufferBytes);
    return buffer;
  }

  /**
   * Does what makes buffers; rejects with an `OutOfMemoryError` that says how much was asked for, if
   * there is no memory for them. What was made until then is for the caller to free.
   */
  async allocate<T>(make: () => T | Promise<T>): Promise<T> {
    this.assertUsable();
    const held = this.counters.bufferBytes;
    this.gpu.pushErrorScope('out-of-memory');
    // It runs here and now; only what it throws waits for the end of the scope.
    const making = (async () => make())();
    making.catch(() => {});
    const needed = this.counters.bufferBytes - held;
    const error = await this.gpu.popErrorScope().catch(async (reason: unknown) => {
      throw (await this.lossSoon()) ?? reason;
    });
    // What fails for lack of memory may fail in other ways too, which say less.
    if (error) throw new OutOfMemoryError(error.message, { needed, held });
    return making;
  }

  /** Frees a buffer of `createBuffer`; a second time does nothing. */
  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.#buffers.delete(buffer)) return;
    buffer.destroy();
    this.counters.buffers--;
    this.counters.bufferBytes -= buffer.size;
  }

  /** Throws the `DeviceLostError` if the device is gone. WebGPU itself would say nothing. */
  assertUsable(): void {
    if (this.#loss) throw this.#loss;
  }

  /** What `work` gives, or the loss as soon as the device goes, also by `dispose`. */
  async unlessLost<T>(work: Promise<T>): Promise<T> {
    this.assertUsable();
    // Not a race with `lost`, which would remember everyone who ever waited.
    const { promise: gone, reject } = deferred<never>();
    this.#waiting.add(reject);
    try {
      return await Promise.race([work, gone]);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** The loss, if there is one or it comes within moments: for a command that failed. */
  async lossSoon(): Promise<DeviceLostError | null> {
    if (this.#loss) return this.#loss;
    const none = new Promise<void>((resolve) => setTimeout(resolve, lossGraceMs));
    await this.unlessLost(none).catch(() => {});
    return this.#loss;
  }

  /** Frees every buffer, and the device unless it was passed in. Doing so twice is fine. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (!this.#loss) this.#end(new DeviceLostError('disposed'));
    this.gpu.removeEventListener('uncapturederror', this.#report);
    this.#listeners.clear();
    for (const buffer of this.#buffers) this.destroyBuffer(buffer);
    if (this.#owned) this.gpu.destroy();
  }

  #end(loss: DeviceLostError): void {
    this.#loss = loss;
    for (const reject of this.#waiting) reject(loss);
    this.#waiting.clear();
  }

  readonly #report = (event: GPUUncapturedErrorEvent): void => this.#tell(errorOf(event.error));

  #tell(error: GanvasError): void {
    for (const listener of this.#listeners) listener(error);
  }
}

function factsOf(device: GPUDevice, info: GPUAdapterInfo | undefined): AdapterFacts {
  const { vendor = '', architecture = '', description = '' } = info ?? {};
  const { subgroupMinSize, subgroupMaxSize } = info ?? {};
  const subgroupSize =
    subgroupMinSize && subgroupMinSize === subgroupMaxSize ? subgroupMinSize : null;
  const features = new Set<string>(device.features);
  if (subgroupSize === null) features.delete('subgroups');
  return {
    vendor,
    architecture,
    description,
    kind: adapterKind(info),
    subgroupSize,
    limits: device.limits,
    features,
  };
}
