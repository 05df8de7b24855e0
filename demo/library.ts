/** Runs and pictures that the browser keeps, and going on with what was kept. */

import { begin, listRuns, options } from './actions.ts';
import { answerTo } from './conversation.ts';
import type { SavedRun } from './engine/protocol.ts';
import { keepText } from './panels/keep.text.ts';
import { initialSettings, type Settings } from './presets.ts';
import { data, forgetting, locked, pictures, problem, ready, settings } from './state.ts';

/** Forgets the visitor's pictures, here and in the browser's storage. */
export async function forgetPictures(): Promise<void> {
  if (locked.value) return;
  pictures.value = null;
  data.value = null;
  forgetting.value = true;
  await answerTo('forgetPictures', null);
  forgetting.value = false;
}

/** Goes on with a run that is kept, with its own settings. */
export function resumeRun({ id, name, settings: kept }: SavedRun): void {
  if (locked.value) return;
  settings.value = { ...initialSettings, ...(kept as Settings) };
  if (!ready.value) {
    problem.value = { code: 'no-files', message: keepText().picturesGone, advice: '' };
    return;
  }
  begin(options(), name, { kind: 'saved', id });
}

/** Goes on with the run of a checkpoint, on the data that is chosen. */
export async function resumeFile(file: File): Promise<void> {
  if (locked.value) return;
  const info = await answerTo('checkpointInfo', { file });
  if (!info || locked.value) return;
  const { channels: count, ...model } = info.options;
  settings.value = { ...settings.value, ...model, preset: 'custom', colour: count !== 1 };
  if (!ready.value) {
    problem.value = { code: 'no-files', message: keepText().picturesGone, advice: '' };
    return;
  }
  begin({ ...model, channels: count === 1 ? 1 : 3 }, file.name, { kind: 'file', file });
}

export async function duplicateRun({ id, name }: SavedRun): Promise<void> {
  await answerTo('duplicateRun', { id, name: keepText().copyOf(name) });
  listRuns();
}

export async function deleteRun({ id }: SavedRun): Promise<void> {
  await answerTo('deleteRun', { id });
  listRuns();
}
