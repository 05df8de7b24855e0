// Classes of a run's pictures: the labels that they come with, and those that samples are asked for.

import { LabelError } from '../data/errors.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { Tensor } from '../graph/graph.ts';
import { equal } from '../ops/elementwise.ts';
import { gatherRows } from '../ops/random.ts';

/** What every picture's class is, and the numbers of the classes: constants of a run. */
const variableNames = { labels: 'labels', numbers: 'labels.numbers' } as const;

/**
 * Classes of the pictures at indices u32 [B] of a data set, one-hot [B, classes].
 *
 * Labels are kept as they are, a number a picture, and spread when they are drawn: rows of all classes
 * would take more memory than many a picture.
 */
export function classBatch(indices: Tensor, count: number, classes: number): Tensor {
  const { graph } = indices;
  const labels = graph.variable(variableNames.labels, [count, 1]);
  const numbers = graph.variable(variableNames.numbers, [1, classes]);
  return equal(gatherRows(labels, indices), numbers);
}

/** The constants that `classBatch` reads, of labels that `checkLabels` has seen. */
export const classData = (
  labels: Uint8Array,
  classes: number,
): Map<string, Float32Array<ArrayBuffer>> =>
  new Map([
    [variableNames.labels, Float32Array.from(labels)],
    [variableNames.numbers, Float32Array.from({ length: classes }, (_, i) => i)],
  ]);

/**
 * The labels of pictures that are of so many classes. That there is one for each picture, `checkImageSet`
 * has seen.
 *
 * @throws {LabelError} where there are none, one is of no class, or there are other names than classes.
 */
export function checkLabels({ name, labels, classNames }: ImageSet, classes: number): Uint8Array {
  if (!labels) {
    throw new LabelError(
      `${name}: the pictures have no labels.`,
      `Give \`labels\` with them, a number from 0 to ${classes - 1} for each, or leave \`classes\` out.`,
    );
  }
  const odd = labels.findIndex((label) => label >= classes);
  if (odd >= 0) {
    throw new LabelError(
      `${name}: the label of picture ${odd} is ${labels[odd]}, of ${classes} classes.`,
      'Labels are numbers from 0 on: give one more than the largest as the number of classes.',
    );
  }
  if (classNames && classNames.length !== classes) {
    throw new LabelError(
      `${name}: there are ${classNames.length} names of classes, and ${classes} classes.`,
      `Give \`classes: ${classNames.length}\`, or a name for each class.`,
    );
  }
  return labels;
}

/** Numbers of the classes that so many pictures have that ask for none: all of them in turn. */
export const classesInTurn = (count: number, classes: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => i % classes);
