// Pictures of a generator: in training or from a file, on the host, on the device, on a canvas.
import { describe, expect, test } from 'vitest';
import { bufferUsage } from '../../src/gpu/device.ts';
import { readBuffer } from '../../src/gpu/readback.ts';
import {
  type DeviceTensor,
  Engine,
  type GanOptions,
  GanTrainer,
  Generator,
  interpolate,
  Pictures,
} from '../../src/index.ts';
import { countCreations } from '../support/count-calls.ts';
import { engineForTests } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const tiny: Partial<GanOptions> = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1 };

const engine = await engineForTests();

async function trained(options: Partial<GanOptions> = {}, steps = 3): Promise<GanTrainer> {
  const set = noisePictures(20, 16, options.channels ?? 1);
  const trainer = await GanTrainer.create(engine, set, { ...tiny, ...options });
  for await (const _ of trainer.run({ steps }));
  return trainer;
}

/** What a buffer on the device holds, as the bytes that pictures have. */
async function bytesOf({ buffer, offset, shape }: DeviceTensor): Promise<Uint8Array> {
  const size = shape.reduce((a, b) => a * b, 1) * 4;
  const values = new Float32Array(await readBuffer(engine.device, buffer, offset, size));
  return Uint8Array.from(values, (x) => Math.min(255, Math.max(0, Math.round((x + 1) * 127.5))));
}

/** All texels of a texture, four bytes each. */
async function texelsOf(texture: GPUTexture): Promise<Uint8Array> {
  const { width, height } = texture;
  const bytesPerRow = Math.ceil((width * 4) / 256) * 256;
  const { copySource, copyTarget } = bufferUsage;
  const { device } = engine;
  const target = device.createBuffer('texels', bytesPerRow * height, copySource | copyTarget);
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture }, { buffer: target, bytesPerRow }, [width, height]);
  device.gpu.queue.submit([encoder.finish()]);
  const rows = new Uint8Array(await readBuffer(device, target));
  device.destroyBuffer(target);
  const texels = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    texels.set(rows.subarray(y * bytesPerRow, y * bytesPerRow + width * 4), y * width * 4);
  return texels;
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a, (x, i) => Math.abs(x - b[i])).reduce((m, d) => Math.max(m, d), 0);

describe('sample', () => {
  test('latents of one’s own give what the model’s latents gave', async () => {
    using trainer = await trained();
    const fixed = await trainer.sampleGrid({ count: 6 });
    expect(fixed).toMatchObject({ width: 16, height: 16, channels: 1, count: 6, step: 3 });
    const latents = trainer.latents({ count: 6 });
    expect(latents).toHaveLength(24);
    expect((await trainer.sample({ latents })).pixels).toEqual(fixed.pixels);

    const other = await trainer.sample({ count: 6, seed: 99 });
    expect(other.pixels).not.toEqual(fixed.pixels);
    expect(
      (await trainer.sample({ latents: trainer.latents({ count: 6, seed: 99 }) })).pixels,
    ).toEqual(other.pixels);
    // What was drawn in between changes nothing about the fixed ones, nor does their number.
    expect((await trainer.sample({ count: 6 })).pixels).toEqual(fixed.pixels);
    const three = await trainer.sample({ count: 3 });
    expect(largestDifference(three.pixels, fixed.pixels.subarray(0, 3 * 256))).toBeLessThanOrEqual(
      1,
    );
  });

  test('an array that is filled anew is read anew', async () => {
    using trainer = await trained();
    const [a, b] = [1, 2].map((seed) => trainer.latents({ count: 2, seed }));
    const latents = a.slice();
    const first = await trainer.sample({ latents });
    latents.set(b);
    const second = await trainer.sample({ latents });
    expect(second.pixels).not.toEqual(first.pixels);
    expect(second.pixels).toEqual((await trainer.sample({ latents: b })).pixels);
  });

  test('calls that overlap do not mix', async () => {
    using trainer = await trained();
    const seeds = [3, 4, 5, 4];
    const together = await Promise.all(seeds.map((seed) => trainer.sample({ count: 2, seed })));
    for (const [i, seed] of seeds.entries())
      expect(together[i].pixels).toEqual((await trainer.sample({ count: 2, seed })).pixels);
    expect(together[0].pixels).not.toEqual(together[1].pixels);
  });

  test('the way between two latents begins and ends at them', async () => {
    using trainer = await trained();
    const [a, b] = [1, 2].map((seed) => trainer.latents({ count: 1, seed }));
    const way = await trainer.sample({ latents: interpolate(a, b, 5) });
    expect(way.count).toBe(5);
    const ends = new Float32Array([...a, ...b]);
    const expected = (await trainer.sample({ latents: ends })).pixels;
    const got = [...way.pixels.subarray(0, 256), ...way.pixels.subarray(4 * 256)];
    expect(largestDifference(got, expected)).toBeLessThanOrEqual(1);
  });

  test('nothing is made anew for the same number', async () => {
    const adapter = (await navigator.gpu.requestAdapter())!;
    const device = await adapter.requestDevice();
    const counts = countCreations(device);
    using shared = await Engine.create({ device });
    const trainer = await GanTrainer.create(shared, noisePictures(20, 16), tiny);
    const sampler = await trainer.sampler({ count: 4 });
    const use = (seed: number) => {
      sampler.draw({ seed });
      sampler.draw({ latents: trainer.latents({ count: 4, seed }) });
      sampler.texture({ columns: 2 });
      sampler.texture();
    };
    use(1);
    // The counter counts: all of these were needed to get here.
    for (const name of ['createBuffer', 'createTexture', 'createRenderPipeline'])
      expect(counts.get(name), name).toBeGreaterThan(0);
    counts.clear();
    for (let seed = 2; seed < 12; seed++) use(seed);
    expect([...counts]).toEqual([]);
    trainer.dispose();
    device.destroy();
  });

  test('of ever other numbers ends no memory, nor a canvas that is attached', async () => {
    using trainer = await trained();
    using view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 21 });
    const buffers: number[] = [];
    for (let count = 1; count <= 12; count++) {
      await trainer.sample({ count });
      buffers.push(engine.memory().buffers);
    }
    expect(buffers[4]).toBeGreaterThan(buffers[0]);
    expect(new Set(buffers.slice(4)).size).toBe(1);
    view.draw();
    // Those at once are all there until they are done.
    const counts = [1, 2, 3, 4, 5, 6, 7, 8];
    const all = await Promise.all(counts.map((count) => trainer.sample({ count })));
    expect(all.map(({ count }) => count)).toEqual(counts);
    expect(engine.memory().buffers).toBe(buffers[11]);
  });

  test.each<[string, () => object, string]>([
    ['no pictures', () => ({ count: 0 }), 'A grid of 0 pictures is not possible'],
    ['too many', () => ({ count: 4097 }), 'A grid of 4097'],
    [
      'half a latent',
      () => ({ latents: new Float32Array(6) }),
      '6 numbers are not some latents of 4',
    ],
    ['another number', () => ({ count: 3, latents: new Float32Array(8) }), 'not 3 latents of 4'],
    ['an odd array', () => ({ latents: [1, 2, 3, 4] }), '4 numbers are not'],
    ['no latents', () => ({ latents: new Float32Array(0) }), 'A grid of 0 pictures'],
    ['no seed', () => ({ seed: -1 }), 'The seed is -1'],
  ])('refuses %s', async (_, options, message) => {
    using trainer = await trained();
    const refused = trainer.sample(options());
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ code: 'samples', advice: expect.any(String) });
  });
});

describe('on the device', () => {
  test.each([1, 3, 4])(
    'the buffer and the texture are the picture, %i channels',
    async (channels) => {
      using trainer = await trained({ channels });
      using sampler = await trainer.sampler({ count: 5 });
      const drawn = sampler.draw({ seed: 8 });
      expect(drawn.shape).toEqual([5, 16, 16, channels]);
      const pictures = await trainer.sample({ count: 5, seed: 8 });
      expect(await bytesOf(drawn)).toEqual(pictures.pixels);

      const texture = sampler.texture({ columns: 3, gap: 1 });
      const image = pictures.toImageData({ columns: 3, gap: 1 });
      expect([texture.format, texture.width, texture.height]).toEqual(['rgba8unorm', 52, 35]);
      expect([image.width, image.height]).toEqual([52, 35]);
      // A canvas's and a texture's fourth channel: what is drawn is opaque, pictures may have one of their own.
      const opaque = image.data.map((x, i) => (i % 4 === 3 ? 255 : x));
      expect(largestDifference(await texelsOf(texture), opaque)).toBeLessThanOrEqual(1);

      // The same objects, with other pictures.
      const again = sampler.draw();
      expect(again.buffer).toBe(drawn.buffer);
      expect(sampler.texture({ columns: 3, gap: 1 })).toBe(texture);
      expect(await bytesOf(again)).toEqual((await trainer.sampleGrid({ count: 5 })).pixels);
      const { channels: stored } = pictures;
      expect(stored).toBe(channels);
    },
  );

  test('everything is given back, whoever ends it', async () => {
    const { buffers } = engine.memory();
    const trainer = await trained();
    const sampler = await trainer.sampler({ count: 2 });
    const { buffers: before } = engine.memory();
    const other = await trainer.sampler({ count: 2 });
    for (const s of [sampler, other]) {
      s.draw();
      s.texture();
    }
    other.dispose();
    other.dispose();
    expect(() => other.draw()).toThrow(expect.objectContaining({ code: 'disposed' }));
    expect(engine.memory().buffers).toBe(before + 1);
    // Its own sampler is its own: others of the same number go on.
    sampler.draw();
    trainer.dispose();
    expect(engine.memory().buffers).toBe(buffers);
  });

  test('a grid that is larger than a texture is refused', async () => {
    using trainer = await trained();
    using sampler = await trainer.sampler({ count: 2 });
    sampler.draw();
    expect(() => sampler.texture({ columns: 100_000 })).toThrow(
      expect.objectContaining({ code: 'canvas' }),
    );
    expect(() => sampler.texture({ columns: 0 })).toThrow(
      expect.objectContaining({ code: 'canvas' }),
    );
  });
});

describe('on a canvas', () => {
  /** What the canvas shows, read in the task that drew it. */
  function shown(canvas: OffscreenCanvas): Uint8ClampedArray {
    const { width, height } = canvas;
    const context = new OffscreenCanvas(width, height).getContext('2d')!;
    context.drawImage(canvas, 0, 0);
    return context.getImageData(0, 0, width, height).data;
  }

  test('are pictures of latents of one’s own, then the grid’s again', async () => {
    // Until they have some contrast.
    using trainer = await trained({ lrD: 0.01, lrG: 0.01 }, 20);
    const canvas = new OffscreenCanvas(1, 1);
    using view = await trainer.attachCanvas(canvas, { count: 5, columns: 5, gap: 0 });
    expect([canvas.width, canvas.height]).toEqual([80, 16]);
    const [a, b] = [1, 2].map((seed) => trainer.latents({ count: 1, seed }));
    let before = new Uint8ClampedArray(80 * 16 * 4);
    for (const choice of [{ latents: interpolate(a, b, 5) }, { seed: 9 }, {}]) {
      view.draw(choice);
      const drawn = shown(canvas);
      const pictures = await trainer.sample({ count: 5, ...choice });
      const expected = pictures.toImageData({ columns: 5, gap: 0 }).data;
      expect(largestDifference(drawn, expected)).toBeLessThanOrEqual(1);
      expect(largestDifference(expected, before)).toBeGreaterThan(4);
      before = expected;
    }
  });

  test('are as many as the canvas was attached for', async () => {
    using trainer = await trained();
    const canvas = new OffscreenCanvas(1, 1);
    using view = await trainer.attachCanvas(canvas, { count: 2, columns: 2 });
    const one = trainer.latents({ count: 1 });
    expect(() => view.draw({ latents: one })).toThrow(
      expect.objectContaining({ code: 'samples', advice: expect.any(String) }),
    );
    // What was refused has not been taken for what is there.
    view.draw();
    const expected = (await trainer.sampleGrid({ count: 2 })).toImageData({ columns: 2 }).data;
    expect(largestDifference(shown(canvas), expected)).toBeLessThanOrEqual(1);
    const gap = trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 2, gap: -1 });
    await expect(gap).rejects.toMatchObject({ code: 'canvas' });
  });
});

describe('Pictures', () => {
  const pixels = Uint8Array.from({ length: 3 * 2 * 1 * 3 }, (_, i) => i + 1);
  const rgb = new Pictures({ width: 1, height: 2, channels: 3, count: 3, pixels, step: 0 });

  test('one, as image data', () => {
    const image = rgb.toImageData(1);
    expect([image.width, image.height]).toEqual([1, 2]);
    expect([...image.data]).toEqual([7, 8, 9, 255, 10, 11, 12, 255]);
    const grey = new Pictures({ ...rgb, channels: 1, count: 9, step: 0 });
    expect([...grey.toImageData(4).data]).toEqual([9, 9, 9, 255, 10, 10, 10, 255]);
    const [two, four] = [2, 4].map((channels) => new Pictures({ ...rgb, channels, count: 2 }));
    expect([...two.toImageData(1).data]).toEqual([5, 5, 5, 255, 7, 7, 7, 255]);
    expect([...four.toImageData(1).data]).toEqual([9, 10, 11, 12, 13, 14, 15, 16]);
  });

  test('all, in a grid on black', () => {
    const image = rgb.toImageData({ columns: 2, gap: 1 });
    expect([image.width, image.height]).toEqual([5, 7]);
    const at = (x: number, y: number) => [
      ...image.data.slice((y * 5 + x) * 4, (y * 5 + x) * 4 + 4),
    ];
    expect(at(0, 0)).toEqual([0, 0, 0, 255]);
    expect(at(1, 1)).toEqual([1, 2, 3, 255]);
    expect(at(3, 2)).toEqual([10, 11, 12, 255]);
    expect(at(1, 5)).toEqual([16, 17, 18, 255]);
    expect(at(3, 5)).toEqual([0, 0, 0, 255]);
    // About square where nothing else is asked for.
    const { width, height } = rgb.toImageData();
    expect([width, height]).toEqual([2 + 2 * 3, 2 + 2 * 4]);
  });

  test('as a bitmap', async () => {
    const bitmap = await rgb.toImageBitmap({ columns: 3, gap: 0 });
    expect([bitmap.width, bitmap.height]).toEqual([3, 2]);
    const context = new OffscreenCanvas(3, 2).getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    expect([...context.getImageData(2, 1, 1, 1).data]).toEqual([16, 17, 18, 255]);
    expect((await rgb.toImageBitmap(0)).width).toBe(1);
  });

  test('refuses pictures and grids that are not there', () => {
    for (const what of [3, -1, 0.5, { columns: 0 }, { gap: -1 }])
      expect(() => rgb.toImageData(what)).toThrow(expect.objectContaining({ code: 'samples' }));
  });
});

describe('Generator.load', () => {
  test.each([0, 0.9])('draws what the trainer drew, with averaged weights or not', async (ema) => {
    using trainer = await trained({ ema });
    const file = await trainer.checkpoint();
    using generator = await Generator.load(engine, file);
    expect(generator.step).toBe(3);
    expect(generator.options).toMatchObject({ imageSize: 16, latentDim: 4, width: 2 });
    for (const options of [{ count: 4 }, { count: 4, seed: 3 }])
      expect(await generator.sample(options)).toEqual(await trainer.sample(options));
    expect(generator.latents({ count: 2 })).toEqual(trainer.latents({ count: 2 }));
    using sampler = await generator.sampler({ count: 4 });
    expect(await sampler.read()).toEqual(await trainer.sampleGrid({ count: 4 }));
  });

  test('needs memory for the generator alone, and gives it back', async () => {
    const trainer = await trained();
    const file = await trainer.checkpoint();
    const { generator: parameters } = trainer.stats().parameters;
    trainer.dispose();
    const before = engine.memory().bytes;
    const generator = await Generator.load(engine, file);
    // Parameters, their alignment, and running statistics; nothing of D, Adam or data.
    expect(engine.memory().bytes - before).toBeLessThan(parameters * 4 + 16 * 256);
    const canvas = new OffscreenCanvas(1, 1);
    const view = await generator.attachCanvas(canvas, { count: 4, columns: 2 });
    view.draw();
    expect(canvas.width).toBe(2 + 2 * 18);
    await generator.sample({ count: 2 });
    generator.dispose();
    generator.dispose();
    expect(engine.memory().bytes).toBe(before);
    await expect(generator.sample()).rejects.toMatchObject({ code: 'disposed' });
    expect(() => view.draw()).toThrow(expect.objectContaining({ code: 'disposed' }));
  });

  test('refuses what is no generator', async () => {
    await expect(Generator.load(engine, new Uint8Array(3))).rejects.toMatchObject({
      code: expect.stringMatching(/^safetensors/),
    });
  });
});
