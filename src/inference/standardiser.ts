import type { Tensor } from '../graph/graph.ts';
import { Module, ModuleBuffer, type Pass } from '../nn/module.ts';
import { add, div, maximum, mul, sqrt, square, sub } from '../ops/elementwise.ts';
import { mean } from '../ops/reduce.ts';

/** Least variance, beside the squared mean: less is but the rounding of what never changes. */
const LEAST_SHARE = 1e-10;
const LEAST = 1e-20;

/**
 * x [N, size] → (x − mean) / deviation of each column, over all that it has seen in training mode. A
 * simulator does not change, so that every batch counts the same (Chan et al. 1979, for equal batches),
 * and the statistics come to rest.
 */
export class Standardiser extends Module {
  override readonly buffers: ReadonlyMap<string, ModuleBuffer>;
  private readonly mean: ModuleBuffer;
  private readonly variance: ModuleBuffer;
  private readonly batches = new ModuleBuffer([1], new Float32Array(1));

  constructor(size: number) {
    super();
    this.mean = new ModuleBuffer([size], new Float32Array(size));
    this.variance = new ModuleBuffer([size], new Float32Array(size).fill(1));
    this.buffers = new Map([
      ['mean', this.mean],
      ['variance', this.variance],
      ['batches', this.batches],
    ]);
  }

  private statistics({ graph }: Tensor): { mean: Tensor; deviation: Tensor } {
    const average = this.mean.read(graph);
    const least = add(mul(square(average), LEAST_SHARE), LEAST);
    return { mean: average, deviation: sqrt(maximum(this.variance.read(graph), least)) };
  }

  private update(x: Tensor): void {
    const batches = add(this.batches.read(x.graph), 1);
    const before = this.mean.read(x.graph);
    const own = mean(x, [0]);
    const spread = mean(square(sub(x, own)), [0]);
    const moved = sub(own, before);
    const variance = this.variance.read(x.graph);
    const apart = div(mul(square(moved), sub(batches, 1)), batches);
    this.batches.assign(batches);
    this.mean.assign(add(before, div(moved, batches)));
    this.variance.assign(add(variance, div(sub(add(spread, apart), variance), batches)));
  }

  forward(x: Tensor, { training }: Pick<Pass, 'training'>): Tensor {
    if (training) this.update(x);
    const { mean: average, deviation } = this.statistics(x);
    return div(sub(x, average), deviation);
  }

  /** What `forward` makes x of. */
  inverse(x: Tensor): Tensor {
    const { mean: average, deviation } = this.statistics(x);
    return add(mul(x, deviation), average);
  }
}
