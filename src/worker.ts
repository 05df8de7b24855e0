/**
 * The worker's side of `connect`. Importing it is all that a worker's file has to do:
 *
 * ```ts
 * import 'ganvas/worker';
 * ```
 *
 * @module ganvas/worker
 */

import { HELLO } from './worker/messages.ts';
import { serve } from './worker/serve.ts';

/** What a worker's global scope has of it; the DOM's types know only that of a page. */
type Scope = Pick<Worker, 'addEventListener' | 'postMessage'>;
const scope = globalThis as unknown as Scope;

scope.addEventListener('message', ({ data, ports: [port] }) => {
  if (data !== HELLO) return;
  if (port) serve(port);
  else scope.postMessage(HELLO);
});
scope.postMessage(HELLO);
