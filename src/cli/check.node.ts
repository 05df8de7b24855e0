/** Whether options make a model together: the engine's own check, in the words of the command line. */

import { ModelError } from '../gan/dcgan.ts';
import { defaultOptions, resolveOptions } from '../gan/options.ts';
import { resolveVaeOptions } from '../vae/options.ts';
import { UsageError } from './command.node.ts';
import type { CliOptions } from './options.node.ts';
import { type DataKind, planRun } from './plan.node.ts';
import type { Model } from './protocol.ts';

/** As many as any data have: how many there are is not known before they are read. */
const CLASSES = 2;

/**
 * Refuses options that contradict each other, before a browser is started for them.
 *
 * @throws {UsageError} with what is wrong and what to do, in one line.
 */
export function checkTogether(options: CliOptions, kind: DataKind): void {
  // A checkpoint's options were checked when its run began.
  if (options.resume !== undefined) return;
  // Sizes may be a preset's, and which one is for the adapter to say.
  const presets = options.adapter === 'software' ? [true] : [true, false];
  const refusals = presets.map((software) =>
    refusalOf(
      planRun(options, software, kind, 1, undefined, options.classes ? CLASSES : 0).training,
    ),
  );
  const [refusal] = refusals;
  if (refusal !== undefined && refusals.every((message) => message !== undefined))
    throw new UsageError(`${inFlags(refusal)} (See --help.)`);
}

function refusalOf(training: Model): string | undefined {
  try {
    if (training.model !== 'vae') resolveOptions(training);
    else {
      const { model: _, ...vae } = training;
      resolveVaeOptions(vae);
    }
    return undefined;
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
}

/** Options of the engine's that are called otherwise here than their name says. */
const FLAGS: Readonly<Record<string, string>> = {
  gradientPenalty: '--gp',
  spectralNormG: '--spectral-norm gd',
};

const flagOf = (name: string): string =>
  FLAGS[name] ?? `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** A message of the engine's with the flags of the options that it names. */
function inFlags(message: string): string {
  const names = Object.keys(defaultOptions);
  // The others are words like any, unless a value follows.
  const unlike = names.filter((name) => /[A-Z0-9]/.test(name));
  return message
    .replaceAll("normD: 'spectral'", '--spectral-norm d')
    .replaceAll(
      new RegExp(`\\b(${names.join('|')}): '?([\\w.-]*\\w)'?`, 'g'),
      (_, name, value) => `${flagOf(name)} ${value}`,
    )
    .replaceAll(new RegExp(`(?<![-\\w])(${unlike.join('|')})\\b`, 'g'), (name) => flagOf(name))
    .replaceAll(/'([\w-]+)'/g, '$1');
}
