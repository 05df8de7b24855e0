// Batches in parts: what a step of them computes, in float64, against passes made one by one, and that
// memory really is that of a part.
import { describe, expect, test } from 'vitest';
import { counters } from '../../src/gan/checkpoint-layout.ts';
import { metricNames } from '../../src/gan/metrics.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { requirements } from '../../src/gan/requirements.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { add } from '../../src/ops/elementwise.ts';
import { planGraph } from '../../src/runtime/plan.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { defaultTraits } from '../support/check-plan.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

const small: Partial<GanOptions> = {
  ...{ imageSize: 16, channels: 1, width: 2, latentDim: 4, batchSize: 6, accumulate: 2 },
  ...{ lrD: 1e-3, lrG: 2e-3, seed: 3 },
};

const made = (graph: Graph, op: string): Tensor[] =>
  graph.nodes.filter((node) => node.op === op).map((node) => node.outputs[0]);

/** Largest buffers of a step, all together, in bytes. */
function planned(given: Partial<GanOptions>): number {
  const options = resolveOptions(given);
  const { imageSize, channels } = options;
  const graph = traceStep(new Players(options), [1000, imageSize, imageSize, channels]);
  return planGraph(graph, defaultTraits).poolSizes.reduce((a, b) => a + b, 0);
}

describe('a step in two parts', () => {
  const run = (given: Partial<GanOptions>) => {
    const players = new Players(resolveOptions({ ...small, ...given }));
    const graph = traceStep(players, [16, 16, 16, 1]);
    const before = startOf(players, noisePictures(16, 16, 1));
    const { values, outputs, variables } = interpret(graph, before);
    const metric = (name: (typeof metricNames)[number]) =>
      outputs.get('metrics')![metricNames.indexOf(name) * METRIC_PITCH];
    const valuesOf = (tensors: readonly Tensor[]) => tensors.map((t) => values.get(t.id)!);
    return { players, graph, before, metric, variables, valuesOf };
  };

  /** D's loss and gradient on pictures that are given, with D as it was before the step. */
  function byHand(
    { players, before }: ReturnType<typeof run>,
    parts: readonly { real: Float64Array; fake: Float64Array }[],
  ) {
    const graph = new Graph();
    const given = new Map<string, ArrayLike<number>>(before);
    const { discriminator, objective } = players;
    const losses = parts.map(({ real, fake }, i) => {
      const [onReal, onFake] = Object.entries({ real, fake }).map(([name, values]) => {
        given.set(`${name}${i}`, values);
        const x = graph.variable(`${name}${i}`, [values.length / 256, 16, 16, 1]);
        return discriminator.forward(x, { training: true });
      });
      const { lossReal, lossFake } = objective.discriminator(onReal, onFake);
      return add(lossReal, lossFake);
    });
    const found = losses.map((loss) => gradients(loss, [discriminator.weights(graph)])[0]);
    const { values } = interpret(graph, given);
    const meanOf = (all: readonly ArrayLike<number>[]) =>
      Array.from(all[0], (_, i) => all.reduce((s, x) => s + x[i], 0) / all.length);
    return {
      loss: meanOf(losses.map((t) => values.get(t.id)!))[0],
      gradient: meanOf(found.map((t) => values.get(t.id)!)),
    };
  }

  test.each<Partial<GanOptions>>([
    {},
    { normD: 'none' },
    { normD: 'spectral', spectralNormG: true },
  ])('D’s loss and gradient are means over the parts: %o', (given) => {
    const step = run(given);
    const reals = step.valuesOf(made(step.graph, 'gatherPictures'));
    const fakes = step.valuesOf(made(step.graph, 'tanh'));
    const [update] = step.graph.nodes.filter(({ op }) => op === 'adam');
    const parts = [0, 1].map((i) => ({ real: reals[i], fake: fakes[i] }));
    expect(parts[0].real).toHaveLength(3 * 256);
    expect(parts[0].real).not.toEqual(parts[1].real);
    expect(parts[0].fake).not.toEqual(parts[1].fake);
    const { loss, gradient } = byHand(step, parts);
    expect(step.metric('lossD')).toBeCloseTo(loss, 12);
    expect(step.metric('lossD')).toBeCloseTo(
      step.metric('lossDReal') + step.metric('lossDFake'),
      12,
    );
    const [got] = step.valuesOf([update.inputs[1]]);
    gradient.forEach((g, i) => {
      expect(got[i]).toBeCloseTo(g, 12);
    });
    expect(gradient.some((g) => Math.abs(g) > 1e-3)).toBe(true);
  });

  test.each<Partial<GanOptions>>([{}, { dSteps: 2 }, { spectralNormG: true }])(
    'G’s update has the very pictures of D’s last: %o',
    (given) => {
      const step = run(given);
      const fakes = step.valuesOf(made(step.graph, 'tanh'));
      const last = 2 * (step.players.options.dSteps - 1);
      expect(fakes).toHaveLength(last + 4);
      expect(fakes.slice(last + 2)).toEqual(fakes.slice(last, last + 2));
    },
  );

  test.each<Partial<GanOptions>>([
    { spectralNormG: true },
    // Its generator's loss asks for D's pictures again, after G has made others.
    { freshLatent: true, objective: 'mmd-gaussian', normD: 'spectral' },
  ])('what G’s layers keep has seen each picture once: %o', (given) => {
    const { players, graph, before, variables, valuesOf } = run(given);
    const latents = made(graph, 'random').filter(({ shape }) => shape.at(-1) === 4);
    // What is made again is drawn from the same stream.
    const streams = latents.map(({ node }) => node.attrs.stream);
    const first = latents.filter((_, i) => streams.indexOf(streams[i]) === i);
    const apart = new Graph();
    const state = new Map<string, ArrayLike<number>>(before);
    valuesOf(first).forEach((z, i) => {
      state.set(`z${i}`, z);
      players.generator.forward(apart.variable(`z${i}`, [3, 1, 1, 4]), { training: true });
    });
    const expected = interpret(apart, state).variables;
    const kept = [...players.generator.buffers.values()].map(({ variable }) => variable);
    expect(first).toHaveLength(given.freshLatent ? 4 : 2);
    for (const name of kept) {
      expect(variables.get(name), name).toEqual(expected.get(name));
      // Of the last layer there is one output, and its direction is ±1.
      if (name.endsWith('main.6.weight_u')) continue;
      expect(variables.get(name), name).not.toEqual(Float64Array.from(before.get(name)!));
    }
  });

  test.each<Partial<GanOptions>>([
    { accumulate: 1 },
    { dSteps: 2 },
    { accumulate: 3, mixedBatch: true, freshLatent: true },
    { objective: 'mmd-gaussian', clipWeights: 1 },
  ])('checkpoints count the passes that running statistics are of: %o', (given) => {
    const players = new Players(resolveOptions({ ...small, ...given }));
    const graph = traceStep(players, [16, 16, 16, 1]);
    for (const net of [players.generator, players.discriminator]) {
      const [, { variable }] = [...net.buffers].find(([path]) => path.endsWith('.running'))!;
      const { initial, current } = graph.variables.get(variable)!;
      let passes = 0;
      for (let t = current; t !== initial; [, , , t] = t.node.inputs) {
        expect(t.node.op).toBe('batchNorm');
        passes++;
      }
      const counted = [...counters(players, 10)].filter(([key]) => key.startsWith(net.name));
      expect(counted.length).toBeGreaterThan(0);
      for (const [key, count] of counted) expect(count, key).toBe(BigInt(10 * passes));
    }
  });

  test('fresh latents are new ones, for each part', () => {
    const step = run({ freshLatent: true });
    const fakes = step.valuesOf(made(step.graph, 'tanh'));
    expect(fakes).toHaveLength(4);
    expect(new Set(fakes.map(([first]) => first)).size).toBe(4);
  });

  test('the pictures of an epoch are drawn once each, whatever the parts', () => {
    const drawn = (accumulate: number) => {
      const step = run({ accumulate, dSteps: 2, batchSize: 8 });
      const indices = made(step.graph, 'shuffledIndices').slice(0, 2 * accumulate);
      return step.valuesOf(indices).flatMap((values) => [...values]);
    };
    expect(drawn(4)).toEqual(drawn(1));
    expect(new Set(drawn(2)).size).toBe(16);
  });
});

describe('memory', () => {
  const options = { imageSize: 32, channels: 1, width: 8, latentDim: 64 } as const;

  test.each([1, 2])(
    'a batch of 128 in parts takes little more than a part, with %i steps of D',
    (dSteps) => {
      const whole = planned({ ...options, dSteps, batchSize: 128 });
      const part = planned({ ...options, dSteps, batchSize: 32 });
      const parts = planned({ ...options, dSteps, batchSize: 128, accumulate: 4 });
      expect(part).toBeLessThan(0.3 * whole);
      expect(parts).toBeLessThan(0.4 * whole);
    },
  );

  test('the largest batch is one of as many parts', () => {
    const large = { ...small, batchSize: 300, accumulate: 3 };
    // 64 pictures of a part: 1 KiB each, as those of the sample grid.
    const limits = { maxStorageBufferBindingSize: 2 ** 16, maxBufferSize: 2 ** 16 };
    let error: unknown;
    try {
      requirements(large, { count: 100 }).check(limits);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'limit', largestBatch: 3 * 64 });
    requirements({ ...large, batchSize: 192 }, { count: 100 }).check(limits);
  });
});

test('a step of one part is as if there were none', () => {
  const step = (given: Partial<GanOptions>) => {
    const players = new Players(resolveOptions({ ...small, accumulate: 1, ...given }));
    const graph = traceStep(players, [16, 16, 16, 1]);
    return prune(graph).map(({ op }) => op);
  };
  // Nothing is drawn twice, and nothing is scaled.
  expect(step({}).filter((op) => op === 'tanh')).toHaveLength(1);
  expect(step({}).filter((op) => op === 'shuffledIndices')).toHaveLength(1);
});
