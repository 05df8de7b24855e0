// How long compute passes take on the GPU, by its own clock. To time a dispatch, give it a pass.
import { bufferUsage, type Device } from './device.ts';
import { readBuffer } from './readback.ts';

/** A query set may hold 4096 timestamps, and a pass takes two. */
const maxPasses = 2048;

/**
 * Times up to `capacity` passes of one submission:
 * `timer.writes()` for each pass's descriptor, `timer.resolve(encoder)` after the last, submit, and
 * `await timer.read()`; then it can be used again. Browsers coarsen the clock, typically to 0.1 ms.
 */
export class PassTimer {
  readonly #device: Device;
  readonly #queries: GPUQuerySet;
  readonly #result: GPUBuffer;
  readonly #capacity: number;
  #passes = 0;

  /** A timer, or null on a device without `timestamp-query`. */
  static on(device: Device, capacity = maxPasses): PassTimer | null {
    if (!device.adapter.features.has('timestamp-query')) return null;
    return new PassTimer(device, Math.min(capacity, maxPasses));
  }

  private constructor(device: Device, capacity: number) {
    this.#device = device;
    this.#capacity = capacity;
    this.#queries = device.gpu.createQuerySet({ type: 'timestamp', count: 2 * capacity });
    const usage = bufferUsage.queryResolve | bufferUsage.copySource;
    this.#result = device.createBuffer('timestamps', 16 * capacity, usage);
  }

  /** The `timestampWrites` of the next pass; undefined when the timer is full. */
  writes(): GPUComputePassTimestampWrites | undefined {
    if (this.#passes === this.#capacity) return undefined;
    const first = 2 * this.#passes++;
    return {
      querySet: this.#queries,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#queries, 0, 2 * this.#passes, this.#result, 0);
  }

  /** Milliseconds of each pass, in the order of `writes()`. */
  async read(): Promise<number[]> {
    const passes = this.#passes;
    this.#passes = 0;
    const bytes = await readBuffer(this.#device, this.#result, 0, 16 * passes);
    const times = new BigUint64Array(bytes);
    // A clock that was reset in between would make it negative.
    return Array.from({ length: passes }, (_, i) =>
      Math.max(0, Number(BigInt.asIntN(64, times[2 * i + 1]! - times[2 * i]!)) / 1e6),
    );
  }

  dispose(): void {
    this.#queries.destroy();
    this.#device.destroyBuffer(this.#result);
  }
}
