// The benchmark: see README.md, or `npm run bench -- --help`.
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import type { AdapterInfo } from '../src/runtime/engine.ts';
import { openBrowser } from './browser.node.ts';
import { type Comparison, compare } from './compare.node.ts';
import { type BenchModel, modelNamed } from './models.ts';
import { nodeEngine } from './node/ganvas.node.ts';
import { pytorchEntries } from './node/pytorch.node.ts';
import { type BenchOptions, parseOptions } from './options.node.ts';
import type { Ceilings, Profile } from './protocol.ts';
import {
  ceilingsText,
  comparisonText,
  describeAdapter,
  profileText,
  scalingText,
} from './report.ts';
import { type Sweep, scale } from './scaling.node.ts';
import type { Entry } from './seat.ts';

/** Where the engine runs: a browser, or this process. */
interface Venue {
  readonly name: string;
  readonly entries: readonly Entry[];
  adapter(): Promise<AdapterInfo>;
  ceilings(): Promise<Ceilings>;
  profile(model: BenchModel, runs: number): Promise<Profile>;
  close(): Promise<void>;
}

interface Results {
  readonly date: string;
  readonly machine: string;
  /** Processes that wanted to run, on average over the minute before; 0 on Windows. */
  readonly load: number;
  readonly venue: string;
  readonly adapter: AdapterInfo;
  ceilings?: Ceilings;
  comparisons?: Comparison[];
  profiles?: Record<string, Profile>;
  scaling?: Sweep[];
}

/** More load than this, in shares of a processor for each there is, disturbs the measurements. */
const BUSY_SHARE = 0.5;

const say = (text: string): void => void process.stdout.write(`${text}\n\n`);
/** Progress is apart from results, and not kept. */
const tell = (text: string): void => void process.stderr.write(`${text}\n`);

async function browserVenue({ adapter, browser: browserPath, peers }: BenchOptions) {
  const browser = await openBrowser({ adapter, browserPath });
  const inPage = async <T>(
    work: (page: Awaited<ReturnType<typeof browser.open>>) => Promise<T>,
  ) => {
    const page = await browser.open();
    try {
      return await page.guard(work(page));
    } finally {
      await page.close().catch(() => {});
    }
  };
  const venue: Venue = {
    name: browser.version,
    entries: peers.map((name) => browser.entry(name)),
    adapter: () => inPage(({ page }) => page.evaluate(() => window.bench.adapter())),
    ceilings: () => inPage(({ page }) => page.evaluate(() => window.bench.ceilings())),
    profile: (model, runs) =>
      inPage(({ page }) => page.evaluate((m, n) => window.bench.profile(m, n), model, runs)),
    close: () => browser.close(),
  };
  return venue;
}

async function nodeVenue({ python }: BenchOptions): Promise<Venue> {
  const { module, open, entry } = await nodeEngine();
  const pytorch = await pytorchEntries(python);
  if (pytorch.length === 0) tell(`${python} has no PyTorch (see --python): Ganvas runs alone.`);
  const onEngine = async <T>(work: (engine: Awaited<ReturnType<typeof open>>) => Promise<T>) => {
    const engine = await open();
    try {
      return await work(engine);
    } finally {
      engine.dispose();
    }
  };
  return {
    name: `Node ${process.version}, package webgpu`,
    entries: [entry, ...pytorch],
    adapter: () => onEngine(async (engine) => engine.adapter),
    ceilings: () => onEngine(module.measureCeilings),
    profile: (model, runs) => onEngine((engine) => module.profile(engine, model, runs)),
    close: async () => {},
  };
}

/** Returns whether all contestants did the same work. */
async function measure(options: BenchOptions, venue: Venue): Promise<boolean> {
  const results: Results = {
    date: new Date().toISOString(),
    machine: `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`,
    load: loadavg()[0],
    venue: venue.name,
    adapter: await venue.adapter(),
  };
  const { machine, adapter, date, load } = results;
  say(`${describeAdapter(adapter)}; ${venue.name}; ${machine}; ${date.slice(0, 10)}`);
  if (load > BUSY_SHARE * cpus().length)
    say(`The machine is busy (load ${load.toFixed(1)}): times are not to be relied on.`);
  if (options.ceilings) {
    results.ceilings = await venue.ceilings();
    say(ceilingsText(results.ceilings));
  }
  const { ceilings } = results;
  const chosen = options.models.map(modelNamed);
  let same = true;
  if (options.profile) {
    results.profiles = {};
    for (const model of chosen) {
      const profile = await venue.profile(model, options.steps);
      results.profiles[model.name] = profile;
      say(profileText(model.name, profile, ceilings));
    }
  }
  if (options.scaling) {
    const own = venue.entries.find((entry) => entry.own);
    if (!own) throw new Error('--scaling measures Ganvas: it has to be among the --peers.');
    results.scaling = await scale(own, options.steps, ceilings, tell);
    say(scalingText(results.scaling));
  }
  if (!options.profile && !options.scaling) {
    results.comparisons = [];
    for (const model of chosen) {
      const comparison = await compare(model, venue.entries, options.steps, ceilings, tell);
      results.comparisons.push(comparison);
      same &&= comparison.failed.length === 0 && comparison.results.every((r) => r.check.same);
      say(comparisonText(comparison));
    }
  }
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  return same;
}

const options = parseOptions(process.argv.slice(2));
const venue = options.node ? await nodeVenue(options) : await browserVenue(options);
try {
  if (!(await measure(options, venue))) process.exitCode = 1;
} finally {
  await venue.close();
}
