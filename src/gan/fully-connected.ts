import type { Tensor } from '../graph/graph.ts';
import { Dropout } from '../nn/dropout.ts';
import { uniformInit, zerosInit } from '../nn/initialisers.ts';
import { Flatten, Linear, ReLU, Sequential, Sigmoid, Unflatten } from '../nn/layers.ts';
import { Maxout } from '../nn/maxout.ts';
import type { Module } from '../nn/module.ts';
import { spectralNorm } from '../nn/spectral-norm.ts';
import { add, mul, sub } from '../ops/elementwise.ts';
import {
  checkDcganShape,
  type DcganShape,
  type DiscriminatorOptions,
  type GeneratorOptions,
  Main,
} from './dcgan.ts';

/** Linear pieces of each of D's maxout units, and units of G for each of D's. */
const PIECES = 5;

/** Flattens pictures, from [−1, 1] to the [0, 1] of the paper: what dropout drops is black there. */
class FromPictures extends Flatten {
  override forward(x: Tensor): Tensor {
    return mul(add(super.forward(x), 1), 0.5);
  }
}

/** The way back. */
class ToPictures extends Unflatten {
  override forward(x: Tensor): Tensor {
    return sub(mul(super.forward(x), 2), 1);
  }
}

/**
 * The generator of the original GAN: latent [N, 1, 1, latentDim] → pictures
 * [N, imageSize, imageSize, channels] in (−1, 1).
 *
 * Goodfellow et al. 2014, section 5, in the sizes that their code had for MNIST: two hidden layers of
 * 5 · width rectified linear units (width 240), and a sigmoid, scaled to (−1, 1). Weights start as
 * PyTorch's Linear does: uniform within 1/√1200 = 0.029 where theirs are within 0.05.
 */
export function fullyConnectedGenerator(
  shape: DcganShape,
  { spectralNorm: normalised = false }: Pick<GeneratorOptions, 'spectralNorm'> = {},
): Module {
  checkDcganShape(shape);
  const { imageSize, channels, latentDim } = shape;
  const hidden = PIECES * shape.width;
  const weights = normalised ? { norm: spectralNorm } : {};
  return new Main(
    new Sequential(
      new Flatten(),
      new Linear(latentDim, hidden, weights),
      new ReLU(),
      new Linear(hidden, hidden, weights),
      new ReLU(),
      new Linear(hidden, channels * imageSize ** 2, weights),
      new Sigmoid(),
      new ToPictures([channels, imageSize, imageSize]),
    ),
  );
}

const nearZero = { weightInit: uniformInit(0.005), biasInit: zerosInit };

/**
 * The discriminator of the original GAN: pictures [N, imageSize, imageSize, channels] → logits
 * [N, 1, 1, outputs].
 *
 * Goodfellow et al. 2014, section 5, in the sizes that their code had for MNIST: two hidden layers of
 * `width` maxout units of 5 pieces (width 240), on pictures scaled to [0, 1]; dropout of 1/5 of the pixels and of half of the units;
 * weights that start within 0.005, without which D soon leaves G nothing to learn from. The sigmoid is left
 * to the loss. There is no batch-norm: `norm` is `none` unless it is `spectral`.
 */
export function fullyConnectedDiscriminator(
  shape: DcganShape,
  { outputs = 1, norm = 'none' }: DiscriminatorOptions = {},
): Module {
  checkDcganShape(shape);
  const { imageSize, channels, width } = shape;
  const weights = { ...nearZero, ...(norm === 'spectral' && { norm: spectralNorm }) };
  return new Main(
    new Sequential(
      new FromPictures(),
      new Dropout(0.2),
      new Maxout(channels * imageSize ** 2, width, { pieces: PIECES, ...weights }),
      new Dropout(0.5),
      new Maxout(width, width, { pieces: PIECES, ...weights }),
      new Dropout(0.5),
      new Linear(width, outputs, weights),
      new Unflatten([outputs, 1, 1]),
    ),
  );
}
