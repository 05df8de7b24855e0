import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { sameShape } from '../graph/shape.ts';
import {
  abs,
  bceWithLogits,
  detach,
  exp,
  log,
  mul,
  neg,
  type Operand,
  square,
  sub,
} from '../ops/elementwise.ts';
import { reshape } from '../ops/movement.ts';
import { max, mean, sum } from '../ops/reduce.ts';

/** A prediction and its target may not broadcast: the mean would be over pairs that nobody meant. */
function checkAlike(loss: string, x: Tensor, target: Operand): void {
  if (typeof target === 'number' || sameShape(x.shape, target.shape)) return;
  throw new ShapeError(loss, [x.shape, target.shape], 'a target of the same shape, or a number');
}

/** Mean binary cross-entropy of sigmoid(logits) against targets in [0, 1]; safe for large logits. */
export function bceWithLogitsLoss(logits: Tensor, target: Operand): Tensor {
  checkAlike('bceWithLogitsLoss', logits, target);
  return mean(bceWithLogits(logits, target));
}

/** Mean squared error. */
export function mseLoss(x: Tensor, target: Operand): Tensor {
  checkAlike('mseLoss', x, target);
  return mean(square(sub(x, target)));
}

/** Mean absolute error. */
export function l1Loss(x: Tensor, target: Operand): Tensor {
  checkAlike('l1Loss', x, target);
  return mean(abs(sub(x, target)));
}

/** Logarithm of the softmax over the last axis; safe for large logits. */
export function logSoftmax(logits: Tensor): Tensor {
  const last = [logits.rank - 1];
  const kept = [...logits.shape.slice(0, -1), 1];
  // Any shift gives the same result, so that the largest logit needs no gradient.
  const shifted = sub(logits, reshape(detach(max(logits, last)), kept));
  return sub(shifted, reshape(log(sum(exp(shifted), last)), kept));
}

/** eˣ / Σ eˣ over the last axis. */
export const softmax = (logits: Tensor): Tensor => exp(logSoftmax(logits));

/**
 * Mean cross-entropy of softmax(logits) [N, classes] against probabilities of the same shape, such as
 * `oneHot` labels.
 */
export function crossEntropyLoss(logits: Tensor, target: Tensor): Tensor {
  checkAlike('crossEntropyLoss', logits, target);
  return neg(mean(sum(mul(target, logSoftmax(logits)), [logits.rank - 1])));
}
