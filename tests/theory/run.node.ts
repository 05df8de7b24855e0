// `npm run theory`: trains every objective on the ring, D on the line and posteriors of simulators, prints the
// table and draws the pictures of docs/guides. Runs that `--out` holds already are not repeated.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startServer } from '../../src/cli/server.node.ts';
import { softwareBrowser } from '../support/software-browser.ts';
import type { LineResult } from './page.ts';
import type { PosteriorResult } from './posterior.ts';
import type { RingRun, RingSetting } from './ring.ts';
import { aidSettings, ringSettings } from './ring-settings.ts';
import { ringTable } from './table.ts';

function count(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('A whole number from 1.');
  return n;
}

const options = new Command('npm run theory --')
  .description(
    'Trains every objective on the ring of eight Gaussians, D on the line, and posteriors of simulators.',
  )
  .option('--steps <n>', 'updates of G on the ring', count, 3000)
  .option('--seeds <n>', 'runs of each objective, of seeds 1, 2, …', count, 3)
  .option('--line-steps <n>', 'updates of D on the line', count, 3000)
  .option('--out <folder>', 'where results are kept', 'out/theory')
  .option('--pictures <folder>', 'where pictures go', 'docs')
  .parse()
  .opts<{ steps: number; seeds: number; lineSteps: number; out: string; pictures: string }>();

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

await mkdir(options.out, { recursive: true });
const server = await startServer([], async () => {});
const browser = await softwareBrowser();
const page = await browser.newPage();
await page.goto(server.pageUrl);
await page.evaluate(`import('/tests/theory/page.ts').then((m) => { globalThis.theory = m; })`);
/** Calls a function of page.ts. As text: compiled here, imports would be Node's. */
const call = <T>(name: string, ...args: unknown[]): Promise<T> =>
  page.evaluate(`theory.${name}(${args.map((a) => JSON.stringify(a)).join(', ')})`) as Promise<T>;

/** The result in a file, or of `work`, which is then kept there. */
async function kept<T>(file: string, work: () => Promise<T>): Promise<T> {
  const path = join(options.out, `${file.replaceAll(/[^a-z0-9]+/g, '-')}.json`);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const result = await work();
  await writeFile(path, JSON.stringify(result));
  return result;
}

/** Runs of each setting, seed by seed. */
async function ringRuns(
  settings: Readonly<Record<string, RingSetting>>,
  seeds: number,
): Promise<Map<string, RingRun[]>> {
  const runs = new Map<string, RingRun[]>(Object.keys(settings).map((name) => [name, []]));
  for (let seed = 1; seed <= seeds; seed++) {
    for (const [name, setting] of Object.entries(settings)) {
      const { steps } = options;
      const file = `ring ${JSON.stringify(setting)} ${steps} ${seed}`;
      const run = await kept(file, () => call<RingRun>('trainRing', setting, { seed, steps }));
      runs.get(name)!.push(run);
      const { modes, near, js, seconds } = run;
      tell(
        `${name}, seed ${seed}: ${modes} modes, ${near.toFixed(2)} near, JS ${js.toFixed(3)}, ${seconds.toFixed()} s`,
      );
    }
  }
  return runs;
}
const runs = await ringRuns(ringSettings, options.seeds);
const aids = await ringRuns(aidSettings, 1);
const real = await call<Omit<RingRun, 'seconds'>>('realRing');
process.stdout.write(`${ringTable(runs, real)}\n\n${ringTable(aids, real)}\n`);

const line = await kept(`line ${options.lineSteps}`, () =>
  call<LineResult>('trainLine', options.lineSteps),
);
tell(
  `D within ${line.error.toFixed(3)} of p/(p + q); V ${line.value.toFixed(4)}, in theory ${line.optimum.toFixed(4)}`,
);

const posterior = await kept('posterior', () => call<PosteriorResult>('trainPosterior'));
for (const { y, mean, variance, exact } of posterior.gaussian) {
  const [off, ratio] = [(mean - exact.mean) / Math.sqrt(exact.variance), variance / exact.variance];
  tell(
    `given ${y}: the mean off by ${(100 * off).toFixed(1)} % of a deviation, the variance by ${(100 * (ratio - 1)).toFixed(1)} %`,
  );
}

const panelsOf = (all: ReadonlyMap<string, readonly RingRun[]>) => [
  { name: 'real points', points: real.points },
  ...[...all].map(([name, [{ points }]]) => ({ name, points })),
];
const picture = async (file: string, base64: string) =>
  writeFile(join(options.pictures, file), Buffer.from(base64, 'base64'));
await picture('objectives-ring.png', await call<string>('drawRing', panelsOf(runs)));
await picture('aids-ring.png', await call<string>('drawRing', panelsOf(aids)));
await picture('theory-line.png', await call<string>('drawLine', line));
await picture('bayesian-inference.png', await call<string>('drawPosterior', posterior));

await browser.close();
await server.close();
