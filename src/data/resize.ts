/**
 * Sizes and channels of uint8 pictures, on the CPU, once, before a set goes to the GPU.
 *
 * Everything works on the stored (gamma-encoded) values, as PIL and torchvision do; results are
 * rounded to the nearest integer. Fully deterministic: the same in every browser.
 */

import { DataFormatError, DataSizeError } from './errors.ts';
import { allocateBytes, checkImageSet, type ImageSet } from './image-set.ts';

/**
 * Makes every picture of a set `size` × `size` with `channels` channels.
 *
 * Pictures that are not square are cropped to their centre square first. Then
 * - 28×28 to 32×32 (MNIST and its relatives) is padded with 2 zeros on each side, which changes
 *   no pixel;
 * - to a smaller size each pixel is the exact area average of what it covers;
 * - to a larger size it is bilinear with half-pixel centres, clamped at the edges.
 *
 * @param size side of the result, in pixels
 * @param channels 1, 3 or 4, or as many as the set has: grey is luma (ITU-R BT.601), or spread;
 *   what has no opacity becomes opaque, and transparency goes over white
 * @returns a new set, or `set` itself where nothing is to do. Labels and names are kept.
 * @throws {DataSizeError} if `size` is not a positive integer or the result cannot be held.
 * @throws {DataFormatError} if the channels cannot be converted.
 */
export function fitToSquare(set: ImageSet, size: number, channels: number): ImageSet {
  checkImageSet(set);
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new DataSizeError(
      `${set.name}: cannot be resized to ${size}.`,
      'Expected a side in pixels.',
    );
  }
  checkConversion(set.channels, channels);
  const { count, height, width } = set;
  if (height === size && width === size && set.channels === channels) return set;

  const crop = Math.min(height, width);
  const top = (height - crop) >> 1;
  const left = (width - crop) >> 1;
  const pad = crop === 28 && size === 32;
  // Colours are mixed before resizing, so that an alpha channel weighs them only once; grey is
  // multiplied after it, so that only one channel is resized.
  const early = channels < set.channels;
  const inner = early ? channels : set.channels;
  const outBytes = size * size * channels;
  const out = allocateBytes(count * outBytes, `${set.name} at ${size}×${size}×${channels}`);
  const inBytes = height * width * set.channels;
  const resize = pad ? undefined : makeResizer(crop, crop, inner, size, size);
  const square = new Uint8Array(crop * crop * set.channels);

  for (let n = 0; n < count; n++) {
    for (let y = 0; y < crop; y++) {
      const start = n * inBytes + ((top + y) * width + left) * set.channels;
      const row = set.data.subarray(start, start + crop * set.channels);
      square.set(row, y * crop * set.channels);
    }
    let picture: Uint8Array = early ? convertChannels(square, set.channels, channels) : square;
    if (resize) picture = resize(picture);
    else picture = padPicture(picture, crop, inner, size);
    if (inner !== channels) picture = convertChannels(picture, inner, channels);
    out.set(picture, n * outBytes);
  }
  return { ...set, height: size, width: size, channels, data: out };
}

/**
 * Converts the channels of pixels.
 *
 * - to 1: luma of RGB, 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, as PIL's "L")
 * - 1 to 3 or 4: replicated
 * - 3 to 4: opaque
 * - from 4: composited over white first
 *
 * @param data any number of pixels, channels last
 * @returns new bytes, or `data` itself where `from` is `to`
 * @throws {DataFormatError} for any other pair of channels.
 */
export function convertChannels(data: Uint8Array, from: number, to: number): Uint8Array {
  checkConversion(from, to);
  if (from === to) return data;
  const pixels = data.length / from;
  const out = new Uint8Array(pixels * to);
  for (let p = 0; p < pixels; p++) {
    const i = p * from;
    const o = p * to;
    let r = data[i]!;
    let g = from === 1 ? r : data[i + 1]!;
    let b = from === 1 ? r : data[i + 2]!;
    if (from === 4) {
      const alpha = data[i + 3]! / 255;
      r = 255 + (r - 255) * alpha;
      g = 255 + (g - 255) * alpha;
      b = 255 + (b - 255) * alpha;
    }
    if (to === 1) {
      out[o] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    } else {
      out[o] = Math.round(r);
      out[o + 1] = Math.round(g);
      out[o + 2] = Math.round(b);
      if (to === 4) out[o + 3] = 255;
    }
  }
  return out;
}

function checkConversion(from: number, to: number): void {
  const known = (channels: number) => channels === 1 || channels === 3 || channels === 4;
  if (from !== to && !(known(from) && known(to))) {
    throw new DataFormatError(
      `Pictures of ${from} channels cannot be turned into pictures of ${to}.`,
      'Choose 1 (grey), 3 (RGB) or 4 (RGBA) channels.',
    );
  }
}

/**
 * Resizes one picture: along each axis by exact area averaging where that shrinks, by bilinear
 * interpolation with half-pixel centres where that grows. With 4 channels, colours are weighted by
 * their alpha, so that the colour of transparent pixels does not bleed.
 *
 * @param data height × width × channels bytes
 * @returns outHeight × outWidth × channels new bytes
 */
export function resizePicture(
  data: Uint8Array,
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
): Uint8Array {
  return makeResizer(height, width, channels, outHeight, outWidth)(data);
}

/** Weights of one output position: input `start`, `start + 1`, … */
interface Taps {
  readonly start: number;
  readonly weights: readonly number[];
}

/** A resizer for pictures of one size: weights and scratch space are made once. */
function makeResizer(
  height: number,
  width: number,
  channels: number,
  outHeight: number,
  outWidth: number,
): (data: Uint8Array) => Uint8Array {
  const rows = tapsOf(height, outHeight);
  const columns = tapsOf(width, outWidth);
  const rowLength = outWidth * channels;
  const pixels = new Float64Array(height * width * channels);
  // Rows of the picture, already at their new width.
  const wide = new Float64Array(height * rowLength);
  const alpha = channels === 4;

  return (data) => {
    pixels.set(data);
    if (alpha) {
      for (let i = 0; i < pixels.length; i += 4) {
        const a = pixels[i + 3]! / 255;
        for (let c = 0; c < 3; c++) pixels[i + c]! *= a;
      }
    }
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < outWidth; x++) {
        const { start, weights } = columns[x]!;
        for (let c = 0; c < channels; c++) {
          let sum = 0;
          let i = (y * width + start) * channels + c;
          for (let k = 0; k < weights.length; k++, i += channels) sum += weights[k]! * pixels[i]!;
          wide[y * rowLength + x * channels + c] = sum;
        }
      }
    }
    const line = new Float64Array(rowLength);
    const out = new Uint8Array(outHeight * rowLength);
    for (let y = 0; y < outHeight; y++) {
      const { start, weights } = rows[y]!;
      line.fill(0);
      for (let k = 0; k < weights.length; k++) {
        const weight = weights[k]!;
        const base = (start + k) * rowLength;
        for (let i = 0; i < rowLength; i++) line[i]! += weight * wide[base + i]!;
      }
      for (let i = 0; i < rowLength; i++) {
        // Colours were multiplied by their alpha: divide by its average.
        const isColour = alpha && i % 4 !== 3;
        const a = isColour ? line[i - (i % 4) + 3]! / 255 : 1;
        out[y * rowLength + i] = a > 0 ? Math.min(255, Math.round(line[i]! / a)) : 0;
      }
    }
    return out;
  };
}

function tapsOf(size: number, outSize: number): Taps[] {
  const scale = size / outSize;
  return Array.from({ length: outSize }, (_, i) => {
    if (outSize < size) {
      // The output pixel covers [from, to) of the input; each input pixel counts by its share.
      const from = i * scale;
      const to = (i + 1) * scale;
      const start = Math.floor(from);
      const end = Math.min(size, Math.ceil(to - 1e-9));
      const weights = [];
      for (let k = start; k < end; k++) {
        weights.push((Math.min(to, k + 1) - Math.max(from, k)) / scale);
      }
      return { start, weights };
    }
    const centre = Math.min(size - 1, Math.max(0, (i + 0.5) * scale - 0.5));
    const start = Math.min(Math.floor(centre), size - 1);
    const share = centre - start;
    return share > 0 ? { start, weights: [1 - share, share] } : { start, weights: [1] };
  });
}

function padPicture(data: Uint8Array, side: number, channels: number, size: number): Uint8Array {
  const out = new Uint8Array(size * size * channels);
  const margin = (size - side) >> 1;
  for (let y = 0; y < side; y++) {
    const row = data.subarray(y * side * channels, (y + 1) * side * channels);
    out.set(row, ((margin + y) * size + margin) * channels);
  }
  return out;
}
