import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { Pictures } from '../gan/pictures.ts';
import { latentsOf } from '../gan/sampler.ts';
import { GanvasError } from '../graph/errors.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import type { VaeModel } from './model.ts';
import { normalQuantile } from './normal-quantile.ts';

/** Which pictures a VAE draws: by default 64 of its own latents, always the same. */
export interface VaeSampleOptions {
  /** 1 to 4096; by default as many as there are latents, or 64. */
  readonly count?: number;
  /** Flat [count, latentDim], of your own. */
  readonly latents?: Float32Array;
  /** Latents of another seed than the model's own; a whole number from 0 to 2³² − 1. */
  readonly seed?: number;
}

/** Where pictures lie in the latent space: q(z | x) = N(mean, e^logVariance), flat [count, latentDim]. */
export interface EncodedPictures {
  /** Means. */
  readonly mean: Float32Array<ArrayBuffer>;
  /** Logarithms of variances. */
  readonly logVariance: Float32Array<ArrayBuffer>;
}

/** What has the weights on the device. */
export interface CodecHost {
  /** Training steps that were done. */
  readonly step: number;
  compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>>;
}

/** Pictures that go through a net at a time: enough to keep a device busy, few enough for its memory. */
const BATCH = 16;
const DEFAULT_COUNT = 64;
const MAX_COUNT = 4096;
const MAX_SIDE = 64;

const samplesError = (message: string, advice: string) =>
  new GanvasError('samples', message, advice);

/** Bytes of pixels in [−1, 1]. */
const bytesOf = (pixels: Float32Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(pixels, (x) => Math.min(255, Math.max(0, Math.round((x + 1) * 127.5))));

/** All that encoder and decoder of a VAE are for, in training or out of a file. */
export class Codec {
  private encoder: Promise<GraphFunction<'pictures', 'mean' | 'logVariance'>> | undefined;
  private decoder: Promise<GraphFunction<'latents', 'pictures'>> | undefined;

  constructor(
    private readonly model: VaeModel,
    private readonly host: CodecHost,
  ) {}

  /** Latents of a seed, flat [count, latentDim]. */
  latents({
    count = DEFAULT_COUNT,
    seed = this.model.options.seed,
  }: Omit<VaeSampleOptions, 'latents'>): Float32Array<ArrayBuffer> {
    const { latentDim } = this.model.options;
    return latentsOf({ latentDim, latent: 'normal', seed }, count, seed);
  }

  async sample({ latents, ...choice }: VaeSampleOptions): Promise<Pictures> {
    return latents ? this.decode(latents, choice.count) : this.decode(this.latents(choice));
  }

  /** Pictures of latents, a row after the other. */
  async decode(latents: Float32Array, count?: number): Promise<Pictures> {
    const { latentDim, imageSize, channels } = this.model.options;
    const rows = latents.length / latentDim;
    const whole = latents instanceof Float32Array && Number.isInteger(rows);
    if (!whole || rows < 1 || rows > MAX_COUNT || rows !== (count ?? rows)) {
      throw samplesError(
        `${latents.length} numbers are not ${count ?? 'some'} latents of ${latentDim}.`,
        `Give a Float32Array of ${latentDim} numbers for each of 1 to ${MAX_COUNT} pictures.`,
      );
    }
    const { step } = this.host;
    this.decoder ??= this.compiled(this.model.decoder(BATCH), () => {
      this.decoder = undefined;
    });
    const decoder = await this.decoder;
    const size = imageSize ** 2 * channels;
    const pixels = new Uint8Array(rows * size);
    for (let first = 0; first < rows; first += BATCH) {
      const batch = new Float32Array(BATCH * latentDim);
      batch.set(latents.subarray(first * latentDim, (first + BATCH) * latentDim));
      const { pictures } = await decoder.call({ latents: batch });
      pixels.set(bytesOf(pictures.subarray(0, (rows - first) * size)), first * size);
    }
    return new Pictures({
      ...{ width: imageSize, height: imageSize, channels, count: rows, pixels, step },
    });
  }

  /** Where pictures lie, which are made square and of the model's size first. */
  async encode(given: ImageSet): Promise<EncodedPictures> {
    const { latentDim, imageSize, channels } = this.model.options;
    const { count, data } = fitToSquare(checkImageSet(given), imageSize, channels);
    this.encoder ??= this.compiled(this.model.encoder(BATCH), () => {
      this.encoder = undefined;
    });
    const encoder = await this.encoder;
    const size = imageSize ** 2 * channels;
    const mean = new Float32Array(count * latentDim);
    const logVariance = new Float32Array(count * latentDim);
    for (let first = 0; first < count; first += BATCH) {
      const bytes = data.subarray(first * size, (first + BATCH) * size);
      const pictures = new Float32Array(BATCH * size);
      bytes.forEach((byte, i) => {
        pictures[i] = byte / 127.5 - 1;
      });
      const encoded = await encoder.call({ pictures });
      const numbers = Math.min(BATCH, count - first) * latentDim;
      mean.set(encoded.mean.subarray(0, numbers), first * latentDim);
      logVariance.set(encoded.logVariance.subarray(0, numbers), first * latentDim);
    }
    return { mean, logVariance };
  }

  async reconstruct(given: ImageSet): Promise<Pictures> {
    const { mean } = await this.encode(given);
    return this.decode(mean);
  }

  async manifold({ size = 20 }: { size?: number }): Promise<Pictures> {
    const { latentDim } = this.model.options;
    if (latentDim !== 2) {
      throw samplesError(
        `The latent space has ${latentDim} dimensions, which no picture shows whole.`,
        'Train with latentDim: 2.',
      );
    }
    if (!(Number.isInteger(size) && size >= 2 && size <= MAX_SIDE))
      throw samplesError(
        `A manifold of ${size} × ${size} is not possible.`,
        `Ask for 2 to ${MAX_SIDE}.`,
      );
    const at = Array.from({ length: size }, (_, i) => normalQuantile((i + 0.5) / size));
    // As axes are drawn: the first latent grows to the right, the second one upwards.
    const latents = at.toReversed().flatMap((z2) => at.flatMap((z1) => [z1, z2]));
    return this.decode(Float32Array.from(latents));
  }

  /** Compiled once; where that fails, the next call tries again. */
  private compiled<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
    forget: () => void,
  ): Promise<GraphFunction<Input, Output>> {
    const fn = this.host.compile(traced);
    fn.catch(forget);
    return fn;
  }
}
