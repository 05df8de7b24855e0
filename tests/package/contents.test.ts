// What is in the package, how large it is, and what the tools that judge packages say.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { build, type Rolldown } from 'vite';
import { describe, expect, inject, test } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const app = inject('app');
const installed = join(app, 'node_modules', 'ganvas');
const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));

test('the tarball has the built files and what goes with them', () => {
  const packed = inject('packed');
  const beside = packed.filter((path) => !path.startsWith('dist/'));
  const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'];
  expect(beside.sort()).toEqual([...texts, 'weights/mnist-features.safetensors']);
  const kinds = new Set(packed.filter((path) => path.startsWith('dist/')).map(kindOf));
  expect([...kinds].sort()).toEqual(['.d.ts', '.js']);
});

const kindOf = (path: string): string => /(\.d)?\.\w+$/.exec(path)?.[0] ?? path;

test('it depends on nothing, and only the worker does anything by itself', () => {
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies'])
    expect(manifest).not.toHaveProperty(kind);
  // Not false: bundlers would drop the one line of a worker's file. The source is for this repository.
  expect(manifest.sideEffects).toEqual(['./dist/worker.js', './src/worker.ts']);
});

test('the changelog knows the version, or what comes next', async () => {
  const changelog = await readFile(join(installed, 'CHANGELOG.md'), 'utf8');
  const [newest] = changelog.match(/^## \[.+?\]/m) ?? [];
  expect(['## [Unreleased]', `## [${manifest.version}]`]).toContain(newest);
});

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test('attw finds nothing for whoever imports ES modules', async () => {
  const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
  // It fails where it finds something, and says on standard output what.
  await run(process.execPath, [attw, inject('tarball'), '--profile', 'esm-only']).catch((error) => {
    throw new Error(error.stdout);
  });
});

/** A module that imports the package, bundled and minified as an app would be. */
async function bundled(code: string): Promise<Rolldown.OutputChunk[]> {
  const entry = '\0entry.js';
  const { output } = (await build({
    root: app,
    configFile: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? entry : undefined),
        load: (id) => (id === entry ? code : undefined),
      },
    ],
    build: {
      write: false,
      target: 'esnext',
      modulePreload: false,
      rolldownOptions: { input: 'entry', preserveEntrySignatures: 'strict' },
    },
  })) as Rolldown.RolldownOutput;
  return output.filter((file) => file.type === 'chunk');
}

const gzipped = (chunks: readonly Rolldown.OutputChunk[]): number =>
  chunks.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);

/** The chunks that a page has to load before the first of them runs. */
function loadedAtOnce(chunks: readonly Rolldown.OutputChunk[]): Rolldown.OutputChunk[] {
  const names = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
  // A set yields what is added to it while it is walked.
  for (const name of names)
    for (const next of chunks.find(({ fileName }) => fileName === name)?.imports ?? [])
      names.add(next);
  return chunks.filter(({ fileName }) => names.has(fileName));
}

describe('bundled with an app, gzipped', () => {
  // Of all, shaders are some 11 kB, and the words of errors some 5.
  test('all of it is under 104 kB', async () => {
    expect(gzipped(await bundled("export * from 'ganvas';"))).toBeLessThan(104_000);
  });

  test('what training a DCGAN loads is under 72 kB', async () => {
    const chunks = await bundled(`
      import { Engine, GanTrainer } from 'ganvas';
      const trainer = await GanTrainer.create(await Engine.create(), globalThis.pictures);
      for await (const { lossD, lossG } of trainer.run()) console.log(lossD, lossG);
      console.log(await trainer.sampleGrid());
    `);
    expect(gzipped(loadedAtOnce(chunks))).toBeLessThan(72_000);
  });

  test('the one line of a worker brings all that it needs, and its page little', async () => {
    const worker = gzipped(await bundled("import 'ganvas/worker';"));
    const all = gzipped(await bundled("export * from 'ganvas';"));
    expect(worker).toBeGreaterThan(all / 2);
    expect(worker).toBeLessThan(all);
    const page = await bundled("export { connect, transfer } from 'ganvas';");
    expect(gzipped(loadedAtOnce(page))).toBeLessThan(8_000);
  });

  test('reading a checkpoint brings no engine', async () => {
    const chunks = await bundled("export { readSafetensors } from 'ganvas';");
    expect(gzipped(chunks)).toBeLessThan(2_500);
  });

  test('importing it for nothing brings nothing', async () => {
    const [{ code }] = await bundled("import 'ganvas';");
    expect(code.trim()).toBe('');
  });
});
