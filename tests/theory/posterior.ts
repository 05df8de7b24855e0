// Posteriors of simulators, for the picture of their guide: a Gaussian's mean, whose posterior is known, and
// the rates of predators and prey, beside rejection ABC.
import {
  adversarialInference,
  conjugateGaussian,
  type Engine,
  lotkaVolterra,
  PosteriorSampler,
  rejectionAbc,
  simulate,
  Trainer,
} from '../../src/index.ts';
import { knownModel, knownTraining, preyTraining } from '../support/posterior-accuracy.ts';

const OBSERVED = [-1, 3, 6];
/** Posterior samples of an observation. */
const SAMPLES = 65_536;
/** Simulations that ABC keeps. */
const KEPT = 200;
const RATES = ['predators born', 'predators die', 'prey born', 'prey eaten'];

/** Shares of samples in equal cells of a range; what is outside is in none. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly shares: readonly number[];
}

function histogram(values: ArrayLike<number>, low: number, high: number, cells: number): Histogram {
  const shares = new Array<number>(cells).fill(0);
  for (let i = 0; i < values.length; i++) {
    const cell = Math.floor((cells * (values[i] - low)) / (high - low));
    if (cell >= 0 && cell < cells) shares[cell] += 1 / values.length;
  }
  return { low, high, shares };
}

/** What the picture shows. */
export interface PosteriorResult {
  /** Of each observation: the samples, their mean and variance, and the exact ones. */
  readonly gaussian: readonly {
    readonly y: number;
    readonly samples: Histogram;
    readonly mean: number;
    readonly variance: number;
    readonly exact: { readonly mean: number; readonly variance: number };
  }[];
  /** Of each rate, of its logarithm. */
  readonly rates: readonly {
    readonly name: string;
    readonly truth: number;
    readonly adversarial: Histogram;
    readonly abc: Histogram;
  }[];
}

async function gaussian(engine: Engine): Promise<PosteriorResult['gaussian']> {
  const model = conjugateGaussian(knownModel);
  const inference = adversarialInference(model, { seed: 1, ...knownTraining });
  using trainer = await Trainer.create(engine, inference.program);
  await trainer.train({ steps: knownTraining.steps });
  using sampler = await PosteriorSampler.create(trainer, inference, { count: SAMPLES });
  const found = [];
  for (const y of OBSERVED) {
    const samples = await sampler.sample([y]);
    found.push({
      y,
      samples: histogram(samples.column(0), -4, 10, 70),
      mean: samples.mean()[0],
      variance: samples.variance()[0],
      exact: model.exact([y]),
    });
  }
  return found;
}

async function rates(engine: Engine): Promise<PosteriorResult['rates']> {
  const simulator = lotkaVolterra({ duration: 8 });
  const { steps } = preyTraining;
  const truth = await simulate(engine, simulator, { count: 1, seed: 7 });
  const inference = adversarialInference(simulator, { seed: 1, ...preyTraining });
  using trainer = await Trainer.create(engine, inference.program);
  await trainer.train({ steps });
  using sampler = await PosteriorSampler.create(trainer, inference, { count: 4000 });
  const adversarial = await sampler.sample(truth.y);
  const count = steps * inference.simulationsPerStep;
  const abc = rejectionAbc(await simulate(engine, simulator, { count, seed: 2 }), truth.y, KEPT);
  return RATES.map((name, i) => {
    const middle = Math.log([0.01, 0.5, 1, 0.01][i]);
    const [low, high] = [middle - 1.5, middle + 1.5];
    return {
      name,
      truth: truth.theta[i],
      adversarial: histogram(adversarial.column(i), low, high, 40),
      abc: histogram(abc.column(i), low, high, 40),
    };
  });
}

/** Both, trained as long as the soak tests train them. */
export const runPosterior = async (engine: Engine): Promise<PosteriorResult> => ({
  gaussian: await gaussian(engine),
  rates: await rates(engine),
});
