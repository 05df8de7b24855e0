import { train, trainRemotely } from './train.js';

/** Trains on the page, in a worker of the app's own, and in one that is Ganvas. */
export async function trainThrice() {
  const onPage = await train();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const inWorker = await new Promise<unknown>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
  worker.terminate();
  const ganvas = new Worker(new URL('./ganvas-worker.ts', import.meta.url), { type: 'module' });
  const remotely = await trainRemotely(ganvas);
  ganvas.terminate();
  return [onPage, inWorker, remotely];
}

Object.assign(globalThis, { result: trainThrice() });
