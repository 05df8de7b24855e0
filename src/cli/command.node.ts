/** What the commands have in common: their errors, their options, and how a command line is read. */

import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander';

/** A bad option. The message is one line, for standard error; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Why a command failed; the message is for people, and complete. */
export class RunError extends Error {
  override readonly name = 'RunError';

  constructor(
    message: string,
    /** Of an error of the engine's. */
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The largest seed and the largest count of anything: what fits in a uint32. */
const UINT32 = 2 ** 32 - 1;

function number(test: (value: number) => boolean, expected: string) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !test(value)) {
      throw new InvalidArgumentError(`Expected ${expected}.`);
    }
    return value;
  };
}

export function integer(least: number, most = UINT32) {
  const expected =
    most === UINT32 ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`;
  return number((value) => Number.isInteger(value) && value >= least && value <= most, expected);
}

export function oneOf(...values: number[]) {
  return number((value) => values.includes(value), `one of ${values.join(', ')}`);
}

export const positive = number((value) => value > 0, 'a number above 0');
export const atLeast0 = number((value) => value >= 0, 'a number of at least 0');
export const rate = number((value) => value > 0 && value <= 10, 'a number above 0 and at most 10');
export const fraction = number((value) => value >= 0 && value < 1, 'a number from 0 to below 1');
export const upTo1 = number((value) => value > 0 && value <= 1, 'a number above 0 and at most 1');
export const upToHalf = number(
  (value) => value >= 0 && value < 0.5,
  'a number from 0 to below 0.5',
);

/** The options by which a browser is chosen. */
export interface BrowserOptions {
  readonly browser?: string;
  readonly adapter: 'auto' | 'software';
}

/** Adds the options of `BrowserOptions` to a command. */
export function addBrowserOptions(program: Command): Command {
  return program
    .option(
      '--browser <path>',
      'executable of Chrome, Chromium or Edge (default: found or fetched)',
    )
    .addOption(
      new Option('--adapter <kind>', 'auto takes a GPU where there is one')
        .choices(['auto', 'software'])
        .default('auto'),
    );
}

/**
 * Parses a command line.
 *
 * @param argv the arguments alone, without those of Node
 * @returns the options, or the help text where that was asked for
 * @throws {UsageError} with one line that says what is wrong.
 */
export function parseCommand<Options extends object>(
  program: Command,
  argv: readonly string[],
): { readonly options: Options } | { readonly help: string } {
  let help = '';
  program
    .helpOption('--help', 'show this')
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => {},
    });
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { help };
    // Commander's suggestions come on a second line.
    const line = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    throw new UsageError(`${line} (See --help.)`);
  }
  return { options: program.opts<Options>() };
}
