import { gradients } from '../graph/autodiff.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { sqrt } from '../ops/elementwise.ts';
import { pack } from '../ops/movement.ts';
import { adam, adamCorrections, sgd } from '../ops/optimiser.ts';
import { sum } from '../ops/reduce.ts';
import type { NamedPart } from './file-layout.ts';
import { type Net, wholePart } from './net.ts';

/** Updates the parameters of a net. Its state lives in variables named `NET.OPTIMISER.*`. */
export interface Optimiser {
  /** What it updates. */
  readonly net: Net;
  /**
   * Traces one update that lowers `loss`: gradients of the net's parameters, then the update, which
   * becomes their newest version. Returns the Euclidean norm of all gradients, a scalar.
   */
  minimise(loss: Tensor): { gradNorm: Tensor };
  /** Initial values of the optimiser's variables, which are flat. */
  initialValues(): Map<string, Float32Array<ArrayBuffer>>;
  /** Names of all that it keeps: `OPTIMISER.NET.*`, so that they are in nobody's `state_dict`. */
  parts(): NamedPart[];
  /** The variable and contents that set a new learning rate while training. */
  withLearningRate(lr: number): { variable: string; values: Float32Array<ArrayBuffer> };
}

function gradientsOf(net: Net, loss: Tensor): Tensor {
  const parameters = net.split(net.weights(loss.graph));
  const offsets = [...net.parameters.values()].map((p) => p.offset);
  return pack(gradients(loss, parameters), offsets, net.size);
}

const norm = (gradSquares: Tensor): Tensor => sqrt(sum(gradSquares));

function check(name: string, value: number, fits: boolean, range: string) {
  if (!fits) throw new GanvasError('optimiser', `${name} is ${value}.`, `It must be ${range}.`);
}

/** Options of Adam, with PyTorch's defaults. */
export interface AdamOptions {
  /** Learning rate; 1e-3 by default. */
  readonly lr?: number;
  /** Decay of the averages of gradients and of their squares; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** Added to the divisor; 1e-8 by default. */
  readonly eps?: number;
}

/** Adam (Kingma & Ba 2015), as PyTorch's. */
export class Adam implements Optimiser {
  private readonly lr: number;
  private readonly betas: readonly [number, number];
  private readonly eps: number;

  constructor(
    /** What it updates. */
    readonly net: Net,
    { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8 }: AdamOptions = {},
  ) {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    for (const beta of betas) check('β', beta, beta >= 0 && beta < 1, 'in [0, 1)');
    check('eps', eps, eps > 0, 'positive');
    this.lr = lr;
    this.betas = betas;
    this.eps = eps;
  }

  private name(part: string): string {
    return `${this.net.name}.adam.${part}`;
  }

  minimise(loss: Tensor): { gradNorm: Tensor } {
    const { graph } = loss;
    const { net } = this;
    const read = (part: string, size: number) => graph.variable(this.name(part), [size]);
    const hyper = read('hyper', 4);
    const corrections = adamCorrections(read('corrections', 2), hyper);
    const updated = adam({
      parameters: net.weights(graph),
      gradients: gradientsOf(net, loss),
      m: read('m', net.size),
      v: read('v', net.size),
      hyper,
      corrections,
    });
    graph.assign(this.name('corrections'), corrections);
    graph.assign(net.variable, updated.parameters);
    graph.assign(this.name('m'), updated.m);
    graph.assign(this.name('v'), updated.v);
    return { gradNorm: norm(updated.gradSquares) };
  }

  private hyper(lr: number) {
    return Float32Array.of(lr, 1 - this.betas[0], 1 - this.betas[1], this.eps);
  }

  initialValues(): Map<string, Float32Array<ArrayBuffer>> {
    return new Map([
      [this.name('hyper'), this.hyper(this.lr)],
      [this.name('corrections'), new Float32Array(2)],
      [this.name('m'), new Float32Array(this.net.size)],
      [this.name('v'), new Float32Array(this.net.size)],
    ]);
  }

  parts(): NamedPart[] {
    const prefix = `adam.${this.net.name}`;
    return [
      ...this.net.partsIn(this.name('m'), `${prefix}.m`),
      ...this.net.partsIn(this.name('v'), `${prefix}.v`),
      wholePart(this.name('corrections'), `${prefix}.corrections`, [2]),
      wholePart(this.name('hyper'), `${prefix}.hyper`, [4]),
    ];
  }

  withLearningRate(lr: number): { variable: string; values: Float32Array<ArrayBuffer> } {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    return { variable: this.name('hyper'), values: this.hyper(lr) };
  }
}

/** Options of SGD. */
export interface SgdOptions {
  /** Learning rate; 1e-3 by default. */
  readonly lr?: number;
  /** Share of the last update that goes on; 0 by default. */
  readonly momentum?: number;
}

/** Stochastic gradient descent with momentum, as PyTorch's. */
export class SGD implements Optimiser {
  private readonly lr: number;
  private readonly momentum: number;

  constructor(
    /** What it updates. */
    readonly net: Net,
    { lr = 1e-3, momentum = 0 }: SgdOptions = {},
  ) {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    check('The momentum', momentum, momentum >= 0 && momentum < 1, 'in [0, 1)');
    this.lr = lr;
    this.momentum = momentum;
  }

  private name(part: string): string {
    return `${this.net.name}.sgd.${part}`;
  }

  minimise(loss: Tensor): { gradNorm: Tensor } {
    const graph: Graph = loss.graph;
    const { net } = this;
    const updated = sgd({
      parameters: net.weights(graph),
      gradients: gradientsOf(net, loss),
      v: graph.variable(this.name('v'), [net.size]),
      hyper: graph.variable(this.name('hyper'), [2]),
    });
    graph.assign(net.variable, updated.parameters);
    graph.assign(this.name('v'), updated.v);
    return { gradNorm: norm(updated.gradSquares) };
  }

  initialValues(): Map<string, Float32Array<ArrayBuffer>> {
    return new Map([
      [this.name('hyper'), Float32Array.of(this.lr, this.momentum)],
      [this.name('v'), new Float32Array(this.net.size)],
    ]);
  }

  parts(): NamedPart[] {
    const prefix = `sgd.${this.net.name}`;
    return [
      ...this.net.partsIn(this.name('v'), `${prefix}.v`),
      wholePart(this.name('hyper'), `${prefix}.hyper`, [2]),
    ];
  }

  withLearningRate(lr: number): { variable: string; values: Float32Array<ArrayBuffer> } {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    return { variable: this.name('hyper'), values: Float32Array.of(lr, this.momentum) };
  }
}
