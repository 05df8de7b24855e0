// From the GPU's memory to the host's. All of it is asynchronous: a read ends when the GPU has done
// what was submitted before it.
import { GanvasError } from '../graph/errors.ts';
import { bufferUsage, type Device } from './device.ts';
import { errorOf, ReadbackBusyError } from './errors.ts';

const mapForReading = 0x1;
const stagingUsage = bufferUsage.mapRead | bufferUsage.copyTarget;

/** Copies are in units of 4 bytes, as buffers are. */
const copySize = (bytes: number): number => Math.ceil(bytes / 4) * 4;

/** The first `bytes` of a staging buffer, which can be a copy's target again after this. */
async function takeBytes(device: Device, staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  try {
    await staging.mapAsync(mapForReading, 0, copySize(bytes));
    return staging.getMappedRange(0, copySize(bytes)).slice(0, bytes);
  } catch (error) {
    throw (await device.lossSoon()) ?? error;
  } finally {
    // Also where mapping failed: a map that is pending or done would make the next copy an error.
    staging.unmap();
  }
}

/**
 * Reads `bytes` (by default all that follow) from `offset`, a multiple of 4, of a buffer that has
 * the usage `copySource`. Makes a staging buffer and frees it: for the occasional read. The copy is
 * submitted before this returns. Rejects with the `DeviceLostError` when the device goes, and with an
 * `OutOfMemoryError` where there is no memory for the copy.
 */
export async function readBuffer(
  device: Device,
  buffer: GPUBuffer,
  offset = 0,
  bytes = buffer.size - offset,
): Promise<ArrayBuffer> {
  const { gpu } = device;
  const staged: GPUBuffer[] = [];
  // A buffer without memory makes every command invalid that uses it.
  gpu.pushErrorScope('validation');
  const copied = device.allocate(() => {
    const staging = device.createBuffer(`read ${buffer.label}`, bytes, stagingUsage);
    staged.push(staging);
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, copySize(bytes));
    gpu.queue.submit([encoder.finish()]);
    return takeBytes(device, staging, bytes);
  });
  const refused = gpu.popErrorScope().catch(() => null);
  try {
    return await copied;
  } catch (error) {
    const invalid = error instanceof GanvasError ? null : await refused;
    throw invalid ? errorOf(invalid) : error;
  } finally {
    for (const staging of staged) device.destroyBuffer(staging);
  }
}

/** One copy on its way to the host. Once it is read, its memory serves a later one. */
export interface ReadbackSlot {
  /** To be called once, after the encoder's commands were submitted. */
  read(): Promise<ArrayBuffer>;
  /** Instead of `read`, if the commands are not submitted, or their result is not wanted. */
  release(): void;
}

/** A fixed set of small staging buffers: reads every step without allocating on the GPU. */
export class ReadbackRing {
  readonly #device: Device;
  readonly #bytes: number;
  readonly #free: GPUBuffer[];
  readonly #all: readonly GPUBuffer[];
  #disposed = false;

  constructor(device: Device, slots: number, bytesPerSlot: number) {
    this.#device = device;
    this.#bytes = bytesPerSlot;
    this.#all = Array.from({ length: slots }, (_, i) =>
      device.createBuffer(`readback ${i}`, bytesPerSlot, stagingUsage),
    );
    this.#free = [...this.#all];
  }

  /** A ring that there is memory for; else rejects with an `OutOfMemoryError`, and leaves nothing. */
  static async allocate(
    device: Device,
    slots: number,
    bytesPerSlot: number,
  ): Promise<ReadbackRing> {
    const made: ReadbackRing[] = [];
    try {
      await device.allocate(() => made.push(new ReadbackRing(device, slots, bytesPerSlot)));
      return made[0];
    } catch (error) {
      for (const ring of made) ring.dispose();
      throw error;
    }
  }

  /** How many copies can be encoded now. */
  get free(): number {
    return this.#free.length;
  }

  /** Encodes a copy of `bytes` from `offset` (a multiple of 4) of `source` to a free slot. */
  encodeCopy(
    encoder: GPUCommandEncoder,
    source: GPUBuffer,
    bytes: number,
    offset = 0,
  ): ReadbackSlot {
    this.#device.assertUsable();
    if (bytes > this.#bytes) {
      throw new RangeError(`A readback of ${bytes} bytes, into slots of ${this.#bytes}`);
    }
    const staging = this.#free.shift();
    if (!staging) throw new ReadbackBusyError(this.#all.length);
    encoder.copyBufferToBuffer(source, offset, staging, 0, copySize(bytes));
    let used = true;
    const release = () => {
      if (used && !this.#disposed) this.#free.push(staging);
      used = false;
    };
    return {
      read: () => takeBytes(this.#device, staging, bytes).finally(release),
      release,
    };
  }

  /** Frees the buffers; reads that are pending reject. */
  dispose(): void {
    this.#disposed = true;
    this.#free.length = 0;
    for (const staging of this.#all) this.#device.destroyBuffer(staging);
  }
}
