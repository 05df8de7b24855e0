import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { LimitError, OutOfMemoryError } from '../gpu/errors.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Choices } from '../runtime/plan.ts';
import type { Elements } from '../runtime/variables.ts';
import { BaseTrainer, type TrainerStats } from '../training/base-trainer.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import type { TrainingProgram } from '../training/program.ts';
import { Session } from '../training/session.ts';
import type { TrainerOptions } from '../training/survival.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { checkSameData, type DataFingerprint, fingerprintOf } from './checkpoint-metadata.ts';
import { checkLabels, classData, gridCount } from './classes.ts';
import { RunMemoryError, runMemoryError } from './memory.ts';
import { type MetricName, metricNames } from './metrics.ts';
import { type GanOptions, resolveOptions } from './options.ts';
import type { Pictures } from './pictures.ts';
import { RunLimitError, requirements } from './requirements.ts';
import {
  type CanvasLayout,
  type CanvasView,
  latentsOf,
  type SampleOptions,
  type Sampler,
} from './sampler.ts';
import { Samplers } from './samplers.ts';
import { Players, traceStep, variableNames } from './step.ts';

/** Sizes and times of a trainer. */
export interface GanStats extends TrainerStats {
  /** Learned numbers of each net, as PyTorch counts them. */
  readonly parameters: {
    /** Of G. */
    readonly generator: number;
    /** Of D. */
    readonly discriminator: number;
  };
}

/** How a GAN is trained that is new. */
export interface GanTrainerOptions extends TrainerOptions {
  /**
   * Where the device is too small for the batch size asked for, take the largest one that it is not
   * too small for; `options.batchSize` of the trainer says which. Off by default: the batch size is
   * part of what is learnt, so it should not change unnoticed.
   */
  readonly autoBatch?: boolean;
}

/** What a run starts from beside its pictures. */
interface Start {
  readonly options: GanOptions;
  /** Made when it is known that the device can hold them. */
  values(): ReadonlyMap<string, Elements>;
  readonly step: number;
  readonly choices?: Choices;
  readonly classNames: readonly string[] | undefined;
}

/** Pictures of the size that a run wants. */
interface Prepared {
  readonly set: ImageSet;
  /** Where the run has classes. */
  readonly labels: Uint8Array | undefined;
  readonly fingerprint: DataFingerprint;
}

/**
 * Trains a GAN on a set of pictures, all of it on the GPU: a DCGAN, or the original one (`model`).
 *
 * ```ts
 * const trainer = await GanTrainer.create(engine, pictures, { imageSize: 32 });
 * for await (const { step, lossD, lossG } of trainer.run({ steps: 1000 })) console.log(step, lossD, lossG);
 * ```
 */
export class GanTrainer extends BaseTrainer<MetricName> {
  private readonly samplers: Samplers;

  private constructor(
    engine: Engine,
    private readonly players: Players,
    /** What the classes of the pictures are called, by their numbers, where that is known. */
    readonly classNames: readonly string[] | undefined,
    private readonly data: DataFingerprint,
    program: TrainingProgram<MetricName>,
    session: Session,
    settings: TrainerOptions,
    start: { readonly step: number; readonly begun: number },
  ) {
    super(engine, program, session, settings, start);
    const trainer = this;
    this.samplers = new Samplers(players, {
      get step() {
        return trainer.step;
      },
      get device() {
        return trainer.device;
      },
      attachments: this.attachments,
      assertUsable: () => this.assertUsable(),
      usableDevice: () => this.usableDevice(),
      compile: (traced) => this.compile(traced),
    });
  }

  /**
   * Uploads the pictures (made square, of the model's size and channels), traces and compiles the
   * step. Whatever it fails with, nothing is left on the device.
   *
   * Errors: `ModelError` for options, `DataError` for pictures, `RunLimitError` for what the device is
   * too small for (see `requirements`), `RunMemoryError` where it has no memory left; the latter two
   * know the largest batch size that is possible, if any. The reason of `signal` if it is aborted.
   */
  static async create(
    engine: Engine,
    pictures: ImageSet,
    given: Partial<GanOptions> = {},
    { autoBatch = false, ...settings }: GanTrainerOptions = {},
  ): Promise<GanTrainer> {
    let options = resolveOptions(given);
    const prepared = await GanTrainer.prepare(engine, pictures, options, settings.signal);
    for (;;) {
      const players = new Players(options);
      const { classNames } = pictures;
      const start = { options, values: () => players.initialValues(), step: 0, classNames };
      try {
        return await GanTrainer.open(engine, prepared, start, settings);
      } catch (error) {
        const small = error instanceof RunLimitError || error instanceof RunMemoryError;
        if (!autoBatch || !small || error.largestBatch === null) throw error;
        options = { ...options, batchSize: error.largestBatch };
      }
    }
  }

  /**
   * Goes on with a run from its checkpoint, on the pictures that it was trained on: bit by bit as if it
   * had never stopped, on the same kind of adapter.
   *
   * Errors: those of `create`; `SafetensorsError` and `CheckpointError` for a file that is damaged or
   * was trained on other pictures.
   */
  static async resume(
    engine: Engine,
    pictures: ImageSet,
    checkpoint: Uint8Array<ArrayBuffer>,
    settings: TrainerOptions = {},
  ): Promise<GanTrainer> {
    const { options, values, step, choices, data, ...file } = decodeCheckpoint(checkpoint);
    const prepared = await GanTrainer.prepare(engine, pictures, options, settings.signal);
    checkSameData({ data }, prepared.fingerprint);
    const { classNames = file.classNames } = pictures;
    const start = { options, values: () => values, step, choices, classNames };
    return GanTrainer.open(engine, prepared, start, settings);
  }

  private static async prepare(
    engine: Engine,
    pictures: ImageSet,
    options: GanOptions,
    signal: AbortSignal | undefined,
  ): Promise<Prepared> {
    signal?.throwIfAborted();
    const { imageSize, channels } = options;
    const { limits } = (await engine.reopen()).gpu;
    const { count } = checkImageSet(pictures);
    const labels = options.classes > 0 ? checkLabels(pictures, options.classes) : undefined;
    // Before they are resized, which needs so much of the host's memory.
    if (count * imageSize ** 2 * channels > limits.maxStorageBufferBindingSize) {
      requirements(options, { count }).check(limits);
    }
    const set = fitToSquare(pictures, imageSize, channels);
    const fingerprint = await fingerprintOf(set, labels);
    signal?.throwIfAborted();
    return { set, labels, fingerprint };
  }

  private static async open(
    engine: Engine,
    { set, labels, fingerprint }: Prepared,
    { options, values, step, choices, classNames }: Start,
    settings: TrainerOptions,
  ): Promise<GanTrainer> {
    const begun = performance.now();
    const { count, height, width, channels } = set;
    const players = new Players(options);
    const { limits } = (await engine.reopen()).gpu;
    const largest = Math.max(players.generator.size, players.discriminator.size) * 4;
    // Before initial values are drawn for so many parameters.
    if (largest > limits.maxStorageBufferBindingSize)
      requirements(options, { count }).check(limits);
    const program: TrainingProgram<MetricName> = {
      step: traceStep(players, [count, height, width, channels]),
      metrics: metricNames,
      initial: new Map<string, Elements>([
        ...values(),
        [variableNames.data, set.data],
        ...(labels ? classData(labels, options.classes) : []),
      ]),
      parts: players.parts(),
    };
    try {
      const session = await Session.open(engine, program, program.initial, choices, settings);
      const start = { step, begun };
      const names = options.classes > 0 ? classNames : undefined;
      return new GanTrainer(engine, players, names, fingerprint, program, session, settings, start);
    } catch (error) {
      // The device knows buffers; what they are for, and which batch would fit, is known here.
      if (error instanceof LimitError) requirements(options, { count }).check(limits);
      if (error instanceof OutOfMemoryError)
        throw await runMemoryError(await engine.reopen(), options, count);
      throw error;
    }
  }

  /** Options of the run, as it began. */
  get options(): GanOptions {
    return this.players.options;
  }

  /**
   * Draws pictures by running statistics and, if on, the averaged weights. By default the first of one
   * fixed sequence, whatever their number: 16 pictures are the first 16 of 64. Where there are classes,
   * pictures are of all of them in turn, or of those that are asked for.
   *
   * Errors: `GanvasError` of the code `samples` for a number, latents, a seed or classes that are not
   * possible.
   */
  sample(options: SampleOptions = {}): Promise<Pictures> {
    return this.samplers.sample(options);
  }

  /** `sample` of the fixed sequence: what shows how training goes on. */
  sampleGrid({ count }: { count?: number } = {}): Promise<Pictures> {
    return this.samplers.sample({ ...(count !== undefined && { count }) });
  }

  /** What draws so many pictures on the device, where they can stay. */
  sampler({ count }: { count?: number } = {}): Promise<Sampler> {
    return this.samplers.make(count);
  }

  /** Latents that `sample` would draw from: flat [count, latentDim]. */
  latents({
    count = gridCount(this.options.classes),
    seed = this.options.seed,
  }: {
    count?: number;
    seed?: number;
  } = {}) {
    return latentsOf(this.options, count, seed);
  }

  /** Shows the sample grid on a canvas, drawn from the GPU's memory, whenever `draw` is called. */
  attachCanvas(
    canvas: HTMLCanvasElement | OffscreenCanvas,
    layout: CanvasLayout = {},
  ): Promise<CanvasView> {
    return this.samplers.attachCanvas(canvas, layout);
  }

  /** Sets new learning rates; the next step submitted uses them. */
  setLearningRates({ lrD, lrG }: { lrD?: number; lrG?: number }): void {
    this.assertUsable();
    const { optimiserD, optimiserG } = this.players;
    // Both are checked before one is written.
    const writes = [
      lrD === undefined ? undefined : optimiserD.withLearningRate(lrD),
      lrG === undefined ? undefined : optimiserG.withLearningRate(lrG),
    ];
    for (const write of writes) if (write) this.write(write.variable, write.values);
  }

  /**
   * Everything that a run consists of, as a safetensors file with PyTorch's names and layouts. Of one
   * moment, between two steps, even while a run goes on; of the last snapshot where the device is lost.
   */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeCheckpoint(this.players, await this.readState(), {
      choices: this.choices,
      data: this.data,
      classNames: this.classNames,
    });
  }

  /** All parameters as they are now, by net, flat: to compare runs bit by bit. */
  async parameters(): Promise<{ generator: Float32Array; discriminator: Float32Array }> {
    const { generator, discriminator } = this.players;
    const values = await this.read([generator.variable, discriminator.variable]);
    return {
      generator: values.get(generator.variable) as Float32Array,
      discriminator: values.get(discriminator.variable) as Float32Array,
    };
  }

  /** @internal Compiles a graph on the run's nets and its pictures, for what looks into a run: `Critic`. */
  inspect<Input extends string, Output extends string>(
    trace: (players: Players, pictures: number) => TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    return this.compile(trace(this.players, this.data.count));
  }

  /** Sizes and times of a step, and sizes of the nets. */
  override stats(): GanStats {
    const { generator, discriminator } = this.players;
    const parameters = {
      generator: generator.parameterCount,
      discriminator: discriminator.parameterCount,
    };
    return { ...super.stats(), parameters };
  }

  override dispose(): void {
    super.dispose();
    this.samplers.dispose();
  }
}
