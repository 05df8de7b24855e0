// The benchmark: see README.md, or `npm run bench -- --help`.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../src/cli/browser.node.ts';
import { bundle } from './bundle.node.ts';
import { type BenchOptions, parseOptions } from './options.node.ts';
import { openPage } from './page.node.ts';
import type { Ceilings, Profile } from './protocol.ts';
import { ceilingsText, profileText } from './report.ts';
import { serve } from './server.node.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n\n`);

async function main(options: BenchOptions): Promise<void> {
  const files = await bundle(join(import.meta.dirname, 'page', 'main.browser.ts'));
  const server = await serve(files);
  const { browser } = await launchBrowser({
    adapter: options.adapter,
    ...(options.browser ? { browserPath: options.browser } : {}),
  });
  const results: { ceilings?: Ceilings; profiles?: Record<string, Profile> } = {};
  try {
    const { page, guard } = await openPage(browser, server.url);
    if (options.ceilings) {
      results.ceilings = await guard(page.evaluate(() => window.bench.ceilings()));
      say(ceilingsText(results.ceilings));
    }
    if (options.profile) {
      results.profiles = {};
      for (const model of options.models) {
        const profile = await guard(
          page.evaluate((m, runs) => window.bench.profile(m, runs), model, options.steps),
        );
        results.profiles[model] = profile;
        say(profileText(model, profile, results.ceilings));
      }
    }
  } finally {
    await browser.close();
    server.close();
  }
  if (options.json) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
}

await main(parseOptions(process.argv.slice(2)));
