// The command line of the benchmark.
import { Command } from 'commander';
import { models } from './models.ts';

export interface BenchOptions {
  readonly models: readonly string[];
  readonly steps: number;
  readonly profile: boolean;
  readonly ceilings: boolean;
  readonly adapter: 'auto' | 'software';
  readonly browser?: string;
  readonly json?: string;
}

const list = (text: string): string[] => text.split(',').filter(Boolean);

const count = (text: string): number => {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new Error(`${text} is not a whole number from 1.`);
  return n;
};

export function parseOptions(argv: readonly string[]): BenchOptions {
  return new Command('npm run bench --')
    .description('Measures Ganvas beside its peers, in headless Chromium.')
    .option('--models <names>', `of ${models.map((m) => m.name).join(', ')}`, list, ['A'])
    .option('--steps <n>', 'measured steps', count, 3)
    .option('--profile', 'time every dispatch of a step of Ganvas', false)
    .option('--no-ceilings', 'leave out what the device can do at most')
    .option('--adapter <kind>', 'auto or software', 'auto')
    .option('--browser <path>', 'the executable; by default one that is found')
    .option('--json <file>', 'write all results there')
    .parse(argv, { from: 'user' })
    .opts<BenchOptions>();
}
