import { problemOf } from './problem.ts';
import type { Answer, Event, Problem, Question, QuestionName, Request } from './protocol.ts';

/** Why a question got no answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** What the page says to its worker. */
export interface Client {
  send(request: Request, transfer?: Transferable[]): void;
  /** Rejects with a `Refusal`. */
  ask<Name extends QuestionName>(name: Name, question: Question<Name>): Promise<Answer<Name>>;
}

/** Events that are not answers. */
export type News = Exclude<Event, { type: 'answer' | 'refusal' }>;

/** Starts the worker that trains. */
export function connect(onEvent: (event: News) => void): Client {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    type: 'module',
    name: 'ganvas',
  });
  const asked = new Map<number, PromiseWithResolvers<never>>();
  let questions = 0;

  worker.addEventListener('message', ({ data }: MessageEvent<Event>) => {
    if (data.type !== 'answer' && data.type !== 'refusal') return onEvent(data);
    const waiting = asked.get(data.id);
    asked.delete(data.id);
    if (data.type === 'answer') waiting?.resolve(data.answer as never);
    else waiting?.reject(new Refusal(data.problem));
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    const problem = problemOf(event.message || 'The part of the page that trains did not load.');
    onEvent({ type: 'unavailable', problem: { ...problem, advice: 'Reload the page.' } });
  });
  return {
    send: (request, transfer = []) => worker.postMessage(request, transfer),
    ask(name, question) {
      const id = questions++;
      const waiting = Promise.withResolvers<never>();
      asked.set(id, waiting);
      worker.postMessage({ type: 'ask', id, name, question } satisfies Request);
      return waiting.promise;
    },
  };
}
