import { Engine } from 'ganvas';
import { seenAlways } from './another-canvas.ts';

const devices: GPUDevice[] = [];
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor);
  devices.push(device);
  return device;
};

const first = document.createElement('canvas');
document.body.append(first);
const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
// The model with the fewest kernels to compile, which both devices do.
const options = { model: 'fully-connected', imageSize: 16, width: 4, batchSize: 8 } as const;
const engine = await Engine.create();
const { trainer, draw } = await seenAlways(engine, pictures, options, first);
for await (const { step } of trainer.run({ steps: 4 })) {
  draw();
  // The step comes again on the next device, which stays.
  if (step === 2) devices[0]?.destroy();
}
const canvas = document.querySelector('canvas');
const replaced = canvas !== first && !first.isConnected;
Object.assign(globalThis, { result: { step: trainer.step, devices: devices.length, replaced } });
