import { train } from './train.js';

/** Trains on the page, then in a worker. */
export async function trainTwice() {
  const onPage = await train();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const inWorker = await new Promise<unknown>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  return [onPage, inWorker];
}

Object.assign(globalThis, { result: trainTwice() });
