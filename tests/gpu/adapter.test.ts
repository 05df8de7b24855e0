import { expect, test } from 'vitest';

// Without an adapter every other test here would be worthless: this one says so by name.
test('the browser has a WebGPU adapter that gives a working device', async () => {
  expect(isSecureContext, 'WebGPU needs a secure context').toBe(true);
  expect(navigator.gpu, 'navigator.gpu').toBeDefined();
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) throw new Error('no WebGPU adapter: see src/cli/browser.node.ts for its flags');

  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, description].filter(Boolean).join(' ');
  console.info(`WebGPU adapter: ${name}${isFallbackAdapter ? ' (software)' : ''}`);

  const device = await adapter.requestDevice();
  const errors: string[] = [];
  device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));

  const source = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const target = device.createBuffer({
    size: 16,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  device.queue.writeBuffer(source, 0, new Float32Array([1, -2, 3.5, 4]));
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, target, 0, 16);
  device.queue.submit([encoder.finish()]);
  await target.mapAsync(GPUMapMode.READ);

  expect([...new Float32Array(target.getMappedRange())]).toEqual([1, -2, 3.5, 4]);
  expect(errors).toEqual([]);
  device.destroy();
});
