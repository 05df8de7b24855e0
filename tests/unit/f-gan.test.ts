// f-GAN against its definition: conjugates found by search, and the optimum that the theory names.
import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import {
  type Divergence,
  fGan,
  gradients,
  jsDivergence,
  type Objective,
  originalGan,
} from '../../src/index.ts';
import { interpret } from '../reference/index.ts';
import { type Definition, definitions } from '../theory/f-divergences.ts';

/** The largest value of a function of one peak, by golden section. */
function peak(f: (x: number) => number, low: number, high: number): [at: number, value: number] {
  const ratio = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-7) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (f(a) < f(b)) low = a;
    else high = b;
  }
  return [low, f(low)];
}

/** The objective's costs at one logit: what it traces, in float64. */
function costsAt(objective: Objective) {
  const graph = new Graph();
  const v = graph.variable('v', [1, 1]);
  const { lossReal, lossFake } = objective.discriminator(v, v);
  graph.output('real', lossReal);
  graph.output('fake', lossFake);
  const evaluate = (logit: number) =>
    interpret(graph, new Map([['v', Float64Array.of(logit)]])).outputs;
  return {
    /** T = g_f(v). */
    level: (logit: number) => -evaluate(logit).get('real')![0],
    /** f*(T). */
    conjugate: (logit: number) => evaluate(logit).get('fake')![0],
  };
}

describe.each(Object.entries(definitions) as [Divergence, Definition][])(
  '%s',
  (name, { f, slope }) => {
    const { level, conjugate } = costsAt(fGan(name));

    test.each([-3, -0.9, -0.3, 0, 0.2, 1, 2.5])('f*(t) is sup u·t − f(u) at logit %d', (logit) => {
      const t = level(logit);
      // Pearson's t²/4 + t lets u be negative; for u ≥ 0 that is the same from t = −2 on, where D's
      // optimum always is.
      if (name === 'pearson' && t < -2) return expect(logit).toBeLessThan(-2);
      // Over the logarithm of u, which need not be concave, but has one peak.
      const [, found] = peak((logU) => Math.exp(logU) * t - f(Math.exp(logU)), -30, 12);
      expect(conjugate(logit)).toBeCloseTo(found, 7);
    });

    test.each([0.1, 0.5, 1, 2, 7])(
      'D’s optimum where p/q is %d is T = f′(p/q), of value f(p/q)',
      (ratio) => {
        const [at, value] = peak((v) => ratio * level(v) - conjugate(v), -12, 14);
        expect(level(at)).toBeCloseTo(slope(ratio), 5);
        expect(value).toBeCloseTo(f(ratio), 8);
      },
    );
  },
);

test('the Jensen-Shannon divergence of f-GAN is twice that between the distributions, GAN’s less log 4', () => {
  const [p, q] = [
    [0.1, 0.2, 0.7],
    [0.4, 0.5, 0.1],
  ];
  const of = (name: Divergence) =>
    q.reduce((sum, y, i) => sum + y * definitions[name].f(p[i] / y), 0);
  expect(of('jensen-shannon')).toBeCloseTo(2 * jsDivergence(p, q), 14);
  expect(of('gan')).toBeCloseTo(2 * jsDivergence(p, q) - Math.log(4), 14);
});

test.each(['non-saturating', 'minimax'] as const)(
  'Jensen-Shannon, GAN and the original GAN have the same gradients, %s: they train alike',
  (generatorLoss) => {
    const logits = Float64Array.of(-8, -2, -0.1, 0, 0.5, 3, 9);
    const gradientsOf = (objective: Objective) => {
      const graph = new Graph();
      const [real, fake] = ['real', 'fake'].map((name) => graph.variable(name, [7, 1]));
      const { lossReal, lossFake } = objective.discriminator(real, fake);
      graph.output('real', gradients(lossReal, [real])[0]);
      graph.output('fake', gradients(lossFake, [fake])[0]);
      graph.output(
        'generator',
        gradients(
          objective.generator(fake, () => real),
          [fake],
        )[0],
      );
      const given = new Map([
        ['real', logits],
        ['fake', logits],
      ]);
      return [...interpret(graph, given).outputs.values()].flatMap((values) => [...values]);
    };
    const original = gradientsOf(originalGan({ generatorLoss }));
    for (const name of ['jensen-shannon', 'gan'] as const)
      gradientsOf(fGan(name, generatorLoss)).forEach((slope, i) => {
        expect(slope).toBeCloseTo(original[i], 14);
      });
  },
);
