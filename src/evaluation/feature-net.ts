import type { ImageSet } from '../data/image-set.ts';
import { fitToSquare } from '../data/resize.ts';
import { readSafetensors } from '../io/safetensors.ts';
import type { Products } from '../metrics/products.ts';
import { HostRandom } from '../nn/initialisers.ts';
import { softmax } from '../nn/losses.ts';
import type { Engine } from '../runtime/engine.ts';
import type { GraphFunction } from '../training/graph-function.ts';
import { IdleSession } from '../training/idle-session.ts';
import { decodeState } from '../training/state.ts';
import { traceFunction } from '../training/trace.ts';
import { deviceProducts } from './device-products.ts';
import { FeatureError } from './errors.ts';
import { type FeatureNetShape, featureNetModel } from './feature-net-model.ts';

/** What a feature net makes of pictures, one row for each. */
export interface Features {
  /** Number of pictures. */
  readonly count: number;
  /** Numbers in a row of `features`. */
  readonly dimension: number;
  /** Flat [count, dimension]: outputs of the hidden layer, none below 0. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Number of classes. */
  readonly classes: number;
  /** Flat [count, classes]: how likely the net takes each class to be; rows add up to 1. */
  readonly probabilities: Float32Array<ArrayBuffer>;
}

/** Pictures that are looked at in one go: enough to keep a device busy, few enough for its memory. */
const BATCH = 250;

/**
 * A trained classifier whose hidden layer describes pictures: distances between such descriptions are
 * closer to what people see than distances between pixels. It plays the part that Inception plays for
 * photographs (Salimans et al. 2016; Heusel et al. 2017), for the one kind of pictures that it was
 * trained on, so that values are comparable under the same net only.
 *
 * ```ts
 * import weights from 'ganvas/weights/mnist-features.safetensors?url';
 *
 * const file = new Uint8Array(await (await fetch(weights)).arrayBuffer());
 * using net = await FeatureNet.load(engine, file);
 * const { features } = await net.describe(pictures);
 * ```
 */
export class FeatureNet {
  /** Products of pairs on this net's device, for measures that compare pairs: of any samples. */
  readonly products: Products;
  readonly #session: IdleSession;
  readonly #describe: GraphFunction<'x', 'features' | 'probabilities'>;

  private constructor(
    /** Sizes of its pictures and of what it makes of them. */
    readonly shape: FeatureNetShape,
    /** What it was trained on, such as `MNIST`: to be said wherever its values are shown. */
    readonly trainedOn: string,
    session: IdleSession,
    describe: GraphFunction<'x', 'features' | 'probabilities'>,
  ) {
    this.#session = session;
    this.#describe = describe;
    this.products = deviceProducts((traced) => session.compile(traced));
  }

  /**
   * Reads the weights that `npm run train:features` wrote, or `file` of `traceFeatureNet`, and uploads
   * them. The package has those of MNIST, beside its code: `ganvas/weights/mnist-features.safetensors`.
   *
   * @throws {FeatureError} where the file says nothing of a feature net.
   * @throws {SafetensorsError} if it is no safetensors file.
   * @throws {StateError} where a tensor is missing, or too many.
   */
  static async load(engine: Engine, file: Uint8Array): Promise<FeatureNet> {
    const { metadata } = readSafetensors(file);
    const shape = shapeOf(metadata.shape);
    const { net, model } = featureNetModel(shape);
    // All of it is replaced by what is in the file.
    const initial = net.initialValues(new HostRandom(0));
    const { values } = decodeState({ parts: net.parts(), initial }, file);
    const session = await IdleSession.open(engine, net, values, { what: 'feature net' });
    const { imageSize, channels } = shape;
    const traced = traceFunction({ x: [BATCH, imageSize, imageSize, channels] }, ({ x }) => {
      const pass = { training: false, weights: net.weights(x.graph) };
      const features = model.features(x, pass);
      return { features, probabilities: softmax(model.classify(features, pass)) };
    });
    try {
      const describe = await session.compile(traced);
      return new FeatureNet(shape, metadata.data ?? 'unnamed pictures', session, describe);
    } catch (error) {
      session.dispose();
      throw error;
    }
  }

  /**
   * What the net makes of pictures of any size and channels: `fitToSquare` fits them to its own.
   *
   * @throws {DataError} if the set's numbers do not fit together, or its channels cannot be converted.
   */
  async describe(set: ImageSet): Promise<Features> {
    this.#session.assertUsable();
    const { imageSize, channels, classes, features: dimension } = this.shape;
    const { count, data } = fitToSquare(set, imageSize, channels);
    const size = imageSize * imageSize * channels;
    const features = new Float32Array(count * dimension);
    const probabilities = new Float32Array(count * classes);
    const x = new Float32Array(BATCH * size);
    for (let first = 0; first < count; first += BATCH) {
      const rows = Math.min(BATCH, count - first);
      // What is left of an earlier batch behind the last rows is computed too, and dropped.
      for (let i = 0; i < rows * size; i++) x[i] = data[first * size + i] / 127.5 - 1;
      const made = await this.#describe.call({ x });
      features.set(made.features.subarray(0, rows * dimension), first * dimension);
      probabilities.set(made.probabilities.subarray(0, rows * classes), first * classes);
    }
    return { count, dimension, features, classes, probabilities };
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

function shapeOf(text: string | undefined): FeatureNetShape {
  let shape: Partial<FeatureNetShape> | undefined;
  try {
    shape = JSON.parse(text ?? '') as Partial<FeatureNetShape>;
  } catch {
    // Told below, with whatever else is no shape.
  }
  const { imageSize, channels, classes, features } = shape ?? {};
  const sizes = [imageSize, channels, classes, features];
  if (!sizes.every((n) => Number.isInteger(n) && Number(n) >= 1)) {
    throw new FeatureError(
      'file',
      'The file does not say which feature net its weights are of.',
      'Give ganvas/weights/mnist-features.safetensors, or a file that traceFeatureNet made.',
    );
  }
  return { imageSize, channels, classes, features } as FeatureNetShape;
}
