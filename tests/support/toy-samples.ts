// Points of a toy distribution, drawn as a step draws them.
import { type ToyDistribution, traceTraining } from '../../src/index.ts';

/** A program whose every step leaves `count` points in the variable `samples`. */
export const samplingProgram = (distribution: ToyDistribution, count: number, seed = 1) =>
  traceTraining({
    seed,
    optimisers: [],
    data: distribution.data,
    step(context) {
      const drawn = distribution.sample(context, count);
      const values = new Float32Array(drawn.size);
      context.variable('samples', { shape: drawn.shape, values });
      context.assign('samples', drawn);
      return { first: context.uniform([]) };
    },
  });
