import { Flatten, Linear, Sequential } from '../nn/layers.ts';
import type { Module } from '../nn/module.ts';
import { checkSizes } from './errors.ts';

/**
 * Multinomial logistic regression: [N, …] with `inputs` numbers each, pictures among them → logits
 * [N, classes], for `crossEntropyLoss`. One linear map, whose loss has one minimum.
 *
 * Cox 1966, "Some procedures connected with the logistic qualitative response curve".
 *
 * @throws {ClassifierError} unless both sizes are whole numbers of at least 1.
 */
export function logisticRegression(inputs: number, classes: number): Module {
  checkSizes({ inputs, classes });
  return new Sequential(new Flatten(), new Linear(inputs, classes));
}
