import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { identityMap } from '../../src/graph/map.ts';
import { conv2dCandidates, conv2dInputGradCandidates } from '../../src/kernels/conv2d.ts';
import { add, leakyRelu, tanh } from '../../src/ops/elementwise.ts';
import { checkCandidates } from '../support/check-candidates.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

/** One layer: x [n, h, w, cx], a kernel [kh, kw, cx, cy]. */
interface Layer {
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

function shapesOf({ n, h, w, cx, cy, kh, kw, stride, padding }: Layer) {
  const out = (size: number, k: number) => Math.floor((size + 2 * padding - k) / stride) + 1;
  return { x: [n, h, w, cx], w: [kh, kw, cx, cy], y: [n, out(h, kh), out(w, kw), cy] };
}

/** What is fused after the op, the shapes of its further operands, and a change to the inputs. */
interface Extras {
  readonly after?: (t: Tensor, ...further: Tensor[]) => Tensor;
  readonly further?: number[][];
  readonly spoil?: (inputs: Float32Array[]) => void;
}

const run = (
  op: string,
  shapes: number[][],
  depth: number,
  attrs: Record<string, number | number[]>,
  { after = (t) => t, further = [], spoil }: Extras,
) =>
  checkCandidates(
    device,
    [...shapes, ...further],
    depth,
    // Made directly: the functions of ops/ would turn some into products of matrices.
    (a, b, ...rest) => after(a.graph.add(op, [a, b], attrs)[0], ...rest),
    spoil,
  );

const directions = {
  conv2d(layer: Layer, extras: Extras = {}) {
    const { x, w } = shapesOf(layer);
    const { stride, padding, kh, kw, cx } = layer;
    return run('conv2d', [x, w], kh * kw * cx, { stride, padding }, extras);
  },
  conv2dInputGrad(layer: Layer, extras: Extras = {}) {
    const { y, w } = shapesOf(layer);
    const { stride, padding, kh, kw, cy } = layer;
    const attrs = { size: [layer.h, layer.w], stride, padding };
    return run('conv2dInputGrad', [y, w], kh * kw * cy, attrs, extras);
  },
  conv2dWeightGrad(layer: Layer, extras: Extras = {}) {
    const { x, y } = shapesOf(layer);
    const { stride, padding, kh, kw } = layer;
    const attrs = { size: [kh, kw], stride, padding };
    return run('conv2dWeightGrad', [x, y], y[0] * y[1] * y[2], attrs, extras);
  },
};
const ops = Object.keys(directions) as (keyof typeof directions)[];

/** Square pictures and kernels, as most layers have. */
const square = (
  n: number,
  h: number,
  [cx, cy]: readonly [number, number],
  [kh, stride, padding]: readonly [number, number, number],
): Layer => ({ ...{ n, h, w: h, cx, cy, kh, kw: kh, stride, padding } });

const layers: Record<string, Layer> = {
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

describe.each(Object.entries(layers))('%s', (_, layer) => {
  test.each(ops)('%s', (op) => directions[op](layer), 120_000);
});

test.each(ops)(
  '%s of random layers',
  async (op) => {
    const layer = fc
      .record({
        ...{ n: fc.integer({ min: 1, max: 5 }), h: fc.integer({ min: 1, max: 9 }) },
        ...{ w: fc.integer({ min: 1, max: 9 }), cx: fc.integer({ min: 1, max: 9 }) },
        ...{ cy: fc.integer({ min: 1, max: 18 }), kh: fc.integer({ min: 1, max: 5 }) },
        ...{ kw: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: 1, max: 3 }) },
        padding: fc.integer({ min: 0, max: 3 }),
      })
      .filter((l) => l.h + 2 * l.padding >= l.kh && l.w + 2 * l.padding >= l.kw);
    await fc.assert(
      fc.asyncProperty(layer, (l) => directions[op](l)),
      { seed: 11, numRuns: 4 },
    );
  },
  240_000,
);

test('Winograd is among the candidates where it suits', () => {
  const winograd = (cx: number, cy: number, k = 4, stride = 2, padding = 1) => {
    const shapes = shapesOf(square(2, 8, [cx, cy], [k, stride, padding]));
    const graph = new Graph();
    const [x, w, y] = (['x', 'w', 'y'] as const).map((name) => graph.variable(name, shapes[name]));
    const attrs = { stride, padding };
    const [forward] = graph.add('conv2d', [x, w], attrs);
    const [gradient] = graph.add('conv2dInputGrad', [y, w], { ...attrs, size: [8, 8] });
    const has = (candidates: typeof conv2dCandidates, output: Tensor) =>
      candidates({ node: output.node, output, map: identityMap, device: device.traits }).some(
        ({ name }) => name === 'winograd',
      );
    return [has(conv2dCandidates, forward), has(conv2dInputGradCandidates, gradient)];
  };
  expect(winograd(16, 20)).toEqual([true, true]);
  expect(winograd(8, 16)).toEqual([false, true]);
  expect(winograd(3, 8)).toEqual([false, true]);
  expect(winograd(1, 16)).toEqual([false, false]);
  expect(winograd(16, 18)).toEqual([false, false]);
  expect(winograd(16, 16, 3)).toEqual([false, false]);
  expect(winograd(16, 16, 4, 4)).toEqual([false, false]);
  expect(winograd(16, 16, 4, 2, 3)).toEqual([false, false]);
});

test.each(['conv2d', 'conv2dInputGrad'] as const)(
  '%s of random layers that suit Winograd',
  async (op) => {
    const side = fc.constantFrom(4, 8, 12, 16);
    const layer = fc
      .record({
        ...{ n: fc.integer({ min: 1, max: 4 }), h: side, w: side },
        cx: op === 'conv2d' ? fc.constantFrom(16, 20, 36) : fc.integer({ min: 2, max: 20 }),
        cy: op === 'conv2d' ? fc.constantFrom(16, 20, 36) : fc.constantFrom(8, 12, 20, 36),
      })
      .map((sizes) => ({ ...sizes, kh: 4, kw: 4, stride: 2, padding: 1 }));
    await fc.assert(
      fc.asyncProperty(layer, (l) => directions[op](l)),
      { seed: 12, numRuns: 4 },
    );
  },
  240_000,
);

describe('what is fused to it', () => {
  const layer = square(2, 6, [8, 12], [4, 2, 1]);
  test('bias and activation to conv2d', () =>
    directions.conv2d(layer, {
      after: (y, bias) => leakyRelu(add(y, bias), 0.2),
      further: [[12]],
    }));
  test('bias, activation and a picture to what suits Winograd', () =>
    directions.conv2d(square(2, 8, [16, 20], [4, 2, 1]), {
      after: (y, bias, other) => add(leakyRelu(add(y, bias), 0.2), other),
      further: [[20], [2, 4, 4, 20]],
    }));
  test('a column of numbers to what suits Winograd', () =>
    directions.conv2d(square(2, 8, [16, 16], [4, 2, 1]), {
      after: (y, numbers) => add(y, numbers),
      further: [[2, 4, 1, 1]],
    }));
  test('bias and tanh to a transposed convolution to 3 channels', () =>
    directions.conv2dInputGrad(square(2, 6, [3, 12], [4, 2, 1]), {
      after: (x, bias) => tanh(add(x, bias)),
      further: [[3]],
    }));
  test('bias, activation and a picture to a transposed convolution that suits Winograd', () =>
    directions.conv2dInputGrad(square(2, 8, [12, 16], [4, 2, 1]), {
      after: (x, bias, other) => add(leakyRelu(add(x, bias), 0.2), other),
      further: [[12], [2, 8, 8, 12]],
    }));
  test('a column of numbers to a transposed convolution that suits Winograd', () =>
    directions.conv2dInputGrad(square(2, 8, [8, 16], [4, 2, 1]), {
      after: (x, numbers) => add(x, numbers),
      further: [[2, 8, 1, 1]],
    }));
  test('bias, tanh and a picture to one of 3 channels', () =>
    directions.conv2dInputGrad(square(2, 8, [3, 8], [4, 2, 1]), {
      after: (x, bias, other) => add(tanh(add(x, bias)), other),
      further: [[3], [2, 8, 8, 3]],
    }));
  test('an earlier gradient to a weight gradient', () =>
    directions.conv2dWeightGrad(layer, {
      after: (w, before) => add(w, before),
      further: [[4, 4, 8, 12]],
    }));
});

// Padding and the ends of sums are masked, not multiplied by 0.
test.each(['conv2d', 'conv2dInputGrad'] as const)(
  '%s: a picture that is not finite spoils no other',
  async (op) => {
    for (const layer of [
      square(3, 6, [4, 8], [4, 2, 1]),
      square(3, 8, [16, 16], [4, 2, 1]),
      square(3, 8, [3, 16], [4, 2, 1]),
      square(3, 5, [3, 5], [3, 1, 1]),
    ]) {
      await directions[op](layer, {
        spoil: ([x]) => x.fill(Number.POSITIVE_INFINITY, x.length / 3, (x.length / 3) * 2),
      });
    }
  },
);
