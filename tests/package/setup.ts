// The package as a stranger gets it: packed, and installed from the tarball in an app of its own.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import findBrowser from '../support/need-browser.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Paths of the files in the package. */
    packed: string[];
    tarball: string;
    /** Folder of the app. */
    app: string;
  }
}

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await findBrowser();
  const folder = await mkdtemp(join(tmpdir(), 'ganvas-package-'));
  const packing = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder];
  const { stdout } = await run('npm', packing, { cwd: root });
  const [{ filename, files }] = JSON.parse(stdout) as [
    { filename: string; files: { path: string }[] },
  ];
  const tarball = join(folder, filename);
  project.provide('tarball', tarball);
  project.provide(
    'packed',
    files.map(({ path }) => path),
  );

  const app = join(folder, 'app');
  await cp(join(import.meta.dirname, 'app'), app, { recursive: true });
  // Offline, which holds only as long as the package depends on nothing.
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: app });
  // What an app has besides; npm would take these for strays, so they come after it.
  for (const name of ['vite', 'typescript', 'webgpu'])
    await symlink(join(root, 'node_modules', name), join(app, 'node_modules', name), 'junction');
  project.provide('app', app);
  return () => rm(folder, { recursive: true, force: true });
}
