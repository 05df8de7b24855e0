import type { AdapterKind } from '../gpu/adapter-kind.ts';
import { type Device, type DeviceOptions, openDevice } from '../gpu/device.ts';
import type { DeviceLostError } from '../gpu/errors.ts';
import type { GanvasError } from '../graph/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { Executable } from './executable.ts';
import { type TuneMode, type TuningStore, tune } from './tuner.ts';
import { Variables } from './variables.ts';

/** Facts about the adapter that an engine runs on, as plain data. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
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

export type EngineOptions = DeviceOptions & TuningOptions;

/**
 * A WebGPU device, ready to run graphs. The way in: everything else is given an engine.
 *
 * Errors: `NoWebGPUError`, `NoAdapterError`, `LimitError` from `create`; afterwards errors that WebGPU
 * reports by itself reach `onError`, and the loss of the device `lost`.
 */
export class Engine {
  private constructor(
    readonly device: Device,
    private readonly tuning: TuningOptions,
  ) {}

  /** Opens the best adapter, or takes the device that is passed in. */
  static async create(options: EngineOptions = {}): Promise<Engine> {
    return new Engine(await openDevice(options), options);
  }

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

  /** Resolves with the reason when the device is gone; never because of `dispose`. */
  get lost(): Promise<DeviceLostError> {
    return this.device.lost;
  }

  /** Calls back with every error that WebGPU reports by itself. Returns a function that ends this. */
  onError(callback: (error: GanvasError) => void): () => void {
    return this.device.onError(callback);
  }

  /** An empty set of named tensors on this device. */
  variables(): Variables {
    return new Variables(this.device);
  }

  /** Compiles a graph that works on those variables, tuned as the engine's options say. */
  async compile(graph: Graph, variables: Variables): Promise<Executable> {
    const { tuningStore } = this.tuning;
    const worthwhile = tuningStore !== undefined && this.device.adapter.kind !== 'software';
    const { tune: mode = worthwhile ? 'on' : 'cached' } = this.tuning;
    const choices = await tune(this.device, graph, mode, tuningStore);
    return Executable.compile(graph, variables, choices);
  }

  /** Frees everything on the device, and the device unless it was passed in. Twice is fine. */
  dispose(): void {
    this.device.dispose();
  }
}
