import type { Tensor } from '../graph/graph.ts';
import { BatchNorm2d, Conv2d, Flatten, Linear, ReLU, Sequential } from '../nn/layers.ts';
import { Module, type Pass } from '../nn/module.ts';
import { ClassifierError, checkSizes } from './errors.ts';

/** Sizes of a convolutional classifier. */
export interface ConvClassifierShape {
  /** Side of the pictures, in pixels: 8, 16, 32, … */
  readonly imageSize: number;
  /** 1 grey, 3 RGB; 1 by default. */
  readonly channels?: number;
  /** Number of classes. */
  readonly classes: number;
  /** Maps of the first layer; each layer after it has twice as many. 8 by default. */
  readonly width?: number;
  /** Numbers that a picture comes down to before they are told apart; 64 by default. */
  readonly features?: number;
}

/** Side of the maps that the last convolution leaves. */
const LAST = 4;

/**
 * A small convolutional classifier: pictures [N, imageSize, imageSize, channels] → logits
 * [N, classes], for `crossEntropyLoss`.
 *
 * Convolutions of stride 2 halve the picture down to 4×4 (Springenberg et al. 2015, "Striving for
 * simplicity: the all convolutional net", in place of pooling), each with batch-norm and ReLU; then
 * one hidden layer, whose outputs are the features, and a linear one. Its children are named
 * `features` and `classifier`, as in torchvision's models.
 */
export class ConvClassifier extends Module {
  override readonly children: ReadonlyMap<string, Module>;
  /** Numbers in a row of `features`. */
  readonly featureCount: number;
  private readonly body: Sequential;
  private readonly head: Linear;

  /** @throws {ClassifierError} unless `imageSize` is a power of 2 from 8 and the rest at least 1. */
  constructor({ imageSize, channels = 1, classes, width = 8, features = 64 }: ConvClassifierShape) {
    super();
    const halvings = Math.log2(imageSize / LAST);
    if (!(Number.isInteger(halvings) && halvings >= 1)) {
      throw new ClassifierError(
        `Pictures of ${imageSize}×${imageSize} cannot be halved down to ${LAST}×${LAST}.`,
        'Choose a power of 2 from 8 on; fitToSquare resizes a set.',
      );
    }
    checkSizes({ channels, classes, width, features });
    const layers: Module[] = [];
    let maps = channels;
    for (let i = 0; i < halvings; i++) {
      const next = width * 2 ** i;
      // Of the picture itself a larger piece is looked at: one channel is cheap. Batch-norm's shift does
      // what a bias would.
      const kernelSize = i === 0 ? 5 : 3;
      const halving = { kernelSize, stride: 2, padding: (kernelSize - 1) / 2, bias: false };
      layers.push(new Conv2d(maps, next, halving), new BatchNorm2d(next), new ReLU());
      maps = next;
    }
    layers.push(new Flatten(), new Linear(maps * LAST * LAST, features), new ReLU());
    this.featureCount = features;
    this.body = new Sequential(...layers);
    this.head = new Linear(features, classes);
    this.children = new Map<string, Module>([
      ['features', this.body],
      ['classifier', this.head],
    ]);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    return this.classify(this.features(x, pass), pass);
  }

  /** What the last layer tells classes apart by: [N, featureCount], none below 0. */
  features(x: Tensor, pass: Pass): Tensor {
    return this.body.forward(x, pass);
  }

  /** Logits [N, classes] of features. */
  classify(features: Tensor, pass: Pass): Tensor {
    return this.head.forward(features, pass);
  }
}
