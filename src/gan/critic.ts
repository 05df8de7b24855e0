import { Graph, type Tensor } from '../graph/graph.ts';
import { concat, reshape, slice } from '../ops/movement.ts';
import { gatherPictures, STATE_SHAPE, shuffledIndices } from '../ops/random.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import { classBatch, gridCount } from './classes.ts';
import { type DrawInput, ownInputs } from './draw.ts';
import { checkCount } from './sampler.ts';
import { asBefore, buffersOf, type Players, variableNames } from './step.ts';
import type { GanTrainer } from './trainer.ts';

/** What a critic judges. */
export interface CriticOptions {
  /** Generated pictures, and as many real ones: 1 to 4096; by default as many as a sample grid has, 64. */
  readonly count?: number;
  /**
   * Of a run with averaged weights (`ema`), whether these make the generated pictures, as they make samples
   * (the default), or the weights in training, from the same latents: pictures as D sees them in training.
   */
  readonly averaged?: boolean;
}

/** What D makes of pictures, a number for each: the more, the more real it takes the picture to be. */
export interface Scores {
  /** Training steps that were done. */
  readonly step: number;
  /** Of real pictures, [count]. */
  readonly real: Float32Array<ArrayBuffer>;
  /** Of the pictures of `sample({ count })`, or those that `averaged: false` has for them, [count], in their order. */
  readonly generated: Float32Array<ArrayBuffer>;
}

/**
 * What the discriminator of a run in training thinks of single pictures: of the samples that `sample` and
 * canvases show, and of as many real ones, those that training takes next. Compiled once; it looks at the
 * nets as they are and changes nothing. It goes on when a lost device is replaced, and ends with its trainer.
 *
 * A score is D's logit; a sigmoid makes it the probability that the original GAN's D gives. The scores of
 * other objectives have no unit and are to be compared with each other. Of an MMD-GAN, whose D has features
 * for output, it is the witness mean k(D(x), D(real)) − mean k(D(x), D(generated)).
 *
 * A D with batch-norm judges by the statistics of the batch, real and generated pictures apart, or in one
 * batch where the run does so (`mixedBatch`). It has learned with these alone, and they are what G's
 * gradients come through; running statistics are means over both kinds of pictures, under which neither
 * looks as D knows it. The price: a score depends a little on the pictures beside it. Dropout is off, and
 * pictures are neither augmented nor noisy. Where samples are drawn with averaged weights (`ema`), D has not
 * learned from such pictures, and takes them for less real than those that it is trained on; `averaged: false`
 * has it judge what the newest weights make of the same latents.
 *
 * ```ts
 * using critic = await Critic.create(trainer, { count: 64 });
 * const { generated } = await critic.scores();
 * const taken = generated.filter((logit) => logit > 0).length;
 * ```
 */
export class Critic {
  readonly #trainer: GanTrainer;
  readonly #judge: GraphFunction<DrawInput, 'real' | 'generated'>;

  private constructor(
    trainer: GanTrainer,
    judge: GraphFunction<DrawInput, 'real' | 'generated'>,
    /** Pictures of each kind. */
    readonly count: number,
  ) {
    this.#trainer = trainer;
    this.#judge = judge;
  }

  /**
   * Compiles what it needs, beside the training step.
   *
   * @throws {GanvasError} `samples` for a count that is not possible, `disposed` where the trainer has been.
   * @throws {LimitError} where the device is too small for so many pictures at once.
   */
  static async create(
    trainer: GanTrainer,
    { count = gridCount(trainer.options.classes), averaged = true }: CriticOptions = {},
  ): Promise<Critic> {
    checkCount(count);
    const judge = await trainer.inspect((players, pictures) =>
      traceScores(players, pictures, { count, averaged }),
    );
    return new Critic(trainer, judge, count);
  }

  /** Judges the nets' pictures as they are after the steps submitted so far. */
  async scores(): Promise<Scores> {
    const { step } = this.#trainer;
    return { step, ...(await this.#judge.call()) };
  }

  /** Frees its memory on the device. Twice is fine. */
  dispose(): void {
    this.#judge.dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** D on `count` samples and on as many of the run's pictures: outputs `real` and `generated`, [count]. */
export function traceScores(
  { options, generator, discriminator, average, objective }: Players,
  pictures: number,
  { count, averaged }: Required<CriticOptions>,
): TracedFunction<DrawInput, 'real' | 'generated'> {
  const { imageSize, channels, latentDim, classes, dSteps, batchSize } = options;
  const graph = new Graph();
  const state = graph.variable(variableNames.state, STATE_SHAPE, 'u32');
  const data = graph.variable(variableNames.data, [pictures, imageSize, imageSize, channels], 'u8');
  const latents = graph.variable(variableNames.sampleLatents, [count, 1, 1, latentDim]);

  const indices = shuffledIndices(state, {
    ...{ count: pictures, size: count },
    ...{ first: 0, stride: dSteps * batchSize, stream: 0 },
  });
  const real = {
    x: gatherPictures(data, indices, state, { flip: false, stream: 0 }),
    classes: classes > 0 ? classBatch(indices, pictures, classes) : undefined,
  };
  const ofSamples =
    classes > 0 ? graph.variable(variableNames.sampleClasses, [count, classes]) : undefined;
  const weights = ((averaged && average) || generator).weights(graph);
  const generated = {
    x: generator.forward(latents, { training: false, weights, classes: ofSamples }),
    classes: ofSamples,
  };

  const outputs = asBefore(discriminator, graph, buffersOf(discriminator, graph), () => {
    // Nothing else in a D with batch-norm knows modes; in others, batches would only add dropout.
    const training = options.normD === 'batch';
    const judge = ({ x, classes }: Seen) => discriminator.forward(x, { training, classes });
    if (!options.mixedBatch) return { real: judge(real), generated: judge(generated) };
    const both = judge({
      x: concat([real.x, generated.x], 0),
      classes: real.classes && ofSamples && concat([real.classes, ofSamples], 0),
    });
    const n = both.size / (2 * count);
    const rows = reshape(both, [2 * count, n]);
    return {
      real: slice(rows, [0, 0], [count, n]),
      generated: slice(rows, [count, 0], [2 * count, n]),
    };
  });
  for (const name of ['real', 'generated'] as const) {
    const scores = objective.critic(outputs[name], outputs.real, outputs.generated);
    graph.output(name, reshape(scores, [count]));
  }
  return { graph, inputs: ownInputs(options, count), outputs: ['real', 'generated'] };
}

/** Pictures as D is shown them. */
interface Seen {
  readonly x: Tensor;
  readonly classes: Tensor | undefined;
}
