// The DCGAN: its shapes, parameters, names and laws, and what no DCGAN can be.
import { describe, expect, test } from 'vitest';
import { type DcganShape, dcganDiscriminator, dcganGenerator } from '../../src/gan/dcgan.ts';
import { metricNames } from '../../src/gan/metrics.ts';
import { defaultOptions, type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import {
  Players,
  sampleLatents,
  traceSamples,
  traceStep,
  variableNames,
} from '../../src/gan/step.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { HostRandom } from '../../src/nn/initialisers.ts';
import { Net } from '../../src/nn/net.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { noisePictures } from '../support/pictures.ts';

const nets = (shape: DcganShape) => ({
  generator: new Net('generator', dcganGenerator(shape)),
  discriminator: new Net('discriminator', dcganDiscriminator(shape)),
});
const example: DcganShape = { imageSize: 64, channels: 3, width: 64, latentDim: 100 };

/** What a net consists of, from its input on: convolutions with their channels, and the rest by name. */
function layersOf(y: Tensor): string[] {
  const seen: string[] = [];
  for (const { op, inputs, outputs } of y.graph.nodes) {
    if (op === 'conv2d') seen.push(`conv ${inputs[1].shape[2]}→${inputs[1].shape[3]}`);
    else if (op === 'conv2dInputGrad')
      seen.push(`transposed ${inputs[1].shape[3]}→${inputs[1].shape[2]}`);
    else if (op === 'matmul') seen.push(`matmul ${outputs[0].shape[1]}`);
    else if (op !== 'view' && op !== 'variable') seen.push(op);
  }
  return seen;
}

describe('shapes', () => {
  const sizes = [16, 32, 64, 128, 256].flatMap((imageSize) =>
    [1, 2, 3, 4].map((channels) => [imageSize, channels] as const),
  );
  test.each(sizes)('%i pixels, %i channels', (imageSize, channels) => {
    const options = { imageSize, channels, width: 2, latentDim: 5 };
    const { generator, discriminator } = nets(options);
    const graph = new Graph();
    const latents = graph.variable('z', [3, 1, 1, 5]);
    const pictures = generator.forward(latents, { training: true });
    expect(pictures.shape).toEqual([3, imageSize, imageSize, channels]);
    expect(discriminator.forward(pictures, { training: true }).shape).toEqual([3, 1, 1, 1]);

    const players = new Players(resolveOptions({ ...options, batchSize: 2, ema: 0.9 }));
    const step = traceStep(players, [7, imageSize, imageSize, channels]);
    expect(step.outputs.get('metrics')?.shape).toEqual([metricNames.length * METRIC_PITCH]);
    const samples = traceSamples(players, 6).outputs.get('pictures');
    expect(samples?.shape).toEqual([6, imageSize, imageSize, channels]);
  });

  test('layers of PyTorch’s example', () => {
    const { generator, discriminator } = nets(example);
    const z = new Graph().variable('z', [2, 1, 1, 100]);
    expect(layersOf(generator.forward(z, { training: true }))).toEqual([
      ...['matmul 8192', 'batchNorm', 'relu'],
      ...['transposed 512→256', 'batchNorm', 'relu'],
      ...['transposed 256→128', 'batchNorm', 'relu'],
      ...['transposed 128→64', 'batchNorm', 'relu'],
      ...['transposed 64→3', 'tanh'],
    ]);
    const x = new Graph().variable('x', [2, 64, 64, 3]);
    expect(layersOf(discriminator.forward(x, { training: true }))).toEqual([
      ...['conv 3→64', 'leakyRelu'],
      ...['conv 64→128', 'batchNorm', 'leakyRelu'],
      ...['conv 128→256', 'batchNorm', 'leakyRelu'],
      ...['conv 256→512', 'batchNorm', 'leakyRelu'],
      'matmul 1',
    ]);
  });

  test('channels are capped at 8 · width', () => {
    const { discriminator } = nets({ ...example, imageSize: 256, width: 2 });
    const x = new Graph().variable('x', [2, 256, 256, 3]);
    const layers = layersOf(discriminator.forward(x, { training: true }));
    expect(layers.filter((l) => l.startsWith('conv'))).toEqual(
      ['3→2', '2→4', '4→8', '8→16', '16→16', '16→16'].map((c) => `conv ${c}`),
    );
  });
});

describe('parameters', () => {
  test('as many as PyTorch’s example has', () => {
    const { generator, discriminator } = nets(example);
    expect(generator.parameterCount).toBe(3_576_704);
    expect(discriminator.parameterCount).toBe(2_765_568);
  });

  test('under the names of PyTorch’s example', () => {
    const { generator, discriminator } = nets(example);
    const weights = (conv: number[], norm: number[]) =>
      [
        ...conv.map((i) => [i, 'weight']),
        ...norm.flatMap((i) => [
          [i, 'weight'],
          [i, 'bias'],
        ]),
      ]
        .map(([i, name]) => `main.${i}.${name}`)
        .sort();
    expect([...generator.parameters.keys()].sort()).toEqual(
      weights([0, 3, 6, 9, 12], [1, 4, 7, 10]),
    );
    expect([...discriminator.parameters.keys()].sort()).toEqual(
      weights([0, 2, 5, 8, 11], [3, 6, 9]),
    );
    expect([...generator.buffers.keys()]).toEqual([1, 4, 7, 10].map((i) => `main.${i}.running`));
  });

  test('start as its weights_init says', () => {
    for (const net of Object.values(nets({ ...example, width: 8 }))) {
      const values = net.initialValues(new HostRandom(0)).get(net.variable)!;
      for (const [name, { offset, size, shape }] of net.parameters) {
        const own = values.subarray(offset, offset + size);
        const mean = own.reduce((a, b) => a + b) / size;
        const std = Math.sqrt(own.reduce((a, b) => a + (b - mean) ** 2, 0) / size);
        const expected = name.endsWith('bias') ? [0, 0] : [shape.length === 4 ? 0 : 1, 0.02];
        expect(Math.abs(mean - expected[0]), name).toBeLessThanOrEqual(
          (5 * expected[1]) / size ** 0.5,
        );
        expect(Math.abs(std - expected[1]), name).toBeLessThanOrEqual(
          (4 * expected[1]) / size ** 0.5,
        );
      }
    }
  });
});

describe('initial values', () => {
  test('are a function of the options', () => {
    const of = (given: Partial<GanOptions>) =>
      new Players(resolveOptions({ imageSize: 16, width: 2, ...given })).initialValues();
    expect(of({ seed: 4 })).toEqual(of({ seed: 4 }));
    const other = of({ seed: 5 });
    for (const name of ['generator.parameters', 'discriminator.parameters', 'state'])
      expect(of({ seed: 4 }).get(name), name).not.toEqual(other.get(name));
    expect([...of({ seed: 4_294_967_295 }).get('state')!]).toEqual([4_294_967_295, 0, 0, 0]);
  });

  test('cover every variable of the step but the pictures', () => {
    const players = new Players(resolveOptions({ imageSize: 16, width: 2, ema: 0.9 }));
    const { variables } = traceStep(players, [7, 16, 16, 1]);
    const initial = players.initialValues();
    expect([...initial.keys()].sort()).toEqual(
      [...variables.keys()].filter((name) => name !== variableNames.data).sort(),
    );
    for (const [name, { initial: tensor }] of variables)
      if (name !== variableNames.data) expect(initial.get(name)?.length, name).toBe(tensor.size);
  });

  test('latents of the samples are the first of one sequence', () => {
    const options = { ...defaultOptions, latentDim: 10 };
    const many = sampleLatents(options, 500);
    expect(sampleLatents(options, 3)).toEqual(many.subarray(0, 30));
    expect(many.reduce((a, b) => a + b * b) / many.length).toBeCloseTo(1, 1);
    const uniform = sampleLatents({ ...options, latent: 'uniform' }, 500);
    expect(uniform.every((v) => v > -1 && v < 1)).toBe(true);
    expect(uniform.reduce((a, b) => a + b * b) / many.length).toBeCloseTo(1 / 3, 1);
  });
});

test('the average of weights is that of all steps, each weighed by the decay', () => {
  const options = resolveOptions({
    imageSize: 16,
    width: 1,
    latentDim: 2,
    batchSize: 2,
    ema: 0.75,
  });
  const players = new Players(options);
  const graph = traceStep(players, [4, 16, 16, 1]);
  let state: ReadonlyMap<string, ArrayLike<number>> = new Map<string, ArrayLike<number>>([
    ...players.initialValues(),
    [variableNames.data, noisePictures(4, 16).data],
  ]);
  const seen: number[] = [];
  for (let step = 1; step <= 3; step++) {
    state = interpret(graph, state, prune(graph)).variables;
    seen.push(state.get('generator.parameters')![0]);
    // Σ decayᵗ⁻ⁱ·pᵢ / Σ decayᵗ⁻ⁱ over the steps so far.
    const shares = seen.map((_, i) => options.ema ** (step - 1 - i));
    const sum = shares.reduce((a, b) => a + b);
    const expected = seen.reduce((a, p, i) => a + (p * shares[i]) / sum, 0);
    expect(state.get('generator.ema.parameters')![0]).toBeCloseTo(expected, 12);
  }
});

describe('options that cannot be', () => {
  const bad: [Partial<Record<keyof GanOptions | 'colour', unknown>>, RegExp][] = [
    [{ imageSize: 48 }, /48 × 48/],
    [{ imageSize: 8 }, /8 × 8/],
    [{ imageSize: 512 }, /512 × 512/],
    [{ channels: 0 }, /0 picture channels/],
    [{ channels: 5 }, /5 picture channels/],
    [{ width: 0 }, /width is 0/],
    [{ width: 2.5 }, /width is 2.5/],
    [{ latentDim: 0 }, /latent dimension is 0/],
    [{ batchSize: 1 }, /batchSize is 1/],
    [{ batchSize: Number.NaN }, /batchSize is NaN/],
    [{ lrD: 0 }, /lrD is 0/],
    [{ lrG: -1 }, /lrG is -1/],
    [{ lrG: Number.POSITIVE_INFINITY }, /lrG is Infinity/],
    [{ beta1: 1 }, /beta1 is 1/],
    [{ dSteps: 0 }, /dSteps is 0/],
    [{ labelSmoothing: 0.5 }, /labelSmoothing is 0.5/],
    [{ ema: 1 }, /ema is 1/],
    [{ seed: -1 }, /seed is -1/],
    [{ seed: 2 ** 32 }, /seed is 4294967296/],
    [{ generatorLoss: 'hinge' }, /generatorLoss is hinge.*non-saturating/],
    [{ latent: 'cauchy' }, /latent is cauchy/],
    [{ lrD: '0.1' }, /lrD is of type string.*number/],
    [{ flip: 'no' }, /flip is of type string.*boolean/],
    [{ generatorLoss: null }, /generatorLoss is of type object.*string/],
    [{ colour: 'red' }, /no option 'colour'.*imageSize/],
  ];
  test.each(bad)('%o', (given, message) => {
    const resolve = () => resolveOptions(given as Partial<GanOptions>);
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(expect.objectContaining({ name: 'ModelError', code: 'model' }));
  });

  test('what is undefined is the default', () => {
    expect(resolveOptions({ seed: undefined, width: 3 })).toEqual({ ...defaultOptions, width: 3 });
  });
});
