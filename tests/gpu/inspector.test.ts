// What layers make of a sample, on the device and in float64.
import { describe, expect, test } from 'vitest';
import { decodeCheckpoint } from '../../src/gan/checkpoint.ts';
import { resolveOptions } from '../../src/gan/options.ts';
import { Players } from '../../src/gan/step.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import {
  DeviceLostError,
  type GanOptions,
  GanTrainer,
  gpuMemory,
  Inspector,
  type NetName,
} from '../../src/index.ts';
import type { Module } from '../../src/nn/module.ts';
import { interpret } from '../reference/index.ts';
import { engineForTests, errorsOf } from '../support/engine.ts';
import { labelled, noisePictures } from '../support/pictures.ts';
import { relativeError } from '../support/run-op.ts';

/** So fast that a few steps make pictures that are not blank. */
const RATE = 0.02;
const tiny: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1 },
  ...{ lrD: RATE, lrG: RATE },
};
const PICTURES = 12;
const LABEL = 1;

const engine = await engineForTests();

const picturesOf = ({ classes = 0, channels = 1 }: Partial<GanOptions>) => {
  const plain = noisePictures(PICTURES, 16, channels);
  return classes > 0 ? labelled(plain, classes) : plain;
};

async function trained(given: Partial<GanOptions> = {}): Promise<GanTrainer> {
  const trainer = await GanTrainer.create(engine, picturesOf(given), { ...tiny, ...given });
  await trainer.train({ steps: 3 });
  return trainer;
}

/** Each layer of a sequence by hand, on inputs that are given. */
function expectedMaps(
  given: Partial<GanOptions>,
  values: ReadonlyMap<string, ArrayLike<number>>,
  sample: { readonly latents: Float32Array } | { readonly picture: Float32Array },
): Map<string, Float64Array> {
  const options = resolveOptions({ ...tiny, ...given });
  const { imageSize: size, channels, latentDim, classes } = options;
  const players = new Players(options);
  const graph = new Graph();
  const label = classes > 0 ? graph.variable('classes', [1, classes]) : undefined;
  const walk = (net: NetName, weights: Tensor, input: Tensor): Tensor => {
    const pass = { training: false, weights, classes: label };
    const main = players[net].module.children.get('main') as Module;
    let x = input;
    for (const [key, layer] of main.children) {
      x = layer.forward(x, pass);
      graph.output(`${net} main.${key}`, x);
    }
    return x;
  };
  const { generator, discriminator, average } = players;
  let picture: Tensor;
  if ('latents' in sample) {
    const z = graph.variable('sample', [1, 1, 1, latentDim]);
    const weights = (average ?? generator).weights(graph);
    // What a conditional generator joins to its latents, its first layer is given.
    picture = walk('generator', weights, z);
  } else picture = graph.variable('sample', [1, size, size, channels]);
  walk('discriminator', discriminator.weights(graph), picture);
  const { outputs } = interpret(
    graph,
    new Map<string, ArrayLike<number>>([
      ...values,
      ['sample', 'latents' in sample ? sample.latents : sample.picture],
      ['classes', Float32Array.from({ length: classes }, (_, i) => Number(i === LABEL))],
    ]),
  );
  return outputs as Map<string, Float64Array>;
}

describe('feature maps', () => {
  test.each<[string, Partial<GanOptions>]>([
    ['a DCGAN in colour', { channels: 3 }],
    ['averaged weights and spectral normalisation', { ema: 0.9, normD: 'spectral' }],
    ['a fully connected GAN', { model: 'fully-connected' }],
  ])('of every layer of %s are what they are in float64', async (_, given) => {
    using trainer = await trained(given);
    using inspector = new Inspector(trainer);
    const before = await trainer.checkpoint();
    const { values } = decodeCheckpoint(before);
    const latents = trainer.latents({ count: 2 }).slice(4);
    const { data } = picturesOf(given);
    const picture = data.slice(0, data.length / PICTURES);
    const seen = Float32Array.from(picture, (v) => (2 * v - 255) / 255);
    const drawn = expectedMaps(given, values, { latents });
    const real = expectedMaps(given, values, { picture: seen });
    const { pixels } = await trainer.sample({ latents });
    for (const net of ['generator', 'discriminator'] as const) {
      for (const { name, output } of inspector.layers[net]) {
        const maps = await inspector.featureMaps(net, name, { latents });
        expect(maps.shape).toEqual(output);
        expect(relativeError(maps.values, drawn.get(`${net} ${name}`)!), name).toBeLessThan(1e-4);
        maps.picture.forEach((x, i) => {
          expect(Math.abs(x - (pixels[i]! / 127.5 - 1))).toBeLessThan(0.005);
        });
        if (net === 'generator') continue;
        const ofReal = await inspector.featureMaps(net, name, { picture });
        expect(relativeError(ofReal.values, real.get(`${net} ${name}`)!), name).toBeLessThan(1e-4);
      }
    }
    expect(await trainer.checkpoint()).toEqual(before);
  });

  test('of a class are of the picture of that class', async () => {
    using trainer = await trained({ classes: 3 });
    using inspector = new Inspector(trainer);
    expect(inspector.layers.discriminator.map(({ name }) => name)).toContain('embedding');
    const latents = trainer.latents({ count: 1 });
    const last = inspector.layers.generator.at(-1)!.name;
    const pictureOf = async (label: number) =>
      (await inspector.featureMaps('generator', last, { latents, label })).values;
    const { pixels } = await trainer.sample({ latents, classes: [LABEL] });
    (await pictureOf(LABEL)).forEach((x, i) => {
      expect(Math.abs(x - (pixels[i]! / 127.5 - 1))).toBeLessThan(0.005);
    });
    expect(await pictureOf(2)).not.toEqual(await pictureOf(LABEL));
  });

  test('are refused where there are none, and end with their memory', async () => {
    using trainer = await trained();
    const { buffers } = engine.memory();
    const inspector = new Inspector(trainer);
    const latents = trainer.latents({ count: 1 });
    const maps = (net: NetName, layer: string, sample: { latents: Float32Array }) =>
      inspector.featureMaps(net, layer, sample);
    await expect(maps('generator', 'main.99', { latents })).rejects.toThrow(/no layer 'main.99'/);
    const long = trainer.latents({ count: 2 });
    await expect(maps('generator', 'main.0', { latents: long })).rejects.toThrow(/8 numbers/);
    const picture = new Uint8Array(256);
    await expect(inspector.featureMaps('generator', 'main.0', { picture })).rejects.toThrow(
      /not applied to pictures/,
    );
    // Two questions at a time get their own answers.
    const [a, b] = await Promise.all([
      maps('generator', 'main.0', { latents }),
      maps('generator', 'main.0', { latents: long.slice(4) }),
    ]);
    expect(a.values).not.toEqual(b.values);
    expect(engine.memory().buffers).toBeGreaterThan(buffers);
    inspector.dispose();
    inspector.dispose();
    expect(engine.memory().buffers).toBe(buffers);
    await expect(maps('generator', 'main.0', { latents })).rejects.toThrow(/disposed/);
    await expect(inspector.filters('generator')).rejects.toThrow(/disposed/);
  });
});

describe('filters', () => {
  test('are the weights next to the picture', async () => {
    using trainer = await trained({ channels: 3 });
    using inspector = new Inspector(trainer);
    const flat = await trainer.parameters();
    const { generator, discriminator } = new Players(resolveOptions({ ...tiny, channels: 3 }));
    for (const [net, path] of [
      [generator, 'main.6.weight'],
      [discriminator, 'main.0.weight'],
    ] as const) {
      const name = net.name as NetName;
      const filters = await inspector.filters(name);
      expect(filters).toMatchObject({ count: 2, width: 4, height: 4, channels: 3 });
      const { offset, shape } = net.parameters.get(path)!;
      expect(shape).toEqual([4, 4, 3, 2]);
      for (let n = 0; n < 2; n++)
        for (let i = 0; i < 48; i++)
          expect(filters.values[n * 48 + i]).toBe(flat[name][offset + i * 2 + n]);
    }
  });

  test('of a fully connected net are as large as its pictures', async () => {
    using trainer = await trained({ model: 'fully-connected', channels: 3 });
    using inspector = new Inspector(trainer);
    const { discriminator } = await trainer.parameters();
    const ofD = await inspector.filters('discriminator');
    expect(ofD).toMatchObject({ count: 10, width: 16, height: 16, channels: 3 });
    // Weights are channel-first, as PyTorch flattens: filter 1, second channel, first pixel.
    expect(ofD.values[768 + 1]).toBe(discriminator[768 + 256]);
    expect(await inspector.filters('generator')).toMatchObject({ count: 10, channels: 3 });
  });
});

test('memory by kind is all there is, and of the sizes that are known', async () => {
  using trainer = await trained({ ema: 0.9 });
  const memory = gpuMemory(trainer);
  const sum = Object.values(memory).reduce((a, b) => a + b, 0);
  expect(sum).toBe(engine.memory().bytes);
  const { generator, discriminator } = new Players(resolveOptions({ ...tiny, ema: 0.9 }));
  const parameters = 4 * (generator.size + discriminator.size);
  expect(memory.parameters).toBe(parameters);
  // Adam's two moments, and a few numbers beside them.
  expect(memory.optimisers).toBeGreaterThanOrEqual(2 * parameters);
  expect(memory.optimisers).toBeLessThan(2 * parameters + 200);
  expect(memory.average).toBe(4 * generator.size + 16);
  expect(memory.data).toBeGreaterThanOrEqual(PICTURES * 256);
  expect(memory.data).toBeLessThan(PICTURES * 256 + 100);
  expect(memory.activations).toBeGreaterThan(0);
  expect(memory.other).toBeGreaterThan(0);
});

// The last one: what was compiled before is gone with the device.
test('feature maps are the same on a device that takes the place of a lost one', async () => {
  using trainer = await GanTrainer.create(engine, picturesOf({}), tiny);
  using inspector = new Inspector(trainer);
  const latents = trainer.latents({ count: 1 });
  const before = await inspector.featureMaps('discriminator', 'main.2', { latents });
  engine.device.gpu.destroy();
  expect(await inspector.featureMaps('discriminator', 'main.2', { latents })).toEqual(before);
  expect(errorsOf(engine)).toEqual([expect.any(DeviceLostError)]);
});
