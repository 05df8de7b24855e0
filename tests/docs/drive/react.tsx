import { StrictMode } from 'react';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';
import { App } from './App.tsx';
import { GanCanvas } from './GanCanvas.tsx';

const opened: GPUDevice[] = [];
let destroyed = 0;
const { requestDevice } = GPUAdapter.prototype;
GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const device = await requestDevice.call(this, descriptor);
  opened.push(device);
  void device.lost.then(({ reason }) => {
    if (reason === 'destroyed') destroyed++;
  });
  return device;
};

const data = Uint8Array.from({ length: 64 * 16 * 16 }, (_, i) => (i * 37) % 256);
const pictures = { name: 'stripes', count: 64, height: 16, width: 16, channels: 1, data };
const options = { imageSize: 16, width: 4, batchSize: 8 };

const element = document.createElement('div');
document.body.append(element);
let root: Root;

function mount(): void {
  root = createRoot(element);
  // At once, so that what follows finds it mounted, effects and all.
  flushSync(() =>
    root.render(
      <StrictMode>
        <GanCanvas pictures={pictures} options={options} />
      </StrictMode>,
    ),
  );
}

function mountApp(): void {
  root = createRoot(element);
  root.render(<App />);
}

Object.assign(globalThis, {
  mount,
  mountApp,
  unmount: () => root.unmount(),
  devices: async () => ({ opened: opened.length, destroyed }),
});
mount();
