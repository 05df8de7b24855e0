import { bufferUsage, type Device } from '../gpu/device.ts';
import { readBuffer } from '../gpu/readback.ts';
import { GanvasError, GraphError } from '../graph/errors.ts';
import { byteSize, sameShape, sizeOf, type TensorType } from '../graph/shape.ts';

/** Elements of a variable on the host: of its dtype. */
export type Elements = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array;

const arrays = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array } as const;

interface Entry {
  readonly type: TensorType;
  readonly buffer: GPUBuffer;
}

/**
 * The named tensors that outlive a step, each in a buffer of its own. Graphs that name the same
 * variable share it: the training step writes the generator that the sampling graph reads.
 */
export class Variables {
  private readonly entries = new Map<string, Entry>();
  private disposed = false;

  constructor(
    readonly device: Device,
    private readonly parent?: Variables,
    private readonly ownNames: ReadonlySet<string> = new Set(),
  ) {}

  /** The same variables but for `names`, which are made anew: a graph's inputs beside shared weights. */
  overlay(names: readonly string[]): Variables {
    return new Variables(this.device, this, new Set(names));
  }

  /** The variable's buffer, made of zeros the first time. */
  buffer(name: string, type: TensorType): GPUBuffer {
    if (this.parent && !this.ownNames.has(name)) return this.parent.buffer(name, type);
    this.assertUsable();
    const known = this.entries.get(name);
    if (known) {
      if (!sameShape(known.type.shape, type.shape) || known.type.dtype !== type.dtype) {
        const { shape, dtype } = known.type;
        throw new GraphError(
          `Variable '${name}' is ${dtype}[${shape.join(', ')}], but a graph wants ${type.dtype}[${type.shape.join(', ')}].`,
          'Graphs that share variables must agree on their shapes.',
        );
      }
      return known.buffer;
    }
    const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
    const buffer = this.device.createBuffer(name, byteSize(type), usage);
    this.entries.set(name, { type: { shape: [...type.shape], dtype: type.dtype }, buffer });
    return buffer;
  }

  /** Names and types of all variables. */
  types(): Map<string, TensorType> {
    return new Map([...this.entries].map(([name, { type }]) => [name, type]));
  }

  private entry(name: string): Entry {
    if (this.parent && !this.ownNames.has(name)) return this.parent.entry(name);
    this.assertUsable();
    const entry = this.entries.get(name);
    if (!entry) {
      const known = [...this.entries.keys()].join(', ') || 'none';
      throw new GraphError(`There is no variable '${name}'.`, `Known: ${known}.`);
    }
    return entry;
  }

  /** Sets all elements. They take effect for what is submitted afterwards. */
  write(name: string, data: Elements): void {
    const { type, buffer } = this.entry(name);
    if (!(data instanceof arrays[type.dtype]) || data.length !== sizeOf(type.shape)) {
      throw new GraphError(
        `Variable '${name}' takes ${sizeOf(type.shape)} elements of ${type.dtype}, not ${data.length} of ${data.constructor.name}.`,
        'Convert the data first.',
      );
    }
    this.device.assertUsable();
    const whole = data.byteLength - (data.byteLength % 4);
    const { queue } = this.device.gpu;
    queue.writeBuffer(buffer, 0, data.buffer, data.byteOffset, whole);
    if (whole < data.byteLength) {
      // Writes are in units of 4 bytes: the last picture bytes travel with zeros behind them.
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      queue.writeBuffer(buffer, whole, tail);
    }
  }

  /** A copy of all elements, once everything that was submitted has run. */
  async read(name: string): Promise<Elements> {
    const { type, buffer } = this.entry(name);
    const elements = arrays[type.dtype];
    const bytes = sizeOf(type.shape) * elements.BYTES_PER_ELEMENT;
    return new elements(await readBuffer(this.device, buffer, 0, bytes));
  }

  /** Frees a variable. Graphs compiled with it must not run again. */
  remove(name: string): void {
    this.device.destroyBuffer(this.entry(name).buffer);
    this.entries.delete(name);
  }

  private assertUsable() {
    if (this.disposed)
      throw new GanvasError('disposed', 'These variables have been disposed.', 'Make new ones.');
  }

  /** Frees all of them. Twice is fine. */
  dispose(): void {
    this.disposed = true;
    for (const { buffer } of this.entries.values()) this.device.destroyBuffer(buffer);
    this.entries.clear();
  }
}
