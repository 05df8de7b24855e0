import { bufferUsage, type Device } from '../gpu/device.ts';
import { inMiB, OutOfMemoryError } from '../gpu/errors.ts';
import { byteSize } from '../graph/shape.ts';
import type { DeviceTraits } from '../kernels/kernel.ts';
import { planGraph } from '../runtime/plan.ts';
import type { GanOptions } from './options.ts';
import { Players, traceSamples, traceStep } from './step.ts';

/** The GPU has not the memory that a run needs. Code `out-of-memory`. */
export class RunMemoryError extends OutOfMemoryError {
  constructor(
    what: string,
    sizes: { readonly needed: number; readonly held: number },
    /** The largest batch size that there is memory for, by trial; null where there is for none. */
    readonly largestBatch: number | null,
    /** Bytes that a run of that batch size needs, which there are; null likewise. */
    readonly available: number | null,
  ) {
    super(
      `That is what ${what} needs`,
      sizes,
      largestBatch === null || available === null
        ? 'Use a smaller width or smaller pictures, close other pages that use the GPU, or use another.'
        : `The largest batch size that fits is ${largestBatch}, with ${inMiB(available)}.`,
    );
  }
}

/** Pictures of a grid that there should be room for. */
const SAMPLES = 64;
/** Uniforms, readbacks of metrics and the like: some 60 KiB for the default model. */
const SUNDRIES = 2 ** 17;

/**
 * Bytes of all buffers of a run: variables, intermediates, a sample grid, and copies of it and of what a
 * checkpoint reads. WebGPU does not say what memory there is, but it says when a buffer gets none.
 */
export function buffersOf(options: GanOptions, count: number, device: DeviceTraits): number[] {
  const { imageSize, channels } = options;
  const players = new Players(options);
  const step = traceStep(players, [count, imageSize, imageSize, channels]);
  const variables = [...step.variables.values()];
  const copied = variables.filter((v) => v.current !== v.initial);
  const samples = traceSamples(players, SAMPLES);
  const plans = [step, samples].map((graph) => planGraph(graph, device));
  return [
    SUNDRIES,
    ...[...variables, ...copied, ...samples.outputs.values()].map(byteSize),
    ...plans.flatMap(({ poolSizes, fixed }) => [...poolSizes, ...fixed.map((s) => s.bytes)]),
  ];
}

const sum = (sizes: readonly number[]): number => sizes.reduce((a, b) => a + b, 0);

/** Whether there is memory for buffers of these sizes, all at a time. They are freed again. */
async function fits(device: Device, sizes: readonly number[]): Promise<boolean> {
  const made: GPUBuffer[] = [];
  try {
    await device.allocate(() => {
      for (const bytes of sizes)
        made.push(device.createBuffer('trial', bytes, bufferUsage.copyTarget));
    });
    return true;
  } catch (error) {
    if (error instanceof OutOfMemoryError) return false;
    throw error;
  } finally {
    for (const buffer of made) device.destroyBuffer(buffer);
  }
}

/** What to throw where a run on `count` pictures was refused memory: tries which batch size is not. */
export async function runMemoryError(
  device: Device,
  options: GanOptions,
  count: number,
): Promise<RunMemoryError> {
  const { imageSize, channels, width, accumulate } = options;
  const sizesOf = (batchSize: number) => buffersOf({ ...options, batchSize }, count, device.traits);
  const held = device.counters.bufferBytes;
  // Of batches in as many parts as this one: of a part in each.
  const partsFit = (size: number) => fits(device, sizesOf(size * accumulate));
  let part: number | null = null;
  let bad = options.batchSize / accumulate;
  if (bad > 2 && (await partsFit(2))) part = 2;
  while (part !== null && bad - part > 1) {
    const middle = (part + bad) >> 1;
    if (await partsFit(middle)) part = middle;
    else bad = middle;
  }
  const good = part === null ? null : part * accumulate;
  const shape = `${imageSize}×${imageSize}×${channels}`;
  return new RunMemoryError(
    `a batch of ${options.batchSize} × ${shape} at width ${width}`,
    { needed: sum(sizesOf(options.batchSize)), held },
    good,
    good === null ? null : sum(sizesOf(good)),
  );
}
