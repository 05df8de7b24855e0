import type { Tensor } from '../graph/graph.ts';
import { bceWithLogits, type Operand } from '../ops/elementwise.ts';
import { mean } from '../ops/reduce.ts';

/** Mean binary cross-entropy of sigmoid(logits) against targets in [0, 1]; safe for large logits. */
export const bceWithLogitsLoss = (logits: Tensor, target: Operand): Tensor =>
  mean(bceWithLogits(logits, target));
