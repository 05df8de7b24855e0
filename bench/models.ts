// What is trained: the same for every contestant. One step is an update of D (real, then fake) and
// one of G, by binary cross-entropy on logits and Adam (2e-4, 0.5, 0.999); convolutions without bias.
import type { ImageSet } from '../src/data/image-set.ts';
import type { DcganShape } from '../src/gan/dcgan.ts';
import { type GanOptions, resolveOptions } from '../src/gan/options.ts';
import { HostRandom } from '../src/nn/initialisers.ts';

/** Of initial weights, noise and pictures. */
const SEED = 1;

/** A DCGAN and its batch. */
export interface BenchModel extends DcganShape {
  readonly name: string;
  readonly description: string;
  readonly batchSize: number;
}

/** Adam's numbers, as in PyTorch's DCGAN example. */
export const adam = { lr: 2e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8 } as const;
/** Batch-norm's, which are PyTorch's defaults. */
export const batchNorm = { eps: 1e-5, momentum: 0.1 } as const;
/** Slope of D's LeakyReLU. */
export const leakySlope = 0.2;

export const models: readonly BenchModel[] = [
  {
    name: 'tiny',
    description: 'to try the benchmark itself',
    ...{ imageSize: 16, channels: 1, width: 4, latentDim: 8, batchSize: 4 },
  },
  {
    name: 'S',
    description: "the software adapter's preset",
    ...{ imageSize: 32, channels: 1, width: 8, latentDim: 64, batchSize: 16 },
  },
  {
    name: 'A',
    description: 'MNIST',
    ...{ imageSize: 32, channels: 1, width: 32, latentDim: 64, batchSize: 32 },
  },
  {
    name: 'B16',
    description: "PyTorch's DCGAN example, batch 16",
    ...{ imageSize: 64, channels: 3, width: 64, latentDim: 100, batchSize: 16 },
  },
  {
    name: 'B64',
    description: "PyTorch's DCGAN example, batch 64",
    ...{ imageSize: 64, channels: 3, width: 64, latentDim: 100, batchSize: 64 },
  },
];

export function modelNamed(name: string): BenchModel {
  const model = models.find((m) => m.name === name);
  if (!model)
    throw new Error(`There is no model ${name}: ${models.map((m) => m.name).join(', ')}.`);
  return model;
}

/** A 4 × 4 convolution without bias; transposed in G. All but G's first and D's last halve the picture. */
export interface Layer {
  /** Position in PyTorch's `main`, of which the name follows: `main.0.weight`. */
  readonly index: number;
  /** Channels and sides of what comes in and goes out. */
  readonly from: number;
  readonly to: number;
  readonly sizeIn: number;
  readonly sizeOut: number;
  readonly stride: number;
  readonly padding: number;
  /** Batch-norm follows, at `main.(index + 1)`. */
  readonly norm: boolean;
}

/** Channels of the hidden maps, from the picture on: they double with every halving, up to 8 · width. */
const hiddenMaps = ({ imageSize, width }: DcganShape): number[] =>
  Array.from({ length: Math.log2(imageSize / 4) }, (_, i) => width * Math.min(8, 2 ** i));

/** G from the latent on: after each layer ReLU, after the last tanh. */
export function generatorLayers(model: DcganShape): Layer[] {
  const maps = hiddenMaps(model).reverse();
  const channels = [model.latentDim, ...maps, model.channels];
  return channels.slice(1).map((to, i) => ({
    index: 3 * i,
    from: channels[i],
    to,
    sizeIn: i === 0 ? 1 : 2 ** (i + 1),
    sizeOut: 2 ** (i + 2),
    stride: i === 0 ? 1 : 2,
    padding: i === 0 ? 0 : 1,
    norm: i < maps.length,
  }));
}

/** D from the picture on: after each layer LeakyReLU, after the last nothing. */
export function discriminatorLayers(model: DcganShape): Layer[] {
  const maps = hiddenMaps(model);
  const channels = [model.channels, ...maps, 1];
  return channels.slice(1).map((to, i) => {
    const last = i === maps.length;
    return {
      index: i === 0 ? 0 : 3 * i - 1,
      from: channels[i],
      to,
      sizeIn: model.imageSize / 2 ** i,
      sizeOut: last ? 1 : model.imageSize / 2 ** (i + 1),
      stride: last ? 1 : 2,
      padding: last ? 0 : 1,
      norm: i > 0 && !last,
    };
  });
}

/** Multiply-adds × 2 that a layer takes for one batch, whichever way it is gone through. */
function layerFlops({ from, to, sizeIn, sizeOut, stride }: Layer, batch: number): number {
  // Each weight meets each pixel of the smaller map; a kernel without stride covers the larger.
  const pixels = stride === 1 ? 1 : Math.min(sizeIn, sizeOut) ** 2;
  return 2 * batch * pixels * 16 * from * to;
}

/**
 * Useful work of a step. G forward once; D forward on real, fake, and fake again. D's update needs
 * weight gradients of both batches and input gradients of all layers but the first; G's needs D's
 * input gradients down to the picture, G's weight gradients, and its input gradients but the first.
 */
export function stepFlops(model: BenchModel): number {
  const g = generatorLayers(model).map((layer) => layerFlops(layer, model.batchSize));
  const d = discriminatorLayers(model).map((layer) => layerFlops(layer, model.batchSize));
  const sum = (flops: number[]) => flops.reduce((a, b) => a + b, 0);
  return 3 * sum(g) - g[0] + 8 * sum(d) - 2 * d[0];
}

/** Ganvas's options for a model. */
export const trainingOptions = (model: BenchModel): GanOptions => {
  const { imageSize, channels, width, latentDim, batchSize } = model;
  return resolveOptions({
    ...{ imageSize, channels, width, latentDim, batchSize },
    ...{ lrD: adam.lr, lrG: adam.lr, beta1: adam.beta1, seed: SEED },
  });
};

/** Pictures to train on: speed does not depend on what they show. */
export function pictures({ imageSize, channels, batchSize }: BenchModel): ImageSet {
  const count = 4 * batchSize;
  const random = new HostRandom(SEED, 9);
  const data = Uint8Array.from(
    { length: count * imageSize * imageSize * channels },
    () => random.bits() >>> 24,
  );
  return { name: 'noise', count, width: imageSize, height: imageSize, channels, data };
}
