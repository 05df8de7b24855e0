// Does Ganvas learn as PyTorch does? `npm run learning`; `--help` lists the options.
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compare, comparisonTable, type Point } from './comparison.ts';
import { judge } from './judge.node.ts';
import { type LearningOptions, parseOptions } from './options.node.ts';
import { type RunName, train } from './runs.node.ts';

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

const given = parseOptions(process.argv.slice(2));
const options: LearningOptions = { ...given, out: resolve(given.out) };

const runsOf = (width: number): RunName[] => [
  ...options.pytorchSeeds.map((seed) => ({ engine: 'pytorch', width, seed }) as const),
  ...options.seeds.map((seed) => ({ engine: 'ganvas', width, seed }) as const),
];

/** What is known so far, in words. */
function tableOf(points: readonly Point[], real: number): string {
  const about =
    `Squared Fréchet distance of ${options.pictures} pictures from as many of MNIST's test pictures; ` +
    `${real.toFixed(2)} for other real ones in their place.`;
  return `${about}\n\n${comparisonTable(compare(points))}\n`;
}

await mkdir(options.out, { recursive: true });
const points: Point[] = [];
let text = '';
for (const run of options.widths.flatMap(runsOf)) {
  tell(`${run.engine}, width ${run.width}, seed ${run.seed}`);
  await train(run, options);
  let real = Number.NaN;
  for (const steps of options.steps) {
    const verdict = await judge(run, steps, options);
    points.push({ ...run, steps, distance: verdict.pictures.frechetDistance });
    real = verdict.real.frechetDistance;
  }
  // What there is so far is written: a run takes minutes, and all of them hours.
  const results = { date: new Date().toISOString(), pictures: options.pictures, real, points };
  await writeFile(join(options.out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
  text = tableOf(points, real);
  await writeFile(join(options.out, 'table.md'), text);
}
process.stdout.write(text);
