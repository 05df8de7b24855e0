import { afterEach, describe, expect, test } from 'vitest';
import { bufferUsage, type Device, type DeviceOptions, openDevice } from '../../src/gpu/device.ts';
import {
  DeviceLostError,
  GpuValidationError,
  LimitError,
  NoAdapterError,
  NoWebGPUError,
  ReadbackBusyError,
  ShaderError,
} from '../../src/gpu/errors.ts';
import { PipelineCache, pipelinesOf } from '../../src/gpu/pipelines.ts';
import { ReadbackRing, readBuffer } from '../../src/gpu/readback.ts';
import { PassTimer } from '../../src/gpu/timing.ts';
import type { GanvasError } from '../../src/graph/errors.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { link } from '../../src/kernels/wgsl.ts';

const opened: Device[] = [];
const open = async (options: DeviceOptions = {}): Promise<Device> => {
  const device = await openDevice(options);
  opened.push(device);
  return device;
};
afterEach(() => {
  for (const device of opened.splice(0)) device.dispose();
});

const { storage, copySource, copyTarget } = bufferUsage;
const data = storage | copySource | copyTarget;

const doubling = link(
  `
  const FACTOR: f32 = 2;
  @group(0) @binding(0) var<storage, read> source: array<f32>;
  @group(0) @binding(1) var<storage, read_write> out: array<f32>;
  @compute @workgroup_size(4)
  fn main(@builtin(global_invocation_id) id: vec3u) { out[id.x] = FACTOR * source[id.x]; }`,
  [],
);

/** A device's own error, as it comes. */
const nextError = (device: Device): Promise<GanvasError> =>
  new Promise((resolve) => device.onError(resolve));

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it did not reject'),
    (error: unknown) => error,
  );

describe('openDevice', () => {
  test('without WebGPU', async () => {
    await expect(openDevice({ gpu: undefined })).rejects.toThrow(NoWebGPUError);
  });

  test('without an adapter', async () => {
    const none = { requestAdapter: async () => null } as unknown as GPU;
    await expect(openDevice({ gpu: none })).rejects.toThrow(NoAdapterError);
    const broken = {
      requestAdapter: async () => ({
        limits: {},
        features: new Set(),
        requestDevice: () => Promise.reject(new DOMException('adapter is spent')),
      }),
    } as unknown as GPU;
    await expect(openDevice({ gpu: broken })).rejects.toThrow(/gave no device: adapter is spent/);
  });

  test('says what is computing', async () => {
    const device = await open();
    const traits: DeviceTraits = device.traits;
    expect(traits.maxWorkgroupsPerDimension).toBeGreaterThanOrEqual(65535);
    expect(traits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(8);
    expect(device.adapter.vendor + device.adapter.architecture).not.toBe('');
    expect(traits.software).toBe(device.adapter.kind === 'software');
    if (device.adapter.architecture === 'swiftshader') expect(traits.software).toBe(true);
    if (traits.features.has('subgroups')) expect(device.adapter.subgroupSize).toBeGreaterThan(0);
  });

  test('takes optional features as told', async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    expect((await open({ features: 'none' })).gpu.features.has('timestamp-query')).toBe(false);
    const { features } = (await open({ features: ['timestamp-query'] })).gpu;
    expect(features.has('timestamp-query')).toBe(adapter.features.has('timestamp-query'));
    expect(features.has('shader-f16')).toBe(false);
  });

  test('grants the limits there are, and says by how much others fail', async () => {
    const { maxBufferSize } = (await navigator.gpu.requestAdapter())!.limits;
    const device = await open({ requiredLimits: { maxBufferSize } });
    expect(device.adapter.limits.maxBufferSize).toBe(maxBufferSize);

    const error = await rejection(openDevice({ requiredLimits: { maxBufferSize: 2 ** 50 } }));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'limit', needed: 2 ** 50, available: maxBufferSize });
    const shared = openDevice({ device: device.gpu, requiredLimits: { maxBindGroups: 99 } });
    expect(await rejection(shared)).toMatchObject({ limit: 'maxBindGroups', needed: 99 });
  });

  test('an injected device outlives its guest, but not its buffers', async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const host = await adapter.requestDevice();
    const guest = await openDevice({ device: host });
    const buffer = guest.createBuffer('guest', 64, data);
    guest.dispose();
    expect(guest.counters).toMatchObject({ buffers: 0, bufferBytes: 0, buffersMade: 1 });
    host.queue.writeBuffer(
      host.createBuffer({ size: 16, usage: copyTarget }),
      0,
      new Uint32Array(4),
    );
    host.pushErrorScope('validation');
    host.queue.writeBuffer(buffer, 0, new Uint32Array(4));
    expect(await host.popErrorScope()).not.toBeNull();
    const alive = Promise.race([host.lost, host.queue.onSubmittedWorkDone().then(() => 'alive')]);
    expect(await alive).toBe('alive');
    host.destroy();
  });
});

describe('a device', () => {
  test('counts its buffers', async () => {
    const device = await open();
    const a = device.createBuffer('a', 100, data);
    const b = device.createBuffer('b', 5, data);
    expect([a.size, b.size]).toEqual([100, 16]);
    device.destroyBuffer(a);
    device.destroyBuffer(a);
    expect(device.counters).toMatchObject({
      buffers: 1,
      bufferBytes: 16,
      peakBufferBytes: 116,
      buffersMade: 2,
    });
  });

  test('refuses a buffer that is too large, with the numbers', async () => {
    const device = await open();
    const { maxStorageBufferBindingSize: available, maxBufferSize } = device.adapter.limits;
    const needed = available + 4;
    expect(() => device.createBuffer('weights', needed, data)).toThrow(
      expect.objectContaining({
        ...{ code: 'limit', what: 'Buffer weights', limit: 'maxStorageBufferBindingSize' },
        ...{ needed, available },
      }),
    );
    expect(() => device.createBuffer('copy', maxBufferSize + 4, copyTarget)).toThrow(LimitError);
    expect(device.counters.buffersMade).toBe(0);
  });

  test('surfaces commands that WebGPU refuses, until told not to', async () => {
    const device = await open();
    const error = nextError(device);
    const seen: GanvasError[] = [];
    device.onError((e) => seen.push(e))();
    const buffer = device.createBuffer('small', 16, data);
    device.gpu.queue.writeBuffer(buffer, 8, new Uint32Array(4));
    expect(await error).toBeInstanceOf(GpuValidationError);
    expect(await error).toMatchObject({ code: 'gpu-validation' });
    expect(seen).toEqual([]);
  });

  test('surfaces its loss, and then refuses work', async () => {
    const device = await open();
    const pipelines = new PipelineCache(device);
    const told = nextError(device);
    device.gpu.destroy();
    const loss = await device.lost;
    expect(loss).toBeInstanceOf(DeviceLostError);
    expect(loss).toMatchObject({ code: 'device-lost', reason: 'destroyed' });
    expect(await told).toBe(loss);
    expect(device.loss).toBe(loss);
    expect(() => device.createBuffer('late', 4, data)).toThrow(loss);
    expect(await rejection(pipelines.pipeline(doubling, 'late'))).toBe(loss);
    device.dispose();
    expect(device.loss).toBe(loss);
  });

  test('dispose() is no error, and can be repeated', async () => {
    const device = await openDevice();
    const errors: GanvasError[] = [];
    device.onError((error) => errors.push(error));
    void device.lost.then((error) => errors.push(error));
    device.dispose();
    device.dispose();
    expect((await device.gpu.lost).reason).toBe('destroyed');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(errors).toEqual([]);
    expect(() => device.createBuffer('late', 4, data)).toThrow(/dispose\(\)/);
  });
});

describe('pipelines', () => {
  test('run what they were made from', async () => {
    const device = await open();
    const pipelines = pipelinesOf(device);
    const source = device.createBuffer('source', 16, data);
    const out = device.createBuffer('out', 16, data);
    device.gpu.queue.writeBuffer(source, 0, new Float32Array([1, -2, 3.5, 4]));
    const encoder = device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(await pipelines.pipeline(doubling, 'doubling'));
    pass.setBindGroup(0, pipelines.bindGroup(doubling, { source, out }, 'doubling'));
    pass.dispatchWorkgroups(1);
    pass.end();
    device.gpu.queue.submit([encoder.finish()]);
    expect([...new Float32Array(await readBuffer(device, out))]).toEqual([2, -4, 7, 8]);
    expect([...new Float32Array(await readBuffer(device, out, 4, 8))]).toEqual([-4, 7]);
    expect(new Uint8Array(await readBuffer(device, out, 0, 3))).toHaveLength(3);
    expect(() => pipelines.bindGroup(doubling, { source }, 'doubling')).toThrow(/binding out/);
    expect(device.counters).toMatchObject({ pipelines: 1, bindGroups: 1, buffers: 2 });
  });

  test('are shared by equal code', async () => {
    const device = await open();
    const pipelines = pipelinesOf(device);
    expect(pipelinesOf(device)).toBe(pipelines);
    const again = pipelines.pipeline({ ...doubling }, 'the same');
    expect(await pipelines.pipeline(doubling, 'doubling')).toBe(await again);
    await pipelines.pipeline(link(doubling.code, [], { FACTOR: 3 }), 'tripling');
    expect(device.counters).toMatchObject({ pipelines: 2, shaderModules: 2 });
  });

  test('that cannot be made name the shader and its line, once', async () => {
    const device = await open();
    const uncaptured: GanvasError[] = [];
    device.onError((error) => uncaptured.push(error));
    const pipelines = pipelinesOf(device);
    const code = '@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}\n';
    const error = await rejection(pipelines.pipeline({ code, bindings: [] }, 'wrong-type'));
    expect(error).toBeInstanceOf(ShaderError);
    expect(error).toMatchObject({ code: 'shader', label: 'wrong-type', messages: [{ line: 3 }] });
    expect((error as ShaderError).message).toMatch(/wrong-type.*line 3:.*let x: u32 = 1\.5;/s);

    const huge = '@compute @workgroup_size(4096) fn main() {}';
    const refused = await rejection(pipelines.pipeline({ code: huge, bindings: [] }, 'huge'));
    expect(refused).toBeInstanceOf(ShaderError);
    await device.gpu.queue.onSubmittedWorkDone();
    expect(uncaptured).toEqual([]);
  });

  test('bind no more buffers than there may be', async () => {
    const device = await open();
    const needed = device.adapter.limits.maxStorageBuffersPerShaderStage + 1;
    const bindings = Array.from({ length: needed }, (_, binding) => ({
      ...{ name: `b${binding}`, binding, kind: 'read' as const },
    }));
    const pipeline = pipelinesOf(device).pipeline({ code: '', bindings }, 'greedy');
    expect(await rejection(pipeline)).toMatchObject({
      ...{ code: 'limit', needed, available: needed - 1 },
    });
  });
});

describe('ReadbackRing', () => {
  test('reads in flight, with the buffers it has', async () => {
    const device = await open();
    const source = device.createBuffer('source', 16, data);
    const ring = new ReadbackRing(device, 2, 8);
    const { buffersMade } = device.counters;
    const copy = (value: number) => {
      device.gpu.queue.writeBuffer(source, 4, new Float32Array([value]));
      const encoder = device.gpu.createCommandEncoder();
      const slot = ring.encodeCopy(encoder, source, 4, 4);
      device.gpu.queue.submit([encoder.finish()]);
      return slot.read();
    };
    for (let round = 0; round < 3; round++) {
      const reads = [copy(round), copy(-round)];
      expect(ring.free).toBe(0);
      expect(() => copy(0)).toThrow(ReadbackBusyError);
      const values = (await Promise.all(reads)).map((bytes) => new Float32Array(bytes)[0]);
      expect(values).toEqual([round, -round]);
    }
    expect(device.counters.buffersMade).toBe(buffersMade);
    const encoder = device.gpu.createCommandEncoder();
    expect(() => ring.encodeCopy(encoder, source, 16)).toThrow(RangeError);
    ring.encodeCopy(encoder, source, 8).release();
    expect(ring.free).toBe(2);
    ring.dispose();
    expect(device.counters.buffers).toBe(1);
  });

  test('rejects when the device goes', async () => {
    const device = await open();
    const source = device.createBuffer('source', 16, data);
    const ring = new ReadbackRing(device, 2, 16);
    const encoder = device.gpu.createCommandEncoder();
    const slots = [ring.encodeCopy(encoder, source, 16), ring.encodeCopy(encoder, source, 16)];
    device.gpu.queue.submit([encoder.finish()]);
    const before = rejection(slots[0].read());
    const whole = rejection(readBuffer(device, source));
    device.gpu.destroy();
    const after = rejection(slots[1].read());
    const loss = await device.lost;
    expect(await before).toBe(loss);
    expect(await after).toBe(loss);
    expect(await whole).toBe(loss);
  });
});

test('PassTimer times each pass, where the device has a clock', async () => {
  expect(PassTimer.on(await open({ features: 'none' }))).toBeNull();
  const device = await open();
  const timer = PassTimer.on(device, 3);
  if (!timer) return expect(device.adapter.features).not.toContain('timestamp-query');
  for (const passes of [2, 3]) {
    const encoder = device.gpu.createCommandEncoder();
    for (let i = 0; i < passes; i++) {
      const timestampWrites = timer.writes();
      expect(timestampWrites).toBeDefined();
      encoder.beginComputePass({ timestampWrites }).end();
    }
    if (passes === 3) expect(timer.writes()).toBeUndefined();
    timer.resolve(encoder);
    device.gpu.queue.submit([encoder.finish()]);
    const times = await timer.read();
    expect(times).toHaveLength(passes);
    for (const ms of times) expect(ms).toBeLessThan(1000);
  }
  timer.dispose();
});
