/** What the worker answers questions with. */

import {
  defaultOptions,
  type GanOptions,
  GanvasError,
  modelSummary,
  profileStep,
  readSafetensors,
  requirements,
} from '../../src/index.ts';
import { deleteRun, duplicateRun, savedRuns } from './library.ts';
import { filtersOf, machineFacts, mapsOf, transfersOf } from './machine.ts';
import { neighboursOf } from './neighbours.ts';
import { keptPictures } from './picture-store.ts';
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

const answers: Answers = {
  async estimate(_studio, { options, count }) {
    const { parameters, memoryBytes, flops } = requirements(options, { count });
    return { answer: { parameters, memoryBytes, flops } };
  },

  async runs() {
    return { answer: await savedRuns() };
  },

  async duplicateRun(_studio, { id, name }) {
    await duplicateRun(id, name);
    return { answer: null };
  },

  async deleteRun({ run }, { id }) {
    // Else the next automatic save would bring it back.
    if (run?.savedAs === id) await run.keepNoMore();
    await deleteRun(id);
    return { answer: null };
  },

  async checkpointInfo(_studio, { file }) {
    const { metadata } = readSafetensors(new Uint8Array(await file.arrayBuffer()));
    return { answer: infoOf(file.name, metadata) };
  },

  async keptPictures() {
    return { answer: await keptPictures() };
  },

  async forgetPictures({ loader }) {
    await loader.forgetPictures();
    return { answer: null };
  },

  async neighbours(studio, { latent, count }) {
    const trainer = trainerOf(studio);
    const pictures = studio.run?.pictures;
    if (!pictures) throw noRun();
    return { answer: await neighboursOf(trainer, pictures, latent, count) };
  },

  async picture({ run }) {
    const answer = await run?.show?.picture();
    if (!answer) throw noRun();
    return { answer };
  },

  async checkpoint(studio) {
    const answer = await trainerOf(studio).checkpoint();
    return { answer, transfer: [answer.buffer] };
  },

  async layers(_studio, { options }) {
    return { answer: modelSummary(options) };
  },

  async maps(studio, question) {
    const trainer = trainerOf(studio);
    const answer = await mapsOf(trainer, studio.run?.pictures, question);
    return { answer, transfer: transfersOf(answer, answer.picture) };
  },

  async filters(studio, { net }) {
    const answer = await filtersOf(trainerOf(studio), net);
    return { answer, transfer: transfersOf(answer) };
  },

  async profile(studio) {
    return { answer: await profileStep(trainerOf(studio)) };
  },

  async machine(studio) {
    return { answer: await machineFacts(studio) };
  },
};

/** @throws {GanvasError} `no-run` too where the run that was asked about ended in the meantime */
export async function answer<Name extends QuestionName>(
  studio: Studio,
  name: Name,
  question: Question<Name>,
): Promise<Answered<Answer<Name>>> {
  try {
    return await answers[name](studio, question);
  } catch (error) {
    // What the engine says of it is for those who dispose of things themselves.
    throw error instanceof GanvasError && error.code === 'disposed' ? noRun() : error;
  }
}

/** Options and step, where it is a checkpoint of a run; that all of it is right shows when it goes on. */
function infoOf(name: string, metadata: Readonly<Record<string, string>>) {
  const step = Number(metadata.step);
  try {
    const options = { ...defaultOptions, ...JSON.parse(metadata.options ?? '') } as GanOptions;
    // Throws where they make no model: the page would else take them for settings.
    requirements(options, { count: 1 });
    if (Number.isSafeInteger(step) && step >= 0) return { options, step };
  } catch {
    // Told below.
  }
  throw new GanvasError(
    'checkpoint-foreign',
    `${name} is a safetensors file, but no checkpoint of a run.`,
    'Choose one that was saved by this page or by the command line.',
  );
}

/** The trainer of the run that is going on. */
function trainerOf({ run }: Studio): NonNullable<Run['trainer']> {
  if (run?.trainer) return run.trainer;
  throw noRun();
}

const noRun = () =>
  new GanvasError('no-run', 'There is no run at the moment.', 'Press Train first.');
