/** What the worker answers questions with. */

import { GanvasError, requirements } from '../../src/index.ts';
import type { Answer, Question, QuestionName } from './protocol.ts';
import type { Run } from './run.ts';
import type { Studio } from './studio.ts';

/** An answer, and what of it is handed over rather than copied. */
interface Answered<T> {
  readonly answer: T;
  readonly transfer?: Transferable[];
}

type Answers = {
  readonly [Name in QuestionName]: (
    studio: Studio,
    question: Question<Name>,
  ) => Promise<Answered<Answer<Name>>>;
};

export const answers: Answers = {
  async estimate(_studio, { options, count }) {
    const { parameters, memoryBytes, flops } = requirements(options, { count });
    return { answer: { parameters, memoryBytes, flops } };
  },

  async picture({ run }) {
    const answer = await run?.picture();
    if (!answer) throw noRun();
    return { answer };
  },

  async checkpoint(studio) {
    const answer = await trainerOf(studio).checkpoint();
    return { answer, transfer: [answer.buffer] };
  },
};

/** The trainer of the run that is going on. */
function trainerOf({ run }: Studio): NonNullable<Run['trainer']> {
  if (run?.trainer) return run.trainer;
  throw noRun();
}

const noRun = () =>
  new GanvasError('no-run', 'There is no run at the moment.', 'Press Train first.');
