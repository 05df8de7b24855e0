// How far a generator's pictures are from real ones: `npm run evaluate`, for both engines alike.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Quality } from '../../src/index.ts';
import type { LearningOptions } from './options.node.ts';
import { browserArguments, command, folderOf, picturesName, type RunName } from './runs.node.ts';

/** What `npm run evaluate -- --json` prints. */
export interface Verdict {
  readonly samples: number;
  /** Of the generator's pictures. */
  readonly pictures: Quality;
  /** Of as many real ones in their place. */
  readonly real: Quality;
}

/** Judges what a run was after so many steps, or reads what was judged before. */
export async function judge(
  run: RunName,
  steps: number,
  options: LearningOptions,
): Promise<Verdict> {
  const folder = folderOf(options.out, run, steps);
  const file = join(folder, `evaluation-${options.pictures}.json`);
  const before = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (before !== undefined) return JSON.parse(before) as Verdict;
  const source =
    run.engine === 'ganvas'
      ? ['--checkpoint', join(folder, 'checkpoint.safetensors')]
      : ['--pictures', join(folder, picturesName(options))];
  const text = await command('evaluate', [
    ...[...source, '--samples', `${options.pictures}`, '--json', ...browserArguments(options)],
  ]);
  await writeFile(file, text, { flush: true });
  return JSON.parse(text) as Verdict;
}
