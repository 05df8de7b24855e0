import { sizeOf } from '../graph/shape.ts';
import { readSafetensors, writeSafetensors } from '../io/safetensors.ts';
import { excerpt, type ReadTensor, type WritableTensor } from '../io/safetensors-format.ts';
import type { Optimiser } from '../nn/optimisers.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import {
  counterKeys,
  counters,
  FINITE,
  FileOrders,
  netSizes,
  slotOf,
  slotsOf,
  variableSizes,
} from './checkpoint-layout.ts';
import {
  asOptions,
  CheckpointError,
  checkFormat,
  type DataFingerprint,
  FORMAT,
  OWN_METADATA,
  readChoices,
  readClassNames,
  readData,
  readOptions,
} from './checkpoint-metadata.ts';
import { readSlots, readState, TensorTaker } from './checkpoint-tensors.ts';
import type { DcganShape } from './dcgan.ts';
import { defaultOptions, type GanOptions } from './options.ts';
import { Players, sampleLatents, variableNames } from './step.ts';

/** Rows of `samples.latents` unless others are given. */
const SAMPLES = 64;
const MAX_SAMPLES = 4096;

const isSampleCount = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= MAX_SAMPLES;

/** What a checkpoint holds beside the variables. */
export interface CheckpointExtras {
  /** How the step's kernels were chosen: with the same choices, a run goes on bit by bit. */
  readonly choices: Choices;
  /**
   * What the run's pictures are. The position in them needs no storing: the batches of a step are a
   * function of `seed`, step, `batchSize`, `dSteps` and the number of pictures, see `shuffledIndices`.
   */
  readonly data?: DataFingerprint | undefined;
  /** What the run's classes are called, by their numbers. */
  readonly classNames?: readonly string[] | undefined;
  /** Latents of the sample grid [n, latentDim], n from 1 to 4096. By default those of 64 pictures. */
  readonly latents?: Float32Array;
  /** Other strings to keep. Keys of the checkpoint's own are refused. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A checkpoint that was read: everything that a run goes on from. */
export interface Checkpoint {
  /**
   * As the run began, but for `lrD` and `lrG`, which are those in force: they may be 0, which
   * `resolveOptions` refuses.
   */
  readonly options: GanOptions;
  /** Training steps that were done. */
  readonly step: number;
  /** By variable: all that `Players.initialValues` starts with. */
  readonly values: Map<string, Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>;
  /** See `CheckpointExtras`, as the rest. */
  readonly choices: Choices;
  /** Where the file says what its data were. */
  readonly data: DataFingerprint | undefined;
  readonly classNames: readonly string[] | undefined;
  readonly latents: Float32Array;
  /** What was given beside the checkpoint's own. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A generator with what pictures are drawn by. */
export interface GeneratorWeights {
  /** `ema` is 0: where there is an average of the weights, `values` has it as the weights. */
  readonly options: GanOptions;
  /** Training steps that were done, where the file says so. */
  readonly step: number | undefined;
  /** What its classes are called, where the file says so. */
  readonly classNames: readonly string[] | undefined;
  /** The generator's variables: `generator.parameters` and running statistics. */
  readonly values: Map<string, Float32Array<ArrayBuffer>>;
}

/** The variables that `encodeCheckpoint` needs the values of. */
export function checkpointVariables(players: Players): string[] {
  return [variableNames.state, ...variableSizes(players).keys()];
}

/** The shortest decimal that is this float32: 0.0002, not 0.00019999999494757503. */
function shortestDecimal(float: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits));
    if (Math.fround(short) === float) return short;
  }
  return float;
}

/** The learning rate in force, from the optimiser's variable; as it was given, where it is that one still. */
function rateInForce(
  optimiser: Optimiser,
  given: number,
  floats: (variable: string) => Float32Array,
): number {
  const [rate] = floats(optimiser.withLearningRate(given).variable);
  return Math.fround(given) === rate ? given : shortestDecimal(rate);
}

/**
 * A run's state as a safetensors file: PyTorch's names and layouts for the nets, and all that the run
 * goes on from. Learning rates are taken from the optimisers' variables. The same values give the same bytes,
 * and `decodeCheckpoint` gives back the values, bit for bit.
 *
 * @param values of all `checkpointVariables(players)`, at one step; what else there is is not looked at
 * @throws {CheckpointError} `checkpoint-variables` if a variable is missing or of another size,
 *   `checkpoint-metadata` for keys that are the checkpoint's own, `checkpoint-shape` for latents.
 * @throws {SafetensorsError} for metadata that are no Unicode strings.
 */
export function encodeCheckpoint(
  players: Players,
  values: ReadonlyMap<string, Elements>,
  extras: CheckpointExtras,
): Uint8Array<ArrayBuffer> {
  const { options, optimiserD, optimiserG } = players;
  const demand = (variable: string, size: number, type: 'f32' | 'u32') => {
    const found = values.get(variable);
    const fits = type === 'f32' ? found instanceof Float32Array : found instanceof Uint32Array;
    if (!fits || found?.length !== size) {
      throw new CheckpointError(
        'variables',
        `The variable ${variable} should be ${type}[${size}] and is ${found ? `${found.constructor.name} of ${found.length}` : 'missing'}.`,
        'Give the values of all checkpointVariables(players).',
      );
    }
  };
  const sizes = variableSizes(players);
  demand(variableNames.state, 4, 'u32');
  for (const [variable, size] of sizes) demand(variable, size, 'f32');
  const floats = (variable: string) => values.get(variable) as Float32Array<ArrayBuffer>;
  const state = values.get(variableNames.state) as Uint32Array<ArrayBuffer>;
  const step = state[2];

  const tensors = new Map<string, WritableTensor>();
  const orders = new FileOrders();
  for (const { key, shape, variable, offset, layout } of slotsOf(players)) {
    let data = floats(variable).subarray(offset, offset + sizeOf(shape));
    if (layout) {
      const order = orders.of(layout);
      const own = data;
      data = new Float32Array(own.length);
      for (let i = 0; i < order.length; i++) data[i] = own[order[i]];
    }
    tensors.set(key, { dtype: 'F32', shape, data });
  }
  for (const [key, count] of counters(players, step)) {
    tensors.set(key, { dtype: 'I64', shape: [], data: BigInt64Array.of(count) });
  }
  const { latents = sampleLatents(options, SAMPLES) } = extras;
  const rows = latents.length / options.latentDim;
  if (!isSampleCount(rows)) {
    throw new CheckpointError(
      'shape',
      `${latents.length} numbers are no latents of ${options.latentDim}.`,
      `Give 1 to ${MAX_SAMPLES} rows of ${options.latentDim} numbers.`,
    );
  }
  tensors.set(variableNames.sampleLatents, {
    dtype: 'F32',
    shape: [rows, options.latentDim],
    data: latents,
  });
  tensors.set(variableNames.state, { dtype: 'U32', shape: [4], data: state });

  const metadata = {
    format: FORMAT,
    step: String(step),
    // Lists of keys fix their order.
    options: JSON.stringify(
      {
        ...options,
        lrD: rateInForce(optimiserD, options.lrD, floats),
        lrG: rateInForce(optimiserG, options.lrG, floats),
      },
      Object.keys(defaultOptions),
    ),
    choices: JSON.stringify(extras.choices),
    ...(extras.data && { data: JSON.stringify(extras.data, ['count', 'digest', 'labels']) }),
    ...(extras.classNames && { classNames: JSON.stringify(extras.classNames) }),
  };
  for (const key of Object.keys(extras.metadata ?? {})) {
    if (OWN_METADATA.has(key)) {
      throw new CheckpointError(
        'metadata',
        `The metadata's key ${excerpt(key)} is the checkpoint's own.`,
        'Choose another.',
      );
    }
  }
  return writeSafetensors(tensors, { ...metadata, ...extras.metadata });
}

/**
 * Reads what `encodeCheckpoint` wrote. Everything in it is checked against the options in it: each
 * tensor is there, of its dtype (F16, BF16 and F64 are converted), shape and range, finite, and none
 * is there that does not belong. To go on, give `values` to the variables of `new Players(options)`.
 *
 * @throws {SafetensorsError} if it is no safetensors file.
 * @throws {CheckpointError} if it is no whole checkpoint: see there for the codes.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  checkFormat(metadata);
  const options = readOptions(metadata);
  const choices = readChoices(metadata);
  const data = readData(metadata);
  const classNames = readClassNames(metadata, options.classes);
  const players = new Players(options);
  const taker = new TensorTaker(tensors);
  const state = readState(taker, options.seed);
  const step = state[2];
  if (metadata.step !== String(step)) {
    throw new CheckpointError(
      'metadata',
      `The metadata's step is ${excerpt(metadata.step)}, the state's ${step}.`,
    );
  }
  const shape = [undefined, options.latentDim];
  const latents = taker.floats(variableNames.sampleLatents, shape, FINITE);
  if (!isSampleCount(latents.length / options.latentDim)) {
    throw new CheckpointError(
      'shape',
      `The tensor ${variableNames.sampleLatents} does not have 1 to ${MAX_SAMPLES} rows.`,
    );
  }
  for (const [key, count] of counters(players, step)) {
    const found = taker.counter(key);
    if (found !== count) {
      throw new CheckpointError('value', `The tensor ${key} is ${found}, after ${step} steps.`);
    }
  }
  const slots = slotsOf(players);
  const values: Checkpoint['values'] = readSlots(taker, slots, variableSizes(players));
  taker.refuseOthers('');
  values.set(variableNames.state, state);
  for (const [optimiser, lr] of [
    [players.optimiserD, options.lrD],
    [players.optimiserG, options.lrG],
  ] as const) {
    const { variable, values: hyper } = optimiser.withLearningRate(lr);
    values.set(variable, hyper);
  }
  const others = Object.entries(metadata).filter(([key]) => !OWN_METADATA.has(key));
  return {
    ...{ options, step, values, choices, data, classNames, latents },
    metadata: Object.fromEntries(others),
  };
}

/** Sizes of the DCGAN whose generator's state_dict this is. */
function inferShape(
  tensors: ReadonlyMap<string, ReadTensor>,
  prefix: string,
): DcganShape & Partial<Pick<GanOptions, 'classes'>> {
  // Transposed convolution, batch-norm, ReLU, and so on: weights of convolutions are every third.
  const convolutions: (readonly number[])[] = [];
  for (;;) {
    const tensor = tensors.get(`${prefix}main.${3 * convolutions.length}.weight`);
    if (!tensor) break;
    convolutions.push(tensor.shape);
  }
  const first = convolutions.at(0);
  const last = convolutions.at(-1);
  if (!first || !last || convolutions.some((shape) => shape.length !== 4)) {
    throw new CheckpointError(
      'missing',
      "There is no generator of PyTorch's DCGAN example: main.0.weight, main.3.weight and so on.",
      'Give its state_dict, by itself or with names that start with "generator.".',
    );
  }
  // The first makes a map of 4 × 4, and each one after it doubles that.
  const imageSize = 2 ** (convolutions.length + 1);
  const sizes = { imageSize, width: last[0], channels: last[1] };
  // The vectors of classes go into the first layer too.
  const embedding = tensors.get(`${prefix}embedding.weight`)?.shape;
  if (embedding?.length !== 2) return { ...sizes, latentDim: first[0] };
  return { ...sizes, latentDim: first[0] - embedding[1], classes: embedding[0] };
}

/**
 * Reads a generator and what else drawing samples takes: out of a checkpoint, or out of PyTorch's
 * weights of its DCGAN example (any of the sizes that `GanOptions` has), alone or with names that
 * start with `generator.`, where the sizes follow from the shapes, and with an `embedding` of classes or
 * without. Other tensors are passed over,
 * unless they claim to be the generator's.
 *
 * @throws {SafetensorsError} if it is no safetensors file.
 * @throws {CheckpointError} if there is no whole generator in it.
 */
export function decodeGenerator(bytes: Uint8Array): GeneratorWeights {
  const { tensors, metadata } = readSafetensors(bytes);
  const taker = new TensorTaker(tensors);
  const own = metadata.format === FORMAT;
  const named = own || tensors.has('generator.main.0.weight');
  const prefix = named ? 'generator.' : '';
  const options = own ? readOptions(metadata) : asOptions({ ...inferShape(tensors, prefix) });
  const { generator } = new Players(options);
  const slots = generator.parts().map((part) => {
    const averaged = options.ema > 0 && part.variable === generator.variable;
    const own = part.name.slice(`${generator.name}.`.length);
    return slotOf({ ...part, name: averaged ? `ema.${part.name}` : `${prefix}${own}` });
  });
  const values = readSlots(taker, slots, netSizes(generator));
  // Files of old versions of PyTorch do not have them, and drawing does not need them.
  for (const key of counterKeys(generator, prefix)) if (tensors.has(key)) taker.counter(key);
  // A checkpoint has both: weights and their average.
  if (!own) taker.refuseOthers(prefix);
  const step = own && /^\d{1,10}$/.test(metadata.step ?? '') ? Number(metadata.step) : undefined;
  const classNames = own ? readClassNames(metadata, options.classes) : undefined;
  return { options: { ...options, ema: 0 }, step, classNames, values };
}
