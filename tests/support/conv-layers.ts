// Convolutions of every kind, and how each way to run one is held against float64.
import fc from 'fast-check';
import type { Device } from '../../src/gpu/device.ts';
import type { Tensor } from '../../src/graph/graph.ts';
import { type CheckOptions, checkCandidates } from './check-candidates.ts';

/** One layer: x [n, h, w, cx], a kernel [kh, kw, cx, cy]. */
export interface Layer {
  readonly n: number;
  readonly h: number;
  readonly w: number;
  readonly cx: number;
  readonly cy: number;
  readonly kh: number;
  readonly kw: number;
  readonly stride: number;
  readonly padding: number;
}

export function shapesOf({ n, h, w, cx, cy, kh, kw, stride, padding }: Layer) {
  const out = (size: number, k: number) => Math.floor((size + 2 * padding - k) / stride) + 1;
  return { x: [n, h, w, cx], w: [kh, kw, cx, cy], y: [n, out(h, kh), out(w, kw), cy] };
}

/** What is fused after the op, and the shapes of its further operands. */
export interface Extras extends CheckOptions {
  readonly after?: (t: Tensor, ...further: Tensor[]) => Tensor;
  readonly further?: number[][];
}

/** For each op of the family: its operands, the length of its sums, its attributes. */
const directions = {
  conv2d(layer: Layer) {
    const { x, w } = shapesOf(layer);
    const { stride, padding, kh, kw, cx } = layer;
    return { operands: [x, w], depth: kh * kw * cx, attrs: { stride, padding } };
  },
  conv2dInputGrad(layer: Layer) {
    const { y, w } = shapesOf(layer);
    const { stride, padding, kh, kw, cy } = layer;
    const attrs = { size: [layer.h, layer.w], stride, padding };
    return { operands: [y, w], depth: kh * kw * cy, attrs };
  },
  conv2dWeightGrad(layer: Layer) {
    const { x, y } = shapesOf(layer);
    const { stride, padding, kh, kw } = layer;
    const attrs = { size: [kh, kw], stride, padding };
    return { operands: [x, y], depth: y[0] * y[1] * y[2], attrs };
  },
};

export type ConvOp = keyof typeof directions;
export const convOps = Object.keys(directions) as ConvOp[];

export function checkConv(
  device: Device,
  op: ConvOp,
  layer: Layer,
  { after = (t) => t, further = [], ...options }: Extras = {},
): Promise<void> {
  const { operands, depth, attrs } = directions[op](layer);
  return checkCandidates(
    device,
    [...operands, ...further],
    depth,
    // Made directly: the functions of ops/ would turn some into products of matrices.
    (a, b, ...rest) => after(a.graph.add(op, [a, b], attrs)[0], ...rest),
    options,
  );
}

/** Makes the second of three pictures one that is not finite. */
export const spoilSecond = ([x]: Float32Array[]): void => {
  x.fill(Number.POSITIVE_INFINITY, x.length / 3, (x.length / 3) * 2);
};

/** Any layer, of up to so many channels. */
export const randomLayer = (channels: number): fc.Arbitrary<Layer> =>
  fc
    .record({
      ...{ n: fc.integer({ min: 1, max: 5 }), h: fc.integer({ min: 1, max: 9 }) },
      ...{ w: fc.integer({ min: 1, max: 9 }), cx: fc.integer({ min: 1, max: channels }) },
      ...{ cy: fc.integer({ min: 1, max: 2 * channels }), kh: fc.integer({ min: 1, max: 5 }) },
      ...{ kw: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: 1, max: 3 }) },
      padding: fc.integer({ min: 0, max: 3 }),
    })
    .filter((l) => l.h + 2 * l.padding >= l.kh && l.w + 2 * l.padding >= l.kw);

/** Square pictures and kernels, as most layers have. */
export const square = (
  n: number,
  h: number,
  [cx, cy]: readonly [number, number],
  [kh, stride, padding]: readonly [number, number, number],
): Layer => ({ ...{ n, h, w: h, cx, cy, kh, kw: kh, stride, padding } });

export const layers: Record<string, Layer> = {
  'DCGAN, k4 s2 p1': square(4, 8, [8, 16], [4, 2, 1]),
  'DCGAN, from a 3-channel picture': square(3, 8, [3, 16], [4, 2, 1]),
  'DCGAN, from a 1-channel picture of MNIST size': square(2, 28, [1, 8], [4, 2, 1]),
  'what suits Winograd, not square': {
    ...{ n: 5, h: 8, w: 12, cx: 16, cy: 20, kh: 4, kw: 4, stride: 2, padding: 1 },
  },
  'what suits Winograd, a tile a picture': square(3, 4, [20, 16], [4, 2, 1]),
  'what suits Winograd by its gradient alone': square(2, 12, [2, 8], [4, 2, 1]),
  '3 × 3 at stride 1': square(2, 7, [4, 12], [3, 1, 1]),
  '5 × 5 at stride 2, odd channels': square(2, 9, [5, 7], [5, 2, 2]),
  'a 1 × 1 kernel': square(5, 3, [12, 4], [1, 1, 0]),
  'a stride above the kernel: some pixels meet no tap': square(4, 10, [4, 3], [2, 3, 0]),
  'rows and columns that no kernel reaches': square(4, 8, [4, 8], [4, 3, 0]),
  'a kernel that covers the picture': square(6, 4, [8, 2], [4, 1, 0]),
  'more padding than kernel': square(1, 3, [3, 4], [2, 1, 3]),
  'one pixel, one channel': square(1, 1, [1, 1], [1, 1, 0]),
  'not square': { n: 2, h: 5, w: 11, cx: 4, cy: 6, kh: 2, kw: 5, stride: 2, padding: 1 },
};
