// A VAE's checkpoint is the state of its program (`vae.encoder.*`, `vae.decoder.*`, `adam.vae.*`, `state`),
// with what the model is as metadata: `model`, `options`, `step` and `data`.
import {
  CheckpointError,
  type DataFingerprint,
  readData,
  readJson,
} from '../gan/checkpoint-metadata.ts';
import { ModelError } from '../gan/dcgan.ts';
import { readSafetensors } from '../io/safetensors.ts';
import { STATE } from '../ops/random.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import type { TrainingProgram } from '../training/program.ts';
import { encodeState } from '../training/state.ts';
import { defaultVaeOptions, resolveVaeOptions, type VaeOptions } from './options.ts';

/** What a VAE's checkpoint says of itself. */
export interface VaeCheckpoint {
  /** As the run began. The learning rate in force is among the optimiser's tensors. */
  readonly options: VaeOptions;
  /** Where the file says what its data were. */
  readonly data: DataFingerprint | undefined;
}

const MODEL = 'vae';

/** A run's state as a safetensors file. */
export function encodeVae(
  { options, data }: VaeCheckpoint,
  program: TrainingProgram,
  values: ReadonlyMap<string, Elements>,
  choices: Choices,
): Uint8Array<ArrayBuffer> {
  return encodeState(program, values, choices, {
    model: MODEL,
    // Lists of keys fix their order.
    options: JSON.stringify(options, Object.keys(defaultVaeOptions)),
    step: String(values.get(STATE)?.[2]),
    ...(data && { data: JSON.stringify(data, ['count', 'digest']) }),
  });
}

/**
 * What a file says of its model; its tensors are for `decodeState` to read.
 *
 * @throws {SafetensorsError} if it is no safetensors file.
 * @throws {CheckpointError} if it is no VAE's checkpoint.
 */
export function decodeVae(file: Uint8Array): VaeCheckpoint {
  const { metadata } = readSafetensors(file);
  if (metadata.model !== MODEL) {
    throw new CheckpointError(
      'format',
      'This is no checkpoint of a VAE.',
      'Give a file of VaeTrainer.checkpoint; GanTrainer and Generator read those of GANs.',
    );
  }
  const given = readJson(metadata, 'options');
  try {
    return { options: resolveVaeOptions(given), data: readData(metadata) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new CheckpointError('options', `There is no such model. ${error.message}`);
  }
}
