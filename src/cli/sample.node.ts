/**
 * Pictures of a trained generator: `npm run sample`. Draws them on WebGPU in a browser that nobody
 * sees, and writes them into a folder. `--help` lists the options.
 */

import { checkFile, runMain } from './main.node.ts';
import { parseSampleOptions } from './sample-options.node.ts';

await runMain({
  parse: parseSampleOptions,
  async find({ checkpoint }) {
    checkFile('--checkpoint', checkpoint);
  },
  async run(options, _, interrupt) {
    // Vite and Puppeteer take a second to load, which a bad option need not wait for.
    const { drawSamples } = await import('./sampling.node.ts');
    await drawSamples(options, interrupt);
  },
});
