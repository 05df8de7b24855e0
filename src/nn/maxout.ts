import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { reshape } from '../ops/movement.ts';
import { max } from '../ops/reduce.ts';
import { Linear, type WeightOptions } from './layers.ts';
import type { Pass } from './module.ts';

/** Options of a maxout layer. */
export interface MaxoutOptions extends WeightOptions {
  /** Linear pieces of each output, 5 by default. */
  readonly pieces?: number;
}

/**
 * The largest of `pieces` linear functions (Goodfellow et al. 2013, "Maxout Networks", section 3), on
 * x [N, inFeatures]: [N, outFeatures]. Its weight is [outFeatures · pieces, inFeatures], the pieces of an
 * output one after the other.
 */
export class Maxout extends Linear {
  private readonly pieces: number;

  constructor(
    inFeatures: number,
    private readonly outFeatures: number,
    { pieces = 5, ...options }: MaxoutOptions = {},
  ) {
    if (!(Number.isInteger(pieces) && pieces >= 1))
      throw new ShapeError('Maxout', [], `a whole number of pieces of at least 1, got ${pieces}`);
    super(inFeatures, outFeatures * pieces, options);
    this.pieces = pieces;
  }

  override forward(x: Tensor, pass: Pass): Tensor {
    const y = super.forward(x, pass);
    return max(reshape(y, [y.shape[0], this.outFeatures, this.pieces]), [2]);
  }
}
