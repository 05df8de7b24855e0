import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';
import { type Shape, sameShape } from '../graph/shape.ts';

/**
 * The state of a run that every random operation reads: u32 `[4]` = seed (low, high), step, 0.
 * Random numbers are a function of (seed, stream, step, element) and of nothing else, so a run that
 * is resumed at a step continues with the same numbers.
 */
export const STATE_SHAPE: Shape = [4];

/** The variable of every training step that holds it. */
export const STATE = 'state';

const isState = (t: { shape: Shape; dtype: string }) =>
  t.dtype === 'u32' && sameShape(t.shape, STATE_SHAPE);

/** `normal`: mean 0, variance 1. `uniform`: from −1 up to 1. */
export type Distribution = 'normal' | 'uniform';

/**
 * Philox 4×32-10 (Salmon et al. 2011). Element e is word e mod 4 of block ⌊e/4⌋: counter
 * (block, stream, step, 0), key (seed low, seed high). All integers are u32 and wrap.
 *
 * Ten rounds, with M0 = 0xD2511F53 and M1 = 0xCD9E8D57, where hi and lo are the halves of the
 * 64-bit product: (c0, c1, c2, c3) ← (hi(M1·c2) ^ c1 ^ k0, lo(M1·c2), hi(M0·c0) ^ c3 ^ k1, lo(M0·c0)).
 * After each round k0 += 0x9E3779B9, k1 += 0xBB67AE85.
 *
 * A word x becomes u = ((x >> 9) + ½)·2⁻²³, which is in (0, 1) and exact in float32.
 * Uniform: 2u − 1, exact too. Normal: Box–Muller, words (0, 1) give √(−2 ln u₀)·(cos, sin)(2πu₁),
 * words (2, 3) likewise.
 */
export const randomOp = /* @__PURE__ */ defineOp({
  name: 'random',
  infer([state], attrs) {
    if (!isState(state)) throw new ShapeError('random', [state.shape], 'the run’s state, u32 [4]');
    return [{ shape: attrs.shape as Shape, dtype: 'f32' }];
  },
});

/** Adds 1 to the step of the state. The last thing that a training step does. */
export const advanceOp = /* @__PURE__ */ defineOp({
  name: 'advance',
  infer([state]) {
    if (!isState(state)) throw new ShapeError('advance', [state.shape], 'the run’s state, u32 [4]');
    return [{ shape: STATE_SHAPE, dtype: 'u32' }];
  },
  inPlace: [[0, 0]],
});

/**
 * Positions in a data set of `count` items for a batch, u32 `[size]`: the items from number
 * step·stride + first on of an endless sequence, of which each step draws `stride` in all.
 * A permutation of the data set each epoch: a Feistel network of 6 rounds over an even number of
 * bits, walked until it lands inside (Black & Rogaway 2002), keyed by seed, `stream` and epoch.
 *
 * All integers are u32; sums and products wrap. Item i of the batch has the position
 * p = step·stride + first + i, the epoch ⌊p/count⌋ and starts from n = p mod count.
 * With h the least h ≥ 1 such that 4ʰ ≥ count, one pass over n < 4ʰ is
 *
 *   left = n >> h, right = n & (2ʰ − 1)
 *   for r = 1 … 6: (left, right) ← (right, left ^ (mix(right ^ keyᵣ) & (2ʰ − 1)))
 *   n ← (left << h) | right
 *
 * and passes are repeated while n ≥ count (the first is always made). The keys, with
 * G = 0x9E3779B9: base = mix(mix(mix(seed low + G) + (seed high ^ stream) + G) + epoch + G),
 * keyᵣ = mix(base + r·G). mix is MurmurHash3's finaliser: x ^= x >> 16; x *= 0x85EBCA6B;
 * x ^= x >> 13; x *= 0xC2B2AE35; x ^= x >> 16.
 */
export const shuffledIndicesOp = /* @__PURE__ */ defineOp({
  name: 'shuffledIndices',
  infer([state], attrs) {
    const { count, size } = attrs as { count: number; size: number };
    if (!isState(state) || !(count >= 1 && count <= 2 ** 30) || !(size >= 1)) {
      throw new ShapeError(
        'shuffledIndices',
        [state.shape],
        `the run’s state, 1 to 2³⁰ items and a batch of at least 1, got ${count} and ${size}`,
      );
    }
    return [{ shape: [size], dtype: 'u32' }];
  },
});

/**
 * Pictures `[B, H, W, C]` in [−1, 1] from a resident data set u8 `[N, H, W, C]` at indices u32 `[B]`:
 * x/127.5 − 1. With `flip`, each is mirrored left to right with probability ½ by a random bit of its
 * own: item b where the lowest bit of word 0 of Philox with counter (b, stream, step, 1) is 1.
 * The last word of the counter keeps these bits apart from those of `random`.
 */
export const gatherPicturesOp = /* @__PURE__ */ defineOp({
  name: 'gatherPictures',
  infer([data, indices, state], attrs) {
    if (
      data.dtype !== 'u8' ||
      data.shape.length !== 4 ||
      indices.dtype !== 'u32' ||
      indices.shape.length !== 1 ||
      !isState(state)
    ) {
      throw new ShapeError(
        'gatherPictures',
        [data.shape, indices.shape, state.shape],
        'pictures u8 [N, H, W, C], indices u32 [B] and the run’s state',
      );
    }
    if (typeof attrs.flip !== 'boolean')
      throw new ShapeError('gatherPictures', [data.shape], 'flip to be true or false');
    return [{ shape: [indices.shape[0], ...data.shape.slice(1)], dtype: 'f32' }];
  },
});

/**
 * Random numbers that differ each step. Different `stream`s are independent.
 * Normal: mean 0, variance 1. Uniform: on (−1, 1), the latent of Goodfellow et al. and Radford et al.
 */
export const random = (
  state: Tensor,
  shape: Shape,
  options: { distribution: Distribution; stream: number },
): Tensor => state.graph.add(randomOp.name, [state], { shape: [...shape], ...options })[0];

/** The state with its step counter one further. */
export const advance = (state: Tensor): Tensor => state.graph.add(advanceOp.name, [state])[0];

/** Which items of a data set a batch is made of; see the operation. */
export interface Draw {
  /** Items in the data set. */
  readonly count: number;
  /** Items in the batch. */
  readonly size: number;
  /** Items that the step draws before this batch, and in all. */
  readonly first: number;
  readonly stride: number;
  /** Different streams shuffle independently. */
  readonly stream: number;
}

/** Which items make up a batch: every item once an epoch, in an order drawn anew each epoch. */
export const shuffledIndices = (state: Tensor, draw: Draw): Tensor =>
  state.graph.add(shuffledIndicesOp.name, [state], { ...draw })[0];

/** Rows f32 `[B, …]` of a resident data set f32 `[N, …]` at indices u32 `[B]`. */
export const gatherRowsOp = /* @__PURE__ */ defineOp({
  name: 'gatherRows',
  infer([data, indices]) {
    if (
      data.dtype !== 'f32' ||
      data.shape.length === 0 ||
      indices.dtype !== 'u32' ||
      indices.shape.length !== 1
    ) {
      throw new ShapeError(
        'gatherRows',
        [data.shape, indices.shape],
        'rows f32 [N, …] and indices u32 [B]',
      );
    }
    return [{ shape: [indices.shape[0], ...data.shape.slice(1)], dtype: 'f32' }];
  },
});

/** Rows of a resident data set of floats; see the operation. */
export const gatherRows = (data: Tensor, indices: Tensor): Tensor =>
  data.graph.add(gatherRowsOp.name, [data, indices])[0];

/** Pictures of a resident data set as floats in [−1, 1]. */
export const gatherPictures = (
  data: Tensor,
  indices: Tensor,
  state: Tensor,
  options: { flip: boolean; stream: number },
): Tensor => data.graph.add(gatherPicturesOp.name, [data, indices, state], options)[0];
