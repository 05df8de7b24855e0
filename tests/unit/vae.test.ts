// A VAE's loss and whole step in float64: against closed forms, plain loops and finite differences.
import { describe, expect, test } from 'vitest';
import { ModelError } from '../../src/gan/dcgan.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { readSafetensors, writeSafetensors } from '../../src/io/safetensors.ts';
import { decodeVae, encodeVae } from '../../src/vae/checkpoint.ts';
import { Codec } from '../../src/vae/codec.ts';
import { bernoulliNll, gaussianKl, gaussianNll } from '../../src/vae/loss.ts';
import { VaeModel } from '../../src/vae/model.ts';
import { normalQuantile } from '../../src/vae/normal-quantile.ts';
import { resolveVaeOptions, type VaeOptions } from '../../src/vae/options.ts';
import { evaluate } from '../reference/evaluate.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { interpretSteps } from '../support/interpret-steps.ts';
import { noisePictures } from '../support/pictures.ts';

describe('losses', () => {
  const random = new RandomValues(4);
  const shape = [3, 2, 1, 2];
  const mean = { shape, values: random.normal(12) };
  const logVariance = { shape, values: random.uniform(12, -2, 1.5) };
  const pixels = { shape, values: random.uniform(12) };
  const logSigma = { shape: [], values: Float32Array.of(-0.7) };
  const rows = (of: (i: number) => number) =>
    [0, 1, 2].map((n) => [0, 1, 2, 3].reduce((sum, i) => sum + of(4 * n + i), 0));
  const expectNear = (actual: ArrayLike<number>, expected: readonly number[]) => {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((x, i) => {
      expect(actual[i]).toBeCloseTo(x, 10);
    });
  };

  test('KL is the integral of q log (q/p), by a sum over a grid', () => {
    const [kl] = evaluate([mean, logVariance], gaussianKl);
    const density = (z: number, m: number, s: number) =>
      Math.exp(-0.5 * ((z - m) / s) ** 2) / (s * Math.sqrt(2 * Math.PI));
    const integral = (i: number) => {
      const [m, s] = [mean.values[i], Math.exp(logVariance.values[i] / 2)];
      const step = s / 100;
      let sum = 0;
      for (let z = m - 12 * s; z < m + 12 * s; z += step) {
        const q = density(z, m, s);
        if (q > 0) sum += q * Math.log(q / density(z, 0, 1)) * step;
      }
      return sum;
    };
    expectNear(kl, rows(integral));
    const zero = { shape, values: new Float32Array(12) };
    expectNear(evaluate([zero, zero], gaussianKl)[0], [0, 0, 0]);
  });

  test('Bernoulli: the cross-entropy of pixels with their probabilities', () => {
    const [nll] = evaluate([pixels, mean], bernoulliNll);
    expectNear(
      nll,
      rows((i) => {
        const [t, p] = [(pixels.values[i] + 1) / 2, 1 / (1 + Math.exp(-mean.values[i]))];
        return -(t * Math.log(p) + (1 - t) * Math.log(1 - p));
      }),
    );
    // Of pixels that are 0 or 1 the probabilities of all pictures sum to 1.
    const coins = { shape: [4, 1, 1, 2], values: Float32Array.of(-1, -1, -1, 1, 1, -1, 1, 1) };
    const logits = {
      shape: [4, 1, 1, 2],
      values: new Float32Array(8).map((_, i) => (i % 2) - 0.3),
    };
    const total = evaluate([coins, logits], bernoulliNll)[0].reduce((s, x) => s + Math.exp(-x), 0);
    expect(total).toBeCloseTo(1, 12);
  });

  test('Gaussian: the logarithm of the density', () => {
    const [nll] = evaluate([pixels, mean, logSigma], gaussianNll);
    const sigma = Math.exp(logSigma.values[0]);
    expectNear(
      nll,
      rows((i) => {
        const u = (pixels.values[i] - mean.values[i]) / sigma;
        return -Math.log(Math.exp(-0.5 * u * u) / (sigma * Math.sqrt(2 * Math.PI)));
      }),
    );
  });
});

const small = { imageSize: 16, width: 2, latentDim: 3, batchSize: 4, seed: 3 } as const;

describe.each([
  ['Bernoulli', { likelihood: 'bernoulli', beta: 1 }],
  ['Gaussian, β = 4, three channels', { likelihood: 'gaussian', beta: 4, channels: 3 }],
] as const)('a step: %s', (_, given) => {
  const options = resolveVaeOptions({ ...small, ...given });
  const pictures = noisePictures(8, 16, options.channels);
  const model = new VaeModel(options);
  const program = model.program(pictures);
  const { step: graph } = program;

  /** The loss and its gradients, for some parameters. */
  const update = graph.nodes.find(({ op }) => op === 'adam')!;
  graph.output('gradients', update.inputs[1]);
  const start = new Map<string, ArrayLike<number>>(program.initial);
  // As after some training: fresh weights make blank pictures.
  const parameters = Float64Array.from(start.get(model.net.variable)!, (x) => 6 * x);
  const run = (values: Float64Array) => {
    const { outputs } = interpret(graph, new Map([...start, [model.net.variable, values]]));
    return { loss: outputs.get('metrics')![0], gradients: outputs.get('gradients')! };
  };

  test('its gradients are those of finite differences, of every parameter', () => {
    const { gradients } = run(parameters);
    const random = new RandomValues(6);
    for (const [name, { offset, size }] of model.net.parameters) {
      // Along a direction of its own: the sum of all its elements' gradients, each with a weight.
      const direction = random.normal(size);
      const slope = direction.reduce((sum, d, i) => sum + d * gradients[offset + i], 0);
      const norm = Math.hypot(...direction);
      const [up, down] = [1, -1].map((sign) => {
        const moved = parameters.slice();
        for (let i = 0; i < size; i++) moved[offset + i] += (sign * 1e-6 * direction[i]) / norm;
        return run(moved).loss;
      });
      const difference = (up - down) / 2e-6;
      const scale = Math.hypot(...gradients.subarray(offset, offset + size));
      expect(scale, name).toBeGreaterThan(1e-6);
      expect(Math.abs(difference - slope / norm), name).toBeLessThan(1e-3 * scale);
    }
  });

  test('its metrics are what they say', () => {
    const [{ metrics, variables }] = interpretSteps(program, 1);
    const { loss, elbo, reconstruction, kl, gradNorm } = metrics;
    expect(kl).toBeGreaterThan(0);
    expect(elbo).toBeCloseTo(-(reconstruction + kl), 9);
    expect(loss).toBeCloseTo(reconstruction + options.beta * kl, 9);
    const { gradients } = run(Float64Array.from(start.get(model.net.variable)!));
    expect(gradNorm).toBeCloseTo(Math.hypot(...gradients), 6);
    const after = Array.from(variables.get(model.net.variable)!);
    expect(after).not.toEqual(Array.from(start.get(model.net.variable)!));
  });
});

test('z = μ + σ·ε, with ε drawn anew each step', () => {
  const model = new VaeModel(resolveVaeOptions(small));
  const program = model.program(noisePictures(8, 16));
  const { nodes } = program.step;
  const [noise] = nodes.filter(({ op }) => op === 'random');
  expect(noise.attrs).toMatchObject({ distribution: 'normal', shape: [4, 1, 1, 3] });
  const userOf = (tensor: Tensor) => nodes.find(({ inputs }) => inputs.includes(tensor))!;
  const [z] = userOf(userOf(noise.outputs[0]).outputs[0]).outputs;
  const [mean, logVariance] = nodes.filter(({ op }) => op === 'slice').map((n) => n.outputs[0]);
  const drawnAt = (step: number) => {
    const state = Uint32Array.of(3, 0, step, 0);
    const { values } = interpret(program.step, new Map([...program.initial, ['state', state]]));
    const of = (tensor: Tensor) => [...values.get(tensor.id)!];
    const epsilon = of(noise.outputs[0]);
    const [m, v] = [of(mean), of(logVariance)];
    of(z).forEach((x, i) => {
      expect(x).toBeCloseTo(m[i] + Math.sqrt(Math.exp(v[i])) * epsilon[i], 12);
    });
    return epsilon;
  };
  expect(drawnAt(0)).not.toEqual(drawnAt(1));
});

test('pictures are mirrored where that is asked for, and decoded between −1 and 1', () => {
  const drawn = (flip: boolean) =>
    new VaeModel(resolveVaeOptions({ ...small, flip }))
      .program(noisePictures(8, 16))
      .step.nodes.find(({ op }) => op === 'gatherPictures')!.attrs;
  expect([drawn(false).flip, drawn(true).flip]).toEqual([false, true]);

  const model = new VaeModel(resolveVaeOptions(small));
  const { initial } = model.program(noisePictures(8, 16));
  const weights = Float64Array.from(initial.get(model.net.variable)!, (x) => 50 * x);
  const given = new Map<string, ArrayLike<number>>([
    ...initial,
    [model.net.variable, weights],
    ['latents', new RandomValues(5).normal(6)],
  ]);
  const pixels = interpret(model.decoder(2).graph, given).outputs.get('pictures')!;
  expect(pixels.every((x) => Math.abs(x) <= 1)).toBe(true);
  expect(pixels.some((x) => Math.abs(x) > 0.9)).toBe(true);
});

test('latents are of the model’s own seed unless another is given', () => {
  const latents = (seed: number, choice = {}) => {
    const compile = () => Promise.reject(new Error('nothing is compiled'));
    const codec = new Codec(new VaeModel(resolveVaeOptions({ ...small, seed })), {
      ...{ step: 0, compile },
    });
    return [...codec.latents({ count: 2, ...choice })];
  };
  expect(latents(3)).toHaveLength(6);
  expect(latents(3)).not.toEqual(latents(4));
  expect(latents(3, { seed: 4 })).toEqual(latents(4));
});

describe('nets', () => {
  test.each([16, 32, 64, 128, 256])('for pictures of %d pixels, of 1 to 4 channels', (size) => {
    for (const channels of [1, 2, 3, 4]) {
      const options = resolveVaeOptions({ imageSize: size, channels, width: 2, latentDim: 3 });
      const model = new VaeModel(options);
      const graph = new Graph();
      const x = graph.variable('x', [5, size, size, channels]);
      const pass = { training: true, weights: model.net.weights(graph) };
      const { mean, logVariance } = model.module.encode(x, pass);
      expect([mean.shape, logVariance.shape]).toEqual([
        [5, 1, 1, 3],
        [5, 1, 1, 3],
      ]);
      expect(model.module.decode(mean, pass).shape).toEqual(x.shape);
    }
  });

  test('mean and log variance are different outputs of the encoder', () => {
    const model = new VaeModel(resolveVaeOptions(small));
    const graph = new Graph();
    const x = graph.variable('x', [2, 16, 16, 1]);
    const pass = { training: false, weights: model.net.weights(graph) };
    const posterior: Record<string, Tensor> = { ...model.module.encode(x, pass) };
    for (const [name, tensor] of Object.entries(posterior)) graph.output(name, tensor);
    const given = new Map<string, ArrayLike<number>>([
      ['x', new RandomValues(1).uniform(512)],
      ...model.program(noisePictures(2, 16)).initial,
    ]);
    const { outputs } = interpret(graph, given);
    expect([...outputs.get('mean')!]).not.toEqual([...outputs.get('logVariance')!]);
  });

  test('a Bernoulli picture’s pixels are the probabilities of its likelihood', () => {
    const model = new VaeModel(resolveVaeOptions(small));
    const graph = new Graph();
    const shape = [1, 16, 16, 1];
    const [x, decoded] = [graph.variable('x', shape), graph.variable('decoded', shape)];
    const weights = model.net.weights(graph);
    graph.output('pixels', model.module.pixels(decoded));
    graph.output('nll', model.module.nll(x, decoded, { training: true, weights }));
    const random = new RandomValues(2);
    const given = new Map([
      ['x', random.uniform(256)],
      ['decoded', random.normal(256)],
      [model.net.variable, new Float32Array(model.net.size)],
    ]);
    const { outputs } = interpret(graph, given);
    const expected = given.get('x')!.reduce((sum, pixel, i) => {
      const [t, p] = [(pixel + 1) / 2, (outputs.get('pixels')![i] + 1) / 2];
      return sum - t * Math.log(p) - (1 - t) * Math.log(1 - p);
    }, 0);
    expect(outputs.get('nll')![0]).toBeCloseTo(expected, 8);
  });

  test('a Gaussian learns its standard deviation, which has a floor', () => {
    const model = new VaeModel(resolveVaeOptions({ ...small, likelihood: 'gaussian' }));
    expect(model.net.parameters.has('log_sigma')).toBe(true);
    expect(new VaeModel(resolveVaeOptions(small)).net.parameters.has('log_sigma')).toBe(false);
    // Blank pictures, decoded exactly: no log density is above that of the floor.
    const nllAt = (logSigma: number) => {
      const graph = new Graph();
      const weights = graph.variable('weights', [model.net.size]);
      const blank = graph.variable('x', [1, 16, 16, 1]);
      const nll = model.module.nll(blank, blank, { training: true, weights });
      graph.output('nll', nll);
      graph.output('slope', gradients(nll, [weights])[0]);
      const flat = new Float32Array(model.net.size);
      flat[model.net.parameters.get('log_sigma')!.offset] = logSigma;
      const given = new Map([
        ['weights', flat],
        ['x', new Float32Array(256)],
      ]);
      return interpret(graph, given).outputs.get('nll')![0];
    };
    const floor = 256 * (-6 + 0.5 * Math.log(2 * Math.PI));
    expect(nllAt(-50)).toBeCloseTo(floor, 6);
    expect(nllAt(0)).toBeCloseTo(
      256 * (Math.log1p(Math.exp(6)) - 6 + 0.5 * Math.log(2 * Math.PI)),
      6,
    );
  });
});

test.each<[Partial<Record<keyof VaeOptions | 'ema', unknown>>, RegExp]>([
  [{ imageSize: 20 }, /20 × 20/],
  [{ channels: 5 }, /5 picture channels/],
  [{ latentDim: 0 }, /latent dimension is 0/],
  [{ likelihood: 'poisson' }, /bernoulli, gaussian/],
  [{ beta: -1 }, /beta is -1/],
  [{ batchSize: 1 }, /batchSize is 1/],
  [{ lr: 0 }, /lr is 0/],
  [{ seed: 0.5 }, /seed is 0.5/],
  [{ beta: '1' }, /beta is of type string/],
  [{ ema: 0.9 }, /no option 'ema'/],
])('refuses %o', (given, message) => {
  const resolve = () => resolveVaeOptions(given as Partial<VaeOptions>);
  expect(resolve).toThrow(ModelError);
  expect(resolve).toThrow(message);
});

describe('the manifold’s latents', () => {
  test('are quantiles of the normal distribution', () => {
    // Abramowitz & Stegun, table 26.5, and symmetry.
    const known = [
      ...[
        [0.5, 0],
        [0.75, 0.6744897502],
        [0.9, 1.2815515655],
        [0.975, 1.9599639845],
      ],
      ...[
        [0.99, 2.3263478741],
        [0.999, 3.0902323062],
        [0.9999999, 5.1993375822],
      ],
    ];
    for (const [p, x] of known) {
      expect(normalQuantile(p)).toBeCloseTo(x, 8);
      expect(normalQuantile(1 - p)).toBeCloseTo(-x, 8);
    }
  });
});

describe('checkpoints', () => {
  const options = resolveVaeOptions({ ...small, beta: 0.5 });
  const program = new VaeModel(options).program(noisePictures(8, 16));
  const data = { count: 8, digest: 'ab'.repeat(32) };
  const file = encodeVae({ options, data }, program, program.initial, {});

  test('say what the model is, under names of their own', () => {
    expect(decodeVae(file)).toEqual({ options, data });
    const { tensors, metadata } = readSafetensors(file);
    expect(metadata).toMatchObject({ model: 'vae', step: '0' });
    expect(tensors.get('vae.encoder.main.0.weight')?.shape).toEqual([2, 1, 4, 4]);
    expect(tensors.get('vae.decoder.main.0.weight')?.shape).toEqual([3, 4, 4, 4]);
  });

  test.each([
    ['of no VAE', { model: 'gan' }, 'checkpoint-format'],
    ['of an odd model', { options: '{"width": -1}' }, 'checkpoint-options'],
    ['of no options', { options: '[]' }, 'checkpoint-metadata'],
    ['of odd data', { data: '{"count": 0}' }, 'checkpoint-metadata'],
  ])('%s are refused', (_, change, code) => {
    const { metadata } = readSafetensors(file);
    const changed = writeSafetensors(new Map(), { ...metadata, ...change });
    expect(() => decodeVae(changed)).toThrow(expect.objectContaining({ code }));
  });
});
