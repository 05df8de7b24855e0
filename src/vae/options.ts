import { checkDcganShape, type DcganShape, ModelError } from '../gan/dcgan.ts';
import { givenOptions } from '../gan/given-options.ts';

/**
 * What pixels are taken to be, given the decoder's output. `bernoulli`: in [0, 1], each a coin's
 * probability, as binarised digits are. `gaussian`: normal about their mean, with one standard deviation
 * for all pixels that is learned.
 */
export type Likelihood = 'bernoulli' | 'gaussian';

const likelihoods: readonly Likelihood[] = ['bernoulli', 'gaussian'];

/** Everything that decides a VAE's run, but the data. */
export interface VaeOptions extends DcganShape {
  /** What pixels are taken to be. */
  readonly likelihood: Likelihood;
  /** Weight of the KL divergence in the loss: β of Higgins et al. 2017. 1 maximises the ELBO itself. */
  readonly beta: number;
  /** Pictures in a batch. */
  readonly batchSize: number;
  /** Adam's learning rate; its decays are 0.9 and 0.999. */
  readonly lr: number;
  /** Mirror pictures at random. */
  readonly flip: boolean;
  /** A whole number from 0 to 2³² − 1. */
  readonly seed: number;
}

/** A small VAE, at MNIST's size. */
export const defaultVaeOptions: VaeOptions = {
  imageSize: 32,
  channels: 1,
  width: 32,
  latentDim: 20,
  likelihood: 'bernoulli',
  beta: 1,
  batchSize: 64,
  lr: 1e-3,
  flip: false,
  seed: 0,
};

/** Options with defaults filled in, checked. Throws a `ModelError` that names what is wrong. */
export function resolveVaeOptions(given: Partial<VaeOptions>): VaeOptions {
  const options = { ...defaultVaeOptions, ...givenOptions(given, defaultVaeOptions) };
  checkDcganShape(options);
  const demand = (name: keyof VaeOptions, fits: boolean, range: string) => {
    if (!fits)
      throw new ModelError(`The option ${name} is ${options[name]}.`, `It must be ${range}.`);
  };
  const { likelihood, beta, batchSize, lr, seed } = options;
  demand('likelihood', likelihoods.includes(likelihood), likelihoods.join(', '));
  demand('beta', beta >= 0 && beta <= 1e6, 'in [0, 1e6]');
  demand(
    'batchSize',
    Number.isInteger(batchSize) && batchSize >= 2 && batchSize <= 65536,
    'a whole number from 2 to 65536',
  );
  demand('lr', lr > 0 && lr <= 10, 'above 0 and at most 10');
  demand(
    'seed',
    Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32,
    'a whole number from 0 to 2³² − 1',
  );
  return options;
}
