// The command line of the benchmark.
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ContestantName, contestantNames } from './contestants/index.ts';
import { models } from './models.ts';

export interface BenchOptions {
  readonly models: readonly string[];
  readonly peers: readonly ContestantName[];
  readonly steps: number;
  readonly profile: boolean;
  readonly scaling: boolean;
  readonly ceilings: boolean;
  readonly node: boolean;
  readonly python: string;
  readonly adapter: 'auto' | 'software';
  readonly browser?: string;
  readonly json?: string;
}

/** Names with commas between them, each one of `known`. */
const listOf =
  <T extends string>(known: readonly T[]) =>
  (text: string): T[] =>
    text.split(',').map((name) => {
      const found = known.find((k) => k === name);
      if (!found) throw new InvalidArgumentError(`Known: ${known.join(', ')}.`);
      return found;
    });

function count(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('A whole number from 1.');
  return n;
}

const modelNames = models.map(({ name }) => name);

export function parseOptions(argv: readonly string[]): BenchOptions {
  return new Command('npm run bench --')
    .description(
      'Measures Ganvas beside its peers in headless Chromium, and prints a table for each model.',
    )
    .option('--models <names>', `of ${modelNames.join(', ')}`, listOf(modelNames), ['A'])
    .option(
      '--peers <names>',
      `of ${contestantNames.join(', ')}`,
      listOf(contestantNames),
      contestantNames,
    )
    .option('--steps <n>', 'measured turns of each contestant, after one that warms up', count, 3)
    .option('--profile', "instead of the table, time every dispatch of Ganvas's step", false)
    .option('--scaling', "instead of the table, Ganvas's time and memory by batch and size", false)
    .option('--no-ceilings', 'leave out what the device can do at most')
    .option('--node', 'in Node on the package webgpu, beside PyTorch where it is installed', false)
    .option('--python <path>', 'the Python that has PyTorch', 'python3')
    .addOption(
      new Option('--adapter <kind>', 'of the browser')
        .choices(['auto', 'software'])
        .default('auto'),
    )
    .option('--browser <path>', 'the executable; by default one that is found')
    .option('--json <file>', 'write all results there')
    .parse(argv, { from: 'user' })
    .opts<BenchOptions>();
}
