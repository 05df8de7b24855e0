/** How every command begins and ends: its options, its signals, its last words, its exit code. */

import { accessSync, constants, statSync } from 'node:fs';
import { type BrowserOptions, RunError, UsageError } from './command.node.ts';
import { Interrupt, Interrupted, SIGNALS } from './interrupt.node.ts';
import { say } from './progress.node.ts';
import { prepareFolder } from './writers.node.ts';

/** What the options of every command have. */
interface CommonOptions extends BrowserOptions {
  /** Folder that the command writes into, if it writes. */
  readonly out?: string;
}

/** A command: its options, and what it does. */
export interface Main<Options extends CommonOptions, Inputs> {
  parse(argv: readonly string[]): { readonly options: Options } | { readonly help: string };
  /** Finds what the options name, before anything is begun. Throws a `UsageError`. */
  find(options: Options): Promise<Inputs>;
  run(options: Options, inputs: Inputs, interrupt: Interrupt): Promise<void>;
}

/** Runs a command with this process's arguments, and ends the process. */
export async function runMain<Options extends CommonOptions, Inputs>(
  main: Main<Options, Inputs>,
): Promise<never> {
  // A reader of standard output that has seen enough and goes away ends only the reading.
  process.stdout.on('error', () => {});
  // A terminal that is closed takes its messages with it; the run is still to be ended in order.
  process.stderr.on('error', () => {});
  const exitCode = await exitCodeOf(main);
  // Whatever is still on its way to a pipe arrives before the process ends.
  await new Promise<void>((resolve) => {
    process.stdout.write('', () => resolve());
  });
  process.exit(exitCode);
}

async function exitCodeOf<Options extends CommonOptions, Inputs>(
  main: Main<Options, Inputs>,
): Promise<number> {
  const interrupt = new Interrupt();
  try {
    const parsed = main.parse(process.argv.slice(2));
    if ('help' in parsed) {
      process.stdout.write(parsed.help);
      return 0;
    }
    const { options } = parsed;
    const inputs = await main.find(options);
    if (options.browser !== undefined) checkExecutable(options.browser);
    const { out } = options;
    if (out !== undefined) {
      await prepareFolder(out).catch((error: Error) => {
        throw new UsageError(`--out ${out}: cannot be written to (${error.message}).`);
      });
    }
    await main.run(options, inputs, interrupt);
    return interrupt.signal ? SIGNALS[interrupt.signal] : 0;
  } catch (error) {
    if (error instanceof UsageError) {
      say(error.message);
      return 2;
    }
    if (interrupt.signal) {
      if (error instanceof Interrupted) say('interrupted before there was anything to write');
      else say(error instanceof Error ? error.message : String(error));
      return SIGNALS[interrupt.signal];
    }
    const known = error instanceof RunError;
    // What nobody foresaw is reported with where it happened.
    say(error instanceof Error ? (!known && error.stack) || error.message : String(error));
    return 1;
  }
}

function checkExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
  } catch {
    throw new UsageError(`--browser ${path}: there is no such executable file.`);
  }
}

/** Makes sure that the file of an option is there, and can be read. */
export function checkFile(option: string, path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw new UsageError(`${option} ${path}: there is no such file.`);
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new UsageError(`${option} ${path}: cannot be read.`);
  }
}
