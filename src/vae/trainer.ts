import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { checkSameData, type DataFingerprint, fingerprintOf } from '../gan/checkpoint-metadata.ts';
import type { Pictures } from '../gan/pictures.ts';
import { STATE } from '../ops/random.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Choices } from '../runtime/plan.ts';
import { BaseTrainer, type TrainerStats } from '../training/base-trainer.ts';
import type { TrainingProgram } from '../training/program.ts';
import { Session } from '../training/session.ts';
import { decodeState } from '../training/state.ts';
import type { TrainerOptions } from '../training/survival.ts';
import { decodeVae, encodeVae } from './checkpoint.ts';
import { Codec, type EncodedPictures, type VaeSampleOptions } from './codec.ts';
import type { VaeMetricName } from './metrics.ts';
import { VaeModel } from './model.ts';
import { resolveVaeOptions, type VaeOptions } from './options.ts';

/** Sizes and times of a VAE's trainer. */
export interface VaeStats extends TrainerStats {
  /** Learned numbers of both nets together, as PyTorch counts them. */
  readonly parameters: number;
}

/** Pictures of the size that a run wants. */
interface Prepared {
  readonly set: ImageSet;
  readonly data: DataFingerprint;
}

async function prepare(
  { imageSize, channels }: VaeOptions,
  pictures: ImageSet,
  signal: AbortSignal | undefined,
): Promise<Prepared> {
  signal?.throwIfAborted();
  const set = fitToSquare(checkImageSet(pictures), imageSize, channels);
  const data = await fingerprintOf(set);
  signal?.throwIfAborted();
  return { set, data };
}

/**
 * Trains a variational autoencoder (Kingma & Welling 2014) on a set of pictures, all of it on the GPU:
 * DCGAN's nets, a Gaussian in between. Its samples are blurred where a GAN's are sharp, but it knows where
 * a picture lies among them.
 *
 * ```ts
 * const trainer = await VaeTrainer.create(engine, pictures, { imageSize: 32, latentDim: 2 });
 * for await (const { step, elbo, kl } of trainer.run({ steps: 1000 })) console.log(step, elbo, kl);
 * const manifold = await trainer.manifold();
 * ```
 */
export class VaeTrainer extends BaseTrainer<VaeMetricName> {
  private readonly codec: Codec;

  private constructor(
    engine: Engine,
    private readonly model: VaeModel,
    private readonly traced: TrainingProgram<VaeMetricName>,
    private readonly data: DataFingerprint,
    session: Session,
    settings: TrainerOptions,
    start: { readonly step: number; readonly begun: number },
  ) {
    super(engine, traced, session, settings, start);
    const trainer = this;
    this.codec = new Codec(model, {
      get step() {
        return trainer.step;
      },
      compile: (fn) => this.compile(fn),
    });
  }

  /**
   * Uploads the pictures (made square, of the model's size and channels), traces and compiles the step.
   * Whatever it fails with, nothing is left on the device.
   *
   * Errors: `ModelError` for options, `DataError` for pictures, `LimitError` and `OutOfMemoryError` for
   * what the device is too small for; the reason of `signal` if it is aborted.
   */
  static async create(
    engine: Engine,
    pictures: ImageSet,
    given: Partial<VaeOptions> = {},
    settings: TrainerOptions = {},
  ): Promise<VaeTrainer> {
    const options = resolveVaeOptions(given);
    const prepared = await prepare(options, pictures, settings.signal);
    return VaeTrainer.open(engine, options, prepared, settings);
  }

  /**
   * Goes on with a run from its checkpoint, on the pictures that it was trained on: bit by bit as if it
   * had never stopped, on the same kind of adapter.
   *
   * Errors: those of `create`; `SafetensorsError`, `CheckpointError` and `StateError` for a file that is
   * damaged or was trained on other pictures.
   */
  static async resume(
    engine: Engine,
    pictures: ImageSet,
    checkpoint: Uint8Array<ArrayBuffer>,
    settings: TrainerOptions = {},
  ): Promise<VaeTrainer> {
    const saved = decodeVae(checkpoint);
    const prepared = await prepare(saved.options, pictures, settings.signal);
    checkSameData(saved, prepared.data);
    return VaeTrainer.open(engine, saved.options, prepared, settings, checkpoint);
  }

  private static async open(
    engine: Engine,
    options: VaeOptions,
    { set, data }: Prepared,
    settings: TrainerOptions,
    checkpoint?: Uint8Array,
  ): Promise<VaeTrainer> {
    const begun = performance.now();
    const model = new VaeModel(options);
    const fresh = model.program(set);
    let { initial } = fresh;
    let choices: Choices | undefined;
    if (checkpoint) ({ values: initial, choices } = decodeState(fresh, checkpoint));
    const program = { ...fresh, initial };
    const session = await Session.open(engine, program, initial, choices, settings);
    const start = { step: initial.get(STATE)?.[2] ?? 0, begun };
    return new VaeTrainer(engine, model, program, data, session, settings, start);
  }

  /** Options of the run, as it began. */
  get options(): VaeOptions {
    return this.model.options;
  }

  /**
   * Draws pictures of latents from N(0, I), or of your own. By default the first of one fixed sequence,
   * whatever their number: 16 pictures are the first 16 of 64.
   *
   * Errors: `GanvasError` of the code `samples` for a number, latents or a seed that is not possible.
   */
  sample(options: VaeSampleOptions = {}): Promise<Pictures> {
    return this.codec.sample(options);
  }

  /** `sample` of the fixed sequence: what shows how training goes on. */
  sampleGrid({ count = 64 }: { count?: number } = {}): Promise<Pictures> {
    return this.codec.sample({ count });
  }

  /** Latents that `sample` would draw from: flat [count, latentDim]. */
  latents(choice: { count?: number; seed?: number } = {}): Float32Array<ArrayBuffer> {
    return this.codec.latents(choice);
  }

  /** Where pictures lie in the latent space; they are made square, of the model's size and channels. */
  encode(pictures: ImageSet): Promise<EncodedPictures> {
    return this.codec.encode(pictures);
  }

  /** Pictures of latents, flat [count, latentDim]. */
  decode(latents: Float32Array): Promise<Pictures> {
    return this.codec.decode(latents);
  }

  /** What the decoder makes of the means of given pictures: at most 4096 of them. */
  reconstruct(pictures: ImageSet): Promise<Pictures> {
    return this.codec.reconstruct(pictures);
  }

  /**
   * The whole latent space of two dimensions, as size × size pictures, row by row: latents at the
   * quantiles of N(0, 1), so that equal areas have equal probability (Kingma & Welling 2014, figure 4).
   * The first latent grows to the right, the second one upwards. `size` is 2 to 64, by default 20.
   *
   * Errors: `GanvasError` of the code `samples` for models of another `latentDim` than 2.
   */
  manifold(layout: { size?: number } = {}): Promise<Pictures> {
    return this.codec.manifold(layout);
  }

  /** Sets a new learning rate; the next step submitted uses it. */
  setLearningRate(lr: number): void {
    const { variable, values } = this.model.optimiser.withLearningRate(lr);
    this.write(variable, values);
  }

  /**
   * Everything that a run consists of but its pictures, as a safetensors file. Of one moment, between two
   * steps, even while a run goes on; of the last snapshot where the device is lost.
   */
  async checkpoint(): Promise<Uint8Array<ArrayBuffer>> {
    const { options, data, traced } = this;
    return encodeVae({ options, data }, traced, await this.readState(), this.choices);
  }

  /** Sizes and times of a step, and the size of the nets. */
  override stats(): VaeStats {
    return { ...super.stats(), parameters: this.model.net.parameterCount };
  }
}
