import { deferred } from '../gpu/deferred.ts';
import { WorkerError } from './errors.ts';
import { HELLO } from './messages.ts';
import { Peer } from './peer.ts';
import type { RemoteGanvas } from './remote.ts';

/** How a worker is waited for. */
export interface ConnectOptions {
  /** How long the worker may take to load and to answer, by default 30. */
  readonly timeoutSeconds?: number;
}

/**
 * Ganvas in a worker of yours, whose whole file may be `import 'ganvas/worker'`. The page stays
 * responsive, whatever the GPU does.
 *
 * ```ts
 * const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
 * const { Engine, GanTrainer } = await connect(worker);
 * const engine = await Engine.create();
 * const trainer = await GanTrainer.create(engine, pictures, { imageSize: 32 });
 * for await (const { step, lossD, lossG } of trainer.run({ steps: 1000 })) console.log(step, lossD, lossG);
 * ```
 *
 * Errors: `WorkerError` if the worker does not load or does not answer; later, from whatever waits for
 * it, if it is terminated or crashes.
 */
export async function connect(
  worker: Worker,
  { timeoutSeconds = 30 }: ConnectOptions = {},
): Promise<RemoteGanvas> {
  const loaded = deferred<void>();
  const failed = deferred<never>();
  const connecting = new AbortController();
  const { signal } = connecting;
  worker.addEventListener('message', ({ data }) => data === HELLO && loaded.resolve(), { signal });
  worker.addEventListener(
    'error',
    ({ message }) => failed.reject(new WorkerError('load', message)),
    { signal },
  );
  const silent = () => failed.reject(new WorkerError('silent', `${timeoutSeconds} s have passed`));
  const timer = setTimeout(silent, timeoutSeconds * 1000);
  // One that runs already answers this; one that still loads says so by itself.
  worker.postMessage(HELLO);
  try {
    await Promise.race([loaded.promise, failed.promise]);
    const { port1, port2 } = new MessageChannel();
    const peer = new Peer(port1);
    worker.postMessage(HELLO, [port2]);
    // A lock that the worker holds: the browser tells nobody of a worker's end in any other way.
    const life = `ganvas ${Math.random()}`;
    const offer = await Promise.race([peer.callRoot('open', life), failed.promise]);
    return remoteOf(peer, life, offer as Omit<RemoteGanvas, keyof Disposal>);
  } finally {
    clearTimeout(timer);
    connecting.abort();
  }
}

type Disposal = Pick<RemoteGanvas, 'dispose'> & Disposable & AsyncDisposable;

function remoteOf(
  peer: Peer,
  life: string,
  offer: Omit<RemoteGanvas, keyof Disposal>,
): RemoteGanvas {
  const watch = new AbortController();
  let disposal: Promise<void> | undefined;
  const end = () =>
    disposal
      ? peer.close(new WorkerError('disposed'), { quiet: true })
      : peer.close(new WorkerError('ended'));
  // There are no locks in insecure pages, which have no WebGPU either, nor in sandboxed frames.
  navigator.locks?.request(life, { signal: watch.signal }, end).catch(() => {});
  const dispose = () => {
    disposal ??= peer
      .callRoot('close')
      .catch(() => {})
      .then(() => {
        watch.abort();
        end();
      });
    return disposal;
  };
  return { ...offer, dispose, [Symbol.dispose]: dispose, [Symbol.asyncDispose]: dispose };
}
