/**
 * The main job, headless: `npm run train`. Trains a GAN on WebGPU in a browser that nobody sees,
 * and writes what comes out of it into a folder. `--help` lists the options.
 */

import { checkTogether } from './check.node.ts';
import { UsageError } from './command.node.ts';
import { findDataset } from './dataset.node.ts';
import { checkFile, runMain } from './main.node.ts';
import { parseOptions } from './options.node.ts';
import { RunWriter } from './writers.node.ts';

await runMain({
  parse: parseOptions,
  async find(options) {
    const { dataset, resume, classes, labels } = options;
    if (resume !== undefined) checkFile('--resume', resume);
    if (labels !== undefined) checkFile('--labels', labels);
    const found = await findDataset(dataset, labels);
    if (classes && found.kind === 'idx' && found.labels === undefined) {
      throw new UsageError(
        `--classes: there are no labels beside ${dataset}; give their file with --labels.`,
      );
    }
    checkTogether(options, found.kind);
    return found;
  },
  async run(options, dataset, interrupt) {
    // Vite and Puppeteer take a second to load, which a bad option need not wait for.
    const { Run } = await import('./run.node.ts');
    await new Run(options, dataset, new RunWriter(options.out), interrupt).go();
  },
});
