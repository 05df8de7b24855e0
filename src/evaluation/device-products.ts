import type { Products } from '../metrics/products.ts';
import { matmul } from '../ops/matmul.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import { traceFunction } from '../training/trace.ts';

/** Samples on each side of a tile: 1 MiB comes back of each. */
const TILE = 512;

type Tile = GraphFunction<'a' | 'b', 'products'>;

const traceTile = (dimension: number): TracedFunction<'a' | 'b', 'products'> =>
  traceFunction({ a: [TILE, dimension], b: [TILE, dimension] }, ({ a, b }) => ({
    products: matmul(a, b, { transposeB: true }),
  }));

/** Rows from `first` on, and zeros where there are none any more. */
function tileOf(set: Float32Array, first: number, dimension: number): Float32Array {
  const rows = set.subarray(first * dimension, (first + TILE) * dimension);
  if (rows.length === TILE * dimension) return rows;
  const padded = new Float32Array(TILE * dimension);
  padded.set(rows);
  return padded;
}

/** Products of pairs in tiles on a device; `compile` makes the function, once for each dimension. */
export function deviceProducts(
  compile: (traced: TracedFunction<'a' | 'b', 'products'>) => Promise<Tile>,
): Products {
  const tiles = new Map<number, Promise<Tile>>();
  return async function* products(a, b, dimension) {
    let made = tiles.get(dimension);
    if (!made) {
      made = compile(traceTile(dimension));
      tiles.set(dimension, made);
      // What could not be made for want of memory may be, another time.
      made.catch(() => tiles.delete(dimension));
    }
    const tile = await made;
    const rows = a.length / dimension;
    const columns = b.length / dimension;
    const block = new Float32Array(TILE * columns);
    for (let first = 0; first < rows; first += TILE) {
      const height = Math.min(TILE, rows - first);
      const left = tileOf(a, first, dimension);
      for (let from = 0; from < columns; from += TILE) {
        const width = Math.min(TILE, columns - from);
        const drawn = await tile.call({ a: left, b: tileOf(b, from, dimension) });
        for (let i = 0; i < height; i++)
          block.set(drawn.products.subarray(i * TILE, i * TILE + width), i * columns + from);
      }
      for (let i = 0; i < height; i++) yield block.subarray(i * columns, (i + 1) * columns);
    }
  };
}
