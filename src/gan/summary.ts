import { Graph } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { Dropout } from '../nn/dropout.ts';
import { type AppliedLayer, registerForwardHook } from '../nn/forward-hook.ts';
import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Embedding,
  Flatten,
  LeakyReLU,
  Linear,
  ReLU,
  Sigmoid,
  Tanh,
  Unflatten,
} from '../nn/layers.ts';
import { Maxout } from '../nn/maxout.ts';
import type { Module } from '../nn/module.ts';
import { type GanOptions, resolveOptions } from './options.ts';
import { Players, variableNames } from './step.ts';

/** The nets of a GAN. */
export type NetName = 'generator' | 'discriminator';

/** What a layer is, by PyTorch's name. */
export type LayerType =
  | 'Conv2d'
  | 'ConvTranspose2d'
  | 'BatchNorm2d'
  | 'Maxout'
  | 'Linear'
  | 'Embedding'
  | 'ReLU'
  | 'LeakyReLU'
  | 'Tanh'
  | 'Sigmoid'
  | 'Dropout'
  | 'Flatten'
  | 'Unflatten';

// A bundler shortens the names of classes. What extends another comes before it.
const types = {
  Conv2d,
  ConvTranspose2d,
  BatchNorm2d,
  Maxout,
  Linear,
  Embedding,
  ReLU,
  LeakyReLU,
  Tanh,
  Sigmoid,
  Dropout,
  Flatten,
  Unflatten,
} satisfies Record<LayerType, unknown>;

/** A layer of a net. */
export interface LayerSummary {
  /** Its path in the net, as in PyTorch's `state_dict`: `main.0`. */
  readonly name: string;
  /** What it is. */
  readonly type: LayerType;
  /** What it is given of one item: [H, W, C], or [features]. */
  readonly input: Shape;
  /** What it makes of that: [H, W, C], or [features]. */
  readonly output: Shape;
  /** Learned numbers. */
  readonly parameters: number;
  /** Of a convolution, transposed or not. */
  readonly convolution?: {
    /** Side of the kernel. */
    readonly kernelSize: number;
    /** Pixels from one place of the kernel to the next. */
    readonly stride: number;
    /** Zeros around the picture, in pixels. */
    readonly padding: number;
  };
}

/** The layers of both nets, in the order that they are applied in. */
export type ModelSummary = Readonly<Record<NetName, readonly LayerSummary[]>>;

function typeOf(module: Module): LayerType {
  const found = Object.entries(types).find(([, type]) => module instanceof type);
  if (!found) throw new Error('a layer of a type that has no name');
  return found[0] as LayerType;
}

function summaryOf({ name, module, input, output }: AppliedLayer): LayerSummary {
  const parameters = [...module.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  const layer = {
    ...{ name, type: typeOf(module), parameters },
    input: input.shape.slice(1),
    output: output.shape.slice(1),
  };
  if (!(module instanceof Conv2d || module instanceof ConvTranspose2d)) return layer;
  const { kernelSize, stride = 1, padding = 0 } = module.options;
  return { ...layer, convolution: { kernelSize, stride, padding } };
}

/**
 * The layers of the nets that a run of these options trains, with their shapes and numbers of parameters, as
 * Keras's `summary`: worked out from the model itself, without a device.
 *
 * ```ts
 * for (const { name, type, output } of modelSummary({ imageSize: 64 }).generator) console.log(name, type, output);
 * ```
 *
 * Errors: `ModelError` for options.
 */
export function modelSummary(given: Partial<GanOptions> = {}): ModelSummary {
  const options = resolveOptions(given);
  const players = new Players(options);
  const layers = { generator: [] as LayerSummary[], discriminator: [] as LayerSummary[] };
  for (const net of ['generator', 'discriminator'] as const)
    registerForwardHook(players[net], (layer) => layers[net].push(summaryOf(layer)));
  const graph = new Graph();
  const training = false;
  const z = graph.variable(variableNames.sampleLatents, [1, 1, 1, options.latentDim]);
  const classes =
    options.classes > 0
      ? graph.variable(variableNames.sampleClasses, [1, options.classes])
      : undefined;
  const pictures = players.generator.forward(z, { training, classes });
  players.discriminator.forward(pictures, { training, classes });
  return layers;
}
