/**
 * The main job, headless: `npm run train`. Trains a GAN on WebGPU in a browser that nobody sees,
 * and writes what comes out of it into a folder. `--help` lists the options.
 */

import { accessSync, constants } from 'node:fs';
import { findDataset } from './dataset.node.ts';
import { Interrupt, Interrupted, SIGNALS } from './interrupt.node.ts';
import { parseOptions, UsageError } from './options.node.ts';
import { say } from './progress.node.ts';
import { RunWriter } from './writers.node.ts';

/** Runs the command; returns its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const interrupt = new Interrupt();
  try {
    const parsed = parseOptions(argv);
    if ('help' in parsed) {
      process.stdout.write(parsed.help);
      return 0;
    }
    const { options } = parsed;
    const dataset = await findDataset(options.dataset);
    if (options.browser !== undefined) checkExecutable(options.browser);
    const writer = new RunWriter(options.out);
    await writer.prepare().catch((error: Error) => {
      throw new UsageError(`--out ${options.out}: cannot be written to (${error.message}).`);
    });
    // Vite and Puppeteer take a second to load, which a bad option need not wait for.
    const { Run } = await import('./run.node.ts');
    await new Run(options, dataset, writer, interrupt).go();
    return interrupt.signal ? SIGNALS[interrupt.signal] : 0;
  } catch (error) {
    if (error instanceof UsageError) {
      say(error.message);
      return 2;
    }
    if (interrupt.signal) {
      if (error instanceof Interrupted) say('interrupted before the first step: nothing to write');
      else say(error instanceof Error ? error.message : String(error));
      return SIGNALS[interrupt.signal];
    }
    const known = error instanceof Error && error.name === 'RunError';
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

// A reader of --json that has seen enough and goes away ends only the reading.
process.stdout.on('error', () => {});
// A terminal that is closed takes its messages with it; the run is still to be ended in order.
process.stderr.on('error', () => {});

const exitCode = await main(process.argv.slice(2));
// Whatever is still on its way to a pipe arrives before the process ends.
await new Promise<void>((resolve) => {
  process.stdout.write('', () => resolve());
});
process.exit(exitCode);
