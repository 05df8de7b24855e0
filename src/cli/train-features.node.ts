/**
 * Trains the net whose features judge MNIST's pictures: `npm run train:features`. On WebGPU in a browser
 * that nobody sees; what comes of it is in the repository, and in the package.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  addBrowserOptions,
  type BrowserOptions,
  integer,
  parseCommand,
  positive,
} from './command.node.ts';
import { mnistFile } from './dataset.node.ts';
import { Headless } from './headless.node.ts';
import { runMain } from './main.node.ts';
import { clearPassing, say, showPassing } from './progress.node.ts';

interface FeatureCliOptions extends BrowserOptions {
  readonly epochs: number;
  readonly seed: number;
  readonly out: string;
}

const FILE_NAME = 'mnist-features.safetensors';

function command(): Command {
  const program = new Command('npm run train:features --')
    .description(
      'Trains the small classifier whose features "npm run evaluate" judges pictures by, on MNIST, on ' +
        'WebGPU in a headless browser, and tests it on the 10,000 pictures that it has not seen.',
    )
    .option('--epochs <n>', 'passes over the 60,000 pictures', positive, 3.5)
    .option('--seed <n>', 'of initial weights, batches and shifts', integer(0), 1)
    .option('--out <dir>', `where to write ${FILE_NAME}`, 'weights');
  return addBrowserOptions(program);
}

await runMain<FeatureCliOptions, readonly string[]>({
  parse: (argv) => parseCommand<FeatureCliOptions>(command(), argv),
  find: async () =>
    [
      ...['train-images-idx3-ubyte', 'train-labels-idx1-ubyte'],
      ...['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte'],
    ].map((name) => mnistFile(name, 'train:features')),
  async run(options, files, interrupt) {
    const { epochs, seed, out } = options;
    const headless = new Headless(options, interrupt);
    const path = join(out, FILE_NAME);
    try {
      await headless.open({
        files,
        onEvent: () => {},
        onResult: async (kind, parameters, body) => {
          if (kind === 'weights') return writeFile(path, body);
          const [step, steps, loss] = ['step', 'steps', 'loss'].map((n) => parameters.get(n));
          showPassing(`step ${step} of ${steps}: loss ${Number(loss).toFixed(4)}`);
        },
      });
      showPassing('preparing …');
      const set = (first: number) => ({
        images: headless.fileUrl(first),
        labels: headless.fileUrl(first + 1),
      });
      const request = {
        ...{ epochs, seed, train: set(0), test: set(2) },
        resultsUrl: headless.resultsUrl,
      };
      const { accuracy, steps } = await headless.ask((page) =>
        page.evaluate((asked) => window.ganvas.trainFeatures(asked), request),
      );
      clearPassing();
      const percent = (100 * accuracy).toFixed(2);
      say(`done: ${steps} steps; test accuracy ${percent} %; ${path} has the weights`);
    } finally {
      clearPassing();
      await headless.close();
    }
  },
});
