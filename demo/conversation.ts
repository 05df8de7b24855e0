/** The page's end of the talk with its worker. */

import { type Client, connect, type News, Refusal } from './engine/client.ts';
import type { Answer, Problem, Question, QuestionName } from './engine/protocol.ts';
import { problem } from './state.ts';

/** The page has words of its own for it. */
export const noWebgpu: Problem = { code: 'no-webgpu', message: '', advice: '' };

/** In a browser without WebGPU there is no worker: nothing is heard, and nothing is answered. */
export let worker: Client = {
  send: () => {},
  ask: async () => {
    throw new Refusal(noWebgpu);
  },
};

export function startWorker(onEvent: (event: News) => void): Client {
  worker = connect(onEvent);
  return worker;
}

/** Asks the worker; undefined where it refuses, which the page then shows, unless `onRefusal` takes it. */
export async function answerTo<Name extends QuestionName>(
  name: Name,
  question: Question<Name>,
  onRefusal = (refused: Problem): void => {
    problem.value = refused;
  },
): Promise<Answer<Name> | undefined> {
  try {
    return await worker.ask(name, question);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    onRefusal(error.problem);
    return undefined;
  }
}
