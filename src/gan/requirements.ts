import type { Limits } from '../gpu/device.ts';
import { LimitError } from '../gpu/errors.ts';
import type { Graph } from '../graph/graph.ts';
import { prune } from '../graph/prune.ts';
import { opDefinition } from '../graph/registry.ts';
import { byteSize } from '../graph/shape.ts';
import type { DeviceTraits } from '../kernels/kernel.ts';
import { planGraph } from '../runtime/plan.ts';
import { buffersOf } from './memory.ts';
import { type GanOptions, resolveOptions } from './options.ts';
import { Players, traceSamples, traceStep, variableNames } from './step.ts';

/** The limits that large models and data sets exceed, and what every WebGPU device has of them. */
const DEFAULTS = {
  maxStorageBufferBindingSize: 128 * 2 ** 20,
  maxBufferSize: 256 * 2 ** 20,
} as const;
const LIMITS = Object.keys(DEFAULTS) as readonly (keyof typeof DEFAULTS)[];

/**
 * The device that sizes are worked out for. Others cut work differently, which changes only
 * buffers that are far below the limits.
 */
const PLAIN_DEVICE: DeviceTraits = {
  software: false,
  features: new Set(),
  enoughInvocations: 4096,
  maxWorkgroupsPerDimension: 65535,
  maxStorageBuffersPerShaderStage: 8,
};

/** Part of a run is larger than the device allows. Code `limit`. */
export class RunLimitError extends LimitError {
  constructor(
    what: string,
    limit: string,
    needed: number,
    available: number,
    advice: string,
    /** The largest batch size that fits, where a smaller batch helps; else null. */
    readonly largestBatch: number | null,
  ) {
    super(what, limit, needed, available, advice);
  }
}

/** Part of a run, in words, with the bytes of its largest buffer. */
interface Part {
  readonly what: string;
  readonly largest: number;
  readonly advice: string;
  /** Whether a smaller batch may help. */
  readonly batched?: true;
}

const largestOf = (sizes: readonly number[]): number => sizes.reduce((a, b) => Math.max(a, b), 0);

/** The largest buffer that a graph needs beside its variables. */
function largestPlanned(graph: Graph): number {
  const { poolSizes, fixed } = planGraph(graph, PLAIN_DEVICE);
  return largestOf([...poolSizes, ...fixed.map((storage) => storage.bytes)]);
}

const traceFor = (options: GanOptions, count: number): Graph =>
  traceStep(new Players(options), [count, options.imageSize, options.imageSize, options.channels]);

/** Multiply-adds × 2 of matrix multiplications and convolutions. */
function workOf(graph: Graph): number {
  let flops = 0;
  for (const { op, inputs, outputs, attrs } of prune(graph))
    if (op !== 'variable') flops += opDefinition(op).flops?.(inputs, outputs, attrs) ?? 0;
  return flops;
}

function stepParts(graph: Graph, options: GanOptions): Part[] {
  const { imageSize, channels, width, batchSize } = options;
  const variables = [...graph.variables.values()].filter((v) => v.name !== variableNames.data);
  const shape = `${imageSize}×${imageSize}×${channels}`;
  const advice = 'Use a smaller width or smaller pictures, or another GPU.';
  return [
    {
      what: `A model of width ${width} for ${shape}`,
      largest: largestOf(variables.map(byteSize)),
      advice,
    },
    {
      what: `A batch of ${batchSize} × ${shape}`,
      largest: largestPlanned(graph),
      advice,
      batched: true,
    },
  ];
}

/** What a run needs of a device. Made by `requirements`. */
export class Requirements {
  /** Limits beyond WebGPU's defaults; empty where those suffice. */
  readonly limits: Limits;
  /** Learned numbers of each net, as PyTorch counts them. */
  readonly parameters: {
    /** Of G. */
    readonly generator: number;
    /** Of D. */
    readonly discriminator: number;
  };
  /** Floating-point operations of a step: multiply-adds × 2 of matrix multiplications and convolutions. */
  readonly flops: number;
  readonly #options: GanOptions;
  readonly #count: number;
  readonly #parts: readonly Part[];

  /** Use `requirements`, which fills in defaults. */
  constructor(options: GanOptions, count: number, samples: number) {
    this.#options = options;
    this.#count = count;
    const { imageSize, channels } = options;
    const players = new Players(options);
    const step = traceStep(players, [count, imageSize, imageSize, channels]);
    this.parameters = {
      generator: players.generator.parameterCount,
      discriminator: players.discriminator.parameterCount,
    };
    this.flops = workOf(step);
    this.#parts = [
      {
        what: `A data set of ${count} × ${imageSize}×${imageSize}×${channels}`,
        largest: byteSize({ shape: [count, imageSize, imageSize, channels], dtype: 'u8' }),
        advice: 'Use fewer or smaller pictures.',
      },
      ...stepParts(step, options),
      {
        what: `A grid of ${samples} pictures`,
        largest: largestPlanned(traceSamples(new Players(options), samples)),
        advice: 'Ask for fewer pictures in a grid.',
      },
    ];
    const largest = largestOf(this.#parts.map((part) => part.largest));
    this.limits = Object.fromEntries(
      LIMITS.filter((name) => largest > DEFAULTS[name]).map((name) => [name, largest]),
    );
  }

  /**
   * Bytes of GPU memory of the whole run at its most: the step, the data set, a grid of samples, and the
   * copies that a checkpoint is read through. Training alone takes about half of it.
   */
  get memoryBytes(): number {
    const sizes = buffersOf(this.#options, this.#count, PLAIN_DEVICE);
    return sizes.reduce((a, b) => a + b, 0);
  }

  /**
   * Throws a `RunLimitError`, with the largest batch that fits where a smaller one helps, if a
   * device of those limits cannot do the run. Limits that are not given are taken to suffice.
   */
  check(available: Limits): void {
    const limits = LIMITS.map((name) => ({ name, bytes: available[name] ?? Infinity }));
    const least = limits.reduce((a, b) => (b.bytes < a.bytes ? b : a));
    const part = this.#parts.find(({ largest }) => largest > least.bytes);
    if (!part) return;
    const { what, largest, advice, batched } = part;
    const batch = batched ? this.#largestBatch(least.bytes) : null;
    throw new RunLimitError(
      what,
      least.name,
      largest,
      least.bytes,
      batch === null ? advice : `The largest batch size that fits is ${batch}.`,
      batch,
    );
  }

  /** Searched for with whole plans: not everything in a step grows with the batch. */
  #largestBatch(limit: number): number | null {
    // Its parts are as many as before.
    const { accumulate, batchSize } = this.#options;
    const ofParts = (size: number) => ({ ...this.#options, batchSize: size * accumulate });
    const fits = (size: number) => largestPlanned(traceFor(ofParts(size), this.#count)) <= limit;
    let good = 2;
    if (!fits(good)) return null;
    let bad = batchSize / accumulate;
    while (bad - good > 1) {
      const middle = (good + bad) >> 1;
      if (fits(middle)) good = middle;
      else bad = middle;
    }
    return good * accumulate;
  }
}

/**
 * Works out what a run will need of a device, so that an engine can be created for it:
 *
 * ```ts
 * const needs = requirements(options, pictures);
 * const engine = await Engine.create({ wantedLimits: needs.limits });
 * ```
 *
 * Where the adapter has less, `GanTrainer.create` throws a `RunLimitError`; `needs.check` throws it
 * sooner. Errors: `ModelError` for options.
 *
 * @param pictures an `ImageSet`, or how many pictures there will be
 * @param samples the largest grid of pictures that will be asked for
 */
export function requirements(
  given: Partial<GanOptions>,
  pictures: { readonly count: number },
  { samples = 64 }: { samples?: number } = {},
): Requirements {
  return new Requirements(resolveOptions(given), pictures.count, samples);
}
