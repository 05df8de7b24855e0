/**
 * What can go wrong with the device. Every class says what was needed and what there was, and
 * carries advice; `code` is stable, for programs.
 */
import { GanvasError } from '../graph/errors.ts';

/** This page, worker or runtime has no WebGPU at all. Code `no-webgpu`. */
export class NoWebGPUError extends GanvasError {
  override readonly name = 'NoWebGPUError';

  /** `insecure`: the page came over plain HTTP, where browsers hide WebGPU. */
  constructor(insecure = false) {
    super(
      'no-webgpu',
      'There is no WebGPU here.',
      insecure
        ? 'Browsers offer it to secure pages only: serve the page over HTTPS or from localhost.'
        : 'Use a current Chrome, Edge, Safari or Firefox, or pass a WebGPU implementation as `gpu`.',
    );
  }
}

/** There is WebGPU, but no adapter (a GPU or its substitute) that gives a device. Code `no-adapter`. */
export class NoAdapterError extends GanvasError {
  override readonly name = 'NoAdapterError';

  constructor(message = 'WebGPU found no usable adapter.') {
    super(
      'no-adapter',
      message,
      "Update the graphics driver, turn on the browser's hardware acceleration, and see chrome://gpu or about:support.",
    );
  }
}

/** Something is larger than the device allows. Code `limit`. */
export class LimitError extends GanvasError {
  override readonly name = 'LimitError';

  constructor(
    /** What is too large, such as a buffer's label. */
    readonly what: string,
    /** WebGPU's name of the limit. */
    readonly limit: string,
    /** What would be needed, in the unit of the limit. */
    readonly needed: number,
    /** What there is, likewise. */
    readonly available: number,
    advice = 'Use a smaller batch or model, or another GPU.',
  ) {
    super('limit', `${what} needs ${limit} ${needed}, but there is ${available}.`, advice);
  }
}

/** Why a device is gone: `disposed` by its owner, `destroyed` from outside, or by an accident. */
export type LossReason = 'disposed' | 'destroyed' | 'unknown';

/** The device is gone, and with it everything that was in its memory. Code `device-lost`. */
export class DeviceLostError extends GanvasError {
  override readonly name = 'DeviceLostError';

  constructor(
    /** Who ended it. */
    readonly reason: LossReason,
    detail = '',
  ) {
    super(
      'device-lost',
      `The GPU device is gone (${reason})${detail && `: ${detail.replace(/\.$/, '')}`}.`,
      reason === 'disposed'
        ? 'It was used after dispose().'
        : 'Open a device again, and go on from the last snapshot or checkpoint.',
    );
  }
}

/** The device was lost, and nothing could take its place. Code `recovery`. */
export class RecoveryError extends GanvasError {
  override readonly name = 'RecoveryError';

  /** `often`: how often and where it was lost, if that is why. */
  constructor(cause: unknown, often?: string) {
    const told = cause instanceof Error ? cause.message : String(cause);
    // Its advice was for whoever would have met it.
    const reason = cause instanceof GanvasError ? told.slice(0, -cause.advice.length).trim() : told;
    super(
      'recovery',
      often
        ? `The GPU device was lost ${often}: ${reason}`
        : `The GPU device was lost, and none can be opened in its place: ${reason}`,
      'Save the checkpoint of the last snapshot, which is kept, and reload the page or restart the browser.',
    );
    this.cause = cause;
  }
}

/** Bytes in a unit that people read. */
export const inMiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The GPU has no memory left. Code `out-of-memory`. */
export class OutOfMemoryError extends GanvasError {
  override readonly name = 'OutOfMemoryError';
  /** Bytes that were asked for at once, or null where WebGPU reported it by itself. */
  readonly needed: number | null;
  /** Bytes that the engine held on the device before, or null likewise. */
  readonly held: number | null;

  constructor(
    detail: string,
    { needed = null, held = null }: { needed?: number | null; held?: number | null } = {},
    advice = 'Use a smaller batch, or close other pages that use the GPU.',
  ) {
    const asked = needed === null ? '' : `${inMiB(needed)} were asked for`;
    const beside = held ? ` beside ${inMiB(held)} that are in use` : '';
    const reason = [asked + beside, detail].filter(Boolean).join('. ');
    super(
      'out-of-memory',
      `The GPU is out of memory: ${reason}${/[.!?]$/.test(reason) ? '' : '.'}`,
      advice,
    );
    this.needed = needed;
    this.held = held;
  }
}

/** One complaint of the shader compiler. Lines and columns count from 1; 0 is unknown. */
export interface ShaderMessage {
  /** Line in the WGSL. */
  readonly line: number;
  /** Column in that line. */
  readonly column: number;
  /** What the compiler says. */
  readonly text: string;
}

/** A shader does not compile, or makes no pipeline. Code `shader`. */
export class ShaderError extends GanvasError {
  override readonly name = 'ShaderError';

  constructor(
    /** Which shader. */
    readonly label: string,
    /** What the compiler complained about. */
    readonly messages: readonly ShaderMessage[],
    /** The WGSL that the lines of `messages` are in. */
    readonly source: string,
  ) {
    const lines = source.split('\n');
    const described = messages.map(({ line, column, text }) =>
      line > 0 ? `line ${line}:${column}: ${text}\n  ${lines[line - 1]?.trim() ?? ''}` : text,
    );
    super(
      'shader',
      `The shader ${label} does not compile.\n${described.join('\n')}\n`,
      'This is a bug of Ganvas or of the graphics driver: please report it with this message.',
    );
  }
}

/** WebGPU refused a command. Code `gpu-validation`. */
export class GpuValidationError extends GanvasError {
  override readonly name = 'GpuValidationError';

  constructor(detail: string) {
    super(
      'gpu-validation',
      `WebGPU refused a command: ${detail}`,
      'This is a bug of whoever made the command; where that is Ganvas, please report it.',
    );
  }
}

/** The driver failed at a valid command. Code `gpu-internal`. */
export class GpuInternalError extends GanvasError {
  override readonly name = 'GpuInternalError';

  constructor(detail: string) {
    super(
      'gpu-internal',
      `The graphics driver failed: ${detail}`,
      'Update it, or try another GPU.',
    );
  }
}

/** Every copy target of a `ReadbackRing` is in use. Code `readback-busy`. */
export class ReadbackBusyError extends GanvasError {
  override readonly name = 'ReadbackBusyError';

  constructor(slots: number) {
    super(
      'readback-busy',
      `All ${slots} readback slots are in flight.`,
      'Await an earlier read, or make the ring larger.',
    );
  }
}

/** What an `uncapturederror` event carries, as an error of ours. */
export function errorOf(error: GPUError): GanvasError {
  // By name: not every runtime has these classes among its globals.
  switch (error.constructor.name) {
    case 'GPUOutOfMemoryError':
      return new OutOfMemoryError(error.message);
    case 'GPUInternalError':
      return new GpuInternalError(error.message);
    default:
      return new GpuValidationError(error.message);
  }
}

/** A canvas cannot be drawn to. */
export class CanvasError extends GanvasError {
  override readonly name = 'CanvasError';

  constructor(message: string) {
    super('canvas', message, 'Give the grid a canvas of its own, or fewer pictures.');
  }
}
