import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { add, div, mul, sub } from '../ops/elementwise.ts';
import type { NamedPart } from './file-layout.ts';
import { type Net, wholePart } from './net.ts';

/**
 * An exponential moving average of a net's parameters: what samples of a GAN are best drawn with
 * (Yazıcı et al. 2019). Running statistics are not averaged.
 *
 * ```ts
 * const average = new WeightAverage(G, 0.999);
 * // in a step, after `minimise`; and in `averages` of traceTraining
 * average.update(graph);
 * // in a function
 * G.forward(z, { training: false, weights: average.weights(z.graph) });
 * ```
 */
export class WeightAverage {
  constructor(
    /** Whose weights are averaged. */
    readonly net: Net,
    /** Share of the old average in the new, from 0 up to 1. */
    readonly decay: number,
  ) {
    if (!(decay >= 0 && decay < 1))
      throw new GanvasError('average', `The decay is ${decay}.`, 'It must be in [0, 1).');
  }

  /** Name of the variable that holds the average, flat as the parameters are. */
  get variable(): string {
    return `${this.net.name}.ema.parameters`;
  }

  /** Name of the variable that holds 1 − decayᵗ. */
  get correction(): string {
    return `${this.net.name}.ema.correction`;
  }

  /** The newest average in a graph. */
  weights(graph: Graph): Tensor {
    return graph.variable(this.variable, [this.net.size]);
  }

  /**
   * Traces one update by the newest parameters, with a bias-corrected start: with c_t = 1 − decayᵗ,
   * e ← e + (p − e)·(1 − decay)/c_t, so that the first average is p itself.
   */
  update(graph: Graph): void {
    const { net, decay } = this;
    const correction = graph.variable(this.correction, [1]);
    const corrected = add(correction, mul(sub(1, correction), 1 - decay));
    const average = this.weights(graph);
    const share = div(1 - decay, corrected);
    graph.assign(this.correction, corrected);
    graph.assign(this.variable, add(average, mul(sub(net.weights(graph), average), share)));
  }

  /** Initial values of its variables, which are flat. */
  initialValues(): Map<string, Float32Array<ArrayBuffer>> {
    return new Map([
      [this.variable, new Float32Array(this.net.size)],
      [this.correction, new Float32Array(1)],
    ]);
  }

  /** Names of what it keeps: `ema.NET.*`. */
  parts(): NamedPart[] {
    const prefix = `ema.${this.net.name}`;
    return [
      ...this.net.partsIn(this.variable, prefix),
      wholePart(this.correction, `${prefix}.correction`, [1]),
    ];
  }
}
