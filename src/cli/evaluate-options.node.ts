/** The options of the command that judges pictures. */

import { Command } from 'commander';
import {
  addBrowserOptions,
  type BrowserOptions,
  integer,
  parseCommand,
  UsageError,
} from './command.node.ts';

/** What was given on the command line, or is the default. */
export interface EvaluateCliOptions extends BrowserOptions {
  /** This or `pictures`, never both. */
  readonly checkpoint?: string;
  readonly pictures?: string;
  /** Undefined for the test set of MNIST. */
  readonly real?: string;
  /** Undefined for the weights that come with the code. */
  readonly features?: string;
  readonly samples: number;
  readonly seed: number;
  readonly json?: boolean;
}

function command(): Command {
  const program = new Command('npm run evaluate --')
    .description(
      'Measures how good pictures are, on WebGPU in a headless browser: distances of their features and ' +
        'pixels from those of real ones, precision, recall, density, coverage, classes. Beside each value ' +
        'is the one that real pictures get at the same number of samples.',
    )
    .addHelpText(
      'after',
      `
Features are those of a small classifier of MNIST, not of Inception: values are comparable with one
another, and with no published ones. Pictures of other sizes or channels are fitted to its 32×32 grey.

--pictures takes what any program has drawn, as an IDX file of bytes (magic number 0x803, gzipped or
not), so that it is judged as samples of a checkpoint are. --checkpoint takes GANs, with classes too, and
VAEs. The real pictures are MNIST's 10,000 test pictures, which nothing here is trained on.

Exit codes: 0 done, 1 failed, 2 bad options, 130 interrupted.`,
    )
    .option('--checkpoint <file>', 'a run, whose model draws the pictures')
    .option('--pictures <file>', 'or an IDX file of pictures')
    .option('--samples <n>', 'pictures that are judged', integer(16, 4096), 2000)
    .option('--seed <n>', 'of latent vectors, and of which real pictures are taken', integer(0), 0)
    .option('--real <file>', "an IDX file of real pictures (default: MNIST's test set)")
    .option(
      '--features <file>',
      "weights of another feature net (default: MNIST's, which npm run train:features trains)",
    )
    .option('--json', 'one line of JSON instead of a table');
  return addBrowserOptions(program);
}

/**
 * Parses the command line, see `parseCommand`.
 *
 * @throws {UsageError} also unless there is either a checkpoint or a file of pictures.
 */
export function parseEvaluateOptions(
  argv: readonly string[],
): { readonly options: EvaluateCliOptions } | { readonly help: string } {
  const parsed = parseCommand<EvaluateCliOptions>(command(), argv);
  if ('options' in parsed) {
    const { checkpoint, pictures } = parsed.options;
    if ((checkpoint === undefined) === (pictures === undefined)) {
      throw new UsageError(
        'Give either --checkpoint or --pictures: the pictures of a model, or of a file. (See --help.)',
      );
    }
  }
  return parsed;
}
