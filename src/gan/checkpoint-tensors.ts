// The tensors of a checkpoint's file, taken one by one and checked.

import { toFloat32 } from '../io/safetensors.ts';
import { excerpt, type ReadTensor } from '../io/safetensors-format.ts';
import { FileOrders, type Range, type Slot } from './checkpoint-layout.ts';
import { CheckpointError } from './checkpoint-metadata.ts';
import { variableNames } from './step.ts';

/** Takes a file's tensors one by one, and knows what is left. */
export class TensorTaker {
  private readonly left: Map<string, ReadTensor>;

  constructor(tensors: ReadonlyMap<string, ReadTensor>) {
    this.left = new Map(tensors);
  }

  /** The tensor of that name, if it has the shape; `undefined` in it stands for any size. */
  take(key: string, shape: readonly (number | undefined)[]): ReadTensor {
    const tensor = this.left.get(key);
    if (!tensor) throw new CheckpointError('missing', `The tensor ${key} is missing.`);
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((size, axis) => size === undefined || size === tensor.shape[axis]);
    if (!fits) {
      const expected = shape.map((size) => size ?? 'n').join(', ');
      throw new CheckpointError(
        'shape',
        `The tensor ${key} has the shape ${excerpt(tensor.shape)} where it should be [${expected}].`,
      );
    }
    this.left.delete(key);
    return tensor;
  }

  /** A tensor of floats, each in its range. F16, BF16 and F64 will do. */
  floats(key: string, shape: readonly (number | undefined)[], range: Range): Float32Array {
    const tensor = this.take(key, shape);
    let data: Float32Array;
    try {
      data = toFloat32(tensor);
    } catch {
      throw new CheckpointError('dtype', `The tensor ${key} is ${tensor.dtype}, not of floats.`);
    }
    for (let i = 0; i < data.length; i++) {
      if (!range.holds(data[i])) {
        throw new CheckpointError(
          'value',
          `The tensor ${key} has ${data[i]} at ${i}, where there should be ${range.words}.`,
          'The run has diverged: take an earlier checkpoint.',
        );
      }
    }
    return data;
  }

  /** PyTorch's counter of batches. */
  counter(key: string): bigint {
    const tensor = this.take(key, []);
    if (tensor.dtype !== 'I64') {
      throw new CheckpointError('dtype', `The tensor ${key} is ${tensor.dtype}, not I64.`);
    }
    return tensor.data[0];
  }

  /** Refuses tensors whose names start with the prefix and that nobody took. */
  refuseOthers(prefix: string): void {
    for (const key of this.left.keys()) {
      if (!key.startsWith(prefix)) continue;
      throw new CheckpointError(
        'unknown',
        `The tensor ${excerpt(key)} is not of this model.`,
        'Nothing in a checkpoint is passed over: take it out, or use the version that wrote it.',
      );
    }
  }
}

/** The file's tensors of the slots, each in its place in a variable; gaps between them are 0. */
export function readSlots(
  taker: TensorTaker,
  slots: readonly Slot[],
  sizes: ReadonlyMap<string, number>,
): Map<string, Float32Array<ArrayBuffer>> {
  // All of them are there, of the shapes that the options say, before memory is taken for them.
  const read = slots.map((slot) => ({
    ...slot,
    data: taker.floats(slot.key, slot.shape, slot.range),
  }));
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  const orders = new FileOrders();
  for (const { variable, offset, layout, data } of read) {
    let flat = values.get(variable);
    if (!flat) {
      flat = new Float32Array(sizes.get(variable) ?? 0);
      values.set(variable, flat);
    }
    if (layout) {
      const order = orders.of(layout);
      for (let i = 0; i < order.length; i++) flat[offset + order[i]] = data[i];
    } else {
      flat.set(data, offset);
    }
  }
  return values;
}

/** What the state must be at a step: every random number of a run is a function of it. */
export function readState(taker: TensorTaker, seed: number): Uint32Array<ArrayBuffer> {
  const { dtype, data } = taker.take(variableNames.state, [4]);
  if (dtype !== 'U32') {
    throw new CheckpointError('dtype', `The tensor ${variableNames.state} is ${dtype}, not U32.`);
  }
  if (data[0] !== seed || data[1] !== 0 || data[3] !== 0) {
    throw new CheckpointError(
      'value',
      `The tensor ${variableNames.state} is [${data.join(', ')}], which is not of the seed ${seed}.`,
    );
  }
  return new Uint32Array(data);
}
