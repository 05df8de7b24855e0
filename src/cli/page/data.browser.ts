/** The data set of a run, from the server that the command line runs. */

import { type ImageSet, readIdxImages, readPictures } from '../../index.ts';
import type { DataRequest } from '../protocol.ts';
import { fetchBlob } from './transfer.browser.ts';

/**
 * Reads a data set. Pictures come in the size that is asked for; an IDX file as it is, because it
 * is small until the trainer enlarges it.
 */
export async function loadSet(
  request: DataRequest,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<ImageSet> {
  const { kind, name, files, imageSize, channels } = request;
  if (kind === 'idx') {
    const file = files[0];
    if (!file) throw new Error('The command line named no IDX file.');
    const set = await readIdxImages(new URL(file.url, location.href), {
      name: file.name,
      onProgress: ({ loaded, total }) => onProgress(loaded, total),
    });
    return { ...set, name };
  }
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new Error(`Pictures cannot have ${channels} channels.`);
  }
  return await readPictures(
    files.map((file) => ({ name: file.name, open: () => fetchBlob(file.url) })),
    {
      size: imageSize,
      channels,
      name,
      onProgress: ({ loaded, total }) => onProgress(loaded, total),
    },
  );
}
