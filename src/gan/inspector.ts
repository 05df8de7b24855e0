import { GanvasError } from '../graph/errors.ts';
import { Graph, type Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { registerForwardHook } from '../nn/forward-hook.ts';
import type { Parameter } from '../nn/module.ts';
import type { Net } from '../nn/net.ts';
import type { Elements } from '../runtime/variables.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import { choiceOfClasses } from './classes.ts';
import type { GanOptions } from './options.ts';
import { Players } from './step.ts';
import { type ModelSummary, modelSummary, type NetName } from './summary.ts';
import type { GanTrainer } from './trainer.ts';

/** What the nets are looked at with: a latent for G and then D, or a picture for D alone. */
export type InspectedSample = (
  | {
      /** [latentDim], such as a row of `trainer.latents()`. */
      readonly latents: Float32Array;
    }
  | {
      /** Bytes [imageSize, imageSize, channels] as a data set has them, which D sees in [−1, 1]. */
      readonly picture: Uint8Array;
    }
) & {
  /** Number of its class, where the run has classes; 0 by default. */
  readonly label?: number;
};

/** What a layer makes of one sample. */
export interface FeatureMaps {
  /** [H, W, C], or [features]. */
  readonly shape: Shape;
  /** Flat, channels last: C maps of H × W. */
  readonly values: Float32Array<ArrayBuffer>;
  /** The sample itself in [−1, 1], flat [imageSize, imageSize, channels]: what G drew, or the picture. */
  readonly picture: Float32Array<ArrayBuffer>;
}

/** Weights that are next to the picture, as pictures. */
export interface Filters {
  /** Filters that there are. */
  readonly count: number;
  /** Of a filter, in pixels. */
  readonly width: number;
  /** Of a filter, in pixels. */
  readonly height: number;
  /** Those of the run's pictures. */
  readonly channels: number;
  /** Flat [count, height, width, channels]. */
  readonly values: Float32Array<ArrayBuffer>;
}

type Input = 'latents' | 'picture' | 'classes';
type Output = 'maps' | 'picture';

const inspectError = (message: string, advice: string) =>
  new GanvasError('inspect', message, advice);

/** The weight of the layer next to the picture. Batch-norm has a weight too, of one axis. */
function besidePicture({ parameters }: Net, net: NetName): Parameter {
  const weights = [...parameters].filter(([path, { shape }]) => {
    return path.startsWith('main.') && shape.length > 1;
  });
  const found = weights.at(net === 'generator' ? -1 : 0);
  if (!found) throw new Error('a net without weights');
  return found[1];
}

/**
 * Convolutions have [kernel, kernel, channels, count], transposed or not, and D of classes may have a
 * channel for them. Linear layers have [count, channels · H · W] in D and the reverse in G.
 */
function filtersOf(
  weight: Float32Array<ArrayBuffer>,
  shape: Shape,
  net: NetName,
  { imageSize, channels }: GanOptions,
): Filters {
  const convolution = shape.length === 4;
  const size = convolution ? shape[0] : imageSize;
  const pixels = size ** 2;
  const given = convolution ? shape[2] : channels;
  const inputs = pixels * given;
  const count = weight.length / inputs;
  const at = (n: number, pixel: number, c: number): number => {
    if (convolution) return (pixel * given + c) * count + n;
    const input = c * pixels + pixel;
    return net === 'generator' ? input * count + n : n * inputs + input;
  };
  const values = Float32Array.from({ length: count * pixels * channels }, (_, i) => {
    const n = Math.floor(i / (pixels * channels));
    const pixel = Math.floor(i / channels) % pixels;
    return weight[at(n, pixel, i % channels)];
  });
  return { count, width: size, height: size, channels, values };
}

/**
 * Looks into the nets of a run: what any layer makes of one sample, and the filters next to the picture.
 * Nothing of the run changes.
 *
 * Both nets work with running statistics, and G with averaged weights where the run has them, as sample
 * grids do: a sample's maps then depend on that sample alone, while the statistics of a batch of one would
 * leave nothing of a map of one pixel. In training D goes by those of its batch, so that what its last
 * layers give is shifted here: for what D thinks of a picture, see `Critic`.
 *
 * ```ts
 * using inspector = new Inspector(trainer);
 * const latents = trainer.latents({ count: 1 });
 * const { shape, values } = await inspector.featureMaps('generator', 'main.2', { latents });
 * ```
 *
 * It goes on when a lost device is replaced, and ends with its trainer.
 */
export class Inspector {
  /** The layers that there are. */
  readonly layers: ModelSummary;
  readonly #trainer: GanTrainer;
  /** The function that was asked for last; others may be as large. */
  #last: { readonly key: string; readonly fn: GraphFunction<Input, Output> } | undefined;
  /** One question after the other: each sets the function's inputs. */
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;

  constructor(trainer: GanTrainer) {
    this.#trainer = trainer;
    this.layers = modelSummary(trainer.options);
  }

  /**
   * What a layer makes of a sample, by the parameters of one moment, even while a run goes on.
   *
   * Errors: `GanvasError` of the code `inspect` for a layer that does not exist or is not applied to the
   * sample, or a sample of another size; of the code `disposed`.
   */
  featureMaps(net: NetName, layer: string, sample: InspectedSample): Promise<FeatureMaps> {
    const maps = this.#queue.then(() => this.#featureMaps(net, layer, sample));
    this.#queue = maps.catch(() => {});
    return maps;
  }

  async #featureMaps(net: NetName, layer: string, sample: InspectedSample): Promise<FeatureMaps> {
    const real = 'picture' in sample;
    const found = this.layers[net].find(({ name }) => name === layer);
    if (!found || (real && net === 'generator')) {
      throw inspectError(
        found ? 'The generator is not applied to pictures.' : `The ${net} has no layer '${layer}'.`,
        found ? 'Give latents.' : `Known: ${this.layers[net].map(({ name }) => name).join(', ')}.`,
      );
    }
    const inputs = this.#inputs(sample);
    const fn = await this.#function(net, layer, real);
    const { maps, picture } = await fn.call(inputs);
    return { shape: found.output, values: maps, picture };
  }

  #inputs(sample: InspectedSample): { [name in Input]?: Float32Array } {
    const { imageSize, channels, latentDim, classes } = this.#trainer.options;
    const [values, size, what] =
      'picture' in sample
        ? [sample.picture, imageSize ** 2 * channels, 'picture']
        : [sample.latents, latentDim, 'latent'];
    if (values.length !== size) {
      throw inspectError(
        `${values.length} numbers are no ${what} of this model.`,
        `Give ${size} of them: one sample.`,
      );
    }
    const labels = classes > 0 && { classes: choiceOfClasses([sample.label ?? 0], classes, 1) };
    // As the data set's batches are made.
    if ('picture' in sample)
      return { picture: Float32Array.from(sample.picture, (v) => (2 * v - 255) / 255), ...labels };
    return { latents: sample.latents, ...labels };
  }

  async #function(net: NetName, layer: string, real: boolean) {
    const key = `${net} ${layer} ${real}`;
    if (this.#last?.key !== key) {
      this.#last?.fn.dispose();
      this.#last = undefined;
      this.#assertUsable();
      const fn = await this.#trainer.inspect(() => this.#trace(net, layer, real));
      if (this.#disposed) fn.dispose();
      this.#last = { key, fn };
    }
    this.#assertUsable();
    return this.#last.fn;
  }

  #trace(net: NetName, layer: string, real: boolean): TracedFunction<Input, Output> {
    const { options } = this.#trainer;
    const { imageSize, channels, latentDim, classes } = options;
    const players = new Players(options);
    const { generator, discriminator, average } = players;
    let maps: Tensor | undefined;
    registerForwardHook(players[net], ({ name, output }) => {
      if (name === layer) maps = output;
    });
    const graph = new Graph();
    const input = (name: Input, shape: Shape) => {
      inputs.set(name, new Float32Array(sizeOf(shape)));
      return graph.variable(name, shape);
    };
    const inputs = new Map<Input, Elements>();
    const labels = classes > 0 ? input('classes', [1, classes]) : undefined;
    const pass = { training: false, classes: labels };
    const generate = () => {
      const weights = (average ?? generator).weights(graph);
      return generator.forward(input('latents', [1, 1, 1, latentDim]), { ...pass, weights });
    };
    const picture = real ? input('picture', [1, imageSize, imageSize, channels]) : generate();
    if (net === 'discriminator') discriminator.forward(picture, pass);
    graph.output('maps', maps as Tensor);
    graph.output('picture', picture);
    return { graph, inputs, outputs: ['maps', 'picture'] };
  }

  /**
   * The weights of D's first layer, or of G's last one that has any, by its averaged weights where the run
   * has them: one picture for each of D's first maps or G's last. Those of a fully connected net are as
   * large as its pictures. Spectral normalisation, which scales them, is left out.
   */
  async filters(net: NetName): Promise<Filters> {
    this.#assertUsable();
    const { options } = this.#trainer;
    const players = new Players(options);
    const parameter = besidePicture(players[net], net);
    const owner = (net === 'generator' && players.average) || players[net];
    const graph = new Graph();
    graph.output('weight', parameter.read(owner.weights(graph)));
    const fn = await this.#trainer.inspect(() => ({
      ...{ graph, inputs: new Map<never, Elements>(), outputs: ['weight'] as const },
    }));
    try {
      const { weight } = await fn.call();
      return filtersOf(weight, parameter.shape, net, options);
    } finally {
      fn.dispose();
    }
  }

  #assertUsable(): void {
    if (this.#disposed)
      throw new GanvasError('disposed', 'This inspector has been disposed.', 'Make another.');
  }

  /** Frees its memory on the device. Twice is fine. */
  dispose(): void {
    this.#disposed = true;
    this.#last?.fn.dispose();
    this.#last = undefined;
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
