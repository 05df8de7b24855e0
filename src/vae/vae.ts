import type { ImageSet } from '../data/image-set.ts';
import type { Pictures } from '../gan/pictures.ts';
import { STATE } from '../ops/random.ts';
import type { Engine } from '../runtime/engine.ts';
import { IdleSession } from '../training/idle-session.ts';
import { decodeState } from '../training/state.ts';
import { decodeVae } from './checkpoint.ts';
import { Codec, type EncodedPictures, type VaeSampleOptions } from './codec.ts';
import { VaeModel } from './model.ts';
import type { VaeOptions } from './options.ts';

/**
 * A trained VAE, to encode and draw pictures with: no data set. It goes on when a lost device is replaced.
 *
 * ```ts
 * using vae = await Vae.load(engine, new Uint8Array(await file.arrayBuffer()));
 * const { mean } = await vae.encode(pictures);
 * const again = await vae.decode(mean);
 * ```
 */
export class Vae {
  readonly #session: IdleSession;
  readonly #codec: Codec;

  private constructor(
    /** Of the model, as its run began. */
    readonly options: VaeOptions,
    /** Training steps that it had done. */
    readonly step: number,
    model: VaeModel,
    session: IdleSession,
  ) {
    this.#session = session;
    this.#codec = new Codec(model, { step, compile: (traced) => session.compile(traced) });
  }

  /**
   * Reads a VAE out of a checkpoint, and uploads it.
   *
   * Errors: `SafetensorsError`, `CheckpointError` and `StateError` where there is no whole VAE in the file.
   */
  static async load(engine: Engine, file: Uint8Array): Promise<Vae> {
    const { options } = decodeVae(file);
    const model = new VaeModel(options);
    const { imageSize: size, channels } = options;
    // What a run's state is made of does not depend on its pictures.
    const data = new Uint8Array(size * size * channels);
    const program = model.program({
      name: '',
      count: 1,
      height: size,
      width: size,
      channels,
      data,
    });
    const { values } = decodeState(program, file);
    const step = values.get(STATE)?.[2] ?? 0;
    const session = await IdleSession.open(engine, model.net, values, { what: 'VAE', step });
    return new Vae(options, step, model, session);
  }

  /** Draws pictures of latents from N(0, I), or of your own: by default those of the run's sample grid. */
  sample(options: VaeSampleOptions = {}): Promise<Pictures> {
    return this.#codec.sample(options);
  }

  /** Latents that `sample` would draw from: flat [count, latentDim]. */
  latents(choice: { count?: number; seed?: number } = {}): Float32Array<ArrayBuffer> {
    return this.#codec.latents(choice);
  }

  /** Where pictures lie in the latent space; they are made square, of the model's size and channels. */
  encode(pictures: ImageSet): Promise<EncodedPictures> {
    return this.#codec.encode(pictures);
  }

  /** Pictures of latents, flat [count, latentDim]. */
  decode(latents: Float32Array): Promise<Pictures> {
    return this.#codec.decode(latents);
  }

  /** What the decoder makes of the means of given pictures: at most 4096 of them. */
  reconstruct(pictures: ImageSet): Promise<Pictures> {
    return this.#codec.reconstruct(pictures);
  }

  /** As `VaeTrainer.manifold`. */
  manifold(layout: { size?: number } = {}): Promise<Pictures> {
    return this.#codec.manifold(layout);
  }

  /** Frees everything on the GPU. Twice is fine. */
  dispose(): void {
    this.#session.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
