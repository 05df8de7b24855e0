import type { Graph } from '../../src/graph/graph.ts';
import { type DType, sizeOf } from '../../src/graph/shape.ts';

/**
 * Pinned random inputs: the same seed gives the same numbers everywhere.
 * Every number is a float32, so that a kernel and the float64 reference start from equal inputs.
 * The generator (mulberry32) has nothing in common with the engine's own.
 */
export class RandomValues {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  integers(size: number, low: number, high: number): Uint32Array {
    return Uint32Array.from({ length: size }, () => this.integer(low, high));
  }

  uniform(size: number, low = -1, high = 1): Float32Array {
    return Float32Array.from({ length: size }, () => low + this.next() * (high - low));
  }

  normal(size: number, mean = 0, deviation = 1): Float32Array {
    return Float32Array.from({ length: size }, () => {
      const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
      return mean + deviation * radius * Math.cos(2 * Math.PI * this.next());
    });
  }

  /** Normals that keep at least `gap` away from some points: where an operation has a kink. */
  away(size: number, points: readonly number[] = [0], gap = 0.05): Float32Array {
    const tooNear = (x: number) => points.some((p) => Math.abs(x - p) < gap);
    return this.normal(size).map((x) => {
      while (tooNear(x)) [x] = this.normal(1);
      return x;
    });
  }

  /** Numbers in random order of which any two differ by at least `gap`. */
  distinct(size: number, gap = 0.05): Float32Array {
    const order = Array.from({ length: size }, (_, i) => i);
    for (let i = size - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return Float32Array.from(order, (n) => (n - size / 2 + this.next() / 2) * 2 * gap);
  }

  /** A value for a tensor of any type: normals, u32 below 2³², or bytes. */
  ofType(dtype: DType, size: number): Float32Array | Uint32Array {
    if (dtype === 'f32') return this.normal(size);
    return this.integers(size, 0, dtype === 'u8' ? 255 : 0xffffffff);
  }
}

/** A value for every variable of a graph; those given are kept. */
export function randomVariables(
  graph: Graph,
  seed: number,
  given: ReadonlyMap<string, ArrayLike<number>> = new Map(),
): Map<string, ArrayLike<number>> {
  const random = new RandomValues(seed);
  return new Map(
    [...graph.variables.values()].map(({ name, shape, dtype }) => [
      name,
      given.get(name) ?? random.ofType(dtype, sizeOf(shape)),
    ]),
  );
}
