/** The options of the command that draws samples. */

import { Command } from 'commander';
import { addBrowserOptions, type BrowserOptions, integer, parseCommand } from './command.node.ts';

/** What was given on the command line, or is the default. */
export interface SampleCliOptions extends BrowserOptions {
  readonly checkpoint: string;
  readonly count: number;
  /** Undefined for the run's own, of which its sample grids were drawn. */
  readonly seed?: number;
  /** The class that all are of, by its number or its name; undefined for all classes in turn. */
  readonly class?: string;
  /** Columns of the grid; undefined for as many as make it about square. */
  readonly grid?: number;
  readonly strips: number;
  /** Pictures in a strip. */
  readonly steps: number;
  readonly out: string;
}

function command(): Command {
  const program = new Command('npm run sample --')
    .description(
      'Draws pictures with a trained generator, on WebGPU in a headless browser: each of them alone, ' +
        'all in a grid, and strips that go from one latent vector to another. No data set is needed.',
    )
    .addHelpText(
      'after',
      `
It writes picture-0001.png and so on, grid.png, and strips.png, a row a strip. The strips lead from the
first picture to the second, from the third to the fourth and so on: along the arc between their latent
vectors where those are normal, along the line where they are uniform. The same seed gives the same
pictures; the first of them do not depend on --count.

Of a generator of classes, the pictures are of all classes in turn, a column of the grid for each, and a
strip is of one class; --class draws one class alone.

--checkpoint takes weights of PyTorch's DCGAN example as well, saved as safetensors. Where a run kept an
average of its weights, that is what draws.

Exit codes: 0 done, 1 failed, 2 bad options, 130 interrupted.`,
    )
    .option('--checkpoint <file>', 'the generator', 'out/checkpoint.safetensors')
    .option('--count <n>', 'pictures', integer(1, 4096), 64)
    .option(
      '--seed <n>',
      "of the latent vectors (default: the run's own, for the pictures of its sample grids)",
      integer(0),
    )
    .option('--class <class>', 'draw this class alone, by its number or its name')
    .option('--grid <columns>', 'pictures in a row of the grid (default: about square)', integer(1))
    .option('--strips <n>', 'strips; 0 for none', integer(0, 256), 8)
    .option('--steps <n>', 'pictures in a strip, with its ends', integer(2, 256), 10)
    .option('--out <dir>', 'where to write; earlier samples there are replaced', 'out/samples');
  return addBrowserOptions(program);
}

/** Parses the command line, see `parseCommand`. */
export function parseSampleOptions(
  argv: readonly string[],
): { readonly options: SampleCliOptions } | { readonly help: string } {
  return parseCommand<SampleCliOptions>(command(), argv);
}
