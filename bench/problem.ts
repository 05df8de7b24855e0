// What the first step works on, as a safetensors file: the same numbers for every contestant.
import { readSafetensors } from '../src/io/safetensors.ts';

export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Tensors by name. `z` [N, latentDim]; `real` [N, H, W, C] in [−1, 1]; weights by PyTorch's names
 * under `generator.` and `discriminator.`: of a convolution [KH, KW, in, out], of a transposed one
 * [KH, KW, out, in].
 */
export type Problem = ReadonlyMap<string, NamedTensor>;

export function readProblem(file: Uint8Array): Problem {
  return new Map(
    [...readSafetensors(file).tensors].map(([name, { shape, data }]): [string, NamedTensor] => {
      if (!(data instanceof Float32Array)) throw new Error(`${name} is not of floats`);
      return [name, { shape, data: data as Float32Array<ArrayBuffer> }];
    }),
  );
}

export function tensorOf(problem: Problem, name: string): NamedTensor {
  const tensor = problem.get(name);
  if (!tensor) throw new Error(`The problem has no ${name}`);
  return tensor;
}

/** A tensor with its axes in another order: axis i of the result is axis `axes[i]`. */
export function permuted({ shape, data }: NamedTensor, axes: readonly number[]): NamedTensor {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const target = axes.map((a) => shape[a]);
  const result = new Float32Array(data.length);
  let at = 0;
  const visit = (axis: number, from: number) => {
    if (axis === axes.length) {
      result[at++] = data[from];
      return;
    }
    for (let i = 0; i < target[axis]; i++) visit(axis + 1, from + i * strides[axes[axis]]);
  };
  visit(0, 0);
  return { shape: target, data: result };
}
