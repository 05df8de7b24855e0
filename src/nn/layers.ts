import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { batchNorm, batchNormEval } from '../ops/batch-norm.ts';
import { conv2d, conv2dInputGrad } from '../ops/conv2d.ts';
import { add, leakyRelu, relu, sigmoid, tanh } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape, transpose } from '../ops/movement.ts';
import {
  constantInit,
  type Initialiser,
  normalInit,
  pytorchDefaultInit,
  zerosInit,
} from './initialisers.ts';
import { Module, ModuleBuffer, Parameter, type Pass } from './module.ts';

/** What makes a layer's weight of its parameter, at each pass: see `spectralNorm`. */
export interface WeightNorm {
  /** What it keeps from pass to pass, by name. */
  readonly buffers: ReadonlyMap<string, ModuleBuffer>;
  /** The weight, of the shape of the parameter. */
  apply(parameter: Tensor, pass: Pass): Tensor;
}

/** Options of a layer with weights; PyTorch's defaults if left out. */
export interface WeightOptions {
  /** Whether a bias is added; true by default. */
  readonly bias?: boolean;
  /** How the weight starts. */
  readonly weightInit?: Initialiser;
  /** How the bias starts. */
  readonly biasInit?: Initialiser;
  /** Normalises the weight, whose parameter is then named `weight_orig`, as in PyTorch. */
  readonly norm?: (weight: Parameter, outputAxis: number) => WeightNorm;
}

/** Options of a convolution; height and width are treated alike. */
export interface ConvLayerOptions extends WeightOptions {
  /** Side of the kernel, in pixels. */
  readonly kernelSize: number;
  /** 1 by default. */
  readonly stride?: number;
  /** Zeros around the picture, in pixels; 0 by default. */
  readonly padding?: number;
}

/** [KH, KW, Cx, Cy] here; OIHW, or [Cin, Cout, KH, KW] of a transposed one, in PyTorch's files. */
const CONV_FILE_LAYOUT = { axes: [3, 2, 0, 1] };

/** A layer with a weight and perhaps a bias. */
abstract class Weighted extends Module {
  override readonly parameters: ReadonlyMap<string, Parameter>;
  override readonly buffers: ReadonlyMap<string, ModuleBuffer>;
  private readonly norm: WeightNorm | undefined;

  constructor(
    private readonly weight: Parameter,
    outputAxis: number,
    fanIn: number,
    { bias = true, biasInit, norm }: WeightOptions,
  ) {
    super();
    const outputs = [weight.shape[outputAxis]];
    this.norm = norm?.(weight, outputAxis);
    this.buffers = this.norm?.buffers ?? new Map();
    this.parameters = new Map([
      [norm ? 'weight_orig' : 'weight', weight],
      ...(bias
        ? [['bias', new Parameter(outputs, biasInit ?? pytorchDefaultInit(fanIn))] as const]
        : []),
    ]);
  }

  protected weightOf(pass: Pass): Tensor {
    const own = this.weight.read(pass.weights);
    return this.norm ? this.norm.apply(own, pass) : own;
  }

  protected addBias(y: Tensor, { weights }: Pass): Tensor {
    const bias = this.parameters.get('bias');
    return bias ? add(y, bias.read(weights)) : y;
  }
}

/** y = x·Wᵀ + b on x [N, inFeatures]; W [outFeatures, inFeatures]. */
export class Linear extends Weighted {
  constructor(inFeatures: number, outFeatures: number, options: WeightOptions = {}) {
    const init = options.weightInit ?? pytorchDefaultInit(inFeatures);
    super(new Parameter([outFeatures, inFeatures], init), 0, inFeatures, options);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    return this.addBias(matmul(x, this.weightOf(pass), { transposeB: true }), pass);
  }
}

/**
 * A vector of `embeddingDim` numbers for each of `numEmbeddings` classes; the weight, of the shape
 * [numEmbeddings, embeddingDim], starts N(0, 1) as PyTorch's does. Classes are one-hot rows
 * [N, numEmbeddings] here, as `oneHot` makes them: rows that mix classes give the mixture of their vectors.
 */
export class Embedding extends Weighted {
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    options: Omit<WeightOptions, 'bias' | 'biasInit'> = {},
  ) {
    const init = options.weightInit ?? normalInit(0, 1);
    const weight = new Parameter([numEmbeddings, embeddingDim], init);
    super(weight, 0, numEmbeddings, { ...options, bias: false });
  }

  /** One-hot rows [N, numEmbeddings] → [N, embeddingDim]. */
  forward(x: Tensor, pass: Pass): Tensor {
    return matmul(x, this.weightOf(pass));
  }
}

/** 2-D convolution on [N, H, W, inChannels]. */
export class Conv2d extends Weighted {
  constructor(
    inChannels: number,
    outChannels: number,
    /** As it was made. */
    readonly options: ConvLayerOptions,
  ) {
    const { kernelSize: k } = options;
    const fanIn = inChannels * k * k;
    const init = options.weightInit ?? pytorchDefaultInit(fanIn);
    const weight = new Parameter([k, k, inChannels, outChannels], init, CONV_FILE_LAYOUT);
    super(weight, 3, fanIn, options);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const { stride = 1, padding = 0 } = this.options;
    return this.addBias(conv2d(x, this.weightOf(pass), { stride, padding }), pass);
  }
}

/**
 * Transposed 2-D convolution on [N, H, W, inChannels]: the gradient of a convolution with respect to
 * its input. Output size (H − 1)·stride − 2·padding + kernelSize.
 */
export class ConvTranspose2d extends Weighted {
  constructor(
    inChannels: number,
    outChannels: number,
    /** As it was made. */
    readonly options: ConvLayerOptions,
  ) {
    const { kernelSize: k } = options;
    // PyTorch takes the fan-in of a transposed convolution from its second axis: the outputs.
    const fanIn = outChannels * k * k;
    const init = options.weightInit ?? pytorchDefaultInit(fanIn);
    const weight = new Parameter([k, k, outChannels, inChannels], init, CONV_FILE_LAYOUT);
    super(weight, 2, fanIn, options);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const { kernelSize, stride = 1, padding = 0 } = this.options;
    if (x.rank !== 4) throw new ShapeError('ConvTranspose2d', [x.shape], '[N, H, W, C]');
    const size = (n: number) => (n - 1) * stride - 2 * padding + kernelSize;
    const target = [size(x.shape[1]), size(x.shape[2])] as const;
    const y = conv2dInputGrad(x, this.weightOf(pass), target, { stride, padding });
    return this.addBias(y, pass);
  }
}

/** Options of a batch-norm, with PyTorch's defaults. */
export interface BatchNormLayerOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Share of the new batch in the running statistics; 0.1 by default. */
  readonly momentum?: number;
  /** Initial scale; 1 by default. */
  readonly weightInit?: Initialiser;
  /** Initial shift; 0 by default. */
  readonly biasInit?: Initialiser;
}

/** Batch normalisation over all axes but the channels (Ioffe & Szegedy 2015), as PyTorch's. */
export class BatchNorm2d extends Module {
  override readonly parameters: ReadonlyMap<string, Parameter>;
  override readonly buffers: ReadonlyMap<string, ModuleBuffer>;
  private readonly gamma: Parameter;
  private readonly beta: Parameter;
  private readonly running: ModuleBuffer;
  private readonly eps: number;
  private readonly momentum: number;

  constructor(
    channels: number,
    { eps = 1e-5, momentum = 0.1, weightInit, biasInit }: BatchNormLayerOptions = {},
  ) {
    super();
    this.eps = eps;
    this.momentum = momentum;
    this.gamma = new Parameter([channels], weightInit ?? constantInit(1));
    this.beta = new Parameter([channels], biasInit ?? zerosInit);
    this.parameters = new Map([
      ['weight', this.gamma],
      ['bias', this.beta],
    ]);
    const initial = new Float32Array(2 * channels).fill(1, channels);
    this.running = new ModuleBuffer([2, channels], initial, ['running_mean', 'running_var']);
    this.buffers = new Map([['running', this.running]]);
  }

  forward(x: Tensor, { training, weights }: Pass): Tensor {
    const parts = {
      gamma: this.gamma.read(weights),
      beta: this.beta.read(weights),
      running: this.running.read(x.graph),
    };
    if (!training) return batchNormEval(x, parts, this.eps);
    const { y, running } = batchNorm(x, parts, { eps: this.eps, momentum: this.momentum });
    this.running.assign(running);
    return y;
  }
}

/** max(x, 0). */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x where positive, else negativeSlope · x. */
export class LeakyReLU extends Module {
  constructor(private readonly negativeSlope = 0.01) {
    super();
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** 1 / (1 + e⁻ˣ). */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** [N, H, W, C] → [N, C·H·W], channel first as PyTorch flattens, so that its Linear weights apply. */
export class Flatten extends Module {
  forward(x: Tensor): Tensor {
    const [n] = x.shape;
    const spatial = x.rank === 4 && x.shape[1] * x.shape[2] > 1;
    return reshape(spatial ? transpose(x, [0, 3, 1, 2]) : x, [n, x.size / n]);
  }
}

/** [N, C·H·W] → [N, H, W, C]; `shape` is PyTorch's [C, H, W]. */
export class Unflatten extends Module {
  constructor(private readonly shape: readonly [channels: number, height: number, width: number]) {
    super();
  }

  forward(x: Tensor): Tensor {
    const [c, h, w] = this.shape;
    const [n] = x.shape;
    if (x.size !== n * c * h * w) throw new ShapeError('Unflatten', [x.shape], `[N, ${c * h * w}]`);
    if (h * w === 1) return reshape(x, [n, 1, 1, c]);
    return transpose(reshape(x, [n, c, h, w]), [0, 2, 3, 1]);
  }
}

/** Modules one after the other, named 0, 1, 2, … */
export class Sequential extends Module {
  override readonly children: ReadonlyMap<string, Module>;

  constructor(...modules: Module[]) {
    super();
    this.children = new Map(modules.map((m, i) => [String(i), m]));
  }

  forward(x: Tensor, pass: Pass): Tensor {
    let y = x;
    for (const child of this.children.values()) y = child.forward(y, pass);
    return y;
  }
}
