import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { identityMap } from '../../src/graph/map.ts';
import { conv2dCandidates, conv2dInputGradCandidates } from '../../src/kernels/conv2d.ts';
import { add, leakyRelu, tanh } from '../../src/ops/elementwise.ts';
import {
  type ConvOp,
  checkConv,
  convOps,
  type Extras,
  type Layer,
  layers,
  randomLayer,
  shapesOf,
  spoilSecond,
  square,
} from '../support/conv-layers.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

const check = (op: ConvOp, layer: Layer, extras?: Extras) => checkConv(device, op, layer, extras);

/** Kernels that several of the layers have, so that they share pipelines. */
const common = ({ kh, kw, stride }: Layer) => kh === 4 && kw === 4 && stride === 2;

// The constants of a kernel concern what loads the operands, and that is the same code in all ways to
// multiply: so those of other devices are tried with common kernels. The soak tests try all with all.
describe.each(Object.entries(layers))('%s', (_, layer) => {
  test.each(convOps)('%s', (op) => check(op, layer, { elsewhere: common(layer) }), 120_000);
});

test.each(convOps)(
  '%s of layers of random sizes',
  async (op) => {
    const size = fc.integer({ min: 2, max: 9 });
    const layer = fc
      .record({
        ...{ n: fc.integer({ min: 1, max: 3 }), h: size, w: size },
        cx: fc.constantFrom(1, 3, 5, 7),
        cy: fc.constantFrom(4, 8, 12, 20, 36),
      })
      .map((sizes) => ({ ...sizes, kh: 4, kw: 4, stride: 2, padding: 1 }));
    await fc.assert(
      fc.asyncProperty(layer, (l) => check(op, l)),
      { seed: 10, numRuns: 4 },
    );
  },
  240_000,
);

test.each(convOps)(
  '%s of random layers',
  async (op) => {
    await fc.assert(
      fc.asyncProperty(randomLayer(9), (l) => check(op, l, { elsewhere: false })),
      { seed: 11, numRuns: 3 },
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
      fc.asyncProperty(layer, (l) => check(op, l)),
      { seed: 12, numRuns: 3 },
    );
  },
  240_000,
);

describe('what is fused to it', () => {
  const layer = square(2, 6, [8, 12], [4, 2, 1]);
  test('bias and activation to conv2d', () =>
    check('conv2d', layer, {
      after: (y, bias) => leakyRelu(add(y, bias), 0.2),
      further: [[12]],
    }));
  test('bias, activation and a picture to what suits Winograd', () =>
    check('conv2d', square(2, 8, [16, 20], [4, 2, 1]), {
      after: (y, bias, other) => add(leakyRelu(add(y, bias), 0.2), other),
      further: [[20], [2, 4, 4, 20]],
    }));
  test('a column of numbers to what suits Winograd', () =>
    check('conv2d', square(2, 8, [16, 16], [4, 2, 1]), {
      after: (y, numbers) => add(y, numbers),
      further: [[2, 4, 1, 1]],
    }));
  test('bias and tanh to a transposed convolution to 3 channels', () =>
    check('conv2dInputGrad', square(2, 6, [3, 12], [4, 2, 1]), {
      after: (x, bias) => tanh(add(x, bias)),
      further: [[3]],
    }));
  test('bias, activation and a picture to a transposed convolution that suits Winograd', () =>
    check('conv2dInputGrad', square(2, 8, [12, 16], [4, 2, 1]), {
      after: (x, bias, other) => add(leakyRelu(add(x, bias), 0.2), other),
      further: [[12], [2, 8, 8, 12]],
    }));
  test('a column of numbers to a transposed convolution that suits Winograd', () =>
    check('conv2dInputGrad', square(2, 8, [8, 16], [4, 2, 1]), {
      after: (x, numbers) => add(x, numbers),
      further: [[2, 8, 1, 1]],
    }));
  test('bias, tanh and a picture to one of 3 channels', () =>
    check('conv2dInputGrad', square(2, 8, [3, 8], [4, 2, 1]), {
      after: (x, bias, other) => add(tanh(add(x, bias)), other),
      further: [[3], [2, 8, 8, 3]],
    }));
  test('an earlier gradient to a weight gradient', () =>
    check('conv2dWeightGrad', layer, {
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
      square(3, 5, [5, 7], [5, 2, 2]),
    ]) {
      await check(op, layer, { elsewhere: common(layer), spoil: spoilSecond });
    }
  },
);
