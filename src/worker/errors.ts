import { GanvasError } from '../graph/errors.ts';

/** How a worker may fail, in words, and what to do about it. */
const failures = {
  load: [
    'The worker did not load',
    'Its file must be a module (`{ type: "module" }`) that imports ganvas/worker: see the console.',
  ],
  silent: ['The worker does not answer', 'Its file must import ganvas/worker.'],
  ended: [
    'The worker has ended: it was terminated, or it crashed',
    'Start another one, connect, and resume from the last checkpoint.',
  ],
  disposed: ['This connection to a worker has been disposed', 'Connect again.'],
} as const;

/** There is no worker to work with. `code` is `worker-` and one of `load`, `silent`, `ended`, `disposed`. */
export class WorkerError extends GanvasError {
  override readonly name = 'WorkerError';

  constructor(kind: keyof typeof failures, detail = '') {
    const [message, advice] = failures[kind];
    super(`worker-${kind}`, `${message}${detail && `: ${detail}`}.`, advice);
  }
}
