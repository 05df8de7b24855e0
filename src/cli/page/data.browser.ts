/** The data set of a run, from the server that the command line runs. */

import {
  type DataProgress,
  type ImageSet,
  readIdxDataset,
  readIdxImages,
  readPictures,
} from '../../index.ts';
import type { DataRequest } from '../protocol.ts';
import { fetchBlob } from './transfer.browser.ts';

/**
 * Pictures with the classes of their folders: the first folder of each name, the folders in order, as
 * torchvision's ImageFolder has it.
 */
function byFolder(set: ImageSet, names: readonly string[]): ImageSet {
  const leftOut = new Set(set.leftOut?.map(({ name }) => name));
  const folders = names
    .filter((name) => !leftOut.has(name))
    .map((name) => {
      const [folder, ...rest] = name.split(/[\\/]/);
      if (rest.length > 0) return folder as string;
      throw new Error(`${name} is in no sub-folder, which would be its class.`);
    });
  const classNames = [...new Set(folders)].sort();
  if (classNames.length < 2 || classNames.length > 256) {
    throw new Error(`Pictures of ${classNames.length} sub-folders: 2 to 256 classes are possible.`);
  }
  const labels = Uint8Array.from(folders, (folder) => classNames.indexOf(folder));
  return { ...set, labels, classNames };
}

/**
 * Reads a data set. Pictures come in the size that is asked for; an IDX file as it is, because it
 * is small until the trainer enlarges it.
 */
export async function loadSet(
  request: DataRequest,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<ImageSet> {
  const { kind, name, files, imageSize, channels, classes } = request;
  if (kind === 'idx') {
    const file = files[0];
    if (!file) throw new Error('The command line named no IDX file.');
    const address = ({ url }: { readonly url: string }) => new URL(url, location.href);
    const options = {
      name: file.name,
      onProgress: ({ loaded, total }: DataProgress) => onProgress(loaded, total),
    };
    const set = classes?.labels
      ? await readIdxDataset(address(file), address(classes.labels), options)
      : await readIdxImages(address(file), options);
    return { ...set, name };
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new Error(`Pictures cannot have ${channels} channels.`);
  }
  const set = await readPictures(
    files.map((file) => ({ name: file.name, open: () => fetchBlob(file.url) })),
    {
      size: imageSize,
      channels,
      name,
      onProgress: ({ loaded, total }) => onProgress(loaded, total),
    },
  );
  if (!classes) return set;
  return byFolder(
    set,
    files.map((file) => file.name),
  );
}

/** How many classes the labels of a set are of, where it has any. */
export const classesOf = ({ labels, classNames }: ImageSet): number | undefined =>
  classNames?.length ?? labels?.reduce((most, label) => Math.max(most, label + 1), 0);
