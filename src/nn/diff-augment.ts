import { GanvasError, ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { add, constantOp, mul, sub } from '../ops/elementwise.ts';
import { concat, pad, reshape, slice } from '../ops/movement.ts';
import { mean } from '../ops/reduce.ts';
import { translate } from '../ops/translate.ts';

/** What `diffAugment` changes: names of the paper's, in the order in which it is done. */
export type AugmentationPolicy =
  | 'color'
  | 'translation'
  | 'cutout'
  | 'color,translation'
  | 'color,cutout'
  | 'translation,cutout'
  | 'color,translation,cutout';

export const augmentationPolicies: readonly AugmentationPolicy[] = [
  'color',
  'translation',
  'cutout',
  'color,translation',
  'color,cutout',
  'translation,cutout',
  'color,translation,cutout',
];

/** Translations are of at most this share of a side. */
const TRANSLATION = 1 / 8;
/** A side of the square that is cut out, as a share of the picture's. */
const CUTOUT = 1 / 2;
/** Random numbers for a picture: brightness, saturation, contrast, and two each for the others. */
const NUMBERS = 7;

const toPixels = (side: number, share: number): number => Math.floor(side * share + 0.5);

/**
 * Brightness, saturation and contrast, one after the other: x + b, its distance from the mean of the pixel
 * times s, its distance from the mean of the picture times c. None of them moves that mean but the
 * first, so all is (s·(x − pixel) + pixel − picture)·c + picture + b.
 */
function colour(x: Tensor, number: (index: number) => Tensor): Tensor {
  const [n, , , channels] = x.shape;
  const brightness = mul(number(0), 0.5);
  const saturation = add(number(1), 1);
  const contrast = add(mul(number(2), 0.5), 1);
  const picture = reshape(mean(x, [1, 2, 3]), [n, 1, 1, 1]);
  const pixel = channels > 1 ? reshape(mean(x, [3]), [...x.shape.slice(0, 3), 1]) : x;
  const saturated = channels > 1 ? add(mul(sub(x, pixel), saturation), pixel) : x;
  return add(mul(sub(saturated, picture), contrast), add(picture, brightness));
}

/** `colour` of grey, RGB, and of either with an alpha channel after it, which stays. */
function colourOnly(x: Tensor, number: (index: number) => Tensor): Tensor {
  const channels = x.shape[3];
  if (channels % 2 === 1) return colour(x, number);
  const start = [0, 0, 0, channels - 1];
  const seen = slice(x, [0, 0, 0, 0], [...x.shape.slice(0, 3), channels - 1]);
  return concat([colour(seen, number), slice(x, start, x.shape)], 3);
}

/** Shifts [N, 2], made of random numbers [N, 2]: those of rows and those of columns, each by its side. */
function ofSides(x: Tensor, at: Tensor, make: (own: Tensor, side: number) => Tensor): Tensor {
  const [n, ...sides] = x.shape;
  if (sides[0] === sides[1]) return make(at, sides[0]);
  const own = (axis: number) => slice(at, [0, axis], [n, axis + 1]);
  return concat(
    [0, 1].map((axis) => make(own(axis), sides[axis])),
    1,
  );
}

/** Each picture moved by whole numbers of pixels, all alike. `at` [N, 2] from −1 to 1. */
const translation = (x: Tensor, at: Tensor): Tensor =>
  translate(
    x,
    ofSides(x, at, (own, side) => mul(own, toPixels(side, TRANSLATION) + 0.5)),
  );

/** Zeros in a square of each picture, which may lie over its edge. `at` [N, 2] from −1 to 1. */
function cutout(x: Tensor, at: Tensor): Tensor {
  const [n, height, width] = x.shape;
  const sides = [height, width].map((side) => toPixels(side, CUTOUT));
  const ones = x.graph.add(constantOp.name, [], { value: 1, shape: [n, ...sides, 1] })[0];
  const square = pad(ones, [0, 0, 0, 0], [0, height - sides[0], width - sides[1], 0]);
  // The square's first row is one of −⌊s/2⌋ … side − ⌈s/2⌉, all alike; the first column likewise.
  const starts = ofSides(x, at, (own, side) => {
    const cut = toPixels(side, CUTOUT);
    const [first, count] = [-Math.floor(cut / 2), side + 1 - (cut % 2)];
    return add(mul(own, count / 2), first + (count - 1) / 2);
  });
  return mul(x, sub(1, translate(square, starts)));
}

/**
 * DiffAugment (Zhao et al. 2020): random changes of pictures that gradients pass through, for all that D
 * sees, real and fake, in its update and in G's. With few pictures D then learns them by heart later.
 *
 * - `color`: brightness by −½ to ½, saturation by 0 to 2, contrast by ½ to 3/2
 * - `translation`: by up to ⅛ of a side, whole pixels
 * - `cutout`: a square of half a side, which may lie over the edge
 *
 * as in the authors' code. What comes in from outside and what
 * is cut out is 0, the grey in the middle. An alpha channel, the last of 2 or of 4, keeps its values.
 *
 * ```ts
 * const shown = (x: Tensor) => diffAugment(x, 'color,translation,cutout', uniform);
 * const logits = D.forward(shown(fake), { training });
 * ```
 *
 * @param pictures [N, H, W, C] with values from −1 to 1
 * @param uniform random numbers, such as the step's: new ones at each call, and for each picture
 */
export function diffAugment(
  pictures: Tensor,
  policy: AugmentationPolicy,
  uniform: (shape: Shape, low: number, high: number) => Tensor,
): Tensor {
  if (!augmentationPolicies.includes(policy)) {
    throw new GanvasError(
      'augment',
      `There is no augmentation '${policy}'.`,
      `Choose one of ${augmentationPolicies.join(' or ')}.`,
    );
  }
  if (pictures.rank !== 4) throw new ShapeError('diffAugment', [pictures.shape], '[N, H, W, C]');
  const [n] = pictures.shape;
  const numbers = uniform([n, NUMBERS], -1, 1);
  const columns = (start: number, end: number) => slice(numbers, [0, start], [n, end]);
  const kinds = new Set(policy.split(','));
  let x = pictures;
  if (kinds.has('color'))
    x = colourOnly(x, (index) => reshape(columns(index, index + 1), [n, 1, 1, 1]));
  if (kinds.has('translation')) x = translation(x, columns(3, 5));
  if (kinds.has('cutout')) x = cutout(x, columns(5, 7));
  return x;
}
