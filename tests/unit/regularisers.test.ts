// What is added to a loss, or done to parameters, beside it: in float64, against finite differences,
// and in whole training steps, where each would be missed if it were left out.
import { describe, expect, test } from 'vitest';
import { dcganDiscriminator } from '../../src/gan/dcgan.ts';
import { metricNames } from '../../src/gan/metrics.ts';
import { mmd } from '../../src/gan/objectives/mmd.ts';
import { wasserstein } from '../../src/gan/objectives/wasserstein.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { diffAugment } from '../../src/nn/diff-augment.ts';
import { constantInit, HostRandom } from '../../src/nn/initialisers.ts';
import { Linear } from '../../src/nn/layers.ts';
import { Net } from '../../src/nn/net.ts';
import { Adam, AdamW, type Optimiser, RMSProp, SGD } from '../../src/nn/optimisers.ts';
import { gradientPenalty, zeroCentredPenalty } from '../../src/nn/regularisers.ts';
import { add, mul, tanh } from '../../src/ops/elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { sum } from '../../src/ops/reduce.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

const valuesOf = (graph: Graph, given: Record<string, ArrayLike<number>>) =>
  interpret(graph, new Map(Object.entries(given))).outputs;

describe('penalties on slopes', () => {
  /** Σⱼ vⱼ tanh(x·Wⱼ) of each item [N, 3], and its slope worked out by hand. */
  const random = new RandomValues(3);
  const [w, v] = [random.normal(6), random.normal(2)];
  const slopeAt = (x: readonly number[]): number => {
    const slope = [0, 0, 0];
    for (let j = 0; j < 2; j++) {
      const inner = x.reduce((s, xi, i) => s + xi * w[2 * i + j], 0);
      x.forEach((_, i) => {
        slope[i] += v[j] * (1 - Math.tanh(inner) ** 2) * w[2 * i + j];
      });
    }
    return Math.hypot(...slope);
  };
  const critic = (x: Tensor): Tensor =>
    matmul(tanh(matmul(x, x.graph.variable('w', [3, 2]))), x.graph.variable('v', [2, 1]));
  const rows = (x: Float32Array) => [0, 1, 2, 3].map((n) => [...x.subarray(3 * n, 3 * n + 3)]);
  const real = random.normal(12);
  const fake = random.normal(12);

  test('R1 and R2 are mean squared slopes', () => {
    const graph = new Graph();
    const x = graph.variable('x', [4, 3]);
    graph.output('penalty', zeroCentredPenalty(critic(x), x));
    const expected = rows(real).reduce((s, row) => s + slopeAt(row) ** 2, 0) / 4;
    expect(valuesOf(graph, { x: real, w, v }).get('penalty')![0]).toBeCloseTo(expected, 10);
  });

  test('the gradient penalty is of slopes other than 1, between real and fake', () => {
    const mix = Float32Array.of(0.25, 0, 1, 0.5);
    const graph = new Graph();
    const [r, f] = ['real', 'fake'].map((name) => graph.variable(name, [4, 3]));
    graph.output('penalty', gradientPenalty(critic, r, f, graph.variable('mix', [4, 1])));
    const expected = rows(real).reduce((s, row, n) => {
      const at = row.map((x, i) => mix[n] * x + (1 - mix[n]) * fake[3 * n + i]);
      return s + (slopeAt(at) - 1) ** 2 / 4;
    }, 0);
    const penalty = valuesOf(graph, { real, fake, mix, w, v }).get('penalty')!;
    expect(penalty[0]).toBeCloseTo(expected, 6);
  });

  test('a flat critic has a penalty with a finite gradient', () => {
    const graph = new Graph();
    const [r, f] = ['real', 'fake'].map((name) => graph.variable(name, [4, 3]));
    const penalty = gradientPenalty(critic, r, f, graph.variable('mix', [4, 1]));
    graph.output('penalty', penalty);
    graph.output('gradient', gradients(penalty, [graph.variable('w', [3, 2])])[0]);
    const flat = { real, fake, mix: new Float32Array(4), w: new Float32Array(6), v };
    const outputs = valuesOf(graph, flat);
    expect(outputs.get('penalty')![0]).toBeCloseTo(1, 5);
    expect(outputs.get('gradient')!.every(Number.isFinite)).toBe(true);
  });
});

describe('double backward through a whole discriminator, by finite differences', () => {
  const N = 3;
  test.each(['batch', 'none'] as const)('normalised by: %s', (norm) => {
    const shape = { imageSize: 16, channels: 1, width: 2, latentDim: 1 };
    const net = new Net('discriminator', dcganDiscriminator(shape, { norm }));
    const random = new RandomValues(2);
    const given = new Map<string, ArrayLike<number>>(net.initialValues(new HostRandom(1)));
    const weights = Float64Array.from(given.get(net.variable)!, (x) => 5 * x);
    for (const name of ['real', 'fake']) given.set(name, random.normal(N * 256));
    given.set('mix', random.uniform(N, 0, 1));

    const graph = new Graph();
    const [real, fake] = ['real', 'fake'].map((name) => graph.variable(name, [N, 16, 16, 1]));
    const training = true;
    const critic = (x: Tensor) => net.forward(x, { training });
    const r1 = zeroCentredPenalty(critic(real), real);
    const gp = gradientPenalty(critic, real, fake, graph.variable('mix', [N, 1, 1, 1]));
    const loss = add(mul(r1, 0.1), gp);
    graph.output('loss', loss);
    const forward = prune(graph);
    const [gradient] = gradients(loss, [net.weights(graph)]);
    const at = (w: Float64Array, nodes = forward) =>
      interpret(graph, new Map(given).set(net.variable, w), nodes).values;

    const got = at(weights, graph.nodes).get(gradient.id)!;
    for (const [name, { offset, size }] of net.parameters) {
      const direction = random.normal(size);
      const moved = (by: number) => {
        const w = weights.slice();
        direction.forEach((d, i) => {
          w[offset + i] += by * d;
        });
        return at(w).get(loss.id)![0];
      };
      const expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
      const along = direction.reduce((s, d, i) => s + d * got[offset + i], 0);
      expect(Math.abs(along - expected), name).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
    }
    expect(got.some((g) => Math.abs(g) > 1e-3)).toBe(true);
  });
});

describe('optimisers', () => {
  /** Updates of two weights, whose gradients are 3 and −4, by optimisers that are given. */
  function updates(make: (net: Net) => Optimiser, count = 1) {
    const linear = new Linear(2, 1, { bias: false, weightInit: constantInit(1) });
    const net = new Net('net', linear);
    const optimiser = make(net);
    const graph = new Graph();
    const x = graph.variable('x', [1, 2]);
    const { gradNorm } = optimiser.minimise(sum(net.forward(x, { training: true })));
    graph.output('norm', gradNorm);
    let state = new Map<string, ArrayLike<number>>([
      ...net.initialValues(new HostRandom(1)),
      ...optimiser.initialValues(),
      ['x', [3, -4]],
    ]);
    let norm = 0;
    for (let i = 0; i < count; i++) {
      const { outputs, variables } = interpret(graph, state);
      norm = outputs.get('norm')![0];
      state = new Map(variables);
    }
    const [a, b] = Array.from(state.get(net.variable)!);
    return { a, b, norm, optimiser };
  }

  test('gradients longer than clipNorm are scaled down to it, and their norm is told as it was', () => {
    const { a, b, norm } = updates((net) => new SGD(net, { lr: 1, clipNorm: 0.5 }));
    expect([a, b]).toEqual([expect.closeTo(1 - 0.3, 6), expect.closeTo(1 + 0.4, 6)]);
    expect(norm).toBeCloseTo(5, 10);
  });

  test('shorter ones are left alone', () => {
    const { a, b, norm } = updates((net) => new SGD(net, { lr: 1, clipNorm: 5.01 }));
    expect([a, b, norm]).toEqual([-2, 5, expect.closeTo(5, 10)]);
    const { a: c, b: d } = updates((net) => new SGD(net, { lr: 1 }));
    expect([c, d]).toEqual([-2, 5]);
  });

  test('AdamW is Adam, and parameters shrink by lr·λ at each update besides', () => {
    const given = { lr: 0.1, betas: [0.5, 0.9] } as const;
    const adam = updates((net) => new Adam(net, given), 2);
    const adamW = updates((net) => new AdamW(net, { ...given, weightDecay: 0.2 }), 2);
    const plain = updates((net) => new AdamW(net, { ...given, weightDecay: 0 }), 2);
    expect([plain.a, plain.b]).toEqual([adam.a, adam.b]);
    // With the same gradients each time, each of Adam's steps is lr.
    expect([adam.a, adam.b]).toEqual([expect.closeTo(0.8, 6), expect.closeTo(1.2, 6)]);
    const twice = (step: number) => (1 * 0.98 + step) * 0.98 + step;
    expect(adamW.a).toBeCloseTo(twice(-0.1), 6);
    expect(adamW.b).toBeCloseTo(twice(0.1), 6);
  });

  test('RMSProp divides by the root of averaged squares', () => {
    const { a, b, optimiser } = updates((net) => new RMSProp(net, { lr: 0.1, decay: 0.75 }), 2);
    const first = 0.1 / Math.sqrt(0.25);
    const second = 0.1 / Math.sqrt(0.4375);
    expect([a, b]).toEqual([
      expect.closeTo(1 - first - second, 6),
      expect.closeTo(1 + first + second, 6),
    ]);
    expect(optimiser.parts().map(({ name }) => name)).toEqual([
      'rmsprop.net.v.weight',
      'rmsprop.net.hyper',
    ]);
    const { variable, values } = optimiser.withLearningRate(2);
    expect([variable, ...values]).toEqual([
      'net.rmsprop.hyper',
      ...[2, 0.25, expect.closeTo(1e-8, 12)],
    ]);
  });

  test.each<[string, (net: Net) => Optimiser]>([
    ['clipNorm is 0', (net) => new Adam(net, { clipNorm: 0 })],
    ['The weight decay is -1', (net) => new AdamW(net, { weightDecay: -1 })],
    ['The decay is 1', (net) => new RMSProp(net, { decay: 1 })],
    ['eps is 0', (net) => new RMSProp(net, { eps: 0 })],
  ])('%s', (message, make) => {
    expect(() => updates(make)).toThrow(message);
  });
});

const small: Partial<GanOptions> = {
  ...{ imageSize: 16, channels: 1, width: 2, latentDim: 4, batchSize: 4 },
  ...{ lrD: 1e-3, lrG: 2e-3, seed: 3 },
};

/** A step in float64: its metrics, what it leaves, and values of the tensors that `watch` picks. */
function stepOf(given: Partial<GanOptions>, watch: (graph: Graph) => Tensor[] = () => []) {
  const options = resolveOptions({ ...small, ...given });
  const players = new Players(options);
  const graph = traceStep(players, [8, 16, 16, 1]);
  const watched = watch(graph);
  const before = startOf(players, noisePictures(8, 16, 1));
  const { values, outputs, variables } = interpret(graph, before);
  const metric = (name: (typeof metricNames)[number]) =>
    outputs.get('metrics')![metricNames.indexOf(name) * METRIC_PITCH];
  return { players, before, metric, variables, watched: watched.map((t) => values.get(t.id)!) };
}

/** The slope penalty of a D on pictures, computed apart from any step. */
function penaltyOf(
  { players, before }: ReturnType<typeof stepOf>,
  build: (critic: (x: Tensor) => Tensor, x: (name: string) => Tensor) => Tensor,
  given: Record<string, ArrayLike<number>>,
): number {
  const graph = new Graph();
  const variable = (name: string) =>
    graph.variable(name, name === 'mix' ? [4, 1, 1, 1] : [4, 16, 16, 1]);
  const critic = (x: Tensor) => players.discriminator.forward(x, { training: true });
  graph.output('penalty', build(critic, variable));
  const all = new Map<string, ArrayLike<number>>([...before, ...Object.entries(given)]);
  return interpret(graph, all).outputs.get('penalty')![0];
}

const made = (graph: Graph, op: string): Tensor[] =>
  graph.nodes.filter((node) => node.op === op).map((node) => node.outputs[0]);

describe('in a training step', () => {
  const apart = (step: ReturnType<typeof stepOf>): number =>
    step.metric('lossD') - step.metric('lossDReal') - step.metric('lossDFake');

  test('clipped weights of D, after every update', () => {
    const limit = 0.02;
    const { variables, before } = stepOf({ objective: 'wasserstein', clipWeights: limit });
    const largest = (x: ArrayLike<number>) =>
      Array.from(x, Math.abs).reduce((a, b) => Math.max(a, b));
    expect(largest(before.get('discriminator.parameters')!)).toBeGreaterThan(limit);
    expect(largest(variables.get('discriminator.parameters')!)).toBeCloseTo(limit, 12);
    expect(largest(variables.get('generator.parameters')!)).toBeGreaterThan(limit);
  });

  test('R1 is in D’s loss', () => {
    const watch = (graph: Graph) => made(graph, 'gatherPictures');
    const step = stepOf({ objective: 'hinge', r1: 6, normD: 'none' }, watch);
    const [real] = step.watched;
    const penalty = penaltyOf(
      step,
      (critic, x) => zeroCentredPenalty(critic(x('real')), x('real')),
      { real },
    );
    expect(penalty).toBeGreaterThan(1e-3);
    expect(apart(step)).toBeCloseTo(3 * penalty, 8);
    expect(apart(stepOf({ objective: 'hinge', normD: 'none' }))).toBeCloseTo(0, 12);
  });

  test.each([
    ['wasserstein', wasserstein],
    // Of its D's features, it is the witness that is penalised.
    ['mmd-rational-quadratic', mmd('rational-quadratic')],
  ] as const)('the gradient penalty is in D’s loss: %s', (name, objective) => {
    const watch = (graph: Graph) => [
      ...made(graph, 'gatherPictures'),
      ...made(graph, 'tanh'),
      ...made(graph, 'random').filter(({ shape }) => shape.at(-1) === 1),
    ];
    const step = stepOf({ objective: name, gradientPenalty: 10, normD: 'none' }, watch);
    const [real, fake, uniform] = step.watched;
    expect(uniform).toHaveLength(4);
    const mix = uniform.map((u) => (u + 1) / 2);
    const penalty = penaltyOf(
      step,
      (D, x) => {
        const critic = (pictures: Tensor) =>
          objective.critic(D(pictures), D(x('real')), D(x('fake')));
        return gradientPenalty(critic, x('real'), x('fake'), x('mix'));
      },
      { real, fake, mix },
    );
    expect(penalty).toBeGreaterThan(1e-3);
    expect(apart(step)).toBeCloseTo(10 * penalty, 8);
  });

  test('instance noise is on all that D sees, drawn anew each time', () => {
    const watch = (graph: Graph) => [
      ...made(graph, 'gatherPictures'),
      ...made(graph, 'tanh'),
      ...made(graph, 'random').filter(({ shape }) => shape[1] === 16),
      ...graph.nodes
        .flatMap(({ op, inputs: [x] }) => (op === 'conv2d' && x.shape[1] === 16 ? [x] : []))
        // The fourth is a gradient on its way back through the generator's last layer.
        .slice(0, 3),
    ];
    const { watched } = stepOf({ instanceNoise: 0.3 }, watch);
    const [real, fake, ...rest] = watched;
    expect(rest).toHaveLength(6);
    [real, fake, fake].forEach((pictures, i) => {
      const [noise, shown] = [rest[i], rest[3 + i]];
      for (let k = 0; k < shown.length; k++)
        expect(shown[k]).toBeCloseTo(pictures[k] + 0.3 * noise[k], 12);
    });
    expect(new Set(rest.slice(0, 3).map(([first]) => first)).size).toBe(3);
  });

  test('DiffAugment is of all that D sees, drawn anew each time, and noise comes after it', () => {
    const watch = (graph: Graph) => [
      ...made(graph, 'gatherPictures'),
      ...made(graph, 'tanh'),
      ...made(graph, 'random').filter(({ shape }) => shape[1] === 7 || shape[1] === 16),
      ...graph.nodes
        .flatMap(({ op, inputs: [x] }) => (op === 'conv2d' && x.shape[1] === 16 ? [x] : []))
        .slice(0, 3),
    ];
    const augment = 'color,translation,cutout';
    const { watched } = stepOf({ augment, instanceNoise: 0.3 }, watch);
    const [real, fake, ...rest] = watched;
    expect(rest).toHaveLength(9);
    [real, fake, fake].forEach((pictures, i) => {
      const [numbers, noise, shown] = [rest[2 * i], rest[2 * i + 1], rest[6 + i]];
      expect(numbers).toHaveLength(4 * 7);
      const graph = new Graph();
      const x = graph.variable('x', [4, 16, 16, 1]);
      graph.output(
        'y',
        diffAugment(x, augment, (shape) => graph.variable('numbers', shape)),
      );
      const changed = valuesOf(graph, { x: pictures, numbers }).get('y')!;
      for (let k = 0; k < shown.length; k++)
        expect(shown[k]).toBeCloseTo(changed[k] + 0.3 * noise[k], 12);
    });
    expect(new Set([0, 2, 4].map((i) => rest[i][0])).size).toBe(3);
  });

  test.each<[GanOptions['lrSchedule'], (steps: number) => number]>([
    ['linear', (steps) => Math.max(0, 1 - steps / 3)],
    ['cosine', (steps) => (1 + Math.cos(Math.PI * Math.min(1, steps / 3))) / 2],
    ['exponential', (steps) => 0.2 ** (steps / 3)],
    ['step', (steps) => 0.2 ** Math.floor(steps / 3)],
  ])('learning rates follow the schedule, those of D over all its updates: %s', (kind, factor) => {
    const lrGamma = kind === 'exponential' || kind === 'step' ? { lrGamma: 0.2 } : {};
    const schedule = { lrSchedule: kind, lrSteps: 3, ...lrGamma };
    const options = resolveOptions({ ...small, dSteps: 2, ...schedule });
    const players = new Players(options);
    const graph = traceStep(players, [8, 16, 16, 1]);
    let state: ReadonlyMap<string, ArrayLike<number>> = startOf(players, noisePictures(8, 16, 1));
    for (let step = 0; step < 4; step++) {
      const { values, variables } = interpret(graph, state);
      const rates = graph.nodes
        .filter(({ op }) => op === 'adam')
        .map(({ inputs }) => values.get(inputs[4].id)![0]);
      const expected = [1e-3 * factor(step), 1e-3 * factor(step + 0.5), 2e-3 * factor(step)];
      rates.forEach((rate, i) => {
        expect(rate).toBeCloseTo(expected[i], 9);
      });
      const unchanged = ['generator', 'discriminator'].map(
        (net) =>
          `${variables.get(`${net}.parameters`)}` ===
          `${Array.from(state.get(`${net}.parameters`)!)}`,
      );
      const over = factor(step) === 0;
      expect(unchanged).toEqual([over, over]);
      state = variables;
    }
    expect([...(state.get('discriminator.adam.updates') as Float64Array)]).toEqual([8]);
    expect([...(state.get('generator.adam.updates') as Float64Array)]).toEqual([4]);
  });

  test.each<[Partial<GanOptions>, kind: string, numbers: readonly number[]]>([
    // Learning rate, 1 − β1, 1 − β2, ε.
    [{ beta1: 0.25 }, 'adam', [0.75, 1e-3, 1e-8]],
    [{ beta1: 0.25, weightDecay: 0.1 }, 'adam', [0.75, 1e-3, 1e-8]],
    // Momentum.
    [{ beta1: 0.25, optimiser: 'sgd' }, 'sgd', [0.25]],
    // 1 − α, ε.
    [{ optimiser: 'rmsprop' }, 'rmsprop', [0.01, 1e-8]],
  ])('%o: both nets are updated by these numbers, each at its own rate', (given, kind, numbers) => {
    const { before } = stepOf(given);
    const rates = { discriminator: 1e-3, generator: 2e-3 };
    for (const [net, rate] of Object.entries(rates)) {
      const hyper = [...before.get(`${net}.${kind}.hyper`)!];
      expect(hyper).toEqual([rate, ...numbers].map((n) => expect.closeTo(n, 7)));
    }
  });

  test.each([
    ['normal', 3],
    ['uniform', 1],
  ] as const)('latents are %s', (latent, most) => {
    const watch = (graph: Graph) => made(graph, 'random').filter(({ shape }) => shape[3] === 400);
    const { watched } = stepOf({ latent, latentDim: 400 }, watch);
    expect(watched).toHaveLength(1);
    const [largest, square] = [
      watched[0].reduce((a, z) => Math.max(a, Math.abs(z)), 0),
      watched[0].reduce((s, z) => s + z * z, 0) / 1600,
    ];
    // Of 1,600 normal ones some are beyond 3.
    if (latent === 'normal') expect(largest).toBeGreaterThan(most);
    else expect(largest).toBeLessThanOrEqual(most);
    expect(Math.abs(square - (latent === 'normal' ? 1 : 1 / 3))).toBeLessThan(0.15);
  });

  test.each<[string, Partial<GanOptions>, Partial<GanOptions>]>([
    ['instance noise', { instanceNoise: 0.1 }, { instanceNoise: 0 }],
    ['R1', { r1: 10 }, { r1: 0 }],
    ['a gradient penalty', { gradientPenalty: 10 }, { gradientPenalty: 0 }],
    ['clipping of weights', { clipWeights: 0.01 }, { clipWeights: 0 }],
    ['clipping of gradients', { clipGradients: 0.01 }, { clipGradients: 0 }],
    ['spectral normalisation', { normD: 'spectral' }, {}],
    ['weight decay', { weightDecay: 0.01 }, { weightDecay: 0 }],
    ['another optimiser', { optimiser: 'rmsprop' }, { optimiser: 'sgd' }],
    ['DiffAugment', { augment: 'cutout' }, { augment: 'none' }],
    ['a batch in parts', { accumulate: 2 }, { accumulate: 1 }],
    ['spectral normalisation of G', { spectralNormG: true }, {}],
    ['mirroring', { flip: true }, { flip: false }],
  ])('%s changes what D learns', (_, on, off) => {
    const learned = (given: Partial<GanOptions>) =>
      stepOf({ objective: 'hinge', normD: 'none', ...given }).variables;
    const parameters = 'discriminator.parameters';
    expect(learned(on).get(parameters)).not.toEqual(learned(off).get(parameters));
  });
});

describe('options that contradict each other are refused, and what to do is said', () => {
  test.each<[Partial<GanOptions>, RegExp]>([
    [{ gradientPenalty: 10 }, /gradientPenalty.*batch-norm.*normD: 'none'/],
    [{ r1: 10 }, /r1.*batch-norm.*normD: 'none'/],
    [{ r1: 10, gradientPenalty: 10, normD: 'none' }, /gradientPenalty and r1.*Choose one/],
    [{ clipWeights: 0.01, gradientPenalty: 10 }, /clipWeights and gradientPenalty.*Choose one/],
    [{ objective: 'wasserstein', r1: 10, normD: 'none' }, /wasserstein means nothing/],
    [{ normD: 'layer' as never }, /normD is layer.*batch, spectral, none/],
    [{ normD: 'spectral', clipWeights: 0.01 }, /clipWeights limits weights, and spectral/],
    [{ r1: -1 }, /r1 is -1/],
    [{ optimiser: 'adamw' as never }, /optimiser is adamw.*adam, sgd, rmsprop/],
    [{ optimiser: 'sgd', weightDecay: 0.01 }, /sgd, and weightDecay is an option of adam alone/],
    [{ optimiser: 'rmsprop', beta1: 0.9 }, /rmsprop, and beta1 is an option of adam and sgd alone/],
    [{ instanceNoise: 11 }, /instanceNoise is 11/],
    [{ clipGradients: -1 }, /clipGradients is -1/],
    [{ gradientPenalty: Number.NaN }, /gradientPenalty is NaN/],
    [{ augment: 'colour' as never }, /augment is colour.*none or color or translation/],
    [{ accumulate: 0 }, /accumulate is 0.*from 1 to 64/],
    [{ accumulate: 3 }, /batch of 64 cannot be taken in 3 equal parts.*multiple/],
    [{ batchSize: 4, accumulate: 4 }, /batch of 4 cannot be taken in 4 equal parts of 2 or more/],
    [{ lrSchedule: 'poly' as never, lrSteps: 9 }, /lrSchedule is poly.*constant, linear, cosine/],
    [{ lrSchedule: 'cosine' }, /lrSchedule is cosine, and lrSteps is 0.*over how many steps/],
    [{ lrSteps: 100 }, /lrSchedule is constant, and lrSteps is 100.*leave lrSteps out/],
    [{ lrSchedule: 'linear', lrSteps: 1.5 }, /lrSteps is 1.5/],
    [{ lrSchedule: 'linear', lrSteps: 9, lrGamma: 0.5 }, /lrGamma is an option of exponential and/],
    [{ lrSchedule: 'step', lrSteps: 9, lrGamma: 0 }, /lrGamma is 0.*above 0 and at most 1/],
    [{ lrSchedule: 'step', lrSteps: 1e7, dSteps: 5 }, /10000000 of 5 updates of D each/],
  ])('%o', (given, message) => {
    expect(() => resolveOptions(given)).toThrow(message);
  });
});
