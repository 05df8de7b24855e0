import type { Tensor } from '../graph/graph.ts';
import { detach, div, mul, rsqrt, square } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape, transpose } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import { HostRandom } from './initialisers.ts';
import type { WeightNorm } from './layers.ts';
import { ModuleBuffer, type Parameter, type Pass } from './module.ts';

const unit = (x: Tensor): Tensor => mul(x, rsqrt(sum(square(x))));

/**
 * A weight as a matrix of one row an output, or one column where its elements lie so: a transposition
 * would be copied.
 */
function matrixOf(weight: Tensor, outputAxis: number): { matrix: Tensor; columns: boolean } {
  const outputs = weight.shape[outputAxis];
  if (outputAxis === weight.rank - 1)
    return { matrix: reshape(weight, [-1, outputs]), columns: true };
  const others = weight.shape.map((_, axis) => axis).filter((axis) => axis !== outputAxis);
  const first = outputAxis === 0 ? weight : transpose(weight, [outputAxis, ...others]);
  return { matrix: reshape(first, [outputs, -1]), columns: false };
}

/** A direction to start from, as good as any that is not orthogonal to the one looked for. */
function anyDirection(size: number): Float32Array<ArrayBuffer> {
  const random = new HostRandom(0, 0);
  const values = Float32Array.from({ length: size }, () => random.normal());
  const length = Math.hypot(...values);
  return values.map((x) => x / length);
}

/**
 * Spectral normalisation (Miyato et al. 2018, algorithm 1), as PyTorch's `spectral_norm`: a layer's weight
 * W, as a matrix of one row an output, is divided by its largest singular value σ, so that the layer's
 * slope is at most 1 (of a convolution: about; section 2.1 there).
 *
 * ```ts
 * new Conv2d(64, 128, { kernelSize: 4, stride: 2, padding: 1, norm: spectralNorm })
 * ```
 *
 * σ ≈ uᵀWv with v = Wᵀu/‖Wᵀu‖ and u = Wv/‖Wv‖: one power iteration for each pass in training mode. u is kept
 * from pass to pass, as the buffer `weight_u` [outputs], and with a run's state. u and v are constants for
 * gradients, as in the paper, equation 10. A weight of zeros has no direction, and becomes NaN.
 */
export function spectralNorm(weight: Parameter, outputAxis: number): WeightNorm {
  const outputs = weight.shape[outputAxis];
  const buffer = new ModuleBuffer([outputs], anyDirection(outputs));
  return {
    buffers: new Map([['weight_u', buffer]]),
    apply(w: Tensor, { training }: Pass): Tensor {
      const { matrix, columns } = matrixOf(w, outputAxis);
      const before = reshape(buffer.read(w.graph), [1, outputs]);
      const v = unit(detach(matmul(before, matrix, { transposeB: columns })));
      const product = matmul(v, matrix, { transposeB: !columns });
      const u = training ? unit(detach(product)) : before;
      if (training) buffer.assign(reshape(u, [outputs]));
      return div(w, sum(mul(product, u)));
    },
  };
}
