import { GanvasError } from '../graph/errors.ts';
import { readSafetensors, writeSafetensors } from '../io/safetensors.ts';
import type { ReadTensor, WritableTensor } from '../io/safetensors-format.ts';
import { fileOrder, fileShape } from '../nn/file-layout.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import type { TrainingProgram } from './program.ts';

/** What this code writes and reads. */
export const STATE_FORMAT = 'ganvas-state-1';

/**
 * A saved state cannot be used. `code` is `state-` and one of `format` (it is none), `missing`,
 * `unknown`, `type` (of a tensor, which the message names: it is not of this program).
 */
export class StateError extends GanvasError {
  override readonly name = 'StateError';

  constructor(kind: 'format' | 'missing' | 'unknown' | 'type', message: string) {
    super(`state-${kind}`, message, 'Give a file that was saved by a trainer of this program.');
  }
}

/**
 * What a run is, as a safetensors file: all parts of the program, in the layouts of PyTorch's files, and
 * what else is to be known of it as `metadata`.
 */
export function encodeState(
  { parts }: TrainingProgram,
  values: ReadonlyMap<string, Elements>,
  choices: Choices,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, WritableTensor>();
  for (const { variable, name, offset, size, shape, axes } of parts) {
    const all = values.get(variable) as Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
    const own = all.subarray(offset, offset + size);
    const data = own.slice();
    fileOrder(shape, { axes }).forEach((from, i) => {
      data[i] = own[from];
    });
    const described = { shape: fileShape(shape, { axes }) };
    if (data instanceof Float32Array) tensors.set(name, { ...described, dtype: 'F32', data });
    else tensors.set(name, { ...described, dtype: 'U32', data });
  }
  return writeSafetensors(tensors, {
    ...metadata,
    format: STATE_FORMAT,
    choices: JSON.stringify(choices),
  });
}

/** What `encodeState` wrote, as values of the program's variables, and the kernels that were chosen. */
export function decodeState(
  { parts, initial }: Pick<TrainingProgram, 'parts' | 'initial'>,
  file: Uint8Array,
): { values: Map<string, Elements>; choices: Choices } {
  const { tensors, metadata } = readSafetensors(file);
  if (metadata.format !== STATE_FORMAT)
    throw new StateError('format', `This is no state of the format ${STATE_FORMAT}.`);
  const left = new Map<string, ReadTensor>(tensors);
  const values = new Map(initial);
  for (const { variable, name, offset, shape, axes } of parts) {
    const tensor = left.get(name);
    if (!tensor) throw new StateError('missing', `The tensor ${name} is missing.`);
    left.delete(name);
    const start = initial.get(variable) as Elements;
    const dtype = start instanceof Float32Array ? 'F32' : 'U32';
    const expected = fileShape(shape, { axes });
    if (tensor.dtype !== dtype || tensor.shape.join() !== expected.join()) {
      const got = `${tensor.dtype}[${tensor.shape.join(', ')}]`;
      throw new StateError(
        'type',
        `The tensor ${name} is ${got} where it should be ${dtype}[${expected.join(', ')}].`,
      );
    }
    let target = values.get(variable) as Elements;
    if (target === start) {
      target = start.slice() as Elements;
      values.set(variable, target);
    }
    const data = tensor.data as ArrayLike<number>;
    fileOrder(shape, { axes }).forEach((at, i) => {
      target[offset + at] = data[i];
    });
  }
  const [stranger] = left.keys();
  if (stranger !== undefined)
    throw new StateError('unknown', `The tensor ${stranger} is not of this program.`);
  return { values, choices: parseChoices(metadata.choices) };
}

function parseChoices(text: string | undefined): Choices {
  try {
    const choices: unknown = JSON.parse(text ?? '');
    const entries = Object.entries(choices as object);
    if (entries.every(([, name]) => typeof name === 'string')) return choices as Choices;
  } catch {
    // Told below, with whatever else is not choices.
  }
  throw new StateError('format', "The metadata's choices are no object of strings.");
}
