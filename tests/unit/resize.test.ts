import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataFormatError, DataSizeError, EmptyDataError } from '../../src/data/errors.ts';
import { checkImageSet, type ImageSet } from '../../src/data/image-set.ts';
import { convertChannels, fitToSquare, resizePicture } from '../../src/data/resize.ts';

function setOf(height: number, width: number, channels: number, data: number[]): ImageSet {
  const count = data.length / (height * width * channels);
  return { name: 'test', count, height, width, channels, data: Uint8Array.from(data) };
}

const ramp = (length: number) => Array.from({ length }, (_, i) => (i * 37) % 256);

describe('resizePicture', () => {
  it('averages areas exactly when it shrinks by a whole number', () => {
    const picture = Uint8Array.of(0, 4, 100, 200, 8, 12, 0, 0);
    expect([...resizePicture(picture, 2, 4, 1, 1, 2)]).toEqual([6, 75]);
  });

  it('averages areas exactly when it does not', () => {
    // 3 → 2: each output is one whole pixel and half of the middle one.
    expect([...resizePicture(Uint8Array.of(30, 60, 90), 1, 3, 1, 1, 2)]).toEqual([40, 80]);
    // 7 → 4, the ratio of MNIST at 16×16: 1.75 pixels each.
    const line = Uint8Array.of(70, 0, 0, 0, 0, 0, 140);
    expect([...resizePicture(line, 1, 7, 1, 1, 4)]).toEqual([40, 0, 0, 80]);
  });

  it('interpolates between half-pixel centres when it grows', () => {
    expect([...resizePicture(Uint8Array.of(0, 100), 1, 2, 1, 1, 4)]).toEqual([0, 25, 75, 100]);
    const square = resizePicture(Uint8Array.of(0, 100, 100, 200), 2, 2, 1, 4, 4);
    expect([...square.subarray(0, 4)]).toEqual([0, 25, 75, 100]);
    expect([...square.subarray(4, 8)]).toEqual([25, 50, 100, 125]);
    expect([...square.subarray(12)]).toEqual([100, 125, 175, 200]);
  });

  it('keeps channels apart', () => {
    const rgb = Uint8Array.of(0, 10, 20, 100, 110, 120);
    expect([...resizePicture(rgb, 1, 2, 3, 1, 1)]).toEqual([50, 60, 70]);
  });

  it('does not let the colour of transparent pixels bleed', () => {
    const rgba = Uint8Array.of(200, 100, 50, 255, 0, 255, 0, 0);
    expect([...resizePicture(rgba, 1, 2, 4, 1, 1)]).toEqual([200, 100, 50, 128]);
    expect([...resizePicture(new Uint8Array(16), 2, 2, 4, 1, 1)]).toEqual([0, 0, 0, 0]);
  });

  it('keeps constants and never leaves the range of its input', () => {
    const side = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(
        fc.tuple(side, side, side, side, fc.constantFrom(1, 3, 4)),
        fc.array(fc.nat(255), { minLength: 1, maxLength: 50 }),
        ([height, width, outHeight, outWidth, channels], values) => {
          const data = new Uint8Array(height * width * channels);
          for (let i = 0; i < data.length; i++) {
            data[i] = i % 4 === 3 && channels === 4 ? 255 : values[i % values.length]!;
          }
          const out = resizePicture(data, height, width, channels, outHeight, outWidth);
          expect(out.length).toBe(outHeight * outWidth * channels);
          for (let c = 0; c < channels; c++) {
            const own = data.filter((_, i) => i % channels === c);
            const low = Math.min(...own);
            const high = Math.max(...own);
            for (let i = c; i < out.length; i += channels) {
              expect(out[i]).toBeGreaterThanOrEqual(low);
              expect(out[i]).toBeLessThanOrEqual(high);
            }
          }
          if (outHeight <= height && outWidth <= width && channels === 1) {
            // An area average keeps the mean, but for the rounding of each pixel.
            const mean = (bytes: Uint8Array) => bytes.reduce((a, b) => a + b, 0) / bytes.length;
            expect(Math.abs(mean(out) - mean(data))).toBeLessThanOrEqual(0.5 + 1e-9);
          }
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('convertChannels', () => {
  it('turns grey into RGB and RGBA', () => {
    expect([...convertChannels(Uint8Array.of(7, 9), 1, 3)]).toEqual([7, 7, 7, 9, 9, 9]);
    expect([...convertChannels(Uint8Array.of(7), 1, 4)]).toEqual([7, 7, 7, 255]);
    expect([...convertChannels(Uint8Array.of(1, 2, 3), 3, 4)]).toEqual([1, 2, 3, 255]);
  });

  it('turns RGB into luma', () => {
    const rgb = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9);
    expect([...convertChannels(rgb, 3, 1)]).toEqual([76, 150, 29, 255, 9]);
  });

  it('puts transparency over white', () => {
    const rgba = Uint8Array.of(0, 0, 0, 0, 10, 20, 30, 255, 0, 0, 0, 51);
    expect([...convertChannels(rgba, 4, 3)]).toEqual([255, 255, 255, 10, 20, 30, 204, 204, 204]);
    expect([...convertChannels(rgba, 4, 1)]).toEqual([255, 18, 204]);
  });

  it('refuses channels that it cannot convert', () => {
    expect(() => convertChannels(new Uint8Array(4), 2, 3)).toThrow(DataFormatError);
    expect(() => convertChannels(new Uint8Array(4), 4, 5)).toThrow(DataFormatError);
  });
});

describe('fitToSquare', () => {
  it('pads 28×28 to 32×32 with zeros and changes no pixel', () => {
    const set = setOf(28, 28, 1, ramp(2 * 784));
    const out = fitToSquare(set, 32, 1);
    expect(out).toMatchObject({ count: 2, height: 32, width: 32, channels: 1, name: 'test' });
    for (let n = 0; n < 2; n++) {
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 32; x++) {
          const inside = y >= 2 && y < 30 && x >= 2 && x < 30;
          const expected = inside ? set.data[n * 784 + (y - 2) * 28 + x - 2] : 0;
          expect(out.data[n * 1024 + y * 32 + x]).toBe(expected);
        }
      }
    }
  });

  it('crops the centre square', () => {
    const wide = setOf(2, 4, 1, [1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...fitToSquare(wide, 2, 1).data]).toEqual([2, 3, 6, 7]);
    const tall = setOf(3, 1, 3, [1, 1, 1, 5, 6, 7, 9, 9, 9]);
    expect([...fitToSquare(tall, 1, 3).data]).toEqual([5, 6, 7]);
  });

  it('resizes and converts every picture on its own', () => {
    const set = {
      ...setOf(2, 2, 1, [0, 0, 0, 40, 100, 100, 100, 100]),
      labels: Uint8Array.of(4, 5),
    };
    const out = fitToSquare(set, 1, 3);
    expect([...out.data]).toEqual([10, 10, 10, 100, 100, 100]);
    expect([...(out.labels ?? [])]).toEqual([4, 5]);
    const grey = fitToSquare(setOf(1, 1, 4, [0, 0, 0, 0]), 2, 1);
    expect([...grey.data]).toEqual([255, 255, 255, 255]);
  });

  it('gives back the set itself where nothing is to do', () => {
    const set = setOf(4, 4, 3, ramp(48));
    expect(fitToSquare(set, 4, 3)).toBe(set);
  });

  it('refuses sets and sizes that make no sense', () => {
    const set = setOf(4, 4, 1, ramp(16));
    expect(() => fitToSquare(set, 0, 1)).toThrow(DataSizeError);
    expect(() => fitToSquare(set, 2.5, 1)).toThrow(DataSizeError);
    expect(() => fitToSquare(set, 4, 2)).toThrow(DataFormatError);
    expect(() => fitToSquare(set, 2 ** 26, 1)).toThrow(DataSizeError);
    expect(() => checkImageSet({ ...set, count: 0 })).toThrow(EmptyDataError);
    expect(() => checkImageSet({ ...set, count: 2 })).toThrow(/Expected 32 bytes/);
    expect(() => checkImageSet({ ...set, channels: 5 })).toThrow(DataSizeError);
    expect(() => checkImageSet({ ...set, labels: new Uint8Array(2) })).toThrow(DataSizeError);
  });
});
