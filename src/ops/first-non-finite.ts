import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';

/** The tensor's number where nothing was found. */
export const NONE_FOUND = 0xffffffff;

/**
 * Where among f32 tensors the first number is that is infinite or NaN: u32 `[4]` = the tensor's number
 * among the inputs, the element in it, its bits, 0; or `[NONE_FOUND, 0, 0, 0]`.
 */
export const firstNonFiniteOp = /* @__PURE__ */ defineOp({
  name: 'firstNonFinite',
  infer(inputs) {
    if (inputs.length === 0 || inputs.some((t) => t.dtype !== 'f32')) {
      throw new ShapeError(
        'firstNonFinite',
        inputs.map((t) => t.shape),
        'at least one tensor, all of f32',
      );
    }
    return [{ shape: [4], dtype: 'u32' }];
  },
  detached: true,
});

/** The first number of `tensors` that is not finite. There must be at least one tensor. */
export const firstNonFinite = (tensors: readonly Tensor[]): Tensor =>
  tensors[0].graph.add(firstNonFiniteOp.name, tensors)[0];
