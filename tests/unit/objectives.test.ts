// Every objective against its paper's formula, written out again in plain numbers, and its gradients
// against finite differences of that formula.
import { describe, expect, test } from 'vitest';
import { fGan } from '../../src/gan/objectives/f-gan.ts';
import {
  type ObjectiveName,
  objectiveFor,
  objectiveNames,
} from '../../src/gan/objectives/index.ts';
import { mmd } from '../../src/gan/objectives/mmd.ts';
import { type Objective, objectiveOf } from '../../src/gan/objectives/objective.ts';
import { originalGan } from '../../src/gan/objectives/original.ts';
import { resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph } from '../../src/graph/graph.ts';
import { add, neg, relu, sub } from '../../src/ops/elementwise.ts';
import { sum } from '../../src/ops/reduce.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

type Numbers = ArrayLike<number>;
/** Both losses of D and that of G, for outputs of so many features each. */
type Losses = readonly [real: number, fake: number, generator: number];
type Formula = (real: Numbers, fake: Numbers, features: number) => Losses;

const mean = (x: Numbers, f: (x: number) => number): number =>
  Array.from(x, f).reduce((a, b) => a + b, 0) / x.length;

/** A formula of each logit by itself. */
const costs =
  (real: (x: number) => number, fake: (x: number) => number, g: (x: number) => number): Formula =>
  (r, f) => [mean(r, real), mean(f, fake), mean(f, g)];

const D = (v: number) => 1 / (1 + Math.exp(-v));
/** E[g(v)] − E[f*(g(v))], as table 2 of the f-GAN paper gives g and f*; G raises E[g(v)], section 3.2. */
const divergence = (g: (v: number) => number, conjugate: (t: number) => number): Formula =>
  costs(
    (v) => -g(v),
    (v) => conjugate(g(v)),
    (v) => -g(v),
  );

/** Pair by pair: mean over i ≠ j within a batch, over all pairs between two. */
const discrepancy =
  (kernel: (squared: number) => number): Formula =>
  (real, fake, features) => {
    const rows = (x: Numbers) =>
      Array.from({ length: x.length / features }, (_, i) =>
        Array.from({ length: features }, (_, k) => x[i * features + k]),
      );
    const k = (a: number[], b: number[]) => kernel(a.reduce((s, x, i) => s + (x - b[i]) ** 2, 0));
    const [x, y] = [rows(real), rows(fake)];
    const within = (z: number[][]) =>
      z.flatMap((a, i) => z.map((b, j) => (i === j ? 0 : k(a, b)))).reduce((a, b) => a + b, 0) /
      (z.length * (z.length - 1));
    const between = mean(
      x.flatMap((a) => y.map((b) => k(a, b))),
      (v) => v,
    );
    const mmd2 = within(x) + within(y) - 2 * between;
    return [between - within(x), between - within(y), mmd2];
  };

const formulas: Record<ObjectiveName, Formula> = {
  original: costs(
    (v) => -Math.log(D(v)),
    (v) => -Math.log(1 - D(v)),
    (v) => -Math.log(D(v)),
  ),
  'least-squares': costs(
    (v) => 0.5 * (v - 1) ** 2,
    (v) => 0.5 * v ** 2,
    (v) => 0.5 * (v - 1) ** 2,
  ),
  hinge: costs(
    (v) => Math.max(0, 1 - v),
    (v) => Math.max(0, 1 + v),
    (v) => -v,
  ),
  wasserstein: costs(
    (v) => -v,
    (v) => v,
    (v) => -v,
  ),
  'f-gan-kl': divergence(
    (v) => v,
    (t) => Math.exp(t - 1),
  ),
  'f-gan-reverse-kl': divergence(
    (v) => -Math.exp(-v),
    (t) => -1 - Math.log(-t),
  ),
  'f-gan-pearson': divergence(
    (v) => v,
    (t) => t ** 2 / 4 + t,
  ),
  'f-gan-hellinger': divergence(
    (v) => 1 - Math.exp(-v),
    (t) => t / (1 - t),
  ),
  'f-gan-jensen-shannon': divergence(
    (v) => Math.log(2) - Math.log(1 + Math.exp(-v)),
    (t) => -Math.log(2 - Math.exp(t)),
  ),
  'f-gan-gan': divergence(
    (v) => -Math.log(1 + Math.exp(-v)),
    (t) => -Math.log(1 - Math.exp(t)),
  ),
  'mmd-gaussian': discrepancy((d) =>
    [1, 2, 4, 8, 16].reduce((s, sigma) => s + Math.exp(-d / (2 * sigma ** 2)), 0),
  ),
  'mmd-rational-quadratic': discrepancy((d) =>
    [0.2, 0.5, 1, 2, 5].reduce((s, alpha) => s + (1 + d / (2 * alpha)) ** -alpha, 0),
  ),
};

/** What an objective makes of outputs, and the gradients of both players' losses. */
function evaluate(objective: Objective, real: Numbers, fake: Numbers, features = 1) {
  const graph = new Graph();
  const shape = (x: Numbers) => [x.length / features, 1, 1, features];
  const [r, f] = [graph.variable('real', shape(real)), graph.variable('fake', shape(fake))];
  const { lossReal, lossFake } = objective.discriminator(r, f);
  const lossG = objective.generator(f, () => r);
  const tensors = {
    ...{ lossReal, lossFake, lossG, byReal: gradients(add(lossReal, lossFake), [r])[0] },
    ...{ byFake: gradients(add(lossReal, lossFake), [f])[0], ofG: gradients(lossG, [f])[0] },
    slope: gradients(sum(objective.critic(f, r, f)), [f])[0],
  };
  for (const tensor of [lossReal, lossFake, lossG]) expect(tensor.size).toBe(1);
  for (const [name, tensor] of Object.entries(tensors)) graph.output(name, tensor);
  const { outputs } = interpret(graph, new Map(Object.entries({ real, fake })));
  return Object.fromEntries(Object.keys(tensors).map((name) => [name, outputs.get(name)!]));
}

/** Central differences of a function of all numbers by each of them. */
const differences = (x: Float64Array, f: (x: Float64Array) => number): number[] =>
  Array.from(x, (_, i) => {
    const moved = (by: number) => f(x.map((v, k) => (k === i ? v + by : v)));
    return (moved(1e-6) - moved(-1e-6)) / 2e-6;
  });

const close = (actual: Numbers, expected: Numbers, what: string) =>
  Array.from(expected, (x, i) => expect(actual[i], `${what} ${i}`).toBeCloseTo(x, 6));

test('every objective that options know has a formula here', () => {
  expect([...objectiveNames].sort()).toEqual(Object.keys(formulas).sort());
});

describe.each(Object.entries(formulas) as [ObjectiveName, Formula][])('%s', (name, formula) => {
  const objective = objectiveFor({ objective: name });

  test.each([1, 3])('losses and gradients, %i numbers a picture', (features) => {
    const random = new RandomValues(features);
    const real = Float64Array.from(random.normal(5 * features, 0.3, 1.5));
    const fake = Float64Array.from(random.normal(4 * features, -0.2, 1.5));
    const got = evaluate(objective, real, fake, features);
    const [lossReal, lossFake, lossG] = formula(real, fake, features);
    expect(got.lossReal[0]).toBeCloseTo(lossReal, 10);
    expect(got.lossFake[0]).toBeCloseTo(lossFake, 10);
    expect(got.lossG[0]).toBeCloseTo(lossG, 10);

    const lossD = (r: Numbers, f: Numbers) => {
      const [a, b] = formula(r, f, features);
      return a + b;
    };
    close(
      got.byReal,
      differences(real, (x) => lossD(x, fake)),
      'D by real',
    );
    close(
      got.byFake,
      differences(fake, (x) => lossD(real, x)),
      'D by fake',
    );
    close(
      got.ofG,
      differences(fake, (x) => formula(real, x, features)[2]),
      'G',
    );
  });

  test('stays finite where D is certain', () => {
    const far = Float64Array.of(-1e4, -200, 200, 1e4);
    for (const values of Object.values(evaluate(objective, far, far)))
      for (const x of values) expect(Math.abs(x), name).toBeLessThan(1e14);
  });
});

test('an MMD is 0 on average where both batches are of one distribution, and not where they are not', () => {
  const random = new RandomValues(1);
  const graph = new Graph();
  const [r, f] = ['real', 'fake'].map((name) => graph.variable(name, [4, 2]));
  graph.output(
    'mmd',
    mmd('gaussian').generator(f, () => r),
  );
  const average = (shift: number) => {
    let total = 0;
    for (let i = 0; i < 200; i++) {
      const given = { real: random.normal(8), fake: random.normal(8, shift) };
      total += interpret(graph, new Map(Object.entries(given))).outputs.get('mmd')![0];
    }
    return total / 200;
  };
  // With pairs of a picture and itself it would be 3.3.
  expect(Math.abs(average(0))).toBeLessThan(0.1);
  expect(average(2)).toBeGreaterThan(0.5);
});

test('an MMD’s penalty is of the witness, whose slope is that of the mean kernel', () => {
  const [real, fake] = [Float64Array.of(1, 2, 0.5), Float64Array.of(-1, 0.25, 0)];
  const kernel = (d: number) =>
    [0.2, 0.5, 1, 2, 5].reduce((s, alpha) => s + (1 + d ** 2 / (2 * alpha)) ** -alpha, 0);
  const witness = (at: number) =>
    mean(real, (x) => kernel(at - x)) - mean(fake, (y) => kernel(at - y));
  const graph = new Graph();
  const [r, f] = [graph.variable('real', [3, 1]), graph.variable('fake', [3, 1])];
  const at = graph.variable('at', [4, 1]);
  const values = mmd('rational-quadratic').critic(at, r, f);
  expect(values.shape).toEqual([4]);
  graph.output('slopes', gradients(sum(values), [at])[0]);
  const points = Float64Array.of(-2, 0.1, 0.7, 3);
  const given = new Map(Object.entries({ real, fake, at: points }));
  const expected = Array.from(points, (x) => (witness(x + 1e-6) - witness(x - 1e-6)) / 2e-6);
  close(interpret(graph, given).outputs.get('slopes')!, expected, 'slope');
});

describe('f-GAN', () => {
  const logits = Float64Array.of(-1.5, 0.2, 2);
  test.each(['kl', 'reverse-kl', 'pearson', 'hellinger', 'jensen-shannon', 'gan'] as const)(
    '%s: by minimax, G lowers what D raises',
    (name) => {
      const got = evaluate(fGan(name, 'minimax'), logits, logits);
      expect(got.lossG[0]).toBeCloseTo(-got.lossFake[0], 12);
    },
  );
  test.each(['non-saturating', 'minimax'] as const)(
    'of the GAN divergence is the original GAN, %s',
    (generatorLoss) => {
      const f = evaluate(fGan('gan', generatorLoss), logits, logits);
      const original = evaluate(originalGan({ generatorLoss }), logits, logits);
      for (const [what, values] of Object.entries(f)) close(values, original[what], what);
    },
  );
  test('takes G’s loss from options', () => {
    const of = (generatorLoss: 'minimax' | 'non-saturating') =>
      evaluate(objectiveFor({ objective: 'f-gan-kl', generatorLoss }), logits, logits);
    expect(of('minimax')).toEqual(evaluate(fGan('kl', 'minimax'), logits, logits));
    expect(of('non-saturating')).toEqual(evaluate(fGan('kl'), logits, logits));
  });
});

describe('the original GAN', () => {
  const logits = Float64Array.of(-1.5, 0.2, 2);
  test('smooths labels of real pictures only', () => {
    const got = evaluate(originalGan({ labelSmoothing: 0.1 }), logits, logits);
    const smoothed = (v: number) => -0.9 * Math.log(D(v)) - 0.1 * Math.log(1 - D(v));
    expect(got.lossReal[0]).toBeCloseTo(mean(logits, smoothed), 10);
    expect(got.lossFake[0]).toBeCloseTo(
      mean(logits, (v) => -Math.log(1 - D(v))),
      10,
    );
  });
  test.each([
    ['minimax', (v: number) => Math.log(1 - D(v))],
    ['maximum-likelihood', (v: number) => -D(v) / (1 - D(v))],
  ] as const)('%s', (generatorLoss, cost) => {
    const got = evaluate(originalGan({ generatorLoss }), logits, logits);
    expect(got.lossG[0]).toBeCloseTo(mean(logits, cost), 10);
  });
});

test.each(objectiveNames)('%s: without batch-norm, one mixed batch is two', (objective) => {
  const metrics = (mixedBatch: boolean) => {
    const options = resolveOptions({
      ...{ imageSize: 16, channels: 1, width: 2, latentDim: 3, batchSize: 3, seed: 4 },
      ...{ objective, mixedBatch, normD: 'none', gradientPenalty: 10 },
    });
    const players = new Players(options);
    const graph = traceStep(players, [5, 16, 16, 1]);
    const { outputs } = interpret(graph, startOf(players, noisePictures(5, 16, 1)));
    return outputs.get('metrics')!;
  };
  close(metrics(true), metrics(false), 'metric');
});

test('an objective of one’s own is functions of logits', () => {
  const own = objectiveOf({
    real: (logits) => relu(sub(1, logits)),
    fake: (logits) => relu(add(1, logits)),
    generator: neg,
  });
  const logits = Float64Array.of(-1.5, 0.2, 2);
  expect(evaluate(own, logits, logits)).toEqual(
    evaluate(objectiveFor({ objective: 'hinge' }), logits, logits),
  );
});

describe('options that contradict each other are refused, and what to do is said', () => {
  test.each<[Parameters<typeof resolveOptions>[0], RegExp]>([
    [{ objective: 'wgan' as never }, /objective is wgan.*least-squares, hinge, wasserstein/],
    [{ objective: 'hinge', generatorLoss: 'minimax' }, /hinge has no generatorLoss minimax/],
    [
      { objective: 'f-gan-kl', generatorLoss: 'maximum-likelihood' },
      /f-gan-kl has no generatorLoss maximum.*It has non-saturating and minimax/,
    ],
    [
      { objective: 'hinge', labelSmoothing: 0.1 },
      /hinge, and labelSmoothing is an option of 'original' alone/,
    ],
    [{ objective: 'wasserstein' }, /wasserstein means nothing.*clipWeights: 0.01/],
    [{ objective: 'mmd-gaussian' }, /mmd-gaussian means nothing.*clipWeights: 0.01/],
    [{ clipWeights: -1 }, /clipWeights is -1/],
  ])('%o', (given, message) => {
    expect(() => resolveOptions(given)).toThrow(message);
  });
  test('others are not', () => {
    for (const objective of objectiveNames) {
      resolveOptions({ objective, clipWeights: 0.01 });
      resolveOptions({ objective, normD: 'spectral' });
    }
    resolveOptions({ objective: 'original', generatorLoss: 'minimax', labelSmoothing: 0.1 });
  });
});
