// Class-conditional GANs: the nets in float64 against their papers' formulas and finite differences, the
// step with and without its labels, and what is refused.
import { describe, expect, test } from 'vitest';
import { LabelError } from '../../src/data/errors.ts';
import { checkLabels, choiceOfClasses, gridColumns, gridCount } from '../../src/gan/classes.ts';
import type { Conditioning } from '../../src/gan/conditional.ts';
import {
  type DiscriminatorOptions,
  dcganDiscriminator,
  dcganGenerator,
  ModelError,
} from '../../src/gan/dcgan.ts';
import { metricNames } from '../../src/gan/metrics.ts';
import { hasFeatures, needsBoundedSlope, objectiveNames } from '../../src/gan/objectives/index.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { GraphError } from '../../src/graph/errors.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { Embedding } from '../../src/nn/layers.ts';
import type { Module } from '../../src/nn/module.ts';
import { Net } from '../../src/nn/net.ts';
import { mul, square } from '../../src/ops/elementwise.ts';
import { sum } from '../../src/ops/reduce.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { labelled, noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

const SHAPE = { imageSize: 16, channels: 1, width: 2, latentDim: 5 };
const CLASSES = 3;
const LABELS = [2, 0, 1, 2];

const rows = (labels: readonly number[]): Float32Array =>
  Float32Array.from(labels.flatMap((l) => [0, 1, 2].map((c) => (c === l ? 1 : 0))));

/** A net on a batch of four of these classes, with pinned random parameters, in float64. */
function trial(module: Module, inputShape: readonly number[], labels: readonly number[] = LABELS) {
  const random = new RandomValues(11);
  const net = new Net('net', module);
  const weights = random.normal(net.size, 0, 0.3);
  const x = random.normal(inputShape.reduce((a, b) => a * b));
  const values = new Map<string, ArrayLike<number>>([
    ['x', x],
    ['classes', rows(labels)],
    [net.variable, weights],
    ...[...net.buffers.values()].map((b) => [b.variable, b.initial] as const),
  ]);
  const graph = new Graph();
  const input = graph.variable('x', inputShape);
  const classes = graph.variable('classes', [labels.length, CLASSES]);
  const y = net.forward(input, { training: true, classes });
  return { net, graph, input, y, values, weights, x };
}

const outputOf = ({ graph, y, values }: Pick<ReturnType<typeof trial>, 'graph' | 'y' | 'values'>) =>
  interpret(graph, values).values.get(y.id)!;

const discriminator = (options: DiscriminatorOptions) =>
  dcganDiscriminator(SHAPE, { norm: 'none', ...options });

const picturesShape = [LABELS.length, 16, 16, 1];

describe('an embedding', () => {
  test('is a row of the weight for each class, and the mixture of rows', () => {
    const tried = trial(new Embedding(CLASSES, 2), [4, CLASSES]);
    tried.values.set('x', [0, 0, 1, 1, 0, 0, 0, 1, 0, 0.5, 0, 0.5]);
    const w = (c: number) => [...tried.weights.subarray(2 * c, 2 * c + 2)];
    const mixed = w(0).map((a, i) => (a + w(2)[i]) / 2);
    expect([...outputOf(tried)]).toEqual([...w(2), ...w(0), ...w(1), ...mixed]);
    expect(tried.net.parameters.get('weight')?.shape).toEqual([CLASSES, 2]);
  });

  test('has as the gradient of a row the sum of all that it was looked up for', () => {
    const { graph, net, y, values } = trial(new Embedding(CLASSES, 2), [4, CLASSES]);
    values.set('x', rows(LABELS));
    values.set('dy', [1, 2, 3, 4, 5, 6, 7, 8]);
    const loss = sum(mul(y, graph.variable('dy', [4, 2])));
    const [gradient] = gradients(loss, [net.weights(graph)]);
    const found = interpret(graph, values).values.get(gradient.id)!;
    expect([...found.subarray(0, 6)]).toEqual([3, 4, 5, 6, 8, 10]);
  });
});

describe('a discriminator', () => {
  test('by projection adds the class’s vector times the features to the logit', () => {
    const told = trial(discriminator({ classes: CLASSES }), picturesShape);
    const untold = trial(discriminator({}), picturesShape);
    // The same parameters: the embedding comes last.
    untold.values.set('x', told.x);
    untold.values.set(untold.net.variable, told.weights.subarray(0, untold.net.size));
    const before = outputOf(untold);
    const features = [...untold.graph.nodes].filter(({ op }) => op === 'leakyRelu').at(-1)!;
    const h = interpret(untold.graph, untold.values).values.get(features.outputs[0].id)!;
    const maps = features.outputs[0].shape[3];
    const { offset } = told.net.parameters.get('embedding.weight')!;

    const logits = outputOf(told);
    expect(told.y.shape).toEqual([4, 1, 1, 1]);
    LABELS.forEach((label, n) => {
      let projection = 0;
      for (let place = 0; place < 16; place++)
        for (let c = 0; c < maps; c++)
          projection += h[(n * 16 + place) * maps + c] * told.weights[offset + label * maps + c];
      expect(Math.abs(projection)).toBeGreaterThan(0.01);
      expect(logits[n]).toBeCloseTo(before[n] + projection, 10);
    });
  });

  test('by concatenation sees a picture of the class as another channel', () => {
    const told = trial(
      discriminator({ classes: CLASSES, conditioning: 'concatenation' }),
      picturesShape,
    );
    const { offset, shape } = told.net.parameters.get('embedding.weight')!;
    expect(shape).toEqual([CLASSES, 256]);
    const untold = trial(
      dcganDiscriminator({ ...SHAPE, channels: 2 }, { norm: 'none' }),
      [4, 16, 16, 2],
    );
    untold.values.set(untold.net.variable, told.weights.subarray(0, untold.net.size));
    const joined = LABELS.flatMap((label, n) =>
      Array.from({ length: 256 }, (_, p) => [
        told.x[n * 256 + p],
        told.weights[offset + label * 256 + p],
      ]).flat(),
    );
    untold.values.set('x', joined);
    expect([...outputOf(told)]).toEqual([...outputOf(untold)]);
  });

  const both = ['projection', 'concatenation'] as const;
  test.each(
    both.flatMap((c) => (['none', 'spectral', 'batch'] as const).map((n) => [c, n] as const)),
  )('by %s, normalised by %s, has the gradients of finite differences', (conditioning, norm) => {
    const module = discriminator({ classes: CLASSES, conditioning, norm });
    const { net, graph, input, y, values, weights, x } = trial(module, picturesShape);
    const random = new RandomValues(5);
    values.set('r', random.normal(4));
    const loss = graph.output('loss', sum(mul(graph.variable('r', [4, 1, 1, 1]), square(y))));
    const wanted: (readonly [string, Tensor, Float32Array])[] = [
      ['x', input, x],
      // Spectral normalisation takes for a constant what it finds of a weight.
      ...(norm === 'spectral' ? [] : [[net.variable, net.weights(graph), weights] as const]),
    ];
    const lossAt = (name: string, moved: Float64Array) =>
      interpret(graph, new Map([...values, [name, moved]])).outputs.get('loss')![0];
    expect(loss.size).toBe(1);
    for (const [name, tensor, at] of wanted) {
      const [gradient] = gradients(loss, [tensor]);
      const found = interpret(graph, values).values.get(gradient.id)!;
      // A random direction of all elements, and one of the embedding's alone, which comes last.
      const { offset } = [...net.parameters.values()].at(-1)!;
      const ranges =
        name === 'x'
          ? [[0, at.length]]
          : [
              [0, at.length],
              [offset, at.length],
            ];
      for (const [from, to] of ranges) {
        const direction = random.normal(at.length).fill(0, 0, from).fill(0, to);
        const step = 1e-6;
        const moved = (s: number) => Float64Array.from(at, (v, i) => v + s * direction[i]);
        const slope = (lossAt(name, moved(step)) - lossAt(name, moved(-step))) / (2 * step);
        const expected = found.reduce((s, g, i) => s + g * direction[i], 0);
        expect(Math.abs(slope)).toBeGreaterThan(1e-4);
        expect(slope / expected).toBeCloseTo(1, 4);
      }
    }
  });
});

test('a generator draws by its latent and its class', () => {
  const module = () => dcganGenerator(SHAPE, { classes: CLASSES });
  const pictures = (labels: readonly number[]) => {
    const tried = trial(module(), [4, 1, 1, 5], labels);
    expect(tried.y.shape).toEqual([4, 16, 16, 1]);
    return outputOf(tried);
  };
  expect(pictures([2, 0, 1, 2])).toEqual(pictures([2, 0, 1, 2]));
  expect(pictures([2, 0, 1, 2])).not.toEqual(pictures([2, 0, 1, 1]));
});

test('the parameters have PyTorch’s names', () => {
  const names = (module: Module) => [...new Net('net', module).parameters.keys()];
  const plain = names(dcganGenerator(SHAPE));
  expect(names(dcganGenerator(SHAPE, { classes: 3 }))).toEqual([...plain, 'embedding.weight']);
  const judge = names(discriminator({}));
  for (const conditioning of ['projection', 'concatenation'] as const) {
    const told = names(discriminator({ classes: 3, conditioning }));
    expect(told).toEqual([...judge, 'embedding.weight']);
  }
  const spectral = names(discriminator({ classes: 3, norm: 'spectral' }));
  expect(spectral.at(-1)).toBe('embedding.weight_orig');
  const [first] = new Net('net', dcganGenerator(SHAPE, { classes: 200 })).parameters.values();
  expect(first.shape[3]).toBe(SHAPE.latentDim + 128);
});

test('nets that are told no class where they need one say so', () => {
  const net = new Net('net', dcganGenerator(SHAPE, { classes: 3 }));
  const z = new Graph().variable('z', [4, 1, 1, 5]);
  expect(() => net.forward(z, { training: true })).toThrow(GraphError);
});

const small: Partial<GanOptions> = {
  imageSize: 16,
  width: 1,
  latentDim: 4,
  batchSize: 4,
  classes: 3,
};
const COUNT = 10;

/** A step in float64, from a pinned state, of pictures with these labels. */
function step(given: Partial<GanOptions>, labels = labelled(noisePictures(COUNT, 16), 3).labels!) {
  const players = new Players(resolveOptions({ ...small, ...given }));
  const graph = traceStep(players, [COUNT, 16, 16, 1]);
  const nodes = prune(graph);
  const start = startOf(players, { ...noisePictures(COUNT, 16), labels });
  const { outputs, values } = interpret(graph, start, nodes);
  const packed = outputs.get('metrics')!;
  const metrics = Object.fromEntries(
    metricNames.map((name, i) => [name, packed[i * METRIC_PITCH]] as const),
  );
  return { nodes, values, metrics };
}

/**
 * What G and D look up, by the batch of classes. (Transposed, the classes make the gradients of the
 * embeddings.)
 */
function lookedUp(nodes: ReturnType<typeof step>['nodes']): number[] {
  const spread = nodes.filter(({ op }) => op === 'equal');
  return nodes
    .filter(
      ({ op, inputs, attrs }) =>
        op === 'matmul' && !attrs.transposeA && inputs[0].node.op === 'equal',
    )
    .map(({ inputs }) => spread.indexOf(inputs[0].node));
}

describe('a step', () => {
  const conditionings = ['projection', 'concatenation'] as const satisfies readonly Conditioning[];
  test.each(conditionings)('by %s depends on the labels', (conditioning) => {
    const { labels } = labelled(noisePictures(COUNT, 16), 3);
    const other = labels!.map((label) => (label + 1) % 3);
    const [own, others] = [labels, other].map((l) => step({ conditioning }, l).metrics);
    for (const name of ['lossD', 'lossDReal', 'lossDFake', 'lossG', 'gradNormD', 'gradNormG'])
      expect(Math.abs(own[name] - others[name]), name).toBeGreaterThan(1e-4);
  });

  test('shows fake pictures of the classes of the real ones, and afresh of the data set’s', () => {
    const { labels } = labelled(noisePictures(COUNT, 16), 3);
    const { nodes, values } = step({ freshLatent: true, dSteps: 2 });
    const drawn = nodes.filter(({ op }) => op === 'shuffledIndices');
    const spread = nodes.filter(({ op }) => op === 'equal');
    const [first, second, afresh] = drawn.map(({ outputs }) => [...values.get(outputs[0].id)!]);
    expect(drawn).toHaveLength(3);
    expect(new Set([...first, ...second]).size).toBe(8);
    expect(afresh).not.toEqual(second);
    spread.forEach(({ outputs }, d) => {
      const at = [first, second, afresh][d];
      expect([...values.get(outputs[0].id)!]).toEqual([...rows(at.map((i) => labels![i]))]);
    });
    // One batch of classes for both kinds of pictures of an update.
    expect(lookedUp(nodes)).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
  });

  test('has the slope between a real and a fake picture at the class of both', () => {
    const { nodes } = step({ objective: 'wasserstein', gradientPenalty: 10, normD: 'none' });
    // By G, by D of real pictures, of fake ones, between them, and in G's update.
    expect(lookedUp(nodes)).toEqual([0, 0, 0, 0, 0]);
  });

  const variants: Partial<GanOptions>[] = [
    ...[{}, { mixedBatch: true }, { dSteps: 2 }, { freshLatent: true }, { ema: 0.9 }],
    ...[{ accumulate: 2 }, { augment: 'color,translation,cutout' }, { spectralNormG: true }],
    ...[{ normD: 'spectral' }, { r1: 1, normD: 'none' }, { instanceNoise: 0.1, flip: true }],
    ...[{ gradientPenalty: 10, normD: 'none', mixedBatch: true }, { clipWeights: 0.5 }],
    ...[
      { optimiser: 'sgd' },
      { optimiser: 'rmsprop' },
      { clipGradients: 1 },
      { latent: 'uniform' },
    ],
    ...objectiveNames.map((objective) => ({
      objective,
      ...(needsBoundedSlope(objective) && { normD: 'spectral' }),
      ...(hasFeatures(objective) && { conditioning: 'concatenation' }),
    })),
  ] as Partial<GanOptions>[];
  test.each(variants)('%o', (given) => {
    for (const conditioning of conditionings) {
      if (conditioning === 'concatenation' && given.clipWeights) continue;
      const { metrics } = step({ conditioning, ...given });
      for (const [name, value] of Object.entries(metrics))
        expect(Number.isFinite(value), `${conditioning}, ${name}`).toBe(true);
      expect(metrics.gradNormD).toBeGreaterThan(0);
      expect(metrics.gradNormG).toBeGreaterThan(0);
    }
  });
});

describe('what makes no sense is refused', () => {
  test.each<[Partial<GanOptions>, RegExp]>([
    [{ classes: 1 }, /classes is 1/],
    [{ classes: 257 }, /classes is 257/],
    [{ classes: 2.5 }, /classes is 2.5/],
    [{ classes: -3 }, /classes is -3/],
    [{ classes: 3, conditioning: 'both' as Conditioning }, /conditioning is both/],
    [{ classes: 0, conditioning: 'concatenation' }, /there are no classes/],
    [{ classes: 3, objective: 'mmd-gaussian', clipWeights: 1 }, /no logit/],
    [{ classes: 3, conditioning: 'concatenation', clipWeights: 0.01 }, /clipWeights/],
    [{ classes: 3, model: 'fully-connected' }, /knows no classes/],
  ])('%o', (given, message) => {
    expect(() => resolveOptions(given)).toThrow(ModelError);
    expect(() => resolveOptions(given)).toThrow(message);
  });

  test('labels', () => {
    const set = noisePictures(3, 16);
    const refused = (more: object, message: RegExp) => {
      expect(() => checkLabels({ ...set, ...more }, 3)).toThrow(LabelError);
      expect(() => checkLabels({ ...set, ...more }, 3)).toThrow(message);
    };
    refused({}, /noise: the pictures have no labels/);
    refused({ labels: Uint8Array.of(0, 3, 1) }, /label of picture 1 is 3, of 3 classes/);
    const labels = Uint8Array.of(0, 2, 1);
    refused({ labels, classNames: ['a', 'b'] }, /2 names of classes, and 3 classes/);
    expect(checkLabels({ ...set, labels, classNames: ['a', 'b', 'c'] }, 3)).toBe(labels);
  });

  test('classes that are asked for', () => {
    const refused = (chosen: number[], classes: number, message: RegExp) =>
      expect(() => choiceOfClasses(chosen, classes, 4)).toThrow(message);
    refused([1], 0, /without classes/);
    refused([], 3, /No class is chosen/);
    for (const odd of [3, -1, 0.5, Number.NaN]) refused([0, odd], 3, /There is no class/);
    expect([...choiceOfClasses([2, 0], 3, 3)]).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 1]);
  });
});

test('a grid has as many pictures of each class, one class a column where there is room', () => {
  const grids = [0, 2, 3, 5, 10, 16, 17, 100, 256].map((n) => {
    const count = gridCount(n);
    return [n, count, gridColumns(count, n)];
  });
  expect(grids).toEqual([
    ...[
      [0, 64, 8],
      [2, 64, 8],
      [3, 63, 9],
      [5, 65, 10],
      [10, 60, 10],
      [16, 64, 16],
    ],
    ...[
      [17, 68, 9],
      [100, 100, 10],
      [256, 256, 16],
    ],
  ]);
  expect(gridColumns(4, 10)).toBe(4);
});
