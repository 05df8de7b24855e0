/** Every operation. A bundler keeps the definitions of those whose functions are used. */
import type { OpDefinition } from '../graph/registry.ts';
import { batchNormGradOp, batchNormOp } from './batch-norm.ts';
import { conv2dInputGradOp, conv2dOp, conv2dWeightGradOp } from './conv2d.ts';
import { constantOp, elementwiseOps } from './elementwise.ts';
import { firstNonFiniteOp } from './first-non-finite.ts';
import { matmulOp } from './matmul.ts';
import { broadcastToOp, packOp, padOp, sliceOp, transposeOp, viewOp } from './movement.ts';
import { adamOp, rmspropOp, sgdOp } from './optimiser.ts';
import {
  advanceOp,
  gatherPicturesOp,
  gatherRowsOp,
  randomOp,
  shuffledIndicesOp,
} from './random.ts';
import { maxOp, sumOp } from './reduce.ts';
import { tauLeapOp } from './tau-leap.ts';
import { translateOp } from './translate.ts';

export * from './batch-norm.ts';
export * from './conv2d.ts';
export * from './elementwise.ts';
export * from './first-non-finite.ts';
export * from './matmul.ts';
export * from './movement.ts';
export * from './optimiser.ts';
export * from './random.ts';
export * from './reduce.ts';
export * from './tau-leap.ts';
export * from './translate.ts';

/** All of them, for who reads graphs from elsewhere: those may name any. */
export const operations = (): readonly OpDefinition[] => [
  ...[constantOp, ...Object.values(elementwiseOps), sumOp, maxOp],
  ...[viewOp, packOp, transposeOp, sliceOp, padOp, broadcastToOp, translateOp],
  ...[matmulOp, conv2dOp, conv2dInputGradOp, conv2dWeightGradOp, batchNormOp, batchNormGradOp],
  ...[randomOp, advanceOp, shuffledIndicesOp, gatherPicturesOp, gatherRowsOp, tauLeapOp],
  ...[adamOp, sgdOp, rmspropOp, firstNonFiniteOp],
];
