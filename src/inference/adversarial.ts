import type { Tensor } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { WeightAverage } from '../nn/average.ts';
import { LeakyReLU, Linear, Sequential } from '../nn/layers.ts';
import { bceWithLogitsLoss } from '../nn/losses.ts';
import { Module, type Pass } from '../nn/module.ts';
import { Net } from '../nn/net.ts';
import { Adam, type Optimiser } from '../nn/optimisers.ts';
import { zeroCentredPenalty } from '../nn/regularisers.ts';
import { cosineAnnealingLR } from '../nn/schedules.ts';
import { add, mul, neg } from '../ops/elementwise.ts';
import { broadcastTo, concat } from '../ops/movement.ts';
import { mean } from '../ops/reduce.ts';
import type { TracedFunction } from '../training/graph-function.ts';
import type { TrainingProgram } from '../training/program.ts';
import { traceFunction, traceTraining } from '../training/trace.ts';
import { InferenceError } from './errors.ts';
import { drawJoint, type Simulator } from './simulator.ts';
import { Standardiser } from './standardiser.ts';

/** How an inference is trained. Everything has a default. */
export interface InferenceOptions {
  /** As that of `traceTraining`; 0 by default. */
  readonly seed?: number;
  /**
   * Steps in which the learning rates fall to 0, by half a cosine: train as many. Where they do not fall,
   * the two nets go round each other, and what is drawn with them. 2000 by default.
   */
  readonly steps?: number;
  /** Simulations of an update of the ratio net; 256 by default. */
  readonly batchSize?: number;
  /** Updates of the ratio net in a step, each with simulations of its own; 1 by default. */
  readonly ratioSteps?: number;
  /** Numbers in ε; by default 4, or as many as θ has if those are more. */
  readonly noise?: number;
  /** Width of the default nets; 64 by default. */
  readonly width?: number;
  /** Learning rate of the posterior net at the start; 5e-4 by default. */
  readonly lr?: number;
  /** Learning rate of the ratio net at the start; 2e-3 by default. */
  readonly lrRatio?: number;
  /**
   * γ of a penalty on the slope of r in θ, `zeroCentredPenalty` of simulations times γ/2 (Mescheder et al.
   * 2018): it keeps the nets from going round each other. Where q is the posterior, r is 0 and flat, so
   * that the penalty does not move the end. 1 by default.
   */
  readonly r1?: number;
  /** Decay of the averaged weights that posterior samples are drawn with; 0.99 by default. */
  readonly ema?: number;
  /**
   * f: [N, observations + noise] → [N, parameters], of standardised numbers. A perceptron with two hidden
   * layers by default.
   */
  readonly posterior?: Module;
  /** r: [N, parameters + observations] → [N, 1], of standardised numbers. A perceptron by default too. */
  readonly ratio?: Module;
}

/** Names of what a step of an inference reports; see `adversarialInference`. */
export type InferenceMetric = 'lossRatio' | 'divergence';

/** An inference to be trained, and then asked: see `adversarialInference`. */
export interface Inference {
  /** For `Trainer.create`. */
  readonly program: TrainingProgram<InferenceMetric>;
  /** Simulations that a step costs. */
  readonly simulationsPerStep: number;
  /** Numbers in θ. */
  readonly parameters: number;
  /** Numbers in y. */
  readonly observations: number;
  /** Numbers in ε. */
  readonly noise: number;
  /** For `Trainer.setLearningRate`. */
  readonly optimisers: {
    /** Of the posterior net. */
    readonly posterior: Optimiser;
    /** Of the ratio net. */
    readonly ratio: Optimiser;
  };
  /**
   * A function for `Trainer.compile`: θ [count, parameters] of one observation y [1, observations] and of
   * standard normal noise [count, noise]. `PosteriorSampler` brings the noise itself.
   */
  posterior(count: number): TracedFunction<'y' | 'noise', 'theta'>;
}

const training = true;

const perceptron = (inputs: number, width: number, outputs: number): Module =>
  new Sequential(
    ...[new Linear(inputs, width), new LeakyReLU(0.1)],
    ...[new Linear(width, width), new LeakyReLU(0.1)],
    new Linear(width, outputs),
  );

function check(name: string, value: number, fits: boolean, range: string): void {
  if (fits) return;
  throw new InferenceError('options', `${name} is ${value}.`, `It must be ${range}.`);
}

function checkCount(name: string, value: number): void {
  check(name, value, Number.isInteger(value) && value >= 1, 'a whole number of at least 1');
}

/** f(y, ε) with what brings y and θ to a common scale, which is saved with it. */
class ImplicitPosterior extends Module {
  override readonly children: ReadonlyMap<string, Module>;
  readonly y: Standardiser;
  readonly theta: Standardiser;

  constructor(
    { parameters, observations }: Simulator,
    private readonly net: Module,
  ) {
    super();
    this.y = new Standardiser(observations);
    this.theta = new Standardiser(parameters);
    this.children = new Map([
      ['y', this.y],
      ['theta', this.theta],
      ['net', net],
    ]);
  }

  /** Standardised θ of standardised y and noise, side by side. */
  forward(x: Tensor, pass: Pass): Tensor {
    return this.net.forward(x, pass);
  }
}

function checkNet(what: string, y: Tensor, shape: Shape): Tensor {
  if (y.shape.join() === shape.join()) return y;
  throw new InferenceError(
    'net',
    `The ${what} net returns [${y.shape.join(', ')}] where it should return [${shape.join(', ')}].`,
    'Give its last layer as many outputs.',
  );
}

/**
 * Joint-contrastive adversarial inference: a posterior that is a net θ = f(y, ε) with ε normal, whose
 * density nobody needs, of a simulator whose likelihood nobody knows (Tran, Ranganath & Blei 2017,
 * "Hierarchical implicit models and likelihood-free variational inference"; Huszár 2017, "Variational
 * inference using implicit distributions", has the name).
 *
 * A net r tells simulations (θ, y) from pairs (f(y, ε), y) of the same y, by logistic regression. At its
 * best it is the logarithm of the ratio of their densities, log p(θ|y) − log q(θ|y). The mean of −r over
 * f's pairs then is the mean Kullback–Leibler divergence of q(θ|y) from the posterior, which f lowers. As
 * y are drawn from the model, f serves every observation: nothing is trained again for another one.
 *
 * ```ts
 * const inference = adversarialInference(simulator, { seed: 1 });
 * const trainer = await Trainer.create(engine, inference.program);
 * await trainer.train({ steps: 2000 });
 * const sampler = await PosteriorSampler.create(trainer, inference);
 * const posterior = await sampler.sample(observed);
 * console.log(posterior.mean(), posterior.interval(0.9));
 * ```
 *
 * A step reports `lossRatio`, the cross-entropies of both kinds of pairs, which is log 4 where nothing
 * tells them apart; and `divergence`, what f lowers, in nats: about 0 at the end, or below by chance.
 *
 * Errors: `InferenceError`, and what `traceTraining` throws.
 */
export function adversarialInference(
  simulator: Simulator,
  options: InferenceOptions = {},
): Inference {
  const { parameters, observations } = simulator;
  const {
    seed = 0,
    steps = 2000,
    batchSize = 256,
    ratioSteps = 1,
    width = 64,
    noise = Math.max(4, parameters),
    lr = 5e-4,
    lrRatio = 2e-3,
    r1 = 1,
    ema = 0.99,
    posterior: f = perceptron(observations + noise, width, parameters),
    ratio: r = perceptron(parameters + observations, width, 1),
  } = options;
  checkCount('steps', steps);
  checkCount('batchSize', batchSize);
  checkCount('ratioSteps', ratioSteps);
  checkCount('noise', noise);
  checkCount('width', width);
  check('r1', r1, r1 >= 0, 'at least 0');

  const implicit = new ImplicitPosterior(simulator, f);
  const F = new Net('posterior', implicit);
  const R = new Net('ratio', r);
  const adam = (net: Net, rate: number, updates: number) => {
    const schedule = cosineAnnealingLR({ tMax: updates });
    return new Adam(net, { lr: rate, betas: [0.5, 0.999], schedule });
  };
  const optF = adam(F, lr, steps);
  const optR = adam(R, lrRatio, steps * ratioSteps);
  const average = new WeightAverage(F, ema);

  const program = traceTraining({
    seed,
    optimisers: [optR, optF],
    averages: [average],
    step(context) {
      const draw = () => {
        const joint = drawJoint(simulator, context, batchSize);
        const theta = implicit.theta.forward(joint.theta, { training });
        return { theta, y: implicit.y.forward(joint.y, { training }) };
      };
      const posterior = (y: Tensor) => {
        const theta = F.forward(concat([y, context.normal([batchSize, noise])], 1), { training });
        return checkNet('posterior', theta, [batchSize, parameters]);
      };
      const ratio = (theta: Tensor, y: Tensor) =>
        checkNet('ratio', R.forward(concat([theta, y], 1), { training }), [batchSize, 1]);

      const update = () => {
        const { theta, y } = draw();
        const guess = posterior(y);
        const simulated = ratio(theta, y);
        const lossRatio = add(
          bceWithLogitsLoss(simulated, 1),
          bceWithLogitsLoss(ratio(guess, y), 0),
        );
        const penalty = zeroCentredPenalty(simulated, theta);
        optR.minimise(r1 > 0 ? add(lossRatio, mul(penalty, r1 / 2)) : lossRatio);
        return { lossRatio, guess, y };
      };
      let last = update();
      for (let i = 1; i < ratioSteps; i++) last = update();

      const divergence = neg(mean(ratio(last.guess, last.y)));
      optF.minimise(divergence);
      average.update(context.graph);
      return { lossRatio: last.lossRatio, divergence };
    },
  });

  return {
    program,
    simulationsPerStep: batchSize * ratioSteps,
    ...{ parameters, observations, noise },
    optimisers: { posterior: optF, ratio: optR },
    posterior: (count) =>
      traceFunction({ y: [1, observations], noise: [count, noise] }, ({ y, noise: epsilon }) => {
        const given = implicit.y.forward(y, { training: false });
        const x = concat([broadcastTo(given, [count, observations]), epsilon], 1);
        const weights = average.weights(x.graph);
        return { theta: implicit.theta.inverse(F.forward(x, { training: false, weights })) };
      }),
  };
}
