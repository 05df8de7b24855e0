import type { AdapterKind } from '../gpu/adapter-kind.ts';
import { deferred } from '../gpu/deferred.ts';
import { type Device, type DeviceOptions, openDevice } from '../gpu/device.ts';
import { DeviceLostError, RecoveryError } from '../gpu/errors.ts';
import type { GanvasError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type CompileOptions, Executable } from './executable.ts';
import type { Choices } from './plan.ts';
import { type TuneMode, type TuningStore, tune } from './tuner.ts';
import { Variables } from './variables.ts';

/** Facts about the adapter that an engine runs on, as plain data. */
export interface AdapterInfo {
  /** Who made it, such as `nvidia`, in small letters; empty where the browser does not say. */
  readonly vendor: string;
  /** Its family, such as `ampere`; empty likewise. */
  readonly architecture: string;
  /** In words; empty likewise. */
  readonly description: string;
  /** Roughly what it is, by its names. */
  readonly kind: AdapterKind;
  /** It computes on the CPU. */
  readonly software: boolean;
  /** Limits of the device. */
  readonly limits: Readonly<Record<string, number>>;
  /** Features that are in use. */
  readonly features: readonly string[];
}

/** How kernels are chosen where there are several. */
export interface TuningOptions {
  /**
   * By default `on` where choices can be kept and the adapter is a GPU, else `cached`: the first
   * choices on the software adapter were measured already.
   */
  readonly tune?: TuneMode;
  /** Where choices are kept between sessions, such as `indexedDbTuningStore`. */
  readonly tuningStore?: TuningStore;
}

/** Buffers on the device, in number and bytes. Pipelines and canvases are the browser's, and not counted. */
export interface MemoryInfo {
  /** Buffers that exist. */
  readonly buffers: number;
  /** Bytes that they hold together. */
  readonly bytes: number;
  /** The most bytes there were at a time, since the device was opened. */
  readonly peakBytes: number;
}

/** Which device an engine opens, and how it chooses kernels. */
export type EngineOptions = DeviceOptions & TuningOptions;

/** Waits before each attempt to open a device again: after a crash there is none for some seconds. */
const REOPEN_MS = [0, 250, 500, 1000, 2000, 4000, 8000];

/**
 * A WebGPU device, ready to run graphs. The way in: everything else is given an engine.
 *
 * Errors: `NoWebGPUError`, `NoAdapterError`, `LimitError` from `create`; afterwards errors that WebGPU
 * reports by itself reach `onError`, and the loss of the device `lost`. A trainer whose device is lost
 * makes the engine open another one and goes on.
 */
export class Engine {
  #device: Device;
  #reopening: Promise<Device> | undefined;
  readonly #options: EngineOptions;
  /** Aborted by `dispose`. */
  readonly #end = new AbortController();
  readonly #listeners = new Set<(error: GanvasError) => void>();

  private constructor(device: Device, options: EngineOptions) {
    this.#options = options;
    this.#device = device;
    this.#listen();
  }

  /** Opens the best adapter, or takes the device that is passed in. */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    return new Engine(await openDevice(options), options);
  }

  /** The device in use: another one after a loss. */
  get device(): Device {
    return this.#device;
  }

  /** What is computing. */
  get adapter(): AdapterInfo {
    const { vendor, architecture, description, kind, limits, features } = this.device.adapter;
    const numbers: Record<string, number> = {};
    // Limits are getters of a prototype: they do not enumerate as own properties.
    for (const name in limits) {
      const value = limits[name as keyof GPUSupportedLimits];
      if (typeof value === 'number') numbers[name] = value;
    }
    return {
      vendor,
      architecture,
      description,
      kind,
      software: kind === 'software',
      limits: numbers,
      features: [...features],
    };
  }

  /** Resolves with the reason when the device in use is gone; never because of `dispose`. */
  get lost(): Promise<DeviceLostError> {
    return this.device.lost;
  }

  /**
   * Calls back with every error that WebGPU reports by itself, the loss of a device included. Returns a
   * function that ends this.
   */
  onError(callback: (error: GanvasError) => void): () => void {
    // A wrapper, so that one callback given twice is two registrations, each with its own end.
    const listener = (error: GanvasError) => callback(error);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #listen(): void {
    this.#device.onError((error) => {
      for (const listener of this.#listeners) listener(error);
    });
  }

  /**
   * Whether a device that is lost has a successor. Only the engine's own end decides, not the reason
   * that WebGPU gives: `destroyed` may be an accident, and `unknown` somebody's wish.
   */
  get reopens(): boolean {
    return !this.#end.signal.aborted && !this.#options.device;
  }

  /**
   * Opens another device in the place of one that was lost, and gives it; the one in use, if it is
   * well. Whoever asks while that goes on gets the same. What was on the lost device is gone.
   *
   * Errors: a `DeviceLostError` if the engine is disposed or its device was passed in; a
   * `RecoveryError` if there is no adapter any more, after some 16 seconds of trying.
   */
  reopen(): Promise<Device> {
    const lost = this.#device.loss;
    if (!lost) return Promise.resolve(this.#device);
    if (!this.reopens) return Promise.reject(lost);
    this.#reopening ??= this.#open().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #open(): Promise<Device> {
    let failure: unknown;
    for (const ms of REOPEN_MS) {
      await this.#wait(ms);
      const device = await openDevice(this.#options).catch((error: unknown) => {
        failure = error;
      });
      if (this.#end.signal.aborted) device?.dispose();
      this.#assertNotDisposed();
      if (!device) continue;
      this.#device.dispose();
      this.#device = device;
      this.#listen();
      return device;
    }
    throw new RecoveryError(failure);
  }

  /** Waits, but not beyond the engine's end. */
  async #wait(ms: number): Promise<void> {
    const { signal } = this.#end;
    if (ms > 0 && !signal.aborted) {
      const { promise, resolve } = deferred<void>();
      const timer = setTimeout(resolve, ms);
      const end = () => resolve();
      signal.addEventListener('abort', end);
      await promise;
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
    this.#assertNotDisposed();
  }

  #assertNotDisposed(): void {
    if (this.#end.signal.aborted) throw new DeviceLostError('disposed');
  }

  /** @internal An empty set of named tensors on this device. */
  variables(): Variables {
    return new Variables(this.device);
  }

  /**
   * @internal Compiles a graph that works on those variables, tuned as the engine's options say, or by choices
   * that were made before.
   */
  async compile(
    graph: Graph,
    variables: Variables,
    choices?: Choices,
    options?: CompileOptions,
  ): Promise<Executable> {
    options?.signal?.throwIfAborted();
    const chosen = choices ?? (await this.#tune(graph, variables));
    return Executable.compile(graph, variables, chosen, options);
  }

  #tune(graph: Graph, { device }: Variables): Promise<Choices> {
    const { tuningStore } = this.#options;
    const worthwhile = tuningStore !== undefined && device.adapter.kind !== 'software';
    const { tune: mode = worthwhile ? 'on' : 'cached' } = this.#options;
    return tune(device, graph, mode, tuningStore);
  }

  /** What all that runs on this engine holds on the device. */
  memory(): MemoryInfo {
    const { buffers, bufferBytes, peakBufferBytes } = this.device.counters;
    return { buffers, bytes: bufferBytes, peakBytes: peakBufferBytes };
  }

  /** Frees everything on the device, and the device unless it was passed in. Twice is fine. */
  dispose(): void {
    this.#end.abort();
    this.#device.dispose();
    this.#listeners.clear();
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
