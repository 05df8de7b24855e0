// A training step of a few dispatches, for tests of what goes on around steps: it compiles in a
// fraction of the time that a GAN takes.
import {
  Adam,
  BatchNorm2d,
  Conv2d,
  mean,
  Net,
  ReLU,
  Sequential,
  square,
  sub,
  traceFunction,
  traceTraining,
} from '../../src/index.ts';
import { RandomValues } from '../reference/random-values.ts';

const SIZE = 8;

/** A regression on random numbers, with moments, running statistics, noise and batches. */
export function tinyProgram({ lr = 1e-2, seed = 5 } = {}) {
  const net = new Net(
    'net',
    new Sequential(new Conv2d(4, 4, { kernelSize: 1 }), new BatchNorm2d(4), new ReLU()),
  );
  const adam = new Adam(net, { lr });
  const random = new RandomValues(1);
  const values = random.normal(20 * 4);
  const program = traceTraining({
    seed,
    optimisers: [adam],
    data: { rows: { shape: [20, 1, 1, 4], values } },
    step({ batch, normal }) {
      const rows = batch('rows', SIZE);
      const guess = net.forward(normal([SIZE, 1, 1, 4]), { training: true });
      const loss = mean(square(sub(guess, rows)));
      const { gradNorm } = adam.minimise(loss);
      return { loss, gradNorm };
    },
  });
  /** What the net makes of inputs [2, 1, 1, 4]. */
  const guess = traceFunction({ x: [2, 1, 1, 4] }, ({ x }) => ({
    y: net.forward(x, { training: false }),
  }));
  return { program, net, adam, guess };
}
