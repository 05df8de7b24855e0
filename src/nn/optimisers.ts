import { gradients } from '../graph/autodiff.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Graph, Tensor } from '../graph/graph.ts';
import { add, div, minimum, mul, sqrt, square } from '../ops/elementwise.ts';
import { concat, pack, reshape, slice } from '../ops/movement.ts';
import { adam, adamCorrections, rmsprop, sgd } from '../ops/optimiser.ts';
import { sum } from '../ops/reduce.ts';
import type { NamedPart } from './file-layout.ts';
import { type Net, wholePart } from './net.ts';
import type { Schedule } from './schedules.ts';

/** What is known of an update while it is traced. */
export interface TracedUpdate {
  /** What it lowers, as it was before: the loss, or the mean of the losses. A scalar. */
  readonly loss: Tensor;
  /** The Euclidean norm of all gradients, a scalar. */
  readonly gradNorm: Tensor;
}

/** What a variable is to become. */
export interface VariableContents {
  /** Its name. */
  readonly variable: string;
  /** All its elements. */
  readonly values: Float32Array<ArrayBuffer>;
}

/** Updates the parameters of a net. Its state lives in variables named `NET.OPTIMISER.*`. */
export interface Optimiser {
  /** What it updates. */
  readonly net: Net;
  /**
   * Traces one update that lowers `loss`: gradients of the net's parameters, then the update, which
   * becomes their newest version. Returns the Euclidean norm of all gradients, a scalar: before they
   * are clipped, where they are.
   */
  minimise(loss: Tensor): TracedUpdate;
  /**
   * Gradient accumulation: one update that lowers the mean of `count` losses, `lossOf(0)` and so on. Each
   * loss and its gradients are traced before the next loss, and done before it: what one of them needs
   * in between is free for the next, so that a batch in parts takes the memory of a part.
   */
  minimiseMean(count: number, lossOf: (part: number) => Tensor): TracedUpdate;
  /** Initial values of the optimiser's variables, which are flat. */
  initialValues(): Map<string, Float32Array<ArrayBuffer>>;
  /** Names of all that it keeps: `OPTIMISER.NET.*`, so that they are in nobody's `state_dict`. */
  parts(): NamedPart[];
  /** The variable and contents that set a new learning rate while training. */
  withLearningRate(lr: number): VariableContents;
}

/** A mean of losses and the gradients of it, flat: those of each loss before the next loss. */
function gradientsOf(net: Net, count: number, lossOf: (part: number) => Tensor) {
  let loss: Tensor | undefined;
  let total: readonly Tensor[] | undefined;
  for (let part = 0; part < count; part++) {
    const own = lossOf(part);
    const share = count === 1 ? own : mul(own, 1 / count);
    const found = gradients(share, net.split(net.weights(own.graph)));
    loss = loss ? add(loss, share) : share;
    total = total?.map((sum, i) => add(sum, found[i])) ?? found;
  }
  const offsets = [...net.parameters.values()].map((p) => p.offset);
  return { loss: loss as Tensor, found: pack(total ?? [], offsets, net.size) };
}

function check(name: string, value: number, fits: boolean, range: string) {
  if (!fits) throw new GanvasError('optimiser', `${name} is ${value}.`, `It must be ${range}.`);
}

/** What every optimiser can be given. */
export interface OptimiserOptions {
  /** Learning rate; 1e-3 by default. */
  readonly lr?: number;
  /**
   * Gradients whose norm, over all parameters of the net, is larger are scaled down to this norm, as
   * PyTorch's `clip_grad_norm_` does (Pascanu et al. 2013, algorithm 1). Left out, they are not looked at.
   */
  readonly clipNorm?: number;
  /**
   * What the learning rate is multiplied by at each update, such as `cosineAnnealingLR`; 1 if left out. A
   * rate that is set while training is multiplied too.
   */
  readonly schedule?: Schedule;
}

/** What an update starts from. */
interface Before {
  readonly graph: Graph;
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly hyper: Tensor;
  /** A moment by its name. */
  moment(name: string): Tensor;
}

/** What an update makes of the parameters and of the moments, by their names. */
interface Update {
  readonly parameters: Tensor;
  readonly moments: Readonly<Record<string, Tensor>>;
  /** Σ g², in parts. */
  readonly gradSquares: Tensor;
}

/** What optimisers have in common: moments of each parameter, and numbers that decide the update. */
abstract class MomentOptimiser implements Optimiser {
  private readonly lr: number;
  private readonly clipNorm: number | undefined;
  private readonly schedule: Schedule | undefined;

  constructor(
    /** What it updates. */
    readonly net: Net,
    private readonly kind: string,
    private readonly moments: readonly string[],
    { lr = 1e-3, clipNorm, schedule }: OptimiserOptions,
  ) {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    if (clipNorm !== undefined) check('clipNorm', clipNorm, clipNorm > 0, 'positive');
    this.lr = lr;
    this.clipNorm = clipNorm;
    this.schedule = schedule;
  }

  /** The numbers that decide an update, the learning rate first. */
  protected abstract hyper(lr: number): Float32Array<ArrayBuffer>;
  /** Traces an update. */
  protected abstract update(before: Before): Update;

  protected name(part: string): string {
    return `${this.net.name}.${this.kind}.${part}`;
  }

  /** The numbers that decide the next update, counted if there is a schedule. */
  private hyperNow(graph: Graph): Tensor {
    const { length } = this.hyper(this.lr);
    const hyper = graph.variable(this.name('hyper'), [length]);
    if (!this.schedule) return hyper;
    const updates = graph.variable(this.name('updates'), [1]);
    graph.assign(this.name('updates'), add(updates, 1));
    const lr = mul(slice(hyper, [0], [1]), reshape(this.schedule(updates), [1]));
    return concat([lr, slice(hyper, [1], [length])], 0);
  }

  minimise(loss: Tensor): TracedUpdate {
    return this.minimiseMean(1, () => loss);
  }

  minimiseMean(count: number, lossOf: (part: number) => Tensor): TracedUpdate {
    check('The number of losses', count, Number.isInteger(count) && count >= 1, 'at least 1');
    const { net } = this;
    const { loss, found } = gradientsOf(net, count, lossOf);
    const { graph } = found;
    const gradNorm = graph.within(`${net.name} optimiser`, () => this.apply(found));
    return { loss, gradNorm };
  }

  /** Traces the update by flat gradients. Returns their norm. */
  private apply(found: Tensor): Tensor {
    const { net, clipNorm } = this;
    const { graph } = found;
    const normBefore = clipNorm === undefined ? undefined : sqrt(sum(square(found)));
    // PyTorch adds the same 1e-6: a norm of 0 is no divisor.
    const clipped =
      normBefore && mul(found, minimum(div(clipNorm as number, add(normBefore, 1e-6)), 1));
    const { parameters, moments, gradSquares } = this.update({
      graph,
      parameters: net.weights(graph),
      gradients: clipped ?? found,
      hyper: this.hyperNow(graph),
      moment: (name) => graph.variable(this.name(name), [net.size]),
    });
    graph.assign(net.variable, parameters);
    for (const [name, value] of Object.entries(moments)) graph.assign(this.name(name), value);
    return normBefore ?? sqrt(sum(gradSquares));
  }

  initialValues(): Map<string, Float32Array<ArrayBuffer>> {
    return new Map([
      [this.name('hyper'), this.hyper(this.lr)],
      ...(this.schedule ? [[this.name('updates'), new Float32Array(1)] as const] : []),
      ...this.moments.map((name) => [this.name(name), new Float32Array(this.net.size)] as const),
    ]);
  }

  parts(): NamedPart[] {
    const prefix = `${this.kind}.${this.net.name}`;
    const { length } = this.hyper(this.lr);
    return [
      ...this.moments.flatMap((name) => this.net.partsIn(this.name(name), `${prefix}.${name}`)),
      wholePart(this.name('hyper'), `${prefix}.hyper`, [length]),
      ...(this.schedule ? [wholePart(this.name('updates'), `${prefix}.updates`, [1])] : []),
    ];
  }

  withLearningRate(lr: number): VariableContents {
    check('The learning rate', lr, lr >= 0, 'at least 0');
    return { variable: this.name('hyper'), values: this.hyper(lr) };
  }
}

/** Options of Adam, with PyTorch's defaults. */
export interface AdamOptions extends OptimiserOptions {
  /** Decay of the averages of gradients and of their squares; 0.9 and 0.999 by default. */
  readonly betas?: readonly [number, number];
  /** Added to the divisor; 1e-8 by default. */
  readonly eps?: number;
}

/** Adam (Kingma & Ba 2015), as PyTorch's. */
export class Adam extends MomentOptimiser {
  /** Of AdamW. */
  protected readonly weightDecay: number = 0;
  private readonly betas: readonly [number, number];
  private readonly eps: number;

  constructor(net: Net, { betas = [0.9, 0.999], eps = 1e-8, ...common }: AdamOptions = {}) {
    super(net, 'adam', ['m', 'v'], common);
    for (const beta of betas) check('β', beta, beta >= 0 && beta < 1, 'in [0, 1)');
    check('eps', eps, eps > 0, 'positive');
    this.betas = betas;
    this.eps = eps;
  }

  protected hyper(lr: number) {
    return Float32Array.of(lr, 1 - this.betas[0], 1 - this.betas[1], this.eps);
  }

  protected update({ graph, moment, ...before }: Before): Update {
    const variable = this.name('corrections');
    const corrections = adamCorrections(graph.variable(variable, [2]), before.hyper);
    const { parameters, gradSquares, ...moments } = adam(
      { ...before, m: moment('m'), v: moment('v'), corrections },
      this.weightDecay,
    );
    graph.assign(variable, corrections);
    return { parameters, moments, gradSquares };
  }

  /** Initial values of its variables, the bias corrections among them. */
  override initialValues(): Map<string, Float32Array<ArrayBuffer>> {
    return super.initialValues().set(this.name('corrections'), new Float32Array(2));
  }

  /** Names of all that it keeps, the bias corrections among them. */
  override parts(): NamedPart[] {
    const corrections = `adam.${this.net.name}.corrections`;
    return [...super.parts(), wholePart(this.name('corrections'), corrections, [2])];
  }
}

/** Options of AdamW, with PyTorch's defaults. */
export interface AdamWOptions extends AdamOptions {
  /** λ; 1e-2 by default. */
  readonly weightDecay?: number;
}

/**
 * Adam with weight decay apart from the gradients (Loshchilov & Hutter 2019, algorithm 2), as PyTorch's:
 * each update multiplies all parameters by 1 − lr·λ too.
 */
export class AdamW extends Adam {
  protected override readonly weightDecay: number;

  constructor(net: Net, { weightDecay = 1e-2, ...adam }: AdamWOptions = {}) {
    super(net, adam);
    check('The weight decay', weightDecay, weightDecay >= 0, 'at least 0');
    this.weightDecay = weightDecay;
  }
}

/** Options of SGD. */
export interface SgdOptions extends OptimiserOptions {
  /** Share of the last update that goes on; 0 by default. */
  readonly momentum?: number;
}

/** Stochastic gradient descent with momentum, as PyTorch's. */
export class SGD extends MomentOptimiser {
  private readonly momentum: number;

  constructor(net: Net, { momentum = 0, ...common }: SgdOptions = {}) {
    super(net, 'sgd', ['v'], common);
    check('The momentum', momentum, momentum >= 0 && momentum < 1, 'in [0, 1)');
    this.momentum = momentum;
  }

  protected hyper(lr: number) {
    return Float32Array.of(lr, this.momentum);
  }

  protected update({ moment, ...before }: Before): Update {
    const { v, ...updated } = sgd({ ...before, v: moment('v') });
    return { ...updated, moments: { v } };
  }
}

/** Options of RMSProp, with PyTorch's defaults. */
export interface RmsPropOptions extends OptimiserOptions {
  /** α, the decay of the average of squared gradients; 0.99 by default. */
  readonly decay?: number;
  /** Added to the divisor; 1e-8 by default. */
  readonly eps?: number;
}

/** RMSProp (Tieleman & Hinton 2012, lecture 6.5), as PyTorch's; with its rate 5e-5, WGAN's (2017). */
export class RMSProp extends MomentOptimiser {
  private readonly decay: number;
  private readonly eps: number;

  constructor(net: Net, { decay = 0.99, eps = 1e-8, ...common }: RmsPropOptions = {}) {
    super(net, 'rmsprop', ['v'], common);
    check('The decay', decay, decay >= 0 && decay < 1, 'in [0, 1)');
    check('eps', eps, eps > 0, 'positive');
    this.decay = decay;
    this.eps = eps;
  }

  protected hyper(lr: number) {
    return Float32Array.of(lr, 1 - this.decay, this.eps);
  }

  protected update({ moment, ...before }: Before): Update {
    const { v, ...updated } = rmsprop({ ...before, v: moment('v') });
    return { ...updated, moments: { v } };
  }
}
