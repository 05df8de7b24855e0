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
