import { dcganDiscriminator, dcganGenerator } from '../gan/dcgan.ts';
import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { zerosInit } from '../nn/initialisers.ts';
import { Module, Parameter, type Pass } from '../nn/module.ts';
import { add, mul, softplus, sub, tanh } from '../ops/elementwise.ts';
import { reshape, slice } from '../ops/movement.ts';
import { bernoulliNll, gaussianNll } from './loss.ts';
import type { VaeOptions } from './options.ts';

/** Where a picture lies in the latent space, of each picture of a batch: [N, 1, 1, latentDim] both. */
export interface Posterior {
  readonly mean: Tensor;
  /** log σ². */
  readonly logVariance: Tensor;
}

/**
 * The least log σ of pixels in [−1, 1]: about that of rounding to 256 levels, 2/255/√12. Without one, a
 * set of blank pictures would have a density without bound.
 */
const LEAST_LOG_SIGMA = -6;

/**
 * Encoder and decoder of a VAE (Kingma & Welling 2014, section 3), the nets of a DCGAN the other way round:
 * the encoder is its discriminator with 2 · latentDim outputs, mean and log variance, the decoder is its
 * generator, whose tanh is here in `pixels`.
 */
export class VaeModule extends Module {
  override readonly parameters: ReadonlyMap<string, Parameter>;
  override readonly children: ReadonlyMap<string, Module>;
  private readonly encoder: Module;
  private readonly decoder: Module;
  /** Of a Gaussian likelihood. */
  private readonly logSigma: Parameter | undefined;

  constructor(private readonly options: VaeOptions) {
    super();
    this.encoder = dcganDiscriminator(options, { outputs: 2 * options.latentDim });
    this.decoder = dcganGenerator(options, { tanh: false });
    this.children = new Map([
      ['encoder', this.encoder],
      ['decoder', this.decoder],
    ]);
    this.logSigma = options.likelihood === 'gaussian' ? new Parameter([1], zerosInit) : undefined;
    this.parameters = new Map(this.logSigma ? [['log_sigma', this.logSigma]] : []);
  }

  /** q(z | x): pictures [N, imageSize, imageSize, channels] in [−1, 1] → where they lie. */
  encode(x: Tensor, pass: Pass): Posterior {
    const { imageSize, channels, latentDim } = this.options;
    const [n, ...shape] = x.shape;
    if (shape.join() !== [imageSize, imageSize, channels].join()) {
      const expected = `pictures [N, ${imageSize}, ${imageSize}, ${channels}]`;
      throw new ShapeError('VaeModule.encode', [x.shape], expected);
    }
    const h = this.encoder.forward(x, pass);
    return {
      mean: slice(h, [0, 0, 0, 0], [n, 1, 1, latentDim]),
      logVariance: slice(h, [0, 0, 0, latentDim], [n, 1, 1, 2 * latentDim]),
    };
  }

  /** Latents [N, 1, 1, latentDim] → what `pixels` and `nll` take: [N, imageSize, imageSize, channels]. */
  decode(z: Tensor, pass: Pass): Tensor {
    return this.decoder.forward(z, pass);
  }

  /** The mean pictures, in (−1, 1), of what was decoded. */
  pixels(decoded: Tensor): Tensor {
    return tanh(decoded);
  }

  /** −log p(x | z) of each picture, from what was decoded: [N], in nats. */
  nll(x: Tensor, decoded: Tensor, { weights }: Pass): Tensor {
    // (tanh y + 1)/2 = sigmoid(2y): a coin's probability, with the same picture as its mean.
    if (!this.logSigma) return bernoulliNll(x, mul(decoded, 2));
    const free = reshape(this.logSigma.read(weights), []);
    // Rybkin et al. 2021, "Simple and Effective VAE Training with Calibrated Decoders": softly bounded.
    const logSigma = add(softplus(sub(free, LEAST_LOG_SIGMA)), LEAST_LOG_SIGMA);
    return gaussianNll(x, this.pixels(decoded), logSigma);
  }

  /** Pictures [N, imageSize, imageSize, channels] → what the decoder makes of their means. */
  forward(x: Tensor, pass: Pass): Tensor {
    return this.pixels(this.decode(this.encode(x, pass).mean, pass));
  }
}
