// Classes of a run's pictures: the labels that they come with, and those that samples are asked for.

import { LabelError } from '../data/errors.ts';
import type { ImageSet } from '../data/image-set.ts';
import { GanvasError } from '../graph/errors.ts';
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

/** One-hot rows [count, classes], row i of the class `at(i)`. */
function rowsOf(
  count: number,
  classes: number,
  at: (i: number) => number,
): Float32Array<ArrayBuffer> {
  const rows = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) rows[i * classes + at(i)] = 1;
  return rows;
}

/** The classes of pictures where none are asked for: all of them in turn, one-hot [count, classes]. */
export const classesInTurn = (count: number, classes: number): Float32Array<ArrayBuffer> =>
  rowsOf(count, classes, (i) => i % classes);

/** Pictures of a sample grid: about so many. */
const GRID_COUNT = 64;
/** Classes that get a column of their own, rather than follow each other in reading order. */
const MOST_COLUMNS = 16;
/** Pictures of a sample grid that has as many of each class: 64, and of 10 classes 60. */
export const gridCount = (classes: number): number =>
  classes > 0 ? classes * Math.max(1, Math.round(GRID_COUNT / classes)) : GRID_COUNT;

/**
 * Columns of a grid of so many pictures of all classes in turn: a multiple of the classes, so that each
 * column is of one class, and about as many as there are rows. Of more than 16 classes, as of none (0),
 * only the latter.
 */
export function gridColumns(count: number, classes: number): number {
  const square = Math.ceil(Math.sqrt(count));
  if (classes === 0 || classes > MOST_COLUMNS) return square;
  return Math.min(count, classes * Math.ceil(square / classes));
}

/**
 * The classes that pictures are asked to be of, in turn, one-hot [count, classes].
 *
 * @throws {GanvasError} `samples` where there is no such class.
 */
export function choiceOfClasses(
  chosen: ArrayLike<number>,
  classes: number,
  count: number,
): Float32Array<ArrayBuffer> {
  if (classes === 0) {
    throw new GanvasError(
      'samples',
      'This generator was trained without classes.',
      'Leave `classes` out, or train with labels and `classes`.',
    );
  }
  const odd = Array.from(chosen).find((n) => !(Number.isInteger(n) && n >= 0 && n < classes));
  if (chosen.length === 0 || odd !== undefined) {
    throw new GanvasError(
      'samples',
      chosen.length === 0 ? 'No class is chosen.' : `There is no class ${odd} of ${classes}.`,
      `Choose from 0 to ${classes - 1}.`,
    );
  }
  return rowsOf(count, classes, (i) => chosen[i % chosen.length]);
}
