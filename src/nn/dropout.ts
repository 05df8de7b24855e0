import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { greater, mul } from '../ops/elementwise.ts';
import { random, STATE, STATE_SHAPE } from '../ops/random.ts';
import { Module, type Pass } from './module.ts';

/** Random streams of dropout begin here, above those that training steps number themselves. */
const FIRST_STREAM = 2 ** 30;

/** How many dropouts a graph has: each has a stream, so that no two drop the same. */
const dropouts = new WeakMap<Graph, number>();

/**
 * In training mode each element is 0 with probability p, else divided by 1 − p, so that its mean is kept;
 * otherwise it is left as it is. As PyTorch's Dropout (Hinton et al. 2012, where the weights were scaled
 * instead). What is dropped is drawn anew at each pass and each step, from the run's seed.
 */
export class Dropout extends Module {
  constructor(
    /** Probability of an element to be dropped, from 0 up to 1; ½ by default. */
    private readonly p = 0.5,
  ) {
    super();
    if (!(p >= 0 && p < 1))
      throw new GanvasError('dropout', `The probability is ${p}.`, 'It must be in [0, 1).');
  }

  forward(x: Tensor, { training }: Pass): Tensor {
    if (!training || this.p === 0) return x;
    const { graph } = x;
    const before = dropouts.get(graph) ?? 0;
    dropouts.set(graph, before + 1);
    const state = graph.variable(STATE, STATE_SHAPE, 'u32');
    const drawn = random(state, x.shape, {
      distribution: 'uniform',
      stream: FIRST_STREAM + before,
    });
    // Uniform on (−1, 1): above 2p − 1 with probability 1 − p.
    return mul(x, mul(greater(drawn, 2 * this.p - 1), 1 / (1 - this.p)));
  }
}
