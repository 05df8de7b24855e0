/** The page that judges: how far pictures are from real ones, by the features of `npm run evaluate`. */
import {
  Engine,
  FeatureNet,
  frechetDistance,
  Generator,
  type ImageSet,
  type Moments,
  moments,
  readIdxImages,
} from '../../src/index.ts';

export interface Judged {
  /** Squared Fréchet distance of the pictures' features from those of real ones. */
  readonly distance: number;
  /** Of as many other real ones in their place. */
  readonly real: number;
}

export interface JudgeApi {
  /** Loads the feature net, and looks at two sets of real pictures, of `samples` each. */
  open(files: { features: string; real: string }, samples: number): Promise<void>;
  /** The first `samples` pictures of an IDX file, or those that a checkpoint's generator draws. */
  judge(kind: 'pictures' | 'checkpoint', file: string): Promise<Judged>;
}

declare global {
  interface Window {
    learning: JudgeApi;
  }
}

/** Pictures that are drawn at a time, by latents of a seed of their own, from this one on. */
const BATCH = 100;
const FIRST_SEED = 2 ** 31;

const at = (file: string) => new URL(file, location.href);

/** Places from all over a set: MNIST's second half of test pictures is harder to read than its first. */
function spread(set: ImageSet, samples: number, first: number): ImageSet {
  const size = set.height * set.width * set.channels;
  const data = new Uint8Array(samples * size);
  for (let i = 0; i < samples; i++) {
    const place = first + Math.floor((i * set.count) / samples);
    data.set(set.data.subarray(place * size, (place + 1) * size), i * size);
  }
  const { labels: _, ...rest } = set;
  return { ...rest, count: samples, data };
}

async function draw(engine: Engine, file: string, samples: number): Promise<ImageSet> {
  const bytes = new Uint8Array(await (await fetch(at(file))).arrayBuffer());
  using generator = await Generator.load(engine, bytes);
  const { imageSize, channels } = generator.options;
  const size = imageSize * imageSize * channels;
  const data = new Uint8Array(samples * size);
  for (let first = 0; first < samples; first += BATCH) {
    const count = Math.min(BATCH, samples - first);
    const { pixels } = await generator.sample({ count, seed: FIRST_SEED + first / BATCH });
    data.set(pixels, first * size);
  }
  return { name: file, count: samples, height: imageSize, width: imageSize, channels, data };
}

/** What `open` makes ready. */
class Bench {
  private constructor(
    private readonly engine: Engine,
    private readonly net: FeatureNet,
    private readonly samples: number,
    private readonly reference: Moments,
    private readonly real: number,
  ) {}

  static async open(files: { features: string; real: string }, samples: number): Promise<Bench> {
    const engine = await Engine.create();
    const weights = new Uint8Array(await (await fetch(at(files.features))).arrayBuffer());
    const net = await FeatureNet.load(engine, weights);
    const set = await readIdxImages(at(files.real), { name: files.real });
    if (2 * samples > set.count)
      throw new Error(`There are ${set.count} real pictures; two sets of ${samples} are more.`);
    const reference = await momentsOf(net, spread(set, samples, 0));
    const others = await momentsOf(net, spread(set, samples, 1));
    return new Bench(engine, net, samples, reference, frechetDistance(reference, others));
  }

  async judge(kind: 'pictures' | 'checkpoint', file: string): Promise<Judged> {
    const { engine, net, samples, reference, real } = this;
    const pictures =
      kind === 'checkpoint'
        ? await draw(engine, file, samples)
        : spread(await readIdxImages(at(file), { name: file }), samples, 0);
    return { distance: frechetDistance(reference, await momentsOf(net, pictures)), real };
  }
}

async function momentsOf(net: FeatureNet, set: ImageSet): Promise<Moments> {
  const { features, dimension } = await net.describe(set);
  return moments(features, dimension);
}

let bench: Bench | undefined;

window.learning = {
  async open(files, samples) {
    bench = await Bench.open(files, samples);
  },
  judge(kind, file) {
    if (!bench) throw new Error('The page is not open yet.');
    return bench.judge(kind, file);
  },
};
