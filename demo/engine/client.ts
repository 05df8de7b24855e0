import { problemOf } from './problem.ts';
import type { Event, Request } from './protocol.ts';

/** Starts the worker that trains. Returns what sends it requests. */
export function connect(
  onEvent: (event: Event) => void,
): (request: Request, transfer?: Transferable[]) => void {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: 'ganvas',
  });
  worker.addEventListener('message', ({ data }: MessageEvent<Event>) => onEvent(data));
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    const problem = problemOf(event.message || 'The part of the page that trains did not load.');
    onEvent({ type: 'unavailable', problem: { ...problem, advice: 'Reload the page.' } });
  });
  return (request, transfer = []) => worker.postMessage(request, transfer);
}
