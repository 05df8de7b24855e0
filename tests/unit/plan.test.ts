// Plans of random graphs and of real training steps, followed command by command over symbolic
// memory: two steps in a row, so that what a step leaves behind is what the next one expects.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceSamples, traceStep } from '../../src/gan/step.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { add, sigmoid, tanh } from '../../src/ops/elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { pack } from '../../src/ops/movement.ts';
import { mean } from '../../src/ops/reduce.ts';
import { planGraph } from '../../src/runtime/plan.ts';
import { checkPlan, defaultTraits } from '../support/check-plan.ts';
import { graphOf, recipes } from '../support/random-graph.ts';

const check = (graph: Graph, traits: Partial<DeviceTraits> = {}) => {
  const merged = { ...defaultTraits, ...traits };
  const plan = planGraph(graph, merged);
  checkPlan(graph, plan, merged);
  return plan;
};

describe('every command of a plan is valid, and two steps keep what they should', () => {
  test.each<Partial<DeviceTraits>>([
    {},
    // How grids fold, and what a real GPU changes.
    { maxWorkgroupsPerDimension: 16 },
    { software: false, maxStorageBuffersPerShaderStage: 16 },
  ])('random graphs, planned for %o', (traits) => {
    fc.assert(
      fc.property(recipes, (recipe) => {
        check(graphOf(recipe), traits);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test.each<[string, Partial<GanOptions>]>([
    ['as it comes', {}],
    ['mixed batch', { mixedBatch: true }],
    ['two steps of D, fresh latent', { dSteps: 2, freshLatent: true }],
    ['average of the weights, flipped pictures', { ema: 0.9, flip: true }],
    ['three channels, minimax', { channels: 3, generatorLoss: 'minimax' }],
    ['clipped weights', { objective: 'wasserstein', clipWeights: 0.01, dSteps: 2 }],
    ['a gradient penalty', { objective: 'wasserstein', gradientPenalty: 10, normD: 'none' }],
    ['spectral normalisation, clipped gradients', { normD: 'spectral', clipGradients: 1 }],
    ['a batch in parts, a schedule', { accumulate: 3, lrSchedule: 'cosine', lrSteps: 9 }],
    ['augmented, G normalised', { augment: 'color,translation,cutout', spectralNormG: true }],
    ['augmented RGBA, R1', { augment: 'color', channels: 4, r1: 1, normD: 'none' }],
    ['features, noise', { objective: 'mmd-gaussian', normD: 'spectral', instanceNoise: 1 }],
  ])('a training step, %s', (_, options) => {
    const small = { imageSize: 16, width: 4, latentDim: 8, batchSize: 6, channels: 1, ...options };
    const players = new Players(resolveOptions(small as Partial<GanOptions>));
    const { imageSize, channels } = players.options;
    check(traceStep(players, [20, imageSize, imageSize, channels]));
    check(traceSamples(players, 8));
  });
});

test('a step of MNIST at width 32 takes 105 dispatches, none of them to add gradients up', () => {
  const model = { imageSize: 32, channels: 1, width: 32, latentDim: 64, batchSize: 32 } as const;
  const graph = traceStep(new Players(resolveOptions(model)), [60_000, 32, 32, 1]);
  const labels = planGraph(graph, defaultTraits).commands.flatMap((c) =>
    c.kind === 'dispatch' ? [c.dispatch.label] : [],
  );
  expect(labels).toHaveLength(105);
  expect(labels.filter((label) => /^add \[\d+\]$/.test(label))).toEqual([]);
});

describe('memory', () => {
  test('intermediates of a long chain take turns in two buffers', () => {
    const graph = new Graph();
    let x = graph.variable('x', [32, 32]);
    const w = graph.variable('w', [32, 32]);
    for (let i = 0; i < 10; i++) x = tanh(matmul(x, w));
    graph.output('y', mean(x));
    const plan = check(graph);
    expect(plan.poolSizes).toEqual([4096, 4096]);
    expect(plan.fixed.map((s) => s.bytes)).toEqual([16]);
  });

  test('only outputs and packs have memory of their own', () => {
    const graph = new Graph();
    const x = graph.variable('x', [10, 10]);
    const y = graph.output('y', sigmoid(matmul(x, x)));
    // Made while x is still read, so that it waits elsewhere; not for longer than the step.
    graph.assign('x', matmul(y, y));
    graph.output('p', pack([tanh(x), add(y, 1)], [0, 128], 300));
    expect(check(graph).fixed.map((s) => s.bytes)).toEqual([400, 1200]);
  });
});
