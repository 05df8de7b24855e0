import type { Tensor } from '../../graph/graph.ts';
import { add, exp, log, mul, neg, square, sub } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/matmul.ts';
import { reshape } from '../../ops/movement.ts';
import { mean, sum } from '../../ops/reduce.ts';
import type { Objective } from './objective.ts';

/** A mixture of kernels of the distance between two pictures' features. */
export type MmdKernel = 'gaussian' | 'rational-quadratic';

/** The kernels of a mixture, of squared distances. Each is 1 at distance 0. */
const mixtures: Readonly<Record<MmdKernel, readonly ((squares: Tensor) => Tensor)[]>> = {
  // Li et al. 2017: exp(−d²/2σ²).
  gaussian: /* @__PURE__ */ [1, 2, 4, 8, 16].map((sigma) => (d) => exp(mul(d, -0.5 / sigma ** 2))),
  // Bińkowski et al. 2018: (1 + d²/2α)^(−α).
  'rational-quadratic': /* @__PURE__ */ [0.2, 0.5, 1, 2, 5].map(
    (alpha) => (d) => exp(mul(log(add(mul(d, 0.5 / alpha), 1)), -alpha)),
  ),
};

const flat = (features: Tensor): Tensor => {
  const [n] = features.shape;
  return reshape(features, [n, features.size / n]);
};

/** Kernels of all pairs, [rows of a, rows of b]. */
function kernelOf(kernel: MmdKernel, a: Tensor, b: Tensor): Tensor {
  const squares = (x: Tensor, shape: number[]) => reshape(sum(square(x), [1]), shape);
  const lengths = add(squares(a, [a.shape[0], 1]), squares(b, [1, b.shape[0]]));
  const distances = sub(lengths, mul(matmul(a, b, { transposeB: true }), 2));
  return mixtures[kernel].map((k) => k(distances)).reduce((x, y) => add(x, y));
}

/** Mean kernel of two different rows: without pairs of a row and itself, the estimate is unbiased. */
function within(kernel: MmdKernel, x: Tensor): Tensor {
  const [n] = x.shape;
  const diagonal = n * mixtures[kernel].length;
  return mul(sub(sum(kernelOf(kernel, x, x)), diagonal), 1 / (n * (n - 1)));
}

/**
 * MMD-GAN (Li et al. 2017, without its autoencoder): D maps pictures to features [N, …], of
 * any number; it raises, and G lowers, the squared maximum mean discrepancy between real and fake
 * features. Its unbiased estimate (Gretton et al. 2012) may be below 0.
 *
 * - gaussian: Σ exp(−d²/2σ²), σ = 1, 2, 4, 8, 16 (Li et al. 2017)
 * - rational-quadratic: Σ (1 + d²/2α)^(−α), α = 0.2, 0.5, 1, 2, 5 (Bińkowski et al. 2018),
 *   whose gradient lasts at large distances
 *
 * D must be constrained: clipped, as by Li et al., or penalised, as by Bińkowski et al.: then the slope is
 * that of the witness, mean k(D(x), ·) − mean k(D(G(z)), ·).
 */
export function mmd(kernel: MmdKernel): Objective {
  const cross = (x: Tensor, y: Tensor) => mean(kernelOf(kernel, flat(x), flat(y)));
  const discriminator: Objective['discriminator'] = (real, fake) => {
    const between = cross(real, fake);
    return {
      lossReal: sub(between, within(kernel, flat(real))),
      lossFake: sub(between, within(kernel, flat(fake))),
    };
  };
  return {
    discriminator,
    generator(fake, real) {
      const { lossReal, lossFake } = discriminator(real(), fake);
      return neg(add(lossReal, lossFake));
    },
    critic(outputs, real, fake) {
      const at = flat(outputs);
      const near = (x: Tensor) => mean(kernelOf(kernel, at, flat(x)), [1]);
      return sub(near(real), near(fake));
    },
  };
}
