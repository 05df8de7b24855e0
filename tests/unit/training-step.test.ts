// A step means what PyTorch's DCGAN example means by it. The numbers are PyTorch 1.13's, in float64,
// given the same weights, pictures and latents: its metrics of the fourth step of a free run, with
// Adam and everything between, and the sum of |running statistics| that it leaves.
import { expect, test } from 'vitest';
import { type MetricName, metricNames } from '../../src/gan/metrics.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { prune } from '../../src/graph/prune.ts';
import type { Net } from '../../src/nn/net.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import { interpret } from '../reference/index.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

type Expected = Readonly<Record<MetricName | 'runningD' | 'runningG', number>>;

const pytorch: [name: string, options: Partial<GanOptions>, expected: Expected][] = [
  [
    'as it comes',
    {},
    {
      ...{ lossD: 1.42831031, lossDReal: 0.71668882, lossDFake: 0.71162149 },
      ...{ dReal: 0.51071024, dFake: 0.48484485, gradNormD: 4.46624087 },
      ...{ lossG: 0.81628495, dFakeAfter: 0.46763207, gradNormG: 3.99889638 },
      ...{ runningG: 8.86318009, runningD: 3.70608983 },
    },
  ],
  [
    'mixed batch',
    { mixedBatch: true },
    {
      ...{ lossD: 1.56536213, lossDReal: 0.79637045, lossDFake: 0.76899169 },
      ...{ dReal: 0.49078115, dFake: 0.52166712, gradNormD: 5.86374771 },
      ...{ lossG: 0.7523549, dFakeAfter: 0.49667508, gradNormG: 3.7700924 },
      ...{ runningG: 8.86273492, runningD: 4.55707781 },
    },
  ],
  [
    'fresh latent',
    { freshLatent: true },
    {
      ...{ lossD: 1.37458774, lossDReal: 0.71741759, lossDFake: 0.65717016 },
      ...{ dReal: 0.51022876, dFake: 0.46536328, gradNormD: 4.40849025 },
      ...{ lossG: 1.08503953, dFakeAfter: 0.43249897, gradNormG: 4.74416518 },
      ...{ runningG: 6.78669286, runningD: 3.71382645 },
    },
  ],
  [
    'two steps of D',
    { dSteps: 2 },
    {
      ...{ lossD: 1.14228512, lossDReal: 0.73842707, lossDFake: 0.40385805 },
      ...{ dReal: 0.50766418, dFake: 0.32799501, gradNormD: 3.87269405 },
      ...{ lossG: 1.17729853, dFakeAfter: 0.31525915, gradNormG: 5.19364547 },
      ...{ runningG: 6.90965852, runningD: 2.79701394 },
    },
  ],
  [
    'minimax',
    { generatorLoss: 'minimax' },
    {
      ...{ lossD: 1.44237114, lossDReal: 0.71682649, lossDFake: 0.72554465 },
      ...{ dReal: 0.51063571, dFake: 0.48896948, gradNormD: 4.51649902 },
      ...{ lossG: -0.68609825, dFakeAfter: 0.47159999, gradNormG: 4.00924751 },
      ...{ runningG: 8.86517576, runningD: 3.711281 },
    },
  ],
  [
    'maximum likelihood',
    { generatorLoss: 'maximum-likelihood' },
    {
      ...{ lossD: 1.43300754, lossDReal: 0.7168156, lossDFake: 0.71619193 },
      ...{ dReal: 0.51063875, dFake: 0.48520743, gradNormD: 4.5002103 },
      ...{ lossG: -1.07098371, dFakeAfter: 0.46796534, gradNormG: 10.61130516 },
      ...{ runningG: 8.86488916, runningD: 3.71416153 },
    },
  ],
  [
    'label smoothing',
    { labelSmoothing: 0.1 },
    {
      ...{ lossD: 1.42612269, lossDReal: 0.73057188, lossDFake: 0.69555081 },
      ...{ dReal: 0.50529218, dFake: 0.4781089, gradNormD: 4.17260443 },
      ...{ lossG: 0.83577486, dFakeAfter: 0.45839808, gradNormG: 4.07045325 },
      ...{ runningG: 8.86326545, runningD: 3.70779962 },
    },
  ],
];

test.each(pytorch)('%s', (_, given, expected) => {
  const options = resolveOptions({
    ...{ imageSize: 16, channels: 3, width: 4, latentDim: 8, batchSize: 6 },
    ...{ lrD: 1e-3, lrG: 2e-3, seed: 7, ...given },
  });
  const players = new Players(options);
  const pictures = noisePictures(16, options.imageSize, options.channels);
  const graph = traceStep(players, [16, options.imageSize, options.imageSize, options.channels]);
  const nodes = prune(graph);
  let state: ReadonlyMap<string, ArrayLike<number>> = startOf(players, pictures);
  let metrics = new Float64Array();
  for (let step = 0; step < 4; step++) {
    const { outputs, variables } = interpret(graph, state, nodes);
    metrics = outputs.get('metrics')! as Float64Array<ArrayBuffer>;
    state = variables;
  }

  metricNames.forEach((name, i) => {
    expect(metrics[i * METRIC_PITCH], name).toBeCloseTo(expected[name], 6);
  });
  const running = (net: Net) =>
    [...net.buffers.values()]
      .flatMap(({ variable }) => Array.from(state.get(variable)!))
      .reduce((sum, x) => sum + Math.abs(x), 0);
  expect(running(players.discriminator)).toBeCloseTo(expected.runningD, 6);
  expect(running(players.generator)).toBeCloseTo(expected.runningG, 6);
});
