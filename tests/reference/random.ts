// The integer recipes that src/ops/random.ts states, on unsigned 32-bit numbers: `>>> 0` marks where
// a sum wraps, Math.imul is a product that wraps.
import type { ReferenceTable } from './types.ts';

export type Words4 = readonly [number, number, number, number];
export type Key = readonly [low: number, high: number];

/** The upper 32 bits of the 64-bit product of two u32: no term here exceeds 2⁵³. */
function mulHigh(a: number, b: number): number {
  const [aHigh, aLow] = [Math.floor(a / 65536), a % 65536];
  const [bHigh, bLow] = [Math.floor(b / 65536), b % 65536];
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  const carry = aLow * bHigh + (middle % 65536);
  return aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536);
}

const mulLow = (a: number, b: number): number => Math.imul(a, b) >>> 0;

/** Philox 4×32-10 (Salmon, Moraes, Dror & Shaw 2011): four random words from a counter and a key. */
export function philox(counter: Words4, key: Key): Words4 {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    [c0, c1, c2, c3] = [
      (mulHigh(0xcd9e8d57, c2) ^ c1 ^ k0) >>> 0,
      mulLow(0xcd9e8d57, c2),
      (mulHigh(0xd2511f53, c0) ^ c3 ^ k1) >>> 0,
      mulLow(0xd2511f53, c0),
    ];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** A random word as a number in (0, 1). */
const unit = (word: number): number => ((word >>> 9) + 0.5) / 2 ** 23;

const uniforms = (words: Words4): number[] => words.map((word) => 2 * unit(word) - 1);

function normals(words: Words4): number[] {
  const [u0, u1, u2, u3] = words.map(unit);
  const radius = (u: number) => Math.sqrt(-2 * Math.log(u));
  return [
    radius(u0) * Math.cos(2 * Math.PI * u1),
    radius(u0) * Math.sin(2 * Math.PI * u1),
    radius(u2) * Math.cos(2 * Math.PI * u3),
    radius(u2) * Math.sin(2 * Math.PI * u3),
  ];
}

/** The finaliser of MurmurHash3: a bijection of u32 that mixes every bit into every other. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

const GOLDEN = 0x9e3779b9;
const ROUNDS = 6;

/** Which item of `count` is drawn at `position` of the endless sequence of shuffled epochs. */
export function shuffledIndex(position: number, count: number, [seedLow, seedHigh]: Key): number {
  const epoch = Math.floor(position / count);
  let half = 1;
  while (4 ** half < count) half++;
  const mask = 2 ** half - 1;
  const base = mix(mix(mix(seedLow + GOLDEN) + seedHigh + GOLDEN) + epoch + GOLDEN);
  let index = position % count;
  do {
    let left = index >>> half;
    let right = index & mask;
    for (let round = 1; round <= ROUNDS; round++) {
      const key = mix(base + Math.imul(round, GOLDEN));
      [left, right] = [right, left ^ (mix(right ^ key) & mask)];
    }
    index = ((left << half) | right) >>> 0;
  } while (index >= count);
  return index;
}

/** Whether item `item` of a batch is mirrored. */
export function mirrored(item: number, stream: number, state: ArrayLike<number>): boolean {
  return (philox([item, stream, state[2], 1], [state[0], state[1]])[0] & 1) === 1;
}

export const randomReference: ReferenceTable = {
  random({ outputs: [{ size }], attrs }, [[seedLow, seedHigh, step]]) {
    const stream = attrs.stream as number;
    const draw = attrs.distribution === 'normal' ? normals : uniforms;
    const y = new Float64Array(size);
    for (let block = 0; block * 4 < size; block++) {
      const four = draw(philox([block, stream, step, 0], [seedLow, seedHigh]));
      for (let i = 0; i < 4 && block * 4 + i < size; i++) y[block * 4 + i] = four[i];
    }
    return [y];
  },

  advance: (_, [[seedLow, seedHigh, step, last]]) => [
    Float64Array.of(seedLow, seedHigh, (step + 1) >>> 0, last),
  ],

  shuffledIndices({ attrs }, [[seedLow, seedHigh, step]]) {
    const { count, size, first, stride, stream } = attrs as Record<string, number>;
    const start = Math.imul(step, stride) + first;
    return [
      Float64Array.from({ length: size }, (_, i) =>
        shuffledIndex((start + i) >>> 0, count, [seedLow, (seedHigh ^ stream) >>> 0]),
      ),
    ];
  },

  gatherRows({ inputs: [data], outputs: [output] }, [rows, at]) {
    const size = data.size / data.shape[0];
    return [
      Float64Array.from({ length: output.size }, (_, i) => {
        const row = at[Math.floor(i / size)];
        if (row >= data.shape[0]) throw new RangeError(`row ${row} of ${data.shape[0]}`);
        return rows[row * size + (i % size)];
      }),
    ];
  },

  gatherPictures({ inputs: [data, indices], outputs: [output], attrs }, [pictures, at, state]) {
    const [count, height, width, channels] = data.shape;
    const y = new Float64Array(output.size);
    let to = 0;
    for (let item = 0; item < indices.size; item++) {
      if (at[item] >= count) throw new RangeError(`picture ${at[item]} of ${count}`);
      const flip = attrs.flip === true && mirrored(item, attrs.stream as number, state);
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const from = flip ? width - 1 - column : column;
          for (let c = 0; c < channels; c++) {
            y[to++] =
              pictures[((at[item] * height + row) * width + from) * channels + c] / 127.5 - 1;
          }
        }
      }
    }
    return [y];
  },
};
