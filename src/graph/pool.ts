/** Something that needs memory from command `first` to command `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Which shared buffer each item lies in, and how large those buffers are. */
export interface PoolPlan {
  readonly bufferOf: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * Shares whole buffers among items whose lifetimes do not meet, greedily from the largest item down
 * ("greedy by size" for shared objects, Pisarchyk & Lee 2020, section 4). Items that are alive at the
 * same command never share: WebGPU forbids reading and writing one buffer in a dispatch.
 */
export function assignPool(items: readonly Lifetime[]): PoolPlan {
  const bufferOf = new Array<number>(items.length);
  const buffers: { bytes: number; tenants: Lifetime[] }[] = [];
  const order = items.map((_, i) => i).sort((a, b) => items[b].bytes - items[a].bytes || a - b);
  for (const i of order) {
    const item = items[i];
    const free = (b: { tenants: Lifetime[] }) =>
      b.tenants.every((t) => t.last < item.first || t.first > item.last);
    // Items come in falling size, so every buffer is large enough: the smallest wastes least.
    let best = -1;
    buffers.forEach((buffer, index) => {
      if (free(buffer) && (best < 0 || buffer.bytes <= buffers[best].bytes)) best = index;
    });
    if (best < 0) best = buffers.push({ bytes: item.bytes, tenants: [] }) - 1;
    buffers[best].tenants.push(item);
    bufferOf[i] = best;
  }
  return { bufferOf, sizes: buffers.map((b) => b.bytes) };
}
