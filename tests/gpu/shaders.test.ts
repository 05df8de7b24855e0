// Every shader is a plain, valid module: what the linker makes of it is another matter.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';

const shaders = import.meta.glob<string>('../../shaders/*.wgsl', {
  query: '?raw',
  import: 'default',
  eager: true,
});

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

async function errorsIn(code: string): Promise<string[]> {
  device.gpu.pushErrorScope('validation');
  const module = device.gpu.createShaderModule({ code });
  const { messages } = await module.getCompilationInfo();
  await device.gpu.popErrorScope();
  return messages
    .filter(({ type }) => type === 'error')
    .map(({ lineNum, linePos, message }) => `${lineNum}:${linePos} ${message}`);
}

test('there are shaders, and a broken one would be noticed', async () => {
  const codes = Object.values(shaders);
  expect(codes.length).toBeGreaterThan(10);
  expect(await errorsIn(codes[0].replace('{', '{ undeclared();'))).toHaveLength(1);
});

test.each(Object.keys(shaders).map((path) => path.replace(/.*\//, '')))(
  '%s compiles as it stands',
  async (name) => {
    const code = shaders[`../../shaders/${name}`];
    const features = [...code.matchAll(/^enable (\w+)/gm)].map(([, feature]) => feature);
    // What a device cannot run, it cannot judge; `enable f16` is the feature shader-f16.
    if (features.some((f) => ![f, `shader-${f}`].some((n) => device.gpu.features.has(n)))) return;
    expect(await errorsIn(code)).toEqual([]);
  },
);
