/** Draws pictures with a generator out of a file, and writes them. */

import { RunError } from './command.node.ts';
import { Headless } from './headless.node.ts';
import type { Interrupt } from './interrupt.node.ts';
import { clearPassing, say, showPassing } from './progress.node.ts';
import type { SampleCliOptions } from './sample-options.node.ts';
import { SampleWriter } from './writers.node.ts';

/** Draws everything that the options ask for; only when all of it is there is it written. */
export async function drawSamples(options: SampleCliOptions, interrupt: Interrupt): Promise<void> {
  const { checkpoint, count, seed, class: chosen, grid, strips, steps, out } = options;
  const headless = new Headless(options, interrupt);
  const batches: Buffer[] = [];
  try {
    await headless.open({
      files: [checkpoint],
      onEvent: () => {},
      onResult: async (_kind, parameters, body) => {
        batches.push(body);
        showPassing(`${parameters.get('drawn')} of ${count + strips * steps} pictures`);
      },
    });
    showPassing('preparing …');
    const request = {
      url: headless.fileUrl(0),
      ...{ count, seed, class: chosen, strips, steps },
      resultsUrl: headless.resultsUrl,
    };
    const drawn = await headless
      .ask((page) => page.evaluate((asked) => window.ganvas.sample(asked), request))
      .catch((error: unknown) => {
        if (!(error instanceof RunError)) throw error;
        throw new RunError(`--checkpoint ${checkpoint}: ${error.message}`);
      });
    const { width, height, channels, columns, step } = drawn;
    const pixels = Buffer.concat(batches);
    const own = count * width * height * channels;

    const writer = new SampleWriter(out);
    await writer.begin();
    await writer.pictures(
      pixels.subarray(0, own),
      { width, height, channels, count },
      grid ?? columns,
    );
    const between = { width, height, channels, count: strips * steps };
    if (strips > 0) await writer.strips(pixels.subarray(own), between, steps);
    say(
      `done: ${count} pictures of ${width}×${height}×${channels}` +
        `${step === undefined ? '' : ` after ${step} training steps`}; ${out} has them, grid.png` +
        `${strips > 0 ? ' and strips.png' : ''}`,
    );
  } finally {
    clearPassing();
    await headless.close();
  }
}
