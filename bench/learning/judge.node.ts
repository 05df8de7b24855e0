// How far generators' pictures are from real ones: both engines' in one page, by one feature net.
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { bundle } from '../bundle.node.ts';
import { openPage } from '../page.node.ts';
import { serve } from '../server.node.ts';
import type { Judged } from './judge.browser.ts';
import type { LearningOptions } from './options.node.ts';
import { folderOf, mnistFile, type RunName, resultOf } from './runs.node.ts';

const FEATURES = join(import.meta.dirname, '..', '..', 'weights', 'mnist-features.safetensors');

/** What a run was after so many steps. */
export interface Place {
  readonly run: RunName;
  readonly steps: number;
}

/** What is kept beside a checkpoint, or pictures, once they were judged by a feature net. */
async function earlier(file: string): Promise<Judged | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Judged;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Opens the page that judges, and its browser. */
async function openJudge(options: LearningOptions, features: Uint8Array) {
  const files = await bundle(join(import.meta.dirname, 'judge.browser.ts'));
  files.set('features', features);
  files.set('real', await readFile(mnistFile('t10k-images-idx3-ubyte')));
  const server = await serve(files);
  const { adapter, browser: browserPath } = options;
  const { browser } = await launchBrowser({ adapter, ...(browserPath ? { browserPath } : {}) });
  const close = async () => {
    await browser.close();
    server.close();
  };
  try {
    const { page, guard } = await openPage(browser, server.url, 'learning');
    const real = { features: 'features', real: 'real' };
    await guard(page.evaluate((f, n) => window.learning.open(f, n), real, options.pictures));
    return {
      async judge({ run, steps }: Place): Promise<Judged> {
        const kind = run.engine === 'ganvas' ? ('checkpoint' as const) : ('pictures' as const);
        const name = `${run.engine}-${run.width}-${run.seed}-${steps}`;
        files.set(name, await readFile(resultOf(run, steps, options)));
        try {
          return await guard(page.evaluate((k, n) => window.learning.judge(k, n), kind, name));
        } finally {
          files.delete(name);
        }
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Judges what has not been judged before. */
export async function judgeAll(
  places: readonly Place[],
  options: LearningOptions,
  tell: (text: string) => void,
): Promise<(Place & Judged)[]> {
  const features = await readFile(options.features ?? FEATURES);
  const digest = createHash('sha256').update(features).digest('hex').slice(0, 8);
  const name = `evaluation-${options.pictures}-${digest}.json`;
  const judged: (Place & Judged)[] = [];
  let opened: Awaited<ReturnType<typeof openJudge>> | undefined;
  try {
    for (const place of places) {
      const file = join(folderOf(options.out, place.run, place.steps), name);
      let found = await earlier(file);
      if (!found) {
        opened ??= await openJudge(options, features);
        found = await opened.judge(place);
        await writeFile(file, `${JSON.stringify(found)}\n`);
        const { engine, width, seed } = place.run;
        const at = `${engine}, width ${width}, seed ${seed}, step ${place.steps}`;
        tell(`${at}: ${found.distance.toFixed(2)}; real pictures ${found.real.toFixed(2)}`);
      }
      judged.push({ ...place, ...found });
    }
  } finally {
    await opened?.close();
  }
  return judged;
}
