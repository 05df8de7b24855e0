import type { Tensor } from '../../graph/graph.ts';
import { mean } from '../../ops/reduce.ts';

/**
 * What two players want, in terms of D's outputs for a batch: logits [N, …], one a picture, unless the
 * objective says otherwise. Losses are scalars.
 */
export interface Objective {
  /** D's losses on real and on fake pictures: it lowers their sum. */
  discriminator(real: Tensor, fake: Tensor): { lossReal: Tensor; lossFake: Tensor };
  /**
   * G's loss. `real` gives D's outputs for real pictures, and is called by objectives whose G looks at
   * them: the others cost no pass of D.
   */
  generator(fake: Tensor, real: () => Tensor): Tensor;
  /**
   * The function of pictures whose slope a gradient penalty measures, [N] or [N, …] with one number a
   * picture: from D's outputs for those pictures, and for the batches that it was given.
   */
  critic(outputs: Tensor, real: Tensor, fake: Tensor): Tensor;
}

/** Costs of an objective of one's own: functions of D's logits [N, …], of which means are taken. */
export interface Costs {
  /** D's cost of a real picture. */
  readonly real: (logits: Tensor) => Tensor;
  /** D's cost of a fake picture. */
  readonly fake: (logits: Tensor) => Tensor;
  /** G's cost of a picture that it made. */
  readonly generator: (logits: Tensor) => Tensor;
}

/**
 * An objective that looks at each picture by itself, as most do.
 *
 * ```ts
 * const hinge = objectiveOf({
 *   real: (logits) => relu(sub(1, logits)),
 *   fake: (logits) => relu(add(1, logits)),
 *   generator: neg,
 * });
 * ```
 */
export const objectiveOf = ({ real, fake, generator }: Costs): Objective => ({
  discriminator: (r, f) => ({ lossReal: mean(real(r)), lossFake: mean(fake(f)) }),
  generator: (f) => mean(generator(f)),
  critic: (outputs) => outputs,
});
