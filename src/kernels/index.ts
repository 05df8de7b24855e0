/** Every kernel. */
import { batchNormGradKernel, batchNormKernel } from './batch-norm.ts';
import { conv2dInputGradKernel, conv2dKernel, conv2dWeightGradKernel } from './conv2d.ts';
import { firstNonFiniteKernel } from './first-non-finite.ts';
import type { Kernel } from './kernel.ts';
import { matmulKernel } from './matmul.ts';
import { adamKernel, rmspropKernel, sgdKernel } from './optimiser.ts';
import {
  advanceKernel,
  gatherPicturesKernel,
  gatherRowsKernel,
  randomKernel,
  shuffledIndicesKernel,
} from './random.ts';
import { reduceKernel } from './reduce.ts';
import { tauLeapKernel } from './tau-leap.ts';
import { translateKernel } from './translate.ts';

export { lowerElementwise } from './elementwise.ts';

/** By the operation that it runs. */
const kernels: Readonly<Record<string, Kernel>> = {
  batchNorm: batchNormKernel,
  batchNormGrad: batchNormGradKernel,
  conv2d: conv2dKernel,
  conv2dInputGrad: conv2dInputGradKernel,
  conv2dWeightGrad: conv2dWeightGradKernel,
  matmul: matmulKernel,
  adam: adamKernel,
  sgd: sgdKernel,
  rmsprop: rmspropKernel,
  random: randomKernel,
  advance: advanceKernel,
  shuffledIndices: shuffledIndicesKernel,
  gatherPictures: gatherPicturesKernel,
  gatherRows: gatherRowsKernel,
  sum: reduceKernel,
  max: reduceKernel,
  firstNonFinite: firstNonFiniteKernel,
  tauLeap: tauLeapKernel,
  translate: translateKernel,
};

export const kernelOf = (op: string): Kernel | undefined => kernels[op];
