/**
 * The main job, headless: `npm run train`. Trains a GAN on WebGPU in a browser that nobody sees,
 * and writes what comes out of it into a folder. `--help` lists the options.
 */

import { findDataset } from './dataset.node.ts';
import { checkFile, runMain } from './main.node.ts';
import { parseOptions } from './options.node.ts';
import { RunWriter } from './writers.node.ts';

await runMain({
  parse: parseOptions,
  async find({ dataset, resume }) {
    if (resume !== undefined) checkFile('--resume', resume);
    return await findDataset(dataset);
  },
  async run(options, dataset, interrupt) {
    // Vite and Puppeteer take a second to load, which a bad option need not wait for.
    const { Run } = await import('./run.node.ts');
    await new Run(options, dataset, new RunWriter(options.out), interrupt).go();
  },
});
