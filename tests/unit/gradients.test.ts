// Every gradient rule against central finite differences, in float64, once and twice: the second
// time the rule's own operations are differentiated, as a gradient penalty does.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { GraphError } from '../../src/graph/errors.ts';
import type { Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { opDefinition, opNames } from '../../src/graph/registry.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import { crossEntropyLoss } from '../../src/nn/losses.ts';
import {
  add,
  batchNorm,
  batchNormEval,
  broadcastTo,
  clamp,
  concat,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  detach,
  exp,
  greater,
  leakyRelu,
  log,
  matmul,
  max,
  mean,
  mul,
  pack,
  pad,
  reshape,
  select,
  slice,
  softplus,
  square,
  sub,
  sum,
  tanh,
  translate,
  transpose,
  view,
} from '../../src/ops/index.ts';
import { graphOf, type Input } from '../reference/evaluate.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';

interface Example {
  /** Differentiated one and all, but for those that are `fixed`. */
  readonly inputs: readonly (Input & { readonly fixed?: boolean })[];
  build(...inputs: Tensor[]): Tensor | readonly Tensor[];
}

/** Σ r·y² over all results, with random r: no rule sees a gradient of ones or of another constant. */
function scalarOf(
  results: readonly Tensor[],
  random: RandomValues,
  variables: Map<string, unknown>,
) {
  const terms = results.map((y, i) => {
    variables.set(`weights${i}`, random.normal(y.size));
    return sum(mul(y.graph.variable(`weights${i}`, y.shape), square(y)));
  });
  return terms.reduce((a, b) => add(a, b));
}

/**
 * Compares derivatives of order 1 or 2 along random directions, a few for each input.
 * A direction has every element in it, so one wrong element of a gradient shows.
 */
function check({ inputs, build }: Example, order: 1 | 2, seed: number): void {
  const random = new RandomValues(seed);
  const { graph, tensors, variables } = graphOf(inputs);
  const moving = tensors.filter((_, i) => !inputs[i].fixed);
  let loss = scalarOf([build(...tensors)].flat(), random, variables);
  if (order === 2) {
    loss = gradients(loss, moving)
      .map((g) => sum(square(g)))
      .reduce((a, b) => add(a, b));
  }
  graph.output('loss', loss);
  const forward = prune(graph);
  const lossAt = (name: string, values: Float64Array) =>
    interpret(graph, new Map(variables).set(name, values), forward).outputs.get('loss')![0];

  const derivatives = gradients(loss, moving);
  const { values } = interpret(graph, variables);
  moving.forEach((t, i) => {
    const name = t.node.attrs.name as string;
    const gradient = values.get(derivatives[i].id)!;
    expect(derivatives[i].shape).toEqual(t.shape);
    const x = Float64Array.from(variables.get(name)!);
    for (let repeat = 0; repeat < 2; repeat++) {
      const direction = random.normal(t.size);
      const step = 1e-5;
      const up = lossAt(
        name,
        x.map((v, k) => v + step * direction[k]),
      );
      const down = lossAt(
        name,
        x.map((v, k) => v - step * direction[k]),
      );
      const expected = (up - down) / (2 * step);
      const got = gradient.reduce((total, g, k) => total + g * direction[k], 0);
      // What the differences themselves can resolve: curvature, and rounding of the loss.
      const scale = 1 + Math.abs(expected) + 1e-3 * Math.abs(up);
      if (!(Math.abs(got - expected) < 1e-6 * scale))
        expect.fail(`order ${order}, ${name} [${t.shape}]: ${got}, by differences ${expected}`);
    }
  });
}

const dimension = (high: number, low = 1) => fc.integer({ min: low, max: high });
const shapes = (maxRank: number, maxSize = 3, minRank = 0) =>
  fc.array(dimension(maxSize), { minLength: minRank, maxLength: maxRank });

type Values = (random: RandomValues, size: number) => Float32Array;
const normal: Values = (random, size) => random.normal(size);
const positive: Values = (random, size) => random.uniform(size, 0.5, 2);
const nonZero: Values = (random, size) => random.away(size);

const tensorOf = (shape: readonly number[], values: ArrayLike<number>) => ({ shape, values });

/** Operands of shapes that broadcast together: leading axes left out, others of size 1. */
function operands(arity: number, values: Values): fc.Arbitrary<Input[]> {
  return shapes(4).chain((shape) =>
    fc
      .record({
        seed: fc.nat(1e6),
        cut: fc.array(fc.nat(shape.length), { minLength: arity, maxLength: arity }),
        ones: fc.array(fc.nat(15), { minLength: arity, maxLength: arity }),
        full: fc.boolean(),
      })
      .map(({ seed, cut, ones, full }) => {
        const random = new RandomValues(seed);
        const own = Array.from({ length: arity }, (_, i) =>
          full ? shape : shape.map((n, axis) => ((ones[i] >> axis) & 1 ? 1 : n)).slice(cut[i]),
        );
        // All values from one draw, so that `distinct` holds between operands too.
        const all = values(
          random,
          own.reduce((n, s) => n + sizeOf(s), 0),
        );
        let end = 0;
        return own.map((s) => {
          const start = end;
          end += sizeOf(s);
          return tensorOf(s, all.slice(start, end));
        });
      }),
  );
}

function elementwise(
  op: string,
  arity: number,
  values: Values = normal,
  attrs: Record<string, number> = {},
): fc.Arbitrary<Example> {
  return operands(arity, values).map((inputs) => ({
    inputs,
    build: (...t) => t[0].graph.add(op, t, attrs),
  }));
}

const distinct: Values = (random, size) => random.distinct(size);

/** One random tensor and what is done to it. */
function unary(
  shape: fc.Arbitrary<number[]>,
  build: (x: Tensor, random: RandomValues) => Tensor | readonly Tensor[],
  values: Values = normal,
): fc.Arbitrary<Example> {
  return fc.record({ shape, seed: fc.nat(1e6) }).map(({ shape: s, seed }) => ({
    inputs: [tensorOf(s, values(new RandomValues(seed), sizeOf(s)))],
    build: (x) => build(x, new RandomValues(seed + 1)),
  }));
}

const someAxes = (x: Tensor, random: RandomValues) =>
  x.shape.map((_, i) => i).filter(() => random.next() < 0.5);

const amounts = (x: Tensor, random: RandomValues) => x.shape.map(() => random.integer(0, 2));

/** The shapes of a convolution: any kernel size, stride and padding that leave an output. */
const convolution = fc
  .record({
    n: dimension(2),
    kernel: fc.tuple(dimension(4), dimension(3)),
    outputs: fc.tuple(dimension(3), dimension(2)),
    // Rows and columns of the picture that the stride leaves over.
    rest: fc.tuple(fc.nat(2), fc.nat(2)),
    stride: dimension(3),
    padding: fc.nat(2),
    cx: dimension(3),
    cy: dimension(3),
    seed: fc.nat(1e6),
  })
  .filter(({ kernel, outputs, stride, padding }) =>
    kernel.every((k, i) => (outputs[i] - 1) * stride + k - 2 * padding >= 1),
  )
  .map(({ n, kernel, outputs, rest, stride, padding, cx, cy, seed }) => {
    const size = kernel.map(
      (k, i) => (outputs[i] - 1) * stride + k - 2 * padding + Math.min(rest[i], stride - 1),
    );
    const random = new RandomValues(seed);
    const make = (shape: number[]) => tensorOf(shape, random.normal(sizeOf(shape)));
    return {
      x: make([n, ...size, cx]),
      w: make([...kernel, cx, cy]),
      y: make([n, ...outputs, cy]),
      size: size as [number, number],
      kernel,
      attrs: { stride, padding },
    };
  });

/** x, γ, β and the statistics so far, which nothing is differentiated by. */
const normalised = fc
  .record({ shape: shapes(3, 3, 1), channels: dimension(3), seed: fc.nat(1e6) })
  .filter(({ shape }) => sizeOf(shape) >= 2)
  .map(({ shape, channels: c, seed }) => {
    const random = new RandomValues(seed);
    const x = [...shape, c];
    return {
      x: tensorOf(x, random.distinct(sizeOf(x), 0.2)),
      gamma: tensorOf([c], random.normal(c, 1, 0.5)),
      beta: tensorOf([c], random.normal(c)),
      running: { ...tensorOf([2, c], random.uniform(2 * c, 0.5, 1.5)), fixed: true },
      dy: tensorOf(x, random.normal(sizeOf(x))),
    };
  });

const momentum = 0.1;
const eps = 1e-2;

/** One row for each operation that has a gradient, or a decomposition that has one. */
const rows: Record<string, fc.Arbitrary<Example>> = {
  add: elementwise('add', 2),
  sub: elementwise('sub', 2),
  mul: elementwise('mul', 2),
  div: elementwise('div', 2, (random, size) => random.away(size, [0], 0.5)),
  maximum: elementwise('maximum', 2, distinct),
  minimum: elementwise('minimum', 2, distinct),
  greater: elementwise('greater', 2, distinct),
  greaterEqual: elementwise('greaterEqual', 2, distinct),
  equal: elementwise('equal', 2, distinct),
  select: operands(4, distinct).map((inputs) => ({
    inputs,
    build: (c, d, a, b) => select(greater(c, d), a, b),
  })),
  neg: elementwise('neg', 1),
  exp: elementwise('exp', 1),
  log: elementwise('log', 1, positive),
  sqrt: elementwise('sqrt', 1, positive),
  rsqrt: elementwise('rsqrt', 1, positive),
  abs: elementwise('abs', 1, nonZero),
  sign: elementwise('sign', 1, nonZero),
  floor: elementwise('floor', 1, (random, size) => random.away(size, [-2, -1, 0, 1, 2], 0.1)),
  square: elementwise('square', 1),
  tanh: elementwise('tanh', 1),
  sigmoid: elementwise('sigmoid', 1),
  relu: elementwise('relu', 1, nonZero),
  leakyRelu: elementwise('leakyRelu', 1, nonZero, { slope: 0.2 }),
  reluGrad: elementwise('reluGrad', 2, nonZero, { slope: 0.2 }),
  softplus: elementwise('softplus', 1),
  bceWithLogits: elementwise('bceWithLogits', 2, nonZero),
  clamp: elementwise('clamp', 1, (random, size) => random.away(size, [-0.5, 0.7]), {
    min: -0.5,
    max: 0.7,
  }),

  view: unary(shapes(3, 4, 1), (x, random) => {
    const offset = random.integer(0, x.size - 1);
    return [view(x, offset, [1, x.size - offset]), reshape(x, [x.size])];
  }),
  pack: fc.tuple(shapes(2), shapes(3), fc.nat(1e6)).map(([a, b, seed]) => {
    const random = new RandomValues(seed);
    const [before, between, after] = random.integers(3, 0, 2);
    return {
      inputs: [a, b].map((s) => tensorOf(s, random.normal(sizeOf(s)))),
      build: (x, y) => {
        const second = before + x.size + between;
        return pack([x, y], [before, second], second + y.size + after);
      },
    };
  }),
  transpose: unary(shapes(4), (x, random) => {
    const keys = x.shape.map(() => random.next());
    const order = keys.map((_, i) => i).sort((i, j) => keys[i] - keys[j]);
    return transpose(x, order);
  }),
  slice: unary(shapes(3, 4), (x, random) => {
    const start = x.shape.map((n) => random.integer(0, n - 1));
    const end = x.shape.map((n, i) => random.integer(start[i] + 1, n));
    return slice(x, start, end);
  }),
  pad: unary(shapes(3), (x, random) => pad(x, amounts(x, random), amounts(x, random))),
  broadcastTo: unary(shapes(3), (x, random) => {
    const lead = random.integer(0, 1) === 1 ? [2] : [];
    return broadcastTo(x, [...lead, ...x.shape.map((n) => (n === 1 ? random.integer(1, 3) : n))]);
  }),

  translate: fc.record({ shape: shapes(4, 3, 4), seed: fc.nat(1e6) }).map(({ shape, seed }) => {
    const random = new RandomValues(seed);
    const shifts = random.integers(2 * shape[0], 0, 4);
    return {
      inputs: [
        tensorOf(shape, random.normal(sizeOf(shape))),
        {
          ...tensorOf(
            [shape[0], 2],
            Float32Array.from(shifts, (n) => n - 1.7),
          ),
          fixed: true,
        },
      ],
      build: translate,
    };
  }),

  sum: unary(shapes(4), (x, random) => {
    const axes = someAxes(x, random);
    return [sum(x, axes), mean(x, axes)];
  }),
  max: unary(shapes(4), (x, random) => max(x, someAxes(x, random)), distinct),

  matmul: fc
    .record({
      m: dimension(5),
      k: dimension(5),
      n: dimension(5),
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
      seed: fc.nat(1e6),
    })
    .map(({ m, k, n, transposeA, transposeB, seed }) => {
      const random = new RandomValues(seed);
      return {
        inputs: [
          tensorOf(transposeA ? [k, m] : [m, k], random.normal(m * k)),
          tensorOf(transposeB ? [n, k] : [k, n], random.normal(k * n)),
        ],
        build: (a, b) => matmul(a, b, { transposeA, transposeB }),
      };
    }),

  // By name, as the functions make a matrix product of a kernel that covers the picture.
  conv2d: convolution.map(({ x, w, attrs }) => ({
    inputs: [x, w],
    build: (...t) => t[0].graph.add('conv2d', t, attrs),
  })),
  conv2dInputGrad: convolution.map(({ y, w, size, attrs }) => ({
    inputs: [y, w],
    build: (...t) => t[0].graph.add('conv2dInputGrad', t, { ...attrs, size }),
  })),
  conv2dWeightGrad: convolution.map(({ x, y, kernel, attrs }) => ({
    inputs: [x, y],
    build: (...t) => t[0].graph.add('conv2dWeightGrad', t, { ...attrs, size: kernel }),
  })),

  batchNorm: normalised.map(({ x, gamma, beta, running }) => ({
    inputs: [x, gamma, beta, running],
    build: (...t) => t[0].graph.add('batchNorm', t, { momentum, eps })[0],
  })),
  batchNormGrad: normalised.map(({ dy, x, gamma, beta, running }) => ({
    inputs: [dy, x, gamma, { ...beta, fixed: true }, running],
    build: (dyT, xT, gammaT, ...rest) => {
      const { graph } = dyT;
      const [, saved] = graph.add('batchNorm', [xT, gammaT, ...rest], { momentum, eps });
      return graph.add('batchNormGrad', [dyT, xT, gammaT, saved], { eps });
    },
  })),
};

/** Operations without a gradient, and why that is right. */
const notDifferentiable: Record<string, string> = {
  constant: 'a leaf that never changes',
  detach: 'a constant for gradients',
  random: 'depends on integers only',
  advance: 'integers',
  shuffledIndices: 'integers',
  gatherRows: 'depends on a data set and integers only',
  gatherPictures: 'depends on bytes and integers only',
  firstNonFinite: 'bits',
  tauLeap: 'counts',
  adam: 'an update: nobody differentiates through training',
  rmsprop: 'an update: nobody differentiates through training',
  sgd: 'an update: nobody differentiates through training',
};

const runs = { numRuns: 40, seed: 20260 };

describe('by finite differences', () => {
  test('every operation has a row here, or a reason why not', () => {
    const covered = [...Object.keys(rows), ...Object.keys(notDifferentiable)].sort();
    expect(covered).toEqual(opNames().sort());
  });

  test.each(Object.keys(notDifferentiable))('%s has no rule that goes untested', (op) => {
    const { grad, decompose } = opDefinition(op);
    expect([grad, decompose]).toEqual([undefined, undefined]);
  });

  test.each(Object.entries(rows))('%s', (_, examples) => {
    fc.assert(
      fc.property(examples, fc.nat(1e6), (example, seed) => {
        check(example, 1, seed);
        check(example, 2, seed);
      }),
      runs,
    );
  });
});

describe('compositions', () => {
  const examples: Record<string, fc.Arbitrary<Example>> = {
    'a kernel that covers the picture': fc
      .tuple(dimension(3), dimension(3), dimension(3), fc.nat(1e6))
      .map(([h, cx, cy, seed]) => {
        const random = new RandomValues(seed);
        const make = (shape: number[]) => tensorOf(shape, random.normal(sizeOf(shape)));
        const o = { stride: 2, padding: 0 };
        return {
          inputs: [make([2, h, 2, cx]), make([h, 2, cx, cy]), make([2, 1, 1, cy])],
          build: (x, w, y) => [
            conv2d(x, w, o),
            conv2dInputGrad(y, w, [h, 2], o),
            conv2dWeightGrad(x, y, [h, 2], o),
          ],
        };
      }),
    'batch-norm in evaluation mode': normalised.map(({ x, gamma, beta, running }) => ({
      inputs: [x, gamma, beta, running],
      build: (xT, gammaT, betaT, runningT) =>
        batchNormEval(xT, { gamma: gammaT, beta: betaT, running: runningT }, eps),
    })),
    'two batch-norms, one after the other': normalised.map(({ x, gamma, beta, running }) => ({
      inputs: [x, gamma, beta, running],
      build: (xT, gammaT, betaT, runningT) => {
        const parts = { gamma: gammaT, beta: betaT, running: runningT };
        const { y } = batchNorm(xT, parts, { momentum, eps });
        return batchNorm(tanh(y), parts, { momentum, eps }).y;
      },
    })),
    'a small network': convolution.map(({ x, w, attrs }) => ({
      inputs: [x, w],
      build: (xT, wT) => mean(softplus(tanh(conv2d(xT, wT, attrs))), [1, 2]),
    })),
    'a tensor used many times': unary(shapes(2), (x) => mul(add(x, x), sub(mul(x, x), exp(x)))),
    'one tensor as every operand': unary(fc.constant([3, 3]), (x) =>
      matmul(x, matmul(x, x, { transposeA: true })),
    ),
    concat: fc.tuple(shapes(3, 3, 1), dimension(3), fc.nat(1e6)).map(([shape, n, seed]) => {
      const random = new RandomValues(seed);
      const axis = random.integer(0, shape.length - 1);
      const other = shape.map((size, i) => (i === axis ? n : size));
      return {
        inputs: [shape, other].map((s) => tensorOf(s, random.normal(sizeOf(s)))),
        build: (a, b) => concat([a, b, a], axis),
      };
    }),
    'cross-entropy of logits': fc
      .tuple(dimension(3), dimension(4), fc.nat(1e6))
      .map(([n, c, seed]) => {
        const random = new RandomValues(seed);
        const make = () => tensorOf([n, c], random.normal(n * c));
        return { inputs: [make(), make()], build: crossEntropyLoss };
      }),
    'log-sum-exp around its maximum': unary(
      fc.constant([2, 5]),
      (x) => {
        const top = max(x, [1]);
        return add(top, log(sum(exp(sub(x, reshape(top, [2, 1]))), [1])));
      },
      distinct,
    ),
  };
  test.each(Object.entries(examples))('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.nat(1e6), (example, seed) => {
        check(example, 1, seed);
        check(example, 2, seed);
      }),
      runs,
    );
  });

  test('no gradient flows through detach', () => {
    const { graph, tensors, variables } = graphOf([{ shape: [2], values: [3, -4] }]);
    const [x] = tensors;
    const [d] = gradients(sum(mul(x, detach(square(x)))), [x]);
    const { values } = interpret(graph, variables);
    expect([...values.get(d.id)!]).toEqual([9, 16]);
    const [none] = gradients(sum(detach(x)), [x]);
    expect(interpret(graph, variables).values.get(none.id)).toEqual(Float64Array.of(0, 0));
  });

  test('a gradient penalty: (‖∂D/∂x‖ − 1)², differentiated by the weights', () => {
    const random = new RandomValues(4);
    const make = (shape: number[]) => tensorOf(shape, random.normal(sizeOf(shape)));
    const example: Example = {
      inputs: [make([2, 6, 6, 1]), make([4, 4, 1, 3]), make([3, 3, 3, 1])],
      build: (x, w1, w2) => {
        const hidden = leakyRelu(conv2d(x, w1, { stride: 2, padding: 1 }), 0.2);
        const logits = conv2d(hidden, w2, { stride: 1, padding: 0 });
        const [dx] = gradients(sum(logits), [x]);
        const norms = sum(square(dx), [1, 2, 3]);
        return square(sub(clamp(norms, 0, 1e6), 1));
      },
    };
    check(example, 1, 1);
  });
});

describe('at kinks, PyTorch’s choice', () => {
  const gradientAt = (build: (...t: Tensor[]) => Tensor, ...values: number[]) => {
    const inputs = values.map((x) => tensorOf([1], [x]));
    const { graph, tensors, variables } = graphOf(inputs);
    const wanted = gradients(sum(build(...tensors)), tensors);
    const result = interpret(graph, variables).values;
    return wanted.map((t) => result.get(t.id)![0]);
  };
  const by =
    (op: string, attrs: Record<string, number> = {}) =>
    (...t: Tensor[]) =>
      t[0].graph.add(op, t, attrs)[0];

  test('activations at 0', () => {
    expect(gradientAt(by('relu'), 0)).toEqual([0]);
    expect(gradientAt(by('leakyRelu', { slope: 0.2 }), 0)).toEqual([0.2]);
    expect(gradientAt(by('abs'), 0)).toEqual([0]);
  });
  test('clamp passes at its bounds', () => {
    expect(gradientAt(by('clamp', { min: -1, max: 1 }), 1)).toEqual([1]);
    expect(gradientAt(by('clamp', { min: -1, max: 1 }), -1)).toEqual([1]);
  });
  test('equal largest elements share', () => {
    expect(gradientAt((a, b) => max(concat([a, b], 0)), 2, 2)).toEqual([0.5, 0.5]);
  });
  test('maximum and minimum of equals', () => {
    expect(gradientAt(by('maximum'), 2, 2)).toEqual([1, 0]);
    expect(gradientAt(by('minimum'), 2, 2)).toEqual([1, 0]);
  });
});

describe('far from 0, gradients stay finite', () => {
  test.each(['softplus', 'sigmoid', 'tanh'])('%s', (op) => {
    const { graph, tensors, variables } = graphOf([tensorOf([4], [-1000, -50, 50, 1000])]);
    const [y] = graph.add(op, tensors);
    const [dx] = gradients(sum(y), tensors);
    const values = interpret(graph, variables).values.get(dx.id)!;
    expect(values.every(Number.isFinite)).toBe(true);
  });
});

test('statistics of a batch-norm are detached, with an error that says so', () => {
  const { tensors, graph } = graphOf(
    [[4, 2], [2], [2], [2, 2]].map((shape) => tensorOf(shape, new Float32Array(sizeOf(shape)))),
  );
  const [, saved, running] = graph.add('batchNorm', tensors, { momentum, eps });
  for (const statistics of [saved, running])
    expect(() => gradients(sum(statistics), [tensors[0]])).toThrow(GraphError);
});
