// Layers and initialisers. Expected numbers are PyTorch 1.13's, in float64, for parameter p with
// elements sin(1.3·i + 1 + p) and an input sin(1.3·i), both in PyTorch's order of axes.
import { describe, expect, test } from 'vitest';
import { oneHot } from '../../src/data/values.ts';
import { ShapeError } from '../../src/graph/errors.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { type Shape, sizeOf, stridesOf } from '../../src/graph/shape.ts';
import {
  constantInit,
  HostRandom,
  type Initialiser,
  kaimingNormalInit,
  kaimingUniformInit,
  normalInit,
  pytorchDefaultInit,
  uniformInit,
  zerosInit,
} from '../../src/nn/initialisers.ts';
import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  Flatten,
  LeakyReLU,
  Linear,
  ReLU,
  Sequential,
  Sigmoid,
  Tanh,
  Unflatten,
} from '../../src/nn/layers.ts';
import {
  bceWithLogitsLoss,
  crossEntropyLoss,
  l1Loss,
  logSoftmax,
  mseLoss,
  softmax,
} from '../../src/nn/losses.ts';
import type { Module, Parameter } from '../../src/nn/module.ts';
import { Net } from '../../src/nn/net.ts';
import { evaluate } from '../reference/evaluate.ts';
import { interpret } from '../reference/index.ts';

const sines = (count: number, phase = 0): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1.3 * i + phase));

/** Elements with the axes in another order: `axes[i]` of the source is the result's axis i. */
function permute(values: readonly number[], shape: Shape, axes: readonly number[]): number[] {
  const strides = stridesOf(shape);
  const target = axes.map((a) => shape[a]);
  return Array.from({ length: sizeOf(target) }, (_, index) => {
    const at = stridesOf(target).map((stride, i) => Math.floor(index / stride) % target[i]);
    return values[at.reduce((sum, n, i) => sum + n * strides[axes[i]], 0)];
  });
}

const toChannelsLast = (values: readonly number[], shape: Shape): number[] =>
  shape.length === 4 ? permute(values, shape, [0, 2, 3, 1]) : [...values];
const toChannelsFirst = (values: readonly number[], shape: Shape): number[] =>
  shape.length === 4 ? permute(values, shape, [0, 3, 1, 2]) : [...values];

/** A parameter's sines, from the order of PyTorch's file to the engine's. */
function parameterValues(parameter: Parameter, phase: number): number[] {
  const { axes } = parameter.layout;
  const fileShape = axes.map((a) => parameter.shape[a]);
  const back = axes.map((_, i) => axes.indexOf(i));
  return permute(sines(parameter.size, phase), fileShape, back);
}

/** The module on an input of PyTorch's `shape`: its output and buffers, in PyTorch's order. */
function run(module: Module, shape: Shape, { training = true } = {}) {
  const net = new Net('net', module);
  const flat = new Float64Array(net.size);
  [...net.parameters.values()].forEach((p, i) => {
    flat.set(parameterValues(p, 1 + i), p.offset);
  });
  const graph = new Graph();
  const here = shape.length === 4 ? [shape[0], shape[2], shape[3], shape[1]] : shape;
  const x = graph.variable('x', here);
  const y = graph.output('y', net.forward(x, { training }));
  const variables = new Map<string, ArrayLike<number>>([
    ['x', toChannelsLast(sines(sizeOf(shape)), shape)],
    [net.variable, flat],
  ]);
  for (const { variable, initial } of net.buffers.values()) variables.set(variable, initial);
  const result = interpret(graph, variables);
  return {
    shape: y.rank === 4 ? [0, 3, 1, 2].map((a) => y.shape[a]) : [...y.shape],
    values: toChannelsFirst([...result.outputs.get('y')!], y.shape),
    variables: result.variables,
    net,
  };
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[]) {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i], `element ${i}`).toBeCloseTo(value, 6);
  });
}

describe('layers with weights', () => {
  test('Linear', () => {
    const { shape, values, net } = run(new Linear(3, 2), [2, 3]);
    expect(shape).toEqual([2, 2]);
    expectNear(values, [1.3997079, 0.2457331, -0.4234296, 0.7931402]);
    expect([...net.parameters.keys()]).toEqual(['weight', 'bias']);
    expect([...new Linear(3, 2, { bias: false }).parameters.keys()]).toEqual(['weight']);
  });

  test('Conv2d', () => {
    const strided = run(new Conv2d(2, 3, { kernelSize: 3, stride: 2, padding: 1 }), [1, 2, 5, 4]);
    expect(strided.shape).toEqual([1, 3, 3, 2]);
    expectNear(strided.values, [
      ...[0.99959, -0.7698247, 1.8779238, 0.8637166, -0.3537183, 1.1047376],
      ...[-2.2897826, 2.6114719, 1.1409331, -3.257461, -1.7039297, 2.8516131],
      ...[-0.396453, -0.2075749, -2.38111, 0.0514734, 0.7679318, -2.1595769],
    ]);
    const plain = run(new Conv2d(1, 2, { kernelSize: 2, bias: false }), [1, 1, 3, 2]);
    expect(plain.shape).toEqual([1, 2, 2, 1]);
    expectNear(plain.values, [1.1661081, 0.1005102, 1.6352456, -1.3391704]);
    expect(plain.net.parameterCount).toBe(8);
  });

  test('ConvTranspose2d', () => {
    const doubling = new ConvTranspose2d(2, 3, { kernelSize: 4, stride: 2, padding: 1 });
    const doubled = run(doubling, [1, 2, 2, 2]);
    expect(doubled.shape).toEqual([1, 3, 4, 4]);
    expectNear(doubled.values, [
      ...[0.2848734, -0.0459524, 2.1780507, 1.6602049, 2.5080119, -1.5974864],
      ...[-1.3664219, 2.3409068, 2.9662644, 1.2065433, -1.8971575, 1.0981618],
      ...[0.684584, 2.5744639, 1.6718629, 0.4968091, -0.5068069, 1.6655524],
      ...[0.6199951, -1.2601777, -2.1252874, -0.7759955, 2.5151757, -0.1816917],
      ...[-0.2524638, -3.0497518, -0.1278532, 1.1843174, 1.2865632, -0.4691514],
      ...[-1.8488124, 0.0674628, -0.1105475, -1.3898454, -2.8388953, -0.9274906],
      ...[-1.1340899, 1.9713314, -0.6991053, -2.4075519, -2.9804542, 0.8525794],
      ...[1.790608, -2.1772746, -1.83948, -2.4280477, -0.5028604, -0.7481241],
    ]);
    const plain = run(new ConvTranspose2d(3, 1, { kernelSize: 3, bias: false }), [1, 3, 1, 2]);
    expect(plain.shape).toEqual([1, 1, 3, 4]);
    expectNear(plain.values, [
      ...[0.6596328, 0.6112376, -0.4875816, -0.4935234, -0.3785692, 0.0210141],
      ...[0.8833351, 0.5615697, -0.1100016, -0.6417472, -0.7949013, -0.3217998],
    ]);
    const flat = new Graph().variable('x', [2, 3]);
    expect(() => plain.net.forward(flat, { training: true })).toThrow(ShapeError);
  });

  test('BatchNorm2d, training', () => {
    const { values, variables } = run(new BatchNorm2d(2), [2, 2, 1, 3]);
    expectNear(values, [
      ...[0.4664214, 1.7668703, 1.1621585, -0.763492, -0.9717296, 0.1972945],
      ...[1.8140874, 0.8970867, -0.6508397, -0.8424689, 0.4154908, 1.018431],
    ]);
    expectNear(variables.get('net.running')!, [0.0328146, -0.0118524, 0.9466463, 0.9589276]);

    const own = run(new BatchNorm2d(2, { eps: 0.1, momentum: 0.5 }), [2, 2, 1, 3]);
    expectNear(own.values, [
      ...[0.5143165, 1.6741275, 1.1348127, -0.7098828, -0.8996912, 0.1658731],
      ...[1.7162383, 0.8984073, -0.4821177, -0.7818702, 0.3647588, 0.9143382],
    ]);
    expectNear(own.variables.get('net.running')!, [0.1640729, -0.0592621, 0.7332317, 0.7946381]);
  });

  test('BatchNorm2d, evaluation', () => {
    const { values, variables } = run(new BatchNorm2d(2), [2, 2, 1, 3], { training: false });
    // Initial statistics: mean 0, variance 1.
    const x = sines(12);
    const gamma = sines(2, 1);
    const beta = sines(2, 2);
    const channel = (i: number) => Math.floor(i / 3) % 2;
    const expected = x.map(
      (v, i) => (v / Math.sqrt(1 + 1e-5)) * gamma[channel(i)] + beta[channel(i)],
    );
    expectNear(values, expected);
    expectNear(variables.get('net.running')!, [0, 0, 1, 1]);
  });

  test('a batch-norm that is used twice in a step updates its statistics twice', () => {
    const net = new Net('net', new BatchNorm2d(1, { momentum: 0.5 }));
    const graph = new Graph();
    const x = graph.variable('x', [2, 1, 1, 1]);
    for (const name of ['a', 'b']) graph.output(name, net.forward(x, { training: true }));
    const { variables } = interpret(
      graph,
      new Map<string, ArrayLike<number>>([
        ['x', [1, 5]],
        [net.variable, new Float32Array(net.size)],
        ['net.running', [0, 1]],
      ]),
    );
    // Mean 3, unbiased variance 8.
    expect([...variables.get('net.running')!]).toEqual([2.25, 6.25]);
  });
});

describe('layers without weights', () => {
  const x = sines(6);
  test.each<[string, Module, (v: number) => number]>([
    ['ReLU', new ReLU(), (v) => Math.max(v, 0)],
    ['LeakyReLU', new LeakyReLU(), (v) => (v > 0 ? v : 0.01 * v)],
    ['LeakyReLU(0.2)', new LeakyReLU(0.2), (v) => (v > 0 ? v : 0.2 * v)],
    ['Tanh', new Tanh(), Math.tanh],
    ['Sigmoid', new Sigmoid(), (v) => 1 / (1 + Math.exp(-v))],
  ])('%s', (_, module, expected) => {
    const { shape, values } = run(module, [2, 3]);
    expect(shape).toEqual([2, 3]);
    expectNear(values, x.map(expected));
  });

  test('Flatten puts channels first, and Unflatten undoes it', () => {
    // In PyTorch's order of axes neither moves an element.
    const flat = run(new Flatten(), [2, 2, 3, 2]);
    expect(flat.shape).toEqual([2, 12]);
    expect(flat.values).toEqual(sines(24));
    const square = run(new Unflatten([2, 3, 2]), [2, 12]);
    expect(square.shape).toEqual([2, 2, 3, 2]);
    expect(square.values).toEqual(sines(24));
    const both = run(new Sequential(new Flatten(), new Unflatten([3, 2, 2])), [2, 3, 2, 2]);
    expect(both.values).toEqual(sines(24));
  });

  test('Flatten and Unflatten of a single pixel', () => {
    expect(run(new Flatten(), [2, 5, 1, 1])).toMatchObject({ shape: [2, 5], values: sines(10) });
    const pixel = run(new Unflatten([5, 1, 1]), [2, 5]);
    expect(pixel).toMatchObject({ shape: [2, 5, 1, 1], values: sines(10) });
    expect(() => run(new Unflatten([2, 3, 2]), [2, 13])).toThrow(ShapeError);
  });
});

test('a whole net, with its names', () => {
  const net = new Sequential(
    new Conv2d(1, 2, { kernelSize: 3, padding: 1 }),
    new LeakyReLU(0.2),
    new Flatten(),
    new Linear(12, 4),
    new ReLU(),
    new Linear(4, 8),
    new Unflatten([2, 2, 2]),
    new ConvTranspose2d(2, 1, { kernelSize: 2, stride: 2 }),
    new Tanh(),
    new Sigmoid(),
  );
  const { shape, values, net: made } = run(net, [2, 1, 3, 2]);
  expect(shape).toEqual([2, 1, 4, 4]);
  expectNear(values, [
    ...[0.7238638, 0.6720225, 0.7078528, 0.7295199, 0.484165, 0.6159803, 0.7132069, 0.3863223],
    ...[0.5328105, 0.7281921, 0.4320091, 0.5033816, 0.7290319, 0.5936903, 0.7190859, 0.7276072],
    ...[0.6877538, 0.7303545, 0.3079498, 0.7271123, 0.7248594, 0.3680604, 0.7308638, 0.6962834],
    ...[0.2965366, 0.4404335, 0.6711317, 0.2754447, 0.7290096, 0.7302599, 0.3793044, 0.7304154],
  ]);
  expect([...made.parameters.keys()]).toEqual(
    ['0', '3', '5', '7'].flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]),
  );
  // Every parameter starts on a boundary at which a binding may start.
  for (const { offset } of made.parameters.values()) expect(offset % 64).toBe(0);
});

test('a layer belongs to one net', () => {
  const layer = new Linear(2, 2);
  const graph = new Graph();
  const pass = { training: true, weights: graph.variable('w', [128]) };
  expect(() => layer.forward(graph.variable('x', [1, 2]), pass)).toThrow(/before its net/);
  expect(() => new BatchNorm2d(2).buffers.get('running')?.variable).toThrow(/before its net/);
  new Net('one', layer);
  expect(() => new Net('two', layer)).toThrow(/two nets/);
});

test('bceWithLogitsLoss is the mean of the cross-entropies', () => {
  const logits = [-40, -0.5, 0, 3];
  const targets = [0, 1, 0.9, 0.25];
  const expected = logits.map((x, i) => {
    const p = 1 / (1 + Math.exp(-x));
    return -(targets[i] * Math.log(p) + (1 - targets[i]) * Math.log1p(-p));
  });
  const [[loss]] = evaluate(
    [
      { shape: [4], values: logits },
      { shape: [4], values: targets },
    ],
    (x, t) => bceWithLogitsLoss(x, t),
  );
  expect(loss).toBeCloseTo(expected.reduce((a, b) => a + b) / 4, 12);
});

describe('other losses', () => {
  const x = { shape: [2, 3], values: [1, -2, 0.5, 1000, 998, -1000] };
  const t = { shape: [2, 3], values: [0, 1, 0, 0.25, 0.75, 0] };

  test('mean squared and absolute errors, of a tensor or a number', () => {
    const of = (build: (x: Tensor, t: Tensor) => Tensor) => evaluate([x, t], build)[0][0];
    const errors = x.values.map((v, i) => v - t.values[i]);
    const average = (all: number[]) => all.reduce((a, b) => a + b) / all.length;
    expect(of(mseLoss)).toBeCloseTo(average(errors.map((e) => e * e)), 8);
    expect(of(l1Loss)).toBeCloseTo(average(errors.map(Math.abs)), 8);
    expect(of((a) => mseLoss(a, 2))).toBeCloseTo(average(x.values.map((v) => (v - 2) ** 2)), 8);
  });

  test('softmax and cross-entropy are safe for large logits', () => {
    const [log, probabilities] = evaluate([x], (a) => [logSoftmax(a), softmax(a)]);
    const z = Math.log(Math.exp(1) + Math.exp(-2) + Math.exp(0.5));
    const far = Math.log1p(Math.exp(-2));
    const expected = [1 - z, -2 - z, 0.5 - z, -far, -2 - far, -2000 - far];
    log.forEach((v, i) => {
      expect(v).toBeCloseTo(expected[i], 10);
      expect(probabilities[i]).toBeCloseTo(Math.exp(expected[i]), 10);
    });
    const [[loss]] = evaluate([x, t], crossEntropyLoss);
    expect(loss).toBeCloseTo(-(expected[1] + 0.25 * expected[3] + 0.75 * expected[4]) / 2, 10);
  });

  test('do not broadcast', () => {
    const row = { shape: [3], values: [1, 2, 3] };
    for (const loss of [mseLoss, l1Loss, bceWithLogitsLoss, crossEntropyLoss])
      expect(() => evaluate([x, row], loss)).toThrow(ShapeError);
  });

  test('labels become rows', () => {
    expect(oneHot([2, 0], 3)).toEqual({ shape: [2, 3], values: Float32Array.of(0, 0, 1, 1, 0, 0) });
    for (const label of [3, -1, 0.5])
      expect(() => oneHot([label], 3)).toThrow(expect.objectContaining({ code: 'data-size' }));
  });
});

describe('initialisers', () => {
  const COUNT = 40_000;
  /** Mean, standard deviation and extremes of what an initialiser draws. */
  function lawOf(init: Initialiser) {
    const values = init([COUNT / 4, 4], new HostRandom(3));
    expect(values).toHaveLength(COUNT);
    const mean = values.reduce((a, b) => a + b) / COUNT;
    const std = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / COUNT);
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const withinOneStd = values.filter((v) => Math.abs(v - mean) < std).length / COUNT;
    return { mean, std, largest, withinOneStd };
  }
  /** Five standard errors of a mean: a pinned seed passes, a wrong law does not. */
  const near = (std: number) => (5 * std) / Math.sqrt(COUNT);

  const normals: [string, Initialiser, number, number][] = [
    ['normal', normalInit(1, 0.02), 1, 0.02],
    ['Kaiming normal', kaimingNormalInit({ fanIn: 50 }), 0, Math.sqrt(2 / 50)],
    ['Kaiming normal, leaky', kaimingNormalInit({ fanIn: 8, slope: 1 }), 0, Math.sqrt(1 / 8)],
  ];
  test.each(normals)('%s', (_, init, mean, std) => {
    const law = lawOf(init);
    expect(Math.abs(law.mean - mean)).toBeLessThan(near(std));
    expect(Math.abs(law.std / std - 1)).toBeLessThan(0.02);
    // Of a normal, 68.27 % lies within a standard deviation; of a uniform, 57.7 %.
    expect(Math.abs(law.withinOneStd - 0.6827)).toBeLessThan(0.01);
    expect(law.largest - mean).toBeGreaterThan(3 * std);
  });

  const uniforms: [string, Initialiser, number][] = [
    ['uniform', uniformInit(0.3), 0.3],
    ['Kaiming uniform', kaimingUniformInit({ fanIn: 50 }), Math.sqrt(6 / 50)],
    ['PyTorch’s default', pytorchDefaultInit(16), 0.25],
  ];
  test.each(uniforms)('%s', (_, init, bound) => {
    const law = lawOf(init);
    expect(Math.abs(law.mean)).toBeLessThan(near(bound));
    expect(Math.abs(law.std / (bound / Math.sqrt(3)) - 1)).toBeLessThan(0.02);
    expect(law.largest).toBeLessThanOrEqual(Math.fround(bound));
    expect(law.largest).toBeGreaterThan(0.999 * bound);
  });

  test('constant, zeros, and a fan-in that makes no sense', () => {
    const random = new HostRandom(0);
    expect([...constantInit(1.5)([2, 1], random)]).toEqual([1.5, 1.5]);
    expect([...zerosInit([3], random)]).toEqual([0, 0, 0]);
    expect(() => kaimingNormalInit({ fanIn: 0 })).toThrow(/fanIn/);
    expect(() => kaimingUniformInit({ fanIn: 0 })).toThrow(/fanIn/);
  });

  test('layers draw their weights from PyTorch’s defaults', () => {
    const bounds: [Module, number][] = [
      [new Linear(50, 400), 1 / Math.sqrt(50)],
      [new Conv2d(5, 70, { kernelSize: 3 }), 1 / Math.sqrt(5 * 9)],
      // As PyTorch does: the fan-in of a transposed convolution counts its outputs.
      [new ConvTranspose2d(60, 10, { kernelSize: 4 }), 1 / Math.sqrt(10 * 16)],
    ];
    for (const [layer, bound] of bounds) {
      const weight = layer.parameters.get('weight')!;
      const largest = weight
        .init(weight.shape, new HostRandom(1))
        .reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(largest / bound).toBeGreaterThan(0.99);
      expect(largest / bound).toBeLessThanOrEqual(1.0001);
    }
    const norm = new BatchNorm2d(3).parameters;
    const random = new HostRandom(0);
    expect([...norm.get('weight')!.init([3], random)]).toEqual([1, 1, 1]);
    expect([...norm.get('bias')!.init([3], random)]).toEqual([0, 0, 0]);
  });

  test('the host’s random numbers depend on seed and stream alone', () => {
    const draw = (seed: number, stream: number) => {
      const random = new HostRandom(seed, stream);
      return Array.from({ length: 4 }, () => random.bits());
    };
    expect(draw(1, 0)).toEqual(draw(1, 0));
    const different = [draw(1, 0), draw(2, 0), draw(1, 1), draw(2, 1)].map(String);
    expect(new Set(different).size).toBe(4);
    for (const bits of draw(7, 7)) expect(bits).toBeGreaterThanOrEqual(0);
  });
});
