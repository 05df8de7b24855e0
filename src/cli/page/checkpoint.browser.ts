/** What a checkpoint says of its run, before there are pictures to go on with. */

import { type GanOptions, readSafetensors, requirements, type VaeOptions } from '../../index.ts';
import type { CheckpointInfo } from '../protocol.ts';

/**
 * Reads the options and the step out of a checkpoint's metadata. Whether all of the file is right is
 * for `resume` of its trainer to say; the pictures that it needs have the size that is said here.
 *
 * @throws {SafetensorsError} if it is no safetensors file.
 * @throws {ModelError} if there is no model of these options.
 */
export function readInfo(bytes: Uint8Array): CheckpointInfo {
  const { metadata } = readSafetensors(bytes);
  let options: unknown;
  try {
    options = JSON.parse(metadata.options ?? '');
  } catch {
    // Told below, with everything else that is no object.
  }
  const step = Number(metadata.step);
  if (typeof options !== 'object' || options === null || !Number.isSafeInteger(step)) {
    throw new Error(
      'it is no checkpoint of a run. (Weights alone are enough for "npm run sample".)',
    );
  }
  if (metadata.model === 'vae')
    return { options: { ...(options as VaeOptions), model: 'vae' }, step };
  // A checkpoint's rates may be 0, which no run begins with.
  const { lrD: _d, lrG: _g, ...model } = options as GanOptions;
  requirements(model, { count: 1 });
  return { options: options as GanOptions, step };
}
