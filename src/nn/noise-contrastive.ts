import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { sameShape } from '../graph/shape.ts';
import { add, mul, sub } from '../ops/elementwise.ts';
import { bceWithLogitsLoss } from './losses.ts';

/** What two densities say of the same items: their logarithms, [N] each. */
export interface LogDensities {
  /** Of the model, which need not be normalised: a parameter of it stands for −log Z. */
  readonly model: Tensor;
  /** Of the noise, exactly. */
  readonly noise: Tensor;
}

/**
 * Noise-contrastive estimation (Gutmann & Hyvärinen 2010, "Noise-contrastive estimation: a new estimation
 * principle for unnormalized statistical models"): the model learns to tell data from noise of a known
 * density, by logistic regression on log model − log noise, and so becomes the density of the data, its
 * normaliser included, which is a parameter like the others.
 *
 * ```ts
 * const logNoise = (x: Tensor) => sub(mul(square(x), -0.5), 0.5 * Math.log(2 * Math.PI));
 * const densities = (x: Tensor) => ({ model: model.forward(x, { training }), noise: logNoise(x) });
 * optimiser.minimise(noiseContrastiveLoss(densities(data), densities(normal([batch]))));
 * ```
 *
 * With ν items of noise for each of data it is −mean over data of log h − ν·mean over noise of
 * log(1 − h), h = sigmoid(log model − log noise − log ν). The noise should be wherever the data are, and
 * much like them; more of it makes the estimate better.
 */
export function noiseContrastiveLoss(data: LogDensities, noise: LogDensities): Tensor {
  for (const { model, noise: known } of [data, noise]) {
    if (!sameShape(model.shape, known.shape)) {
      const shapes = [model.shape, known.shape];
      throw new ShapeError('noiseContrastiveLoss', shapes, 'both densities of each item');
    }
  }
  const ratio = noise.model.size / data.model.size;
  const logit = ({ model, noise: known }: LogDensities) => sub(sub(model, known), Math.log(ratio));
  return add(bceWithLogitsLoss(logit(data), 1), mul(bceWithLogitsLoss(logit(noise), 0), ratio));
}
