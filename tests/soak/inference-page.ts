// Inference as long as it takes to be right, in a page.
import {
  adversarialInference,
  calibrate,
  conjugateGaussian,
  Engine,
  type Interval,
  lotkaVolterra,
  PosteriorSampler,
  type PosteriorSamples,
  rejectionAbc,
  type Simulations,
  simulate,
  Trainer,
} from '../../src/index.ts';
import {
  type Accuracy,
  accuracy,
  knownModel,
  knownTraining,
  preyTraining,
  twentyObservations,
} from '../support/posterior-accuracy.ts';

/** How near the posterior of a Gaussian mean comes to the exact one. A variance of 65,536 samples is off by 0.6 % itself. */
export async function gaussian(): Promise<Accuracy> {
  using engine = await Engine.create();
  const model = conjugateGaussian(knownModel);
  const inference = adversarialInference(model, { seed: 1, ...knownTraining });
  using trainer = await Trainer.create(engine, inference.program);
  await trainer.train({ steps: knownTraining.steps });
  using sampler = await PosteriorSampler.create(trainer, inference, { count: 65_536 });
  // Awaited here: the engine goes when this returns.
  return await accuracy(model, sampler, twentyObservations);
}

/** What posteriors of all four rates are like, over observations whose θ is known. */
export interface Judged {
  /** Share of true θ inside the 90 % intervals. */
  readonly covered: number;
  /** Mean width of those intervals, in deviations of the prior. */
  readonly width: number;
  /** Root mean square distance of posterior means from true θ, likewise. */
  readonly error: number;
}

const DEVIATION = 0.5;

/** A posterior's mean and its intervals. */
interface Answer {
  readonly mean: readonly number[];
  readonly intervals: readonly Interval[];
}

async function judge(
  truth: Simulations,
  infer: (y: Float32Array) => Promise<Answer> | Answer,
): Promise<Judged> {
  let [inside, width, squares] = [0, 0, 0];
  const size = truth.y.length / truth.count;
  for (let i = 0; i < truth.count; i++) {
    const { mean, intervals } = await infer(truth.y.subarray(i * size, (i + 1) * size));
    for (const [k, { low, high }] of intervals.entries()) {
      const theta = truth.theta[4 * i + k];
      if (low <= theta && theta <= high) inside++;
      width += (high - low) / DEVIATION;
      squares += ((mean[k] - theta) / DEVIATION) ** 2;
    }
  }
  const all = 4 * truth.count;
  return { covered: inside / all, width: width / all, error: Math.sqrt(squares / all) };
}

const plain = (samples: PosteriorSamples): Answer => ({
  mean: samples.mean(),
  intervals: samples.interval(0.9),
});

/** Predators and prey, by an implicit posterior and by rejection at as many simulations. */
export async function predatorPrey() {
  using engine = await Engine.create();
  const simulator = lotkaVolterra({ duration: 8, deviation: DEVIATION });
  const truth = await simulate(engine, simulator, { count: 50, seed: 100 });
  const fresh = await simulate(engine, simulator, { count: 200, seed: 200 });
  const { steps } = preyTraining;
  const inference = adversarialInference(simulator, { seed: 1, ...preyTraining });
  const simulations = steps * inference.simulationsPerStep;
  using trainer = await Trainer.create(engine, inference.program);
  await trainer.train({ steps });
  using sampler = await PosteriorSampler.create(trainer, inference);
  const infer = (y: Float32Array) => sampler.sample(y);
  const adversarial = await judge(truth, async (y) => plain(await infer(y)));
  const { interval, margins } = await calibrate(infer, fresh, 0.9);
  const calibrated = await judge(truth, async (y) => {
    const samples = await infer(y);
    return { mean: samples.mean(), intervals: interval(samples) };
  });
  const drawn = await simulate(engine, simulator, { count: simulations, seed: 1 });
  const abc = await judge(truth, (y) => plain(rejectionAbc(drawn, y, 200)));
  return { simulations, adversarial, calibrated, margins, abc };
}
