// Inference without a likelihood, what of it needs no device: simulators, samples, ABC, one step of
// the adversarial inference in float64, and refusals.
import { describe, expect, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { adversarialInference, type InferenceOptions } from '../../src/inference/adversarial.ts';
import { calibrate } from '../../src/inference/calibrate.ts';
import { conjugateGaussian } from '../../src/inference/conjugate-gaussian.ts';
import { InferenceError } from '../../src/inference/errors.ts';
import { lotkaVolterra } from '../../src/inference/lotka-volterra.ts';
import { rejectionAbc } from '../../src/inference/rejection-abc.ts';
import { PosteriorSamples } from '../../src/inference/samples.ts';
import type { Simulator } from '../../src/inference/simulator.ts';
import { drawJoint } from '../../src/inference/simulator.ts';
import { Standardiser } from '../../src/inference/standardiser.ts';
import { constantInit, zerosInit } from '../../src/nn/initialisers.ts';
import { Linear } from '../../src/nn/layers.ts';
import { Net } from '../../src/nn/net.ts';
import { add, mul } from '../../src/ops/elementwise.ts';
import { random } from '../../src/ops/random.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { interpretSteps } from '../support/interpret-steps.ts';

const mean = (x: ArrayLike<number>) => Array.from(x).reduce((a, b) => a + b, 0) / x.length;
const variance = (x: ArrayLike<number>) => {
  const m = mean(x);
  return mean(Array.from(x, (v) => (v - m) ** 2));
};

/** Joint draws of a simulator in float64. */
function joint(simulator: Simulator, count: number) {
  const graph = new Graph();
  const state = graph.variable('state', [4], 'u32');
  let stream = 0;
  const draw = (distribution: 'normal' | 'uniform') => (shape: readonly number[]) => {
    const x = random(state, shape, { distribution, stream: stream++ });
    return distribution === 'uniform' ? add(mul(x, 0.5), 0.5) : x;
  };
  const numbers = { graph, normal: draw('normal'), uniform: draw('uniform') };
  const { theta, y } = drawJoint(simulator, numbers, count);
  graph.output('theta', theta);
  graph.output('y', y);
  const { outputs } = interpret(graph, new Map([['state', [5, 0, 3, 0]]]));
  return { theta: outputs.get('theta')!, y: outputs.get('y')! };
}

const simulationsOf = (theta: ArrayLike<number>, y: ArrayLike<number>, count: number) => ({
  ...{ theta: Float32Array.from(theta), y: Float32Array.from(y), count },
});

describe('the conjugate Gaussian', () => {
  const given = { priorMean: 3, priorDeviation: 2, deviation: 0.5, observations: 2 };

  test('draws from its prior, and observations about θ', () => {
    const { theta, y } = joint(conjugateGaussian(given), 4000);
    expect(Math.abs(mean(theta) - 3)).toBeLessThan((4 * 2) / Math.sqrt(4000));
    expect(Math.abs(variance(theta) / 4 - 1)).toBeLessThan(4 * Math.sqrt(2 / 4000));
    const errors = y.map((v, i) => v - theta[i >> 1]);
    expect(Math.abs(mean(errors))).toBeLessThan((4 * 0.5) / Math.sqrt(8000));
    expect(Math.abs(variance(errors) / 0.25 - 1)).toBeLessThan(4 * Math.sqrt(2 / 8000));
  });

  test('knows its posterior, as the likelihood on a grid has it', () => {
    const y = [4, 4.5];
    const grid = Array.from({ length: 4001 }, (_, i) => 3 + (i - 2000) / 200);
    const weights = grid.map((t) =>
      Math.exp(-((t - 3) ** 2) / 8 - y.reduce((s, v) => s + (v - t) ** 2 / 0.5, 0)),
    );
    const total = weights.reduce((a, b) => a + b);
    const average = grid.reduce((s, t, i) => s + (t * weights[i]) / total, 0);
    const spread = grid.reduce((s, t, i) => s + ((t - average) ** 2 * weights[i]) / total, 0);
    const exact = conjugateGaussian(given).exact(y);
    expect(exact.mean).toBeCloseTo(average, 8);
    expect(exact.variance).toBeCloseTo(spread, 8);
  });
});

describe('predators and prey', () => {
  test('θ are logarithms of rates about their medians, y those of counts', () => {
    const rates = [0.02, 0.4, 1.5, 0.01] as const;
    const simulator = lotkaVolterra({ duration: 2, leaps: 8, rates, deviation: 0.3 });
    expect([simulator.parameters, simulator.observations]).toEqual([4, 4]);
    const { theta, y } = joint(simulator, 600);
    rates.forEach((rate, k) => {
      const column = theta.filter((_, i) => i % 4 === k);
      expect(Math.abs(mean(column) - Math.log(rate))).toBeLessThan((4 * 0.3) / Math.sqrt(600));
      expect(Math.abs(variance(column) / 0.09 - 1)).toBeLessThan(4 * Math.sqrt(2 / 600));
    });
    // Whole numbers of both.
    const counts = y.map((v) => Math.exp(v) - 1);
    expect(counts.every((n) => Math.abs(n - Math.round(n)) < 1e-6 * (1 + n))).toBe(true);
    expect(counts.some((n) => n > 0)).toBe(true);
  });

  test('in a leap, both change by their four rates', () => {
    const rates = [0.002, 0.3, 0.5, 0.01] as const;
    const one = { duration: 1, leaps: 1, initial: [20, 30], rates, deviation: 0 } as const;
    const { y } = joint(lotkaVolterra(one), 600);
    const expectMean = (kind: number, expected: number, events: number) => {
      const counts = y.filter((_, i) => i % 2 === kind).map((v) => Math.exp(v) - 1);
      expect(Math.abs(mean(counts) - expected)).toBeLessThan(4 * Math.sqrt(events / 600));
    };
    const [born, dead, prey, eaten] = [0.002 * 600, 0.3 * 20, 0.5 * 30, 0.01 * 600];
    expectMean(0, 20 + born - dead, born + dead);
    expectMean(1, 30 + prey - eaten, prey + eaten);
  });

  test('without predators prey are born; without prey predators die', () => {
    const alone = (initial: readonly [number, number]) =>
      joint(lotkaVolterra({ duration: 1, leaps: 50, initial, deviation: 0 }), 300).y;
    const prey = alone([0, 40]).filter((_, i) => i % 2 === 1);
    expect(mean(prey.map((v) => Math.exp(v) - 1))).toBeCloseTo(40 * 1.02 ** 50, -1);
    const predators = alone([400, 0]).filter((_, i) => i % 2 === 0);
    expect(mean(predators.map((v) => Math.exp(v) - 1)) / (400 * 0.99 ** 50)).toBeCloseTo(1, 1.5);
  });
});

describe('posterior samples', () => {
  const samples = new PosteriorSamples(Float32Array.of(1, 10, 2, 20, 3, 60, 4, 30), 2);

  test('have means, variances and quantiles', () => {
    expect(samples.count).toBe(4);
    expect(samples.mean()).toEqual([2.5, 30]);
    expect(samples.variance()[0]).toBeCloseTo(5 / 3, 12);
    expect(samples.variance()[1]).toBeCloseTo((400 + 100 + 900) / 3, 10);
    expect(samples.quantile(0)).toEqual([1, 10]);
    expect(samples.quantile(0.5)).toEqual([2.5, 25]);
    expect(samples.quantile(1)).toEqual([4, 60]);
    expect([...samples.column(1)]).toEqual([10, 20, 60, 30]);
    const [first, second] = samples.interval(1 / 3);
    expect(first.low).toBeCloseTo(2, 12);
    expect(first.high).toBeCloseTo(3, 12);
    expect([second.low, second.high]).toEqual([expect.closeTo(20, 9), expect.closeTo(30, 9)]);
  });

  test('one alone has no variance; half a row is none', () => {
    expect(new PosteriorSamples(Float32Array.of(5), 1).variance()).toEqual([0]);
    expect(() => new PosteriorSamples(new Float32Array(3), 2)).toThrow(InferenceError);
    expect(() => new PosteriorSamples(new Float32Array(0), 2)).toThrow('are no samples');
    expect(() => samples.quantile(1.1)).toThrow('no quantile 1.1');
  });
});

describe('rejection ABC', () => {
  test('accepts the nearest by distances in deviations', () => {
    // The second number is a thousand times as large, and as informative.
    const y = [1, 1000, 2, 2000, 3, 3000, 9, 9000, 2.4, 1000];
    const simulations = simulationsOf([10, 20, 30, 90, 25], y, 5);
    expect([...rejectionAbc(simulations, [2.1, 2100], 1).values]).toEqual([20]);
    expect([...rejectionAbc(simulations, [2.6, 2600], 2).column(0)].sort()).toEqual([20, 30]);
    // In the second number alone it would be 30.
    expect([...rejectionAbc(simulations, [9, 3500], 1).values]).toEqual([90]);
    expect(rejectionAbc(simulations, [0, 0], 5).count).toBe(5);
  });

  test('those as near as the last are taken until there are enough', () => {
    const simulations = simulationsOf([1, 2, 3, 4], [5, 0, 5, 5], 4);
    expect([...rejectionAbc(simulations, [0], 3).values]).toEqual([2, 1, 3]);
  });

  test('comes near an exact posterior', () => {
    const gaussian = conjugateGaussian({ observations: 1 });
    const count = 40_000;
    const { theta, y } = joint(gaussian, count);
    const { mean: m, variance: v } = gaussian.exact([0.8]);
    const samples = rejectionAbc(simulationsOf(theta, y, count), [0.8], 1200);
    expect(Math.abs(samples.mean()[0] - m)).toBeLessThan(4 * Math.sqrt(v / 1200));
    expect(Math.abs(samples.variance()[0] / v - 1)).toBeLessThan(0.17);
  });

  test('refuses what makes no sense', () => {
    const simulations = simulationsOf([1, 2], [3, 4], 2);
    expect(() => rejectionAbc(simulations, [1, 2], 1)).toThrow(InferenceError);
    expect(() => rejectionAbc(simulations, [Number.NaN], 1)).toThrow('0 of them finite');
    for (const accept of [0, 3, 1.5])
      expect(() => rejectionAbc(simulations, [1], accept)).toThrow('cannot be accepted');
  });
});

describe('calibrated intervals', () => {
  const gaussian = conjugateGaussian();
  /** A posterior with the right mean, and a deviation that is wrong by a factor. */
  const inferWith = (factor: number) => {
    const values = new RandomValues(6);
    return (y: Float32Array) => {
      const { mean: m, variance: v } = gaussian.exact(y);
      return new PosteriorSamples(values.normal(400, m, factor * Math.sqrt(v)) as never, 1);
    };
  };
  const split = ({ theta, y }: ReturnType<typeof joint>, first: number, last: number) =>
    simulationsOf(theta.subarray(first, last), y.subarray(first, last), last - first);

  test.each([0.3, 1, 2.5])(
    'of a posterior of %d times its deviation hold what they say',
    async (factor) => {
      const all = joint(gaussian, 1600);
      const infer = inferWith(factor);
      const { interval, margins } = await calibrate(infer, split(all, 0, 600), 0.8);
      const fresh = split(all, 600, 1600);
      let inside = 0;
      for (const [i, theta] of fresh.theta.entries()) {
        const [{ low, high }] = interval(infer(fresh.y.subarray(i, i + 1)));
        if (low <= theta && theta <= high) inside++;
      }
      // Chance of both, of four deviations.
      expect(Math.abs(inside / 1000 - 0.8)).toBeLessThan(4 * Math.sqrt(0.16 / 600 + 0.16 / 1000));
      expect(Math.sign(margins[0])).toBe(
        factor < 0.9 ? 1 : factor > 2 ? -1 : Math.sign(margins[0]),
      );
    },
  );

  test('of too few simulations are refused', async () => {
    const few = split(joint(gaussian, 8), 0, 8);
    for (const level of [0, 1, 0.9])
      await expect(calibrate(inferWith(1), few, level)).rejects.toMatchObject({
        code: 'inference-options',
        message: expect.stringContaining('8 simulations'),
      });
    expect((await calibrate(inferWith(1), few, 0.8)).margins).toHaveLength(1);
  });
});

test('a standardiser has seen all batches alike, in training only, and can be undone', () => {
  const standardiser = new Standardiser(2);
  const net = new Net('scale', standardiser);
  const graph = new Graph();
  const x = graph.variable('x', [50, 2]);
  const y = standardiser.forward(x, { training: true });
  graph.output('y', y);
  graph.output('back', standardiser.inverse(y));
  graph.output('still', standardiser.forward(x, { training: false }));
  const values = new RandomValues(3);
  const batches = [0, 1, 2].map((b) =>
    Float64Array.from(values.normal(100), (v, i) => (i % 2 ? 7 : 3 * v + b)),
  );
  let state: ReadonlyMap<string, ArrayLike<number>> = new Map(
    [...net.buffers.values()].map(({ variable, initial }) => [variable, initial]),
  );
  for (const [b, batch] of batches.entries()) {
    const { outputs, variables } = interpret(graph, new Map(state).set('x', batch));
    state = variables;
    const seen = batches.slice(0, b + 1).flatMap((all) => [...all.filter((_, i) => i % 2 === 0)]);
    const expected = (batch[0] - mean(seen)) / Math.sqrt(variance(seen));
    expect(outputs.get('y')![0]).toBeCloseTo(expected, 6);
    // The second column never changes: it is 0, not what rounding makes of it.
    expect(Math.abs(outputs.get('y')![1])).toBeLessThan(1e-6);
    expect(outputs.get('back')![0]).toBeCloseTo(batch[0], 5);
    expect([...outputs.get('still')!]).toEqual([...outputs.get('y')!]);
  }
});

describe('adversarial inference', () => {
  const gaussian = conjugateGaussian({ priorMean: 50, priorDeviation: 10, observations: 2 });
  const small = { batchSize: 8, width: 4, noise: 2, steps: 10, seed: 4 };

  test('begins where nothing is told apart, and both nets move', () => {
    const { program, simulationsPerStep } = adversarialInference(gaussian, small);
    expect(simulationsPerStep).toBe(8);
    const steps = interpretSteps(program, 3);
    expect(Math.abs(steps[0].metrics.lossRatio - Math.log(4))).toBeLessThan(0.4);
    for (const { metrics } of steps)
      expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
    for (const name of ['posterior.parameters', 'ratio.parameters']) {
      const before = program.initial.get(name)!;
      const after = steps[2].variables.get(name)!;
      expect(after.some((v, i) => Math.abs(v - before[i]) > 1e-4)).toBe(true);
    }
    expect(mean(steps[2].variables.get('posterior.theta.mean')!)).toBeGreaterThan(35);
  });

  test('each update of the ratio net has simulations of its own', () => {
    const twice = adversarialInference(gaussian, { ...small, ratioSteps: 2 });
    expect(twice.simulationsPerStep).toBe(16);
    const [{ variables }] = interpretSteps(twice.program, 1);
    expect([...variables.get('posterior.y.batches')!]).toEqual([2]);
  });

  test('the penalty is left out at r1 = 0, and felt otherwise', () => {
    const stepOf = (r1: number) =>
      interpretSteps(adversarialInference(gaussian, { ...small, r1 }).program, 1)[0];
    const [none, some, more] = [stepOf(0), stepOf(1), stepOf(50)];
    // What is reported is without it.
    expect(some.metrics.lossRatio).toBe(none.metrics.lossRatio);
    const ratio = (step: typeof none) => [...step.variables.get('ratio.parameters')!];
    expect(ratio(some)).not.toEqual(ratio(none));
    expect(ratio(more)).not.toEqual(ratio(some));
  });

  // Nets of one layer, whose gradients are known: r = wᵣ·(θ, y) + bᵣ and f = w_f·(y, ε) + b_f.
  const linear = (options: InferenceOptions = {}) => {
    const nets = { posterior: new Linear(4, 1), ratio: new Linear(3, 1) };
    return adversarialInference(gaussian, { ...small, ...nets, ...options });
  };
  /** Where the bias of a net lies in its parameters: its weights are at the start. */
  const biasOf = (name: 'posterior.net.bias' | 'ratio.bias') =>
    linear().program.parts.find((part) => part.name === name)!.offset;
  /** What its optimisers are given in the first step, the ratio net's first; and what that leaves. */
  const firstUpdate = (inference: ReturnType<typeof linear>) => {
    const { step, initial } = inference.program;
    const updates = step.nodes.filter(({ op }) => op === 'adam');
    const { values, variables } = interpret(step, initial);
    return { gradients: updates.map(({ inputs }) => values.get(inputs[1].id)!), variables };
  };

  test('the penalty is r1/2 times the squared slope of r in θ', () => {
    const slope = linear().program.initial.get('ratio.parameters')![0];
    const [[without], [with6]] = [0, 6].map((r1) => firstUpdate(linear({ r1 })).gradients);
    expect(with6[0] - without[0]).toBeCloseTo(6 * slope, 9);
    for (const i of [1, 2, biasOf('ratio.bias')]) expect(with6[i]).toBeCloseTo(without[i], 9);
  });

  test('f lowers the mean of −r, of the ratio net as it has just been updated', () => {
    const { gradients, variables } = firstUpdate(linear({ lrRatio: 0.1 }));
    const slope = variables.get('ratio.parameters')![0];
    expect(gradients.at(-1)![biasOf('posterior.net.bias')]).toBeCloseTo(-slope, 9);
  });

  test('simulations have the label 1, what f makes of the same y the label 0', () => {
    const ratio = new Linear(3, 1, { weightInit: zerosInit, biasInit: constantInit(2) });
    const { program } = linear({ ratio });
    const [{ metrics }] = interpretSteps(program, 1);
    expect(metrics.lossRatio).toBeCloseTo(Math.log1p(Math.exp(-2)) + Math.log1p(Math.exp(2)), 9);
    // θ, y and ε.
    expect(program.step.nodes.filter(({ op }) => op === 'random')).toHaveLength(3);
  });

  test('rates are the nets’ own, and fall to 0 in as many steps as are announced', () => {
    const moves = (options: InferenceOptions) => {
      const { program } = linear({ ...options, steps: 4 });
      const states = [program.initial, ...interpretSteps(program, 5).map((s) => s.variables)];
      const of = (net: string) =>
        [1, 4, 5].map((i) => {
          const [before, after] = [states[i - 1], states[i]].map((s) => s.get(net)!);
          return Math.max(...Array.from(after, (v, k) => Math.abs(v - before[k])));
        });
      return { posterior: of('posterior.parameters'), ratio: of('ratio.parameters') };
    };
    const { posterior, ratio } = moves({ lr: 1e-3, lrRatio: 1e-2 });
    // The first of Adam's steps is as long as its rate.
    expect(posterior[0]).toBeCloseTo(1e-3, 5);
    expect(ratio[0]).toBeCloseTo(1e-2, 5);
    expect(posterior[1]).toBeLessThan(0.5e-3);
    expect([posterior[2], ratio[2]]).toEqual([0, 0]);
    // Of two updates a step the second one has another rate, and neither moves after the end.
    const twice = moves({ ratioSteps: 2 }).ratio;
    expect(twice[1]).toBeGreaterThan(0);
    expect(twice[2]).toBe(0);
  });

  test('samples are drawn with averaged weights, in the simulator’s units', () => {
    const inference = linear({ ema: 0.5, lr: 0.1 });
    const steps = interpretSteps(inference.program, 2);
    const { variables } = steps[1];
    const [first, second] = steps.map((s) => s.variables.get('posterior.parameters')!);
    // The bias-corrected start: e₁ = p₁, e₂ = e₁ + (p₂ − e₁)·½/¾.
    const average = first.map((e, i) => e + ((second[i] - e) * 0.5) / 0.75);
    const bias = biasOf('posterior.net.bias');
    expect(Math.abs(average[bias] - second[bias])).toBeGreaterThan(1e-3);

    const y = [44, 61];
    const noise = [0.5, -1.5, 2, 0.25];
    const { graph } = inference.posterior(2);
    const given = new Map<string, ArrayLike<number>>([...variables, ['y', y], ['noise', noise]]);
    const theta = interpret(graph, given).outputs.get('theta')!;
    const of = (name: string) => variables.get(`posterior.${name}`)!;
    const scale = (which: string, k: number) => Math.sqrt(of(`${which}.variance`)[k]);
    const standard = y.map((v, k) => (v - of('y.mean')[k]) / scale('y', k));
    for (const row of [0, 1]) {
      const x = [...standard, noise[2 * row], noise[2 * row + 1]];
      const f = x.reduce((sum, v, k) => sum + v * average[k], average[bias]);
      expect(theta[row]).toBeCloseTo(of('theta.mean')[0] + f * scale('theta', 0), 6);
    }
  });

  const simulator = (changed: Partial<Simulator>) => ({ ...gaussian, ...changed });
  const wide = (theta: Tensor) => add(theta, 0);
  test.each<[string, string, () => unknown]>([
    ['simulator', '0 parameters', () => adversarialInference(simulator({ parameters: 0 }), small)],
    [
      'simulator',
      'θ is f32 [8, 1]',
      () => adversarialInference(simulator({ parameters: 2 }), small),
    ],
    [
      'simulator',
      'y is f32 [8, 1]',
      () => adversarialInference(simulator({ simulate: wide }), small),
    ],
    ['options', 'batchSize is 0', () => adversarialInference(gaussian, { batchSize: 0 })],
    ['options', 'ratioSteps is 1.5', () => adversarialInference(gaussian, { ratioSteps: 1.5 })],
    ['options', 'noise is -1', () => adversarialInference(gaussian, { noise: -1 })],
    ['options', 'width is NaN', () => adversarialInference(gaussian, { width: Number.NaN })],
    ['options', 'steps is 0', () => adversarialInference(gaussian, { steps: 0 })],
    ['options', 'r1 is -1', () => adversarialInference(gaussian, { r1: -1 })],
    [
      'net',
      'posterior net returns [8, 3]',
      () => adversarialInference(gaussian, { ...small, posterior: new Linear(4, 3) }),
    ],
    [
      'net',
      'ratio net returns [8, 2]',
      () => adversarialInference(gaussian, { ...small, ratio: new Linear(3, 2) }),
    ],
  ])('refuses, with the code inference-%s: %s', (kind, message, make) => {
    expect(make).toThrow(
      expect.objectContaining({
        code: `inference-${kind}`,
        message: expect.stringContaining(message),
      }),
    );
  });
});
