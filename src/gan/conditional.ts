import { GraphError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import type { Embedding, Sequential } from '../nn/layers.ts';
import { Module, type Pass } from '../nn/module.ts';
import { add, mul } from '../ops/elementwise.ts';
import { concat, reshape } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';

/**
 * How a discriminator is told the class of a picture, of which it has an embedding.
 *
 * - `projection` adds to its logit the inner product of the class's vector and the picture's features
 *   before the last layer, summed over the places of their map (Miyato & Koyama 2018).
 * - `concatenation` joins the class to the picture as another channel, which is learned, pixel by pixel
 *   (after Mirza & Osindero 2014, where the class is part of what D is given).
 */
export type Conditioning = 'projection' | 'concatenation';

export const conditionings: readonly Conditioning[] = ['projection', 'concatenation'];

/** A net that is told the class of each item: `main.0`, `main.1`, … and `embedding`. */
abstract class Conditional extends Module {
  override readonly children: ReadonlyMap<string, Module>;

  constructor(
    protected readonly main: Sequential,
    private readonly embedding: Embedding,
  ) {
    super();
    this.children = new Map<string, Module>([
      ['main', main],
      ['embedding', embedding],
    ]);
  }

  /** The vectors of the classes that a pass is of, [N, embeddingDim]. */
  protected embed(pass: Pass): Tensor {
    if (pass.classes) return this.embedding.forward(pass.classes, pass);
    throw new GraphError(
      'A conditional net is not told the classes of its items.',
      'Give `classes` to forward, one-hot [N, classes].',
    );
  }
}

/** Latents [N, 1, 1, Z] and classes → whatever `main` makes of them joined, [N, 1, 1, Z + embeddingDim]. */
export class ConditionalGenerator extends Conditional {
  forward(z: Tensor, pass: Pass): Tensor {
    const vectors = reshape(this.embed(pass), [z.shape[0], 1, 1, -1]);
    return this.main.forward(concat([z, vectors], 3), pass);
  }
}

/** Pictures [N, H, W, C] and classes → whatever `main` makes of [N, H, W, C + 1]; embeddingDim is H·W. */
export class ConcatenationDiscriminator extends Conditional {
  forward(x: Tensor, pass: Pass): Tensor {
    const [n, height, width] = x.shape;
    const map = reshape(this.embed(pass), [n, height, width, 1]);
    return this.main.forward(concat([x, map], 3), pass);
  }
}

/**
 * Pictures and classes → logits [N, 1, 1, 1]: the output of the last layer of `main`, and the inner
 * product of the class's vector with what that layer is given, [N, H, W, embeddingDim], summed over H and W.
 */
export class ProjectionDiscriminator extends Conditional {
  forward(x: Tensor, pass: Pass): Tensor {
    const layers = [...this.main.children.values()];
    const last = layers.pop() as Module;
    const features = layers.reduce((h, layer) => layer.forward(h, pass), x);
    const logits = last.forward(features, pass);
    const projection = sum(mul(sum(features, [1, 2]), this.embed(pass)), [1]);
    return add(logits, reshape(projection, logits.shape));
  }
}
