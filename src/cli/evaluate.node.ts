/**
 * How good pictures are: `npm run evaluate`. Draws them with a checkpoint's model or reads them, and
 * measures them on WebGPU in a browser that nobody sees. `--help` lists the options.
 */

import { join } from 'node:path';
import { mnistFile } from './dataset.node.ts';
import { parseEvaluateOptions } from './evaluate-options.node.ts';
import { checkFile, runMain } from './main.node.ts';

/** The weights that `npm run train:features` writes. */
const FEATURES = join(import.meta.dirname, '..', '..', 'weights', 'mnist-features.safetensors');

await runMain({
  parse: parseEvaluateOptions,
  async find({ checkpoint, pictures, real, features }) {
    for (const [option, path] of Object.entries({ checkpoint, pictures, real, features }))
      if (path !== undefined) checkFile(`--${option}`, path);
    return {
      source: (checkpoint ?? pictures) as string,
      real: real ?? mnistFile('t10k-images-idx3-ubyte', 'evaluate'),
      features: features ?? FEATURES,
    };
  },
  async run(options, files, interrupt) {
    // Vite and Puppeteer take a second to load, which a bad option need not wait for.
    const { evaluate } = await import('./evaluating.node.ts');
    await evaluate(options, files, interrupt);
  },
});
