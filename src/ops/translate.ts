import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';
import { sameShape } from '../graph/shape.ts';

/**
 * Pictures moved by whole pixels, each by its own shift: of x f32 `[N, H, W, C]` and shifts f32 `[N, 2]`,
 * y[n, i, j] = x[n, i − ⌊shifts[n, 0] + ½⌋, j − ⌊shifts[n, 1] + ½⌋], and 0 where that lies outside.
 * With the attribute `back` the shifts count the other way: that is the gradient of the one without.
 */
export const translateOp = /* @__PURE__ */ defineOp({
  name: 'translate',
  infer([x, shifts], { back }) {
    const fits = x.dtype === 'f32' && x.shape.length === 4 && typeof back === 'boolean';
    if (!fits || shifts.dtype !== 'f32' || !sameShape(shifts.shape, [x.shape[0], 2])) {
      throw new ShapeError(
        'translate',
        [x.shape, shifts.shape],
        'pictures f32 [N, H, W, C] and shifts f32 [N, 2]',
      );
    }
    return [{ shape: x.shape, dtype: 'f32' }];
  },
  grad: ({ inputs: [, shifts], node, dOutputs: [dy] }) =>
    dy ? [translated(dy, shifts, !node.attrs.back), undefined] : [],
});

const translated = (x: Tensor, shifts: Tensor, back: boolean): Tensor =>
  x.graph.add(translateOp.name, [x, shifts], { back })[0];

/**
 * Pictures [N, H, W, C] moved by shifts [N, 2] in pixels, down and to the right, which are rounded to whole
 * ones. Zeros come in. Differentiable by the pictures; shifts have no gradient.
 */
export const translate = (x: Tensor, shifts: Tensor): Tensor => translated(x, shifts, false);
