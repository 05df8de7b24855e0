import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { oneHot } from '../data/values.ts';
import { crossEntropyLoss } from '../nn/losses.ts';
import { Adam } from '../nn/optimisers.ts';
import { cosineAnnealingLR } from '../nn/schedules.ts';
import { add, sub } from '../ops/elementwise.ts';
import { translate } from '../ops/translate.ts';
import type { TracedFunction } from '../training/graph-function.ts';
import type { TrainingProgram } from '../training/program.ts';
import { decodeState, encodeState } from '../training/state.ts';
import { traceFunction, traceTraining } from '../training/trace.ts';
import { FeatureError } from './errors.ts';
import { type FeatureNetShape, featureNetModel } from './feature-net-model.ts';

/** How a feature net is trained. */
export interface FeatureTrainingOptions {
  /** Steps of the whole training, over which the learning rate falls along half a cosine. */
  readonly steps: number;
  /** Pictures in a step; 64 by default. */
  readonly batchSize?: number;
  /** Adam's first learning rate; 2e-3 by default. */
  readonly lr?: number;
  /** Each picture is moved by up to so many pixels down and across, at random; 1 by default. */
  readonly shift?: number;
  /** Of initial parameters, batches and shifts; 0 by default. */
  readonly seed?: number;
  /** Numbers of the hidden layer; 64 by default. */
  readonly features?: number;
}

/** A feature net that is to be trained: see `traceFeatureNet`. */
export interface FeatureTraining {
  /** For `Trainer.create`. A step reports its `loss`, mean cross-entropy in nats. */
  readonly program: TrainingProgram<'loss'>;
  /** For `trainer.compile`: pictures `x` [count, size, size, channels] in [−1, 1] → `logits` [count, classes]. */
  classify(count: number): TracedFunction<'x', 'logits'>;
  /** The file that `FeatureNet.load` takes, out of `trainer.save()`. `notes` go into its metadata. */
  file(state: Uint8Array, notes?: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer>;
}

/** Part of the learning rate that the last step has. */
const LAST_RATE = 0.01;

/**
 * Traces the training of a classifier whose features are to judge pictures of one kind, as
 * `npm run train:features` does for MNIST.
 *
 * @param set square pictures of a power of 2 from 8 on, with labels
 * @throws {FeatureError} if there are no labels, or they are all alike.
 * @throws {ClassifierError} if the pictures have no such size.
 */
export function traceFeatureNet(
  set: ImageSet,
  { steps, batchSize = 64, lr = 2e-3, shift = 1, seed = 0, features = 64 }: FeatureTrainingOptions,
): FeatureTraining {
  const { height, width, channels, labels } = checkImageSet(set);
  const classes = labels ? labels.reduce((most, label) => Math.max(most, label + 1), 0) : 0;
  if (!labels || classes < 2 || height !== width) {
    throw new FeatureError(
      'training',
      `${set.name} has ${classes} classes in pictures of ${height}×${width}.`,
      'A feature net learns to tell classes apart: give square pictures with labels of at least 2 classes.',
    );
  }
  const shape: FeatureNetShape = { imageSize: height, channels, classes, features };
  const { net } = featureNetModel(shape);
  const schedule = cosineAnnealingLR({ tMax: steps, minFactor: LAST_RATE });
  const optimiser = new Adam(net, { lr, schedule });
  const program = traceTraining({
    seed,
    optimisers: [optimiser],
    data: { pictures: set, labels: oneHot(labels, classes) },
    step({ batch, uniform }) {
      const [x, target] = batch(['pictures', 'labels'], batchSize);
      // Pictures are in [−1, 1]: what comes in at the edges is −1, the ground of drawn digits.
      const shifts = uniform([batchSize, 2], -shift - 0.5, shift + 0.5);
      const moved = sub(translate(add(x, 1), shifts), 1);
      const loss = crossEntropyLoss(net.forward(moved, { training: true }), target);
      optimiser.minimise(loss);
      return { loss };
    },
  });
  return {
    program,
    classify: (count) =>
      traceFunction({ x: [count, height, width, channels] }, ({ x }) => ({
        logits: net.forward(x, { training: false }),
      })),
    file(state, notes = {}) {
      // The state of what has the net alone: no optimiser, no step, no kernels that were chosen.
      const { values } = decodeState(program, state);
      return encodeState(
        { ...program, parts: net.parts() },
        values,
        {},
        {
          ...notes,
          shape: JSON.stringify(shape),
          data: set.name,
        },
      );
    },
  };
}
