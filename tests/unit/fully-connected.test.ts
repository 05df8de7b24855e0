// The original GAN's nets and the layers that they are made of, in float64.
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../src/gan/dcgan.ts';
import {
  fullyConnectedDiscriminator,
  fullyConnectedGenerator,
} from '../../src/gan/fully-connected.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { GanvasError, ShapeError } from '../../src/graph/errors.ts';
import { Graph } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { Dropout } from '../../src/nn/dropout.ts';
import { HostRandom } from '../../src/nn/initialisers.ts';
import { Sequential } from '../../src/nn/layers.ts';
import { Maxout } from '../../src/nn/maxout.ts';
import { Net } from '../../src/nn/net.ts';
import { STATE, square, sum } from '../../src/ops/index.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

describe('Maxout', () => {
  const [n, inputs, outputs, pieces] = [3, 4, 2, 3];
  const net = new Net('net', new Maxout(inputs, outputs, { pieces }));
  const flat = net.initialValues(new HostRandom(1)).get(net.variable)!;
  const [weight, bias] = ['weight', 'bias'].map((name) => net.parameters.get(name)!);
  const x = new RandomValues(2).normal(n * inputs);

  /** The largest of the pieces, by plain loops. */
  const byHand = (parameters: ArrayLike<number>): number[] => {
    const of = (row: number, unit: number, piece: number) => {
      const line = unit * pieces + piece;
      let y = parameters[bias.offset + line];
      for (let i = 0; i < inputs; i++)
        y += x[row * inputs + i] * parameters[weight.offset + line * inputs + i];
      return y;
    };
    return Array.from({ length: n * outputs }, (_, at) =>
      Math.max(
        ...Array.from({ length: pieces }, (_, p) => of(Math.floor(at / outputs), at % outputs, p)),
      ),
    );
  };

  const graph = new Graph();
  const y = net.forward(graph.variable('x', [n, inputs]), { training: true });
  graph.output('y', y);
  const loss = sum(square(y));
  graph.output('gradient', gradients(loss, [net.weights(graph)])[0]);
  const given = new Map<string, ArrayLike<number>>([
    ['x', x],
    [net.variable, flat],
  ]);
  const { outputs: found } = interpret(graph, given);

  test('is the largest of its pieces, of the weights that a Linear has', () => {
    expect(y.shape).toEqual([n, outputs]);
    expect(weight.shape).toEqual([outputs * pieces, inputs]);
    byHand(flat).forEach((expected, i) => {
      expect(found.get('y')![i]).toBeCloseTo(expected, 12);
    });
  });

  test('its gradient is that of finite differences', () => {
    const lossOf = (parameters: Float64Array) => byHand(parameters).reduce((s, v) => s + v * v, 0);
    const gradient = found.get('gradient')!;
    expect(gradient.filter((g) => g !== 0).length).toBeGreaterThan(outputs * inputs);
    for (const { offset, size } of net.parameters.values()) {
      for (let i = offset; i < offset + size; i++) {
        const [up, down] = [1e-6, -1e-6].map((step) => {
          const moved = Float64Array.from(flat);
          moved[i] += step;
          return lossOf(moved);
        });
        expect(gradient[i], `parameter ${i}`).toBeCloseTo((up - down) / 2e-6, 6);
      }
    }
  });

  test('has at least one piece', () => {
    expect(() => new Maxout(2, 2, { pieces: 0 })).toThrow(ShapeError);
    expect(() => new Maxout(2, 2, { pieces: 1.5 })).toThrow('1.5');
  });
});

describe('Dropout', () => {
  const size = 4096;
  const state = (step: number) => Uint32Array.of(7, 0, step, 0);
  const ones = new Float32Array(size).fill(1);
  /** Two passes through one dropout, and the gradient of the first. */
  const pass = (p: number, step: number, training = true) => {
    const net = new Net('net', new Sequential(new Dropout(p)));
    const graph = new Graph();
    graph.variable(STATE, [4], 'u32');
    const x = graph.variable('x', [size]);
    const y = net.forward(x, { training });
    graph.output('first', y);
    graph.output('second', net.forward(x, { training }));
    graph.output('gradient', gradients(sum(y), [x])[0]);
    const given = new Map<string, ArrayLike<number>>([
      ['x', ones],
      [STATE, state(step)],
      [net.variable, new Float32Array(0)],
    ]);
    const { outputs } = interpret(graph, given);
    return ['first', 'second', 'gradient'].map((name) => [...outputs.get(name)!]);
  };

  test.each([0.2, 0.5, 0.9])('drops %d of the elements, and keeps the mean', (p) => {
    const [first, second, gradient] = pass(p, 0);
    const kept = 1 / (1 - p);
    expect(first.every((y) => y === 0 || Math.abs(y - kept) < 1e-12)).toBe(true);
    const share = first.filter((y) => y === 0).length / size;
    expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / size));
    // Where it was dropped, nothing flows back.
    expect(gradient).toEqual(first);
    expect(second).not.toEqual(first);
  });

  test('drops others at the next step, the same at the same', () => {
    expect(pass(0.5, 3)[0]).toEqual(pass(0.5, 3)[0]);
    expect(pass(0.5, 3)[0]).not.toEqual(pass(0.5, 4)[0]);
  });

  test('does nothing when not training, and at p = 0', () => {
    expect(pass(0.5, 0, false)[0]).toEqual([...ones]);
    expect(pass(0, 0)[0]).toEqual([...ones]);
  });

  test.each([-0.1, 1, Number.NaN])('refuses p = %d', (p) => {
    expect(() => new Dropout(p)).toThrow(GanvasError);
  });
});

describe('nets', () => {
  test('are the sizes of the code of the paper, for MNIST', () => {
    const shape = { imageSize: 32, channels: 1, width: 240, latentDim: 100 };
    const G = new Net('generator', fullyConnectedGenerator(shape));
    const D = new Net('discriminator', fullyConnectedDiscriminator(shape));
    const shapes = (net: Net) => [...net.parameters].map(([name, { shape }]) => [name, ...shape]);
    expect(shapes(G)).toEqual([
      ['main.1.weight', 1200, 100],
      ['main.1.bias', 1200],
      ['main.3.weight', 1200, 1200],
      ['main.3.bias', 1200],
      ['main.5.weight', 1024, 1200],
      ['main.5.bias', 1024],
    ]);
    expect(shapes(D)).toEqual([
      ['main.2.weight', 1200, 1024],
      ['main.2.bias', 1200],
      ['main.4.weight', 1200, 240],
      ['main.4.bias', 1200],
      ['main.6.weight', 1, 240],
      ['main.6.bias', 1],
    ]);
  });

  test('D starts near zero, all of it: G is to have a chance', () => {
    const shape = { imageSize: 16, channels: 1, width: 40, latentDim: 4 };
    const net = new Net('discriminator', fullyConnectedDiscriminator(shape));
    const values = net.initialValues(new HostRandom(1)).get(net.variable)!;
    for (const [name, { offset, size }] of net.parameters) {
      const largest = Math.max(...values.subarray(offset, offset + size).map(Math.abs));
      if (name.endsWith('bias')) expect(largest).toBe(0);
      else expect(Math.abs(largest - 0.005)).toBeLessThan(3e-4);
    }
  });

  test('pictures are in [0, 1] inside the nets, and in [−1, 1] outside', () => {
    const shape = { imageSize: 16, channels: 2, width: 2, latentDim: 3 };
    const G = new Net('generator', fullyConnectedGenerator(shape));
    const D = new Net('discriminator', fullyConnectedDiscriminator(shape));
    const graph = new Graph();
    const z = graph.variable('z', [2, 1, 1, 3]);
    const drawn = graph.output('drawn', G.forward(z, { training: false }));
    const logits = graph.output('logits', D.forward(drawn, { training: false }));
    const values = (net: Net) => net.initialValues(new HostRandom(1)).get(net.variable)!;
    // Only the outputs' biases: pictures are 2σ(b) − 1 then, whose black D sees as zeros.
    const flat = new Float32Array(G.size);
    const { offset, size } = G.parameters.get('main.5.bias')!;
    flat.fill(-40, offset, offset + size);
    const given = new Map<string, ArrayLike<number>>([
      ['z', new Float32Array(6)],
      [G.variable, flat],
      [D.variable, values(D)],
    ]);
    const { outputs, values: computed } = interpret(graph, given);
    expect([...outputs.get('drawn')!].every((x) => Math.abs(x + 1) < 1e-12)).toBe(true);
    expect([...computed.get(logits.id)!].every((x) => Math.abs(x) < 1e-12)).toBe(true);
  });

  test.each([16, 32, 64, 128, 256])('for pictures of %d pixels, of 1 to 4 channels', (size) => {
    for (const channels of [1, 2, 3, 4]) {
      const shape = { imageSize: size, channels, width: 2, latentDim: 3 };
      const graph = new Graph();
      const z = graph.variable('z', [5, 1, 1, 3]);
      const pictures = new Net('generator', fullyConnectedGenerator(shape)).forward(z, {
        training: true,
      });
      expect(pictures.shape).toEqual([5, size, size, channels]);
      const D = new Net('discriminator', fullyConnectedDiscriminator(shape, { outputs: 7 }));
      expect(D.forward(pictures, { training: true }).shape).toEqual([5, 1, 1, 7]);
    }
    const odd = { imageSize: 20, channels: 1, width: 2, latentDim: 3 };
    expect(() => fullyConnectedGenerator(odd)).toThrow(ModelError);
    expect(() => fullyConnectedDiscriminator(odd)).toThrow(ModelError);
  });
});

describe('options', () => {
  test('default to the paper’s, and those of another optimiser to its own', () => {
    const model = 'fully-connected';
    expect(resolveOptions({ model })).toMatchObject({
      ...{ width: 240, latent: 'uniform', optimiser: 'sgd', lrD: 0.1, lrG: 0.1, beta1: 0.5 },
      ...{ normD: 'none', dSteps: 1 },
    });
    const adam = resolveOptions({ model, optimiser: 'adam', width: 5, latent: 'normal' });
    expect(adam).toMatchObject({ lrD: 2e-4, lrG: 2e-4, width: 5, latent: 'normal' });
    expect(resolveOptions({})).toMatchObject({ model: 'dcgan', optimiser: 'adam', normD: 'batch' });
  });

  test('that make no sense with it are refused', () => {
    const refused = (given: Partial<GanOptions>) => () => resolveOptions(given);
    expect(refused({ model: 'fully-connected', normD: 'batch' })).toThrow(/no batch-norm/);
    expect(refused({ model: 'vae' as 'dcgan' })).toThrow('dcgan, fully-connected');
  });
});

describe('a step', () => {
  const stepOf = (given: Partial<GanOptions>) => {
    const options = resolveOptions({
      ...{ model: 'fully-connected', imageSize: 16, width: 3, latentDim: 4, batchSize: 4, seed: 2 },
      ...given,
    });
    const players = new Players(options);
    const graph = traceStep(players, [8, 16, 16, 1]);
    const before = startOf(players, noisePictures(8, 16, 1));
    const { outputs, variables } = interpret(graph, before, prune(graph));
    return { graph, before, metrics: [...outputs.get('metrics')!], variables };
  };

  test.each<[string, Partial<GanOptions>, number]>([
    ['as it comes', {}, 9],
    ['k = 2, spectral normalisation', { dSteps: 2, normD: 'spectral' }, 15],
    ['one pass of D on both', { mixedBatch: true }, 6],
    ['a penalty on slopes', { gradientPenalty: 10, objective: 'wasserstein' }, 12],
    ['R1', { r1: 10 }, 9],
  ])('%s', (_, given, dropouts) => {
    const { graph, before, metrics, variables } = stepOf(given);
    expect(metrics.every(Number.isFinite)).toBe(true);
    for (const name of ['generator.parameters', 'discriminator.parameters'])
      expect([...variables.get(name)!]).not.toEqual([...before.get(name)!]);
    // Each pass of D drops others: no two draws share a stream.
    const streams = graph.nodes
      .filter(({ op, attrs }) => op === 'random' && (attrs.stream as number) >= 2 ** 30)
      .map(({ attrs }) => attrs.stream);
    expect(new Set(streams).size).toBe(streams.length);
    expect(streams).toHaveLength(dropouts);
  });
});
