import { GanvasError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { constantInit, normalInit, zerosInit } from '../nn/initialisers.ts';
import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Embedding,
  LeakyReLU,
  ReLU,
  Sequential,
  Tanh,
} from '../nn/layers.ts';
import { Module, type Pass } from '../nn/module.ts';
import { spectralNorm } from '../nn/spectral-norm.ts';
import {
  ConcatenationDiscriminator,
  ConditionalGenerator,
  type Conditioning,
  ProjectionDiscriminator,
} from './conditional.ts';

/** Sizes of a DCGAN. */
export interface DcganShape {
  /** Side of the pictures, in pixels: a power of two from 16 to 256. */
  readonly imageSize: number;
  /** 1 to 4. */
  readonly channels: number;
  /** Feature maps of the layers next to the picture (ngf = ndf). */
  readonly width: number;
  /** Length of the latent vector (nz). */
  readonly latentDim: number;
}

/** A model was asked for that cannot be built. */
export class ModelError extends GanvasError {
  override readonly name = 'ModelError';

  constructor(message: string, advice: string) {
    super('model', message, advice);
  }
}

const integerIn = (n: number, low: number, high: number) =>
  Number.isInteger(n) && n >= low && n <= high;

/** Throws a `ModelError` for sizes that no DCGAN has. */
export function checkDcganShape({ imageSize, channels, width, latentDim }: DcganShape): void {
  if (![16, 32, 64, 128, 256].includes(imageSize)) {
    throw new ModelError(
      `Pictures of ${imageSize} × ${imageSize} pixels are not possible.`,
      'Choose 16, 32, 64, 128 or 256.',
    );
  }
  if (!integerIn(channels, 1, 4)) {
    throw new ModelError(`${channels} picture channels are not possible.`, 'Choose 1 to 4.');
  }
  if (!integerIn(width, 1, 1024))
    throw new ModelError(`The width is ${width}.`, 'Choose a whole number from 1 to 1024.');
  if (!integerIn(latentDim, 1, 65536)) {
    throw new ModelError(
      `The latent dimension is ${latentDim}.`,
      'Choose a whole number from 1 to 65536.',
    );
  }
}

/** Channels double with every halving of the picture, up to 8 · width. */
function widths({ imageSize, width }: DcganShape): number[] {
  const levels = Math.log2(imageSize / 4);
  return Array.from({ length: levels }, (_, i) => width * Math.min(8, 2 ** i));
}

/** A net whose layers are `main.0`, `main.1`, …, as in PyTorch's DCGAN example. */
export class Main extends Module {
  override readonly children: ReadonlyMap<string, Module>;

  constructor(private readonly main: Sequential) {
    super();
    this.children = new Map([['main', main]]);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    return this.main.forward(x, pass);
  }
}

// Radford et al. 2016, section 4: weights N(0, 0.02); the example's γ ~ N(1, 0.02), β = 0.
const convInit = { bias: false, weightInit: normalInit(0, 0.02), biasInit: zerosInit };
const normInit = { weightInit: normalInit(1, 0.02), biasInit: constantInit(0) };
const halving = { kernelSize: 4, stride: 2, padding: 1, ...convInit };

/**
 * Numbers that a generator's embedding has for a class: as many as there are classes, as more would tell it
 * nothing more; but no more than 128, which do for 1,000 classes (Brock et al. 2019).
 */
const classVector = (classes: number): number => Math.min(classes, 128);

/** What a generator may have that not all have. */
export interface GeneratorOptions {
  /** Classes of pictures that it draws when it is asked to: 2 or more. By default 0, for none. */
  readonly classes?: number;
  /** Whether tanh ends it, true by default; else a loss is to take what would go into it. */
  readonly tanh?: boolean;
  /** Spectral normalisation of its weights, beside batch-norm (Zhang et al. 2019). Off by default. */
  readonly spectralNorm?: boolean;
}

/**
 * The generator: latent [N, 1, 1, latentDim] → pictures [N, imageSize, imageSize, channels] in (−1, 1).
 *
 * Radford et al. 2016, figure 1: transposed convolutions only, batch-norm everywhere but at the
 * output, ReLU, tanh at the end. With `classes`, an embedding of the class is joined to the latent (Mirza &
 * Osindero 2014), and `forward` is to be given `classes`.
 */
export function dcganGenerator(
  shape: DcganShape,
  { classes = 0, tanh = true, spectralNorm: normalised = false }: GeneratorOptions = {},
): Module {
  checkDcganShape(shape);
  const maps = widths(shape).reverse();
  const weights = normalised ? { norm: spectralNorm } : {};
  const doubling = { ...halving, ...weights };
  const layers: Module[] = [
    new ConvTranspose2d(shape.latentDim + classVector(classes), maps[0], {
      kernelSize: 4,
      stride: 1,
      padding: 0,
      ...convInit,
      ...weights,
    }),
    new BatchNorm2d(maps[0], normInit),
    new ReLU(),
  ];
  for (let i = 1; i < maps.length; i++) {
    layers.push(
      new ConvTranspose2d(maps[i - 1], maps[i], doubling),
      new BatchNorm2d(maps[i], normInit),
      new ReLU(),
    );
  }
  layers.push(new ConvTranspose2d(maps[maps.length - 1], shape.channels, doubling));
  if (tanh) layers.push(new Tanh());
  const main = new Sequential(...layers);
  if (classes === 0) return new Main(main);
  return new ConditionalGenerator(main, new Embedding(classes, classVector(classes)));
}

/**
 * What normalises a discriminator: batch-norm its inner layers, spectral normalisation the weights of all
 * (Miyato et al. 2018).
 */
export type DiscriminatorNorm = 'batch' | 'spectral' | 'none';

export const discriminatorNorms: readonly DiscriminatorNorm[] = ['batch', 'spectral', 'none'];

/** What a discriminator may have that not all have. */
export interface DiscriminatorOptions {
  /** Numbers that it makes of a picture, by default 1: a logit. */
  readonly outputs?: number;
  /** Batch-norm by default. Without one the inner layers have biases instead. */
  readonly norm?: DiscriminatorNorm;
  /** Classes of pictures that it is told of: 2 or more. By default 0, for none. */
  readonly classes?: number;
  /** How it is told of them, by default by projection; that of one output only. */
  readonly conditioning?: Conditioning;
}

/**
 * The discriminator: pictures [N, imageSize, imageSize, channels] → logits [N, 1, 1, outputs].
 *
 * Radford et al. 2016, sections 3 and 4: strided convolutions, batch-norm everywhere but at the input,
 * unless `norm` says otherwise, LeakyReLU(0.2). The sigmoid is left to the loss, which is safer. With
 * `classes`, see `Conditioning`; `forward` is then to be given `classes`.
 */
export function dcganDiscriminator(
  shape: DcganShape,
  {
    outputs = 1,
    norm = 'batch',
    classes = 0,
    conditioning = 'projection',
  }: DiscriminatorOptions = {},
): Module {
  checkDcganShape(shape);
  const maps = widths(shape);
  const weights = norm === 'spectral' ? { norm: spectralNorm } : {};
  const half = { ...halving, ...weights };
  const labelled = classes > 0 && conditioning === 'concatenation';
  const channels = shape.channels + (labelled ? 1 : 0);
  const layers: Module[] = [new Conv2d(channels, maps[0], half), new LeakyReLU(0.2)];
  for (let i = 1; i < maps.length; i++) {
    layers.push(
      new Conv2d(maps[i - 1], maps[i], { ...half, bias: norm !== 'batch' }),
      ...(norm === 'batch' ? [new BatchNorm2d(maps[i], normInit)] : []),
      new LeakyReLU(0.2),
    );
  }
  layers.push(
    new Conv2d(maps[maps.length - 1], outputs, {
      kernelSize: 4,
      stride: 1,
      padding: 0,
      ...convInit,
      ...weights,
    }),
  );
  const main = new Sequential(...layers);
  if (labelled) {
    return new ConcatenationDiscriminator(main, new Embedding(classes, shape.imageSize ** 2));
  }
  if (classes === 0) return new Main(main);
  const { weightInit } = convInit;
  const embedding = new Embedding(classes, maps[maps.length - 1], { weightInit, ...weights });
  return new ProjectionDiscriminator(main, embedding);
}
