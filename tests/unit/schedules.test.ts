// Learning-rate schedules against PyTorch's closed forms, and updates that follow them; gradients
// gathered over the parts of a batch against those of the whole.
import { describe, expect, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { constantInit, HostRandom } from '../../src/nn/initialisers.ts';
import { Linear, Sequential, Tanh } from '../../src/nn/layers.ts';
import { Net } from '../../src/nn/net.ts';
import { Adam, AdamW, type Optimiser, RMSProp, SGD } from '../../src/nn/optimisers.ts';
import {
  cosineAnnealingLR,
  exponentialLR,
  linearLR,
  type Schedule,
  stepLR,
} from '../../src/nn/schedules.ts';
import { add, div, square } from '../../src/ops/elementwise.ts';
import { slice } from '../../src/ops/movement.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const factorAt = (schedule: Schedule, updates: number): number => {
  const graph = new Graph();
  graph.output('factor', schedule(graph.variable('updates', [1])));
  return interpret(graph, new Map([['updates', [updates]]])).outputs.get('factor')![0];
};

describe('schedules', () => {
  const cases: [string, Schedule, (t: number) => number][] = [
    [
      'a line down',
      linearLR({ startFactor: 1, endFactor: 0, totalIters: 40 }),
      (t) => 1 - Math.min(t / 40, 1),
    ],
    [
      'a warm-up',
      linearLR({ startFactor: 0.25, endFactor: 1, totalIters: 8 }),
      (t) => 0.25 + 0.75 * Math.min(t / 8, 1),
    ],
    [
      'a cosine',
      cosineAnnealingLR({ tMax: 50 }),
      (t) => (1 + Math.cos((Math.PI * Math.min(t, 50)) / 50)) / 2,
    ],
    [
      'a cosine that ends above 0',
      cosineAnnealingLR({ tMax: 7, minFactor: 0.1 }),
      (t) => 0.1 + (0.9 * (1 + Math.cos((Math.PI * Math.min(t, 7)) / 7))) / 2,
    ],
    ['powers', exponentialLR({ gamma: 0.9 }), (t) => 0.9 ** t],
    ['steps', stepLR({ stepSize: 5 }), (t) => 0.1 ** Math.floor(t / 5)],
    ['steps of three', stepLR({ stepSize: 3, gamma: 0.5 }), (t) => 0.5 ** Math.floor(t / 3)],
  ];
  test.each(cases)('%s', (_, schedule, expected) => {
    for (const t of [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 25, 39, 40, 49, 50, 60])
      expect(factorAt(schedule, t), `after ${t}`).toBeCloseTo(expected(t), 8);
  });

  test('a cosine keeps its digits where it is small', () => {
    const schedule = cosineAnnealingLR({ tMax: 1e5 });
    const exact = Math.sin((Math.PI / 2) * 1e-5) ** 2;
    expect(factorAt(schedule, 1e5 - 1) / exact).toBeCloseTo(1, 6);
  });

  test.each<[string, () => Schedule]>([
    ['endFactor is -1', () => linearLR({ startFactor: 1, endFactor: -1, totalIters: 9 })],
    ['totalIters is 0.5', () => linearLR({ startFactor: 1, endFactor: 0, totalIters: 0.5 })],
    ['tMax is 0', () => cosineAnnealingLR({ tMax: 0 })],
    ['minFactor is 2', () => cosineAnnealingLR({ tMax: 9, minFactor: 2 })],
    ['gamma is 0', () => exponentialLR({ gamma: 0 })],
    ['gamma is 1.5', () => stepLR({ stepSize: 5, gamma: 1.5 })],
    ['stepSize is NaN', () => stepLR({ stepSize: Number.NaN })],
  ])('%s', (message, make) => {
    expect(make).toThrow(message);
  });
});

describe('updates', () => {
  const schedule: Schedule = (updates) => div(1, add(updates, 1));
  const makers: [string, (net: Net, options: { lr: number; schedule?: Schedule }) => Optimiser][] =
    [
      ['SGD', (net, options) => new SGD(net, options)],
      ['Adam', (net, options) => new Adam(net, options)],
      ['AdamW', (net, options) => new AdamW(net, options)],
      ['RMSProp', (net, options) => new RMSProp(net, options)],
    ];

  test.each(makers)(
    '%s: as with rates that are set by hand, a new base rate included',
    (_, make) => {
      const run = (scheduled: boolean) => {
        const linear = new Linear(2, 1, { bias: false, weightInit: constantInit(1) });
        const net = new Net('net', linear);
        const optimiser = make(net, { lr: 0.1, ...(scheduled && { schedule }) });
        const graph = new Graph();
        const x = graph.variable('x', [1, 2]);
        optimiser.minimise(sum(square(net.forward(x, { training: true }))));
        let state = new Map<string, ArrayLike<number>>([
          ...net.initialValues(new HostRandom(1)),
          ...optimiser.initialValues(),
          ['x', [3, -4]],
        ]);
        const weights = [];
        for (let t = 0; t < 6; t++) {
          const base = t < 3 ? 0.1 : 0.2;
          const { variable, values } = optimiser.withLearningRate(
            scheduled ? base : base / (t + 1),
          );
          state = new Map(interpret(graph, state.set(variable, values)).variables);
          weights.push(...Array.from(state.get(net.variable)!));
        }
        return { optimiser, weights };
      };
      const { optimiser, weights } = run(true);
      const { weights: expected } = run(false);
      weights.forEach((w, i) => {
        expect(w).toBeCloseTo(expected[i], 6);
      });
      expect(optimiser.parts().some(({ name }) => name.endsWith('.net.updates'))).toBe(true);
    },
  );
});

describe('gradients of a batch in parts', () => {
  /** One update by a batch of 6, in so many parts. */
  function update(parts: number) {
    const net = new Net('net', new Sequential(new Linear(3, 4), new Tanh(), new Linear(4, 1)));
    const optimiser = new SGD(net, { lr: 0.5 });
    const graph = new Graph();
    const x = graph.variable('x', [6, 3]);
    const size = 6 / parts;
    const { loss, gradNorm } = optimiser.minimiseMean(parts, (i): Tensor => {
      const own = slice(x, [i * size, 0], [(i + 1) * size, 3]);
      return mean(square(net.forward(own, { training: true })));
    });
    graph.output('norm', gradNorm);
    graph.output('loss', loss);
    const state = new Map<string, ArrayLike<number>>([
      ...net.initialValues(new HostRandom(4)),
      ...optimiser.initialValues(),
      ['x', new RandomValues(2).normal(18)],
    ]);
    const { outputs, variables } = interpret(graph, state, prune(graph));
    const [norm, before] = ['norm', 'loss'].map((name) => outputs.get(name)![0]);
    return { norm, loss: before, weights: variables.get(net.variable)! };
  }

  test.each([2, 3, 6])('%i parts give the update of the whole', (parts) => {
    const whole = update(1);
    const { norm, loss: ofParts, weights } = update(parts);
    expect(ofParts).toBeCloseTo(whole.loss, 12);
    expect(norm).toBeCloseTo(whole.norm, 12);
    weights.forEach((w, i) => {
      expect(w).toBeCloseTo(whole.weights[i], 12);
    });
  });

  test('a number of parts that is none is refused', () => {
    expect(() => update(0)).toThrow('The number of losses is 0');
  });
});
