import type { Shape } from '../graph/shape.ts';
import { DataSizeError } from './errors.ts';

/** Numbers with a shape, the last axis fastest. A data set if its first axis counts items. */
export interface Values {
  /** Sizes of the axes, outermost first. */
  readonly shape: Shape;
  /** As many as the shape has elements. */
  readonly values: Float32Array;
}

/**
 * Labels as rows of zeros with a one at the label's place: [count, classes], for `crossEntropyLoss`.
 *
 * @throws {DataSizeError} if a label is no whole number below `classes`.
 */
export function oneHot(labels: ArrayLike<number>, classes: number): Values {
  const values = new Float32Array(labels.length * classes);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      throw new DataSizeError(
        `Label ${i} is ${label}, of ${classes} classes.`,
        'Labels are whole numbers from 0 on: give one more than the largest as the number of classes.',
      );
    }
    values[i * classes + label] = 1;
  }
  return { shape: [labels.length, classes], values };
}
