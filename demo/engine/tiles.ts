/** Numbers as pictures: feature maps and filters, side by side. */

import type { Tiles } from './machine-protocol.ts';

interface Shape {
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

/** Small maps are drawn in larger squares, so that the gaps between them stay thin. */
const LEAST_SIDE = 16;
const GAP = 2;
/** Of all tiles together: more are neither seen nor sent quickly. */
const MOST_PIXELS = 2 ** 19;
/** So many can be told apart. */
const MOST_TILES = 512;

type Rgb = readonly [red: number, green: number, blue: number];

/** Above and below zero: apart for everybody, and neither is the colour of a network. */
const POSITIVE: Rgb = [158, 240, 136];
const NEGATIVE: Rgb = [206, 150, 255];

/** Puts tiles on a canvas; `colourOf` gives the colour of a pixel of a tile, from 0 to 255. */
function draw(shape: Shape, colourOf: (tile: number, pixel: number) => Rgb) {
  const { count, width, height } = shape;
  const fit = Math.max(1, Math.floor(MOST_PIXELS / (width * height)));
  const drawn = Math.min(count, fit, MOST_TILES);
  const columns = drawn <= 4 ? drawn : 2 ** Math.ceil(Math.log2(Math.sqrt(drawn)));
  const scale = Math.max(1, Math.floor(LEAST_SIDE / width));
  const pitch = { x: width * scale + GAP, y: height * scale + GAP };
  const size = {
    width: columns * pitch.x - GAP,
    height: Math.ceil(drawn / columns) * pitch.y - GAP,
  };
  // Gaps are transparent: the page shows through.
  const pixels = new Uint8ClampedArray(size.width * size.height * 4);
  for (let tile = 0; tile < drawn; tile++) {
    const left = (tile % columns) * pitch.x;
    const top = Math.floor(tile / columns) * pitch.y;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const pixel = Math.floor(y / scale) * width + Math.floor(x / scale);
        const at = 4 * ((top + y) * size.width + left + x);
        pixels.set(colourOf(tile, pixel), at);
        pixels[at + 3] = 255;
      }
    }
  }
  return { ...size, pixels, count, drawn };
}

function rangeOf(values: Float32Array): { readonly low: number; readonly high: number } {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high };
}

/**
 * Tiles of single numbers, flat [count, H, W], or [H, W, count] where they are interleaved: as bright as the
 * number is large, by the largest of all; zero is black. White where none is negative, else two colours.
 */
export function drawTiles(
  values: Float32Array,
  { interleaved = false, ...shape }: Shape & { readonly interleaved?: boolean },
): Tiles {
  const { low, high } = rangeOf(values);
  const most = Math.max(high, -low, 1e-12);
  const pixels = shape.width * shape.height;
  const tiles = draw(shape, (tile, pixel) => {
    const value = values[interleaved ? pixel * shape.count + tile : tile * pixels + pixel] ?? 0;
    const share = Math.abs(value) / most;
    const colour: Rgb = low >= 0 ? [255, 255, 255] : value > 0 ? POSITIVE : NEGATIVE;
    return [colour[0] * share, colour[1] * share, colour[2] * share];
  });
  return { ...tiles, low, high };
}

/** Pictures with values in [−1, 1], flat [count, H, W, channels]. */
export function drawPictures(
  values: Float32Array,
  { channels, ...shape }: Shape & { readonly channels: number },
): Tiles {
  const size = shape.width * shape.height;
  const tiles = draw(shape, (tile, pixel) => {
    const at = (tile * size + pixel) * channels;
    const byte = (c: number) => ((values[at + (channels === 1 ? 0 : c)] ?? 0) + 1) * 127.5;
    return [byte(0), byte(1), byte(2)];
  });
  return { ...tiles, ...rangeOf(values) };
}
