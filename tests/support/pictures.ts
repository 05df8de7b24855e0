import type { ImageSet } from '../../src/data/image-set.ts';
import { RandomValues } from '../reference/random-values.ts';

/** Pictures of pinned noise: enough where nothing has to be learned from them. */
export function noisePictures(count: number, size: number, channels = 1, seed = 1): ImageSet {
  const random = new RandomValues(seed);
  const data = Uint8Array.from({ length: count * size * size * channels }, () =>
    random.integer(0, 255),
  );
  return { name: 'noise', count, height: size, width: size, channels, data };
}

/** The pictures, each with a class at random. */
export function labelled(set: ImageSet, classes: number): ImageSet {
  const random = new RandomValues(7);
  const labels = Uint8Array.from({ length: set.count }, () => random.integer(0, classes - 1));
  return { ...set, labels };
}
