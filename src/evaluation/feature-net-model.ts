import { ConvClassifier } from '../classifiers/conv-classifier.ts';
import { Net } from '../nn/net.ts';

/** Sizes of a feature net: what its file says of it. */
export interface FeatureNetShape {
  /** Side of the pictures that it takes, in pixels. */
  readonly imageSize: number;
  /** 1 grey, 3 RGB. */
  readonly channels: number;
  /** Classes that it tells apart. */
  readonly classes: number;
  /** Numbers that it makes of a picture. */
  readonly features: number;
}

/** The net of such sizes: its parameters are named `features.*`, and `classifier.*`, after `net`. */
export function featureNetModel(shape: FeatureNetShape): { net: Net; model: ConvClassifier } {
  const model = new ConvClassifier(shape);
  return { net: new Net('net', model), model };
}
