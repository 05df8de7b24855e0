// The command line of the comparison with PyTorch.
import { Command, InvalidArgumentError, Option } from 'commander';

export interface LearningOptions {
  readonly widths: readonly number[];
  /** Ascending. */
  readonly steps: readonly number[];
  readonly seeds: readonly number[];
  readonly pytorchSeeds: readonly number[];
  readonly pictures: number;
  /** Undefined for the weights that come with the code. */
  readonly features?: string;
  /** Otherwise only what is there is judged. */
  readonly train: boolean;
  readonly python: string;
  readonly adapter: 'auto' | 'software';
  readonly browser?: string;
  readonly out: string;
}

/** Whole numbers from 1 with commas between them, ascending, each once. */
function numbers(text: string): number[] {
  const found = text.split(',').map(Number);
  if (!found.every((n) => Number.isInteger(n) && n >= 1))
    throw new InvalidArgumentError('Whole numbers from 1, with commas between them.');
  return [...new Set(found)].sort((a, b) => a - b);
}

/** They are compared with as many of 10,000 real ones, beside as many others. */
const MOST_PICTURES = 5000;

function pictureCount(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 2 || n > MOST_PICTURES)
    throw new InvalidArgumentError(`A whole number from 2 to ${MOST_PICTURES}.`);
  return n;
}

export function parseOptions(argv: readonly string[]): LearningOptions {
  return new Command('npm run learning --')
    .description(
      'Trains DCGANs on MNIST with Ganvas and with PyTorch, and compares how well they have learned: ' +
        'by the Fréchet distance of their pictures from the 10,000 test pictures. What is in the ' +
        'folder already is not done again.',
    )
    .option('--widths <list>', 'feature maps at the highest resolution', numbers, [16, 32])
    .option('--steps <list>', 'after how many steps to compare', numbers, [500, 1000, 2000])
    .option('--seeds <list>', 'of the runs of Ganvas', numbers, [1, 2, 3])
    .option('--pytorch-seeds <list>', 'of the runs of PyTorch', numbers, [1, 2, 3, 4, 5, 6])
    .option('--pictures <n>', 'drawn from each generator', pictureCount, MOST_PICTURES)
    .option(
      '--features <file>',
      "weights of another feature net (default: MNIST's, which npm run train:features trains)",
    )
    .option('--no-train', 'compare what is there already')
    .option('--python <path>', 'the Python that has PyTorch', 'python3')
    .addOption(
      new Option('--adapter <kind>', 'of the browser')
        .choices(['auto', 'software'])
        .default('auto'),
    )
    .option('--browser <path>', 'the executable; by default one that is found')
    .option('--out <dir>', 'where to write', 'out/learning')
    .parse(argv, { from: 'user' })
    .opts<LearningOptions>();
}
