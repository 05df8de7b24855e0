// Accidents that happen to devices, staged beneath the engine: what it makes of them is the real thing.

/** Devices that were opened through a `GPU` of `watchedGpu`, in order. */
export interface WatchedGpu {
  readonly gpu: GPU;
  readonly devices: GPUDevice[];
  /** Whether there is an adapter. */
  available: boolean;
}

/** The page's WebGPU. `onDevice` sees every device before the engine does, numbered from 0. */
export function watchedGpu(onDevice: (device: GPUDevice, number: number) => void = () => {}) {
  const devices: GPUDevice[] = [];
  const watched: WatchedGpu = {
    devices,
    available: true,
    gpu: {
      requestAdapter: async (options?: GPURequestAdapterOptions) => {
        const adapter = watched.available ? await navigator.gpu.requestAdapter(options) : null;
        if (!adapter) return null;
        const open = adapter.requestDevice.bind(adapter);
        adapter.requestDevice = async (descriptor) => {
          const device = await open(descriptor);
          onDevice(device, devices.push(device) - 1);
          return device;
        };
        return adapter;
      },
    } as GPU,
  };
  return watched;
}

type Method = 'createBuffer' | 'createComputePipelineAsync' | 'createBindGroup' | 'popErrorScope';

/** Destroys a device at its n-th call of a method, counted from 1. */
export function destroyAt(device: GPUDevice, method: Method, n: number): void {
  const own = device[method] as (...args: unknown[]) => unknown;
  let calls = 0;
  Object.defineProperty(device, method, {
    value: (...args: unknown[]): unknown => {
      if (++calls === n) device.destroy();
      return own.apply(device, args);
    },
  });
}

/** Destroys a device when the n-th buffer whose label begins like that is read. */
export function destroyAtRead(device: GPUDevice, label: string, n: number): void {
  const create = device.createBuffer.bind(device);
  let reads = 0;
  Object.defineProperty(device, 'createBuffer', {
    value: (descriptor: GPUBufferDescriptor): GPUBuffer => {
      const buffer = create(descriptor);
      if (!descriptor.label?.startsWith(label)) return buffer;
      const map = buffer.mapAsync.bind(buffer);
      buffer.mapAsync = (...args) => {
        if (++reads === n) device.destroy();
        return map(...args);
      };
      return buffer;
    },
  });
}
