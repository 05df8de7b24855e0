/** Has pictures judged in the page, and prints what they are worth. */

import type { Quality } from '../index.ts';
import { RunError } from './command.node.ts';
import type { EvaluateCliOptions } from './evaluate-options.node.ts';
import { Headless } from './headless.node.ts';
import type { Interrupt } from './interrupt.node.ts';
import { clearPassing, say, showPassing } from './progress.node.ts';
import type { EvaluateResult } from './protocol.ts';

/** Paths of the files that the page reads. */
export interface EvaluateFiles {
  /** A checkpoint, or pictures. */
  readonly source: string;
  readonly real: string;
  readonly features: string;
}

/** How a measure is called, and how many decimals it is worth. */
const ROWS: readonly (readonly [key: keyof Quality, name: string, decimals: number])[] = [
  ['frechetDistance', 'Fréchet distance, squared', 3],
  ['kernelDistance', 'kernel distance, squared', 4],
  ['precision', 'precision', 3],
  ['recall', 'recall', 3],
  ['density', 'density', 3],
  ['coverage', 'coverage', 3],
  ['classesCovered', 'classes covered', 0],
  ['classDistance', 'distance of class shares', 3],
  ['confidence', 'confidence', 3],
  ['slicedWasserstein', 'sliced Wasserstein, of pixels', 4],
  ['pairwiseDiversity', 'pairwise diversity, of pixels', 3],
];

/** What is said of features wherever values are: nobody is to take them for a FID. */
const labelOf = (trainedOn: string) => `${trainedOn} features, not Inception`;

/** The measures of pictures beside those of real ones, a row each. */
export function tableOf({ report }: EvaluateResult): string {
  const { pictures, real, trainedOn, samples } = report;
  const cells = ROWS.map(([key, name, decimals]) => [
    ...[name, pictures[key].toFixed(decimals), real[key].toFixed(decimals)],
  ]);
  const rows = [[`${labelOf(trainedOn)}; ${samples} samples`, 'pictures', 'real'], ...cells];
  const widths = [0, 1, 2].map((i) => Math.max(...rows.map((row) => row[i].length)));
  return rows
    .map(([name, ...values]) =>
      [name.padEnd(widths[0]), ...values.map((v, i) => v.padStart(widths[i + 1]))].join('  '),
    )
    .join('\n');
}

const sizeOf = ({ width, height, channels }: EvaluateResult['shape']) =>
  `${width}×${height}×${channels}`;

/** Judges what the options ask for, and prints it. */
export async function evaluate(
  options: EvaluateCliOptions,
  files: EvaluateFiles,
  interrupt: Interrupt,
): Promise<void> {
  const { checkpoint, samples, seed } = options;
  const headless = new Headless(options, interrupt);
  try {
    await headless.open({
      files: [files.source, files.real, files.features],
      onEvent: () => {},
      onResult: async (_kind, parameters) => {
        showPassing(`${parameters.get('drawn')} of ${samples} pictures`);
      },
    });
    showPassing('preparing …');
    const [source, real, features] = [0, 1, 2].map((i) => headless.fileUrl(i));
    const kind = checkpoint === undefined ? ('pictures' as const) : ('checkpoint' as const);
    const request = {
      source: { kind, url: source },
      ...{ real, features, samples, seed, resultsUrl: headless.resultsUrl },
    };
    const result = await headless
      .ask((page) => page.evaluate((asked) => window.ganvas.evaluate(asked), request))
      .catch((error: unknown) => {
        if (!(error instanceof RunError)) throw error;
        throw new RunError(`--${kind} ${files.source}: ${error.message}`);
      });
    clearPassing();
    const { report, shape, judgedAt, step } = result;
    const given = sizeOf(shape);
    const fitted = sizeOf(judgedAt);
    if (given !== fitted) say(`pictures of ${given} are judged at ${fitted}, as real ones are`);
    if (options.json) {
      const { trainedOn, ...values } = report;
      const record = { file: files.source, step, features: labelOf(trainedOn), seed, ...values };
      process.stdout.write(`${JSON.stringify(record)}\n`);
    } else {
      process.stdout.write(`${tableOf(result)}\n`);
    }
    say(`done: ${samples} pictures${step === undefined ? '' : ` after ${step} training steps`}`);
  } finally {
    clearPassing();
    await headless.close();
  }
}
