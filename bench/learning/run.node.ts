// Does Ganvas learn as PyTorch does? `npm run learning`; `--help` lists the options.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { compare, comparisonTable, type Point } from './comparison.ts';
import { judgeAll } from './judge.node.ts';
import { type LearningOptions, parseOptions } from './options.node.ts';
import { type RunName, resultOf, train } from './runs.node.ts';

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

const given = parseOptions(process.argv.slice(2));
const options: LearningOptions = { ...given, out: resolve(given.out) };

const runsOf = (width: number): RunName[] => [
  ...options.pytorchSeeds.map((seed) => ({ engine: 'pytorch', width, seed }) as const),
  ...options.seeds.map((seed) => ({ engine: 'ganvas', width, seed }) as const),
];

await mkdir(options.out, { recursive: true });
const runs = options.widths.flatMap(runsOf);
for (const run of options.train ? runs : []) {
  tell(`${run.engine}, width ${run.width}, seed ${run.seed}`);
  await train(run, options);
}
const places = runs
  .flatMap((run) => options.steps.map((steps) => ({ run, steps })))
  .filter(({ run, steps }) => existsSync(resultOf(run, steps, options)));
if (places.length === 0) {
  tell(`${options.out} has nothing of these runs yet: leave out --no-train.`);
  process.exit(1);
}
const judged = await judgeAll(places, options, tell);
const [{ real }] = judged;
const points: Point[] = judged.map(({ run, steps, distance }) => ({ ...run, steps, distance }));
const { pictures } = options;
const text =
  `Squared Fréchet distance of ${pictures} pictures from as many of MNIST's test pictures; ` +
  `${real.toFixed(2)} for other real ones in their place.\n\n${comparisonTable(compare(points))}\n`;
const results = { date: new Date().toISOString(), pictures, real, points };
await writeFile(join(options.out, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
await writeFile(join(options.out, 'table.md'), text);
process.stdout.write(text);
