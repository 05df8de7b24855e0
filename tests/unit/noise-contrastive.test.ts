// Noise-contrastive estimation of a density whose parameters and normaliser are known, in float64.
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { ShapeError } from '../../src/graph/errors.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { noiseContrastiveLoss } from '../../src/nn/noise-contrastive.ts';
import { add, div, mul, square, sub } from '../../src/ops/elementwise.ts';
import { slice } from '../../src/ops/movement.ts';
import { interpret } from '../reference/index.ts';
import { normalQuantile } from '../reference/tau-leap.ts';

const NOISE_DEVIATION = 2;
/** A normal density with mean 1 and precision 2.5: exp(−½·2.5·(x − 1)² + c). */
const truth = { precision: 2.5, mean: 1, c: 0.5 * Math.log(2.5 / (2 * Math.PI)) };
/** As evenly spread as a sample can be, so that means are those of the distribution but for a little. */
const quantiles = (count: number, mean: number, deviation: number) =>
  Array.from({ length: count }, (_, i) => mean + deviation * normalQuantile((i + 0.5) / count));

const logNoise = (x: Tensor): Tensor =>
  sub(
    mul(square(div(x, NOISE_DEVIATION)), -0.5),
    Math.log(NOISE_DEVIATION * Math.sqrt(2 * Math.PI)),
  );

function problem(data: number, noise: number) {
  const graph = new Graph();
  const parameters = graph.variable('parameters', [3]);
  const parameter = (i: number) => slice(parameters, [i], [i + 1]);
  const logModel = (x: Tensor) =>
    add(mul(mul(square(sub(x, parameter(1))), parameter(0)), -0.5), parameter(2));
  const densities = (x: Tensor) => ({ model: logModel(x), noise: logNoise(x) });
  const [x, y] = [graph.variable('data', [data]), graph.variable('noise', [noise])];
  const loss = noiseContrastiveLoss(densities(x), densities(y));
  graph.output('loss', loss);
  graph.output('gradient', gradients(loss, [parameters])[0]);
  const given: [string, number[]][] = [
    ['data', quantiles(data, truth.mean, 1 / Math.sqrt(truth.precision))],
    ['noise', quantiles(noise, 0, NOISE_DEVIATION)],
  ];
  return (at: readonly number[]) => {
    const { outputs } = interpret(graph, new Map([...given, ['parameters', [...at]]]));
    return { loss: outputs.get('loss')![0], gradient: [...outputs.get('gradient')!] };
  };
}

describe.each([
  [150, 150],
  [100, 300],
])('of %i data and %i of noise', (data, noise) => {
  const at = problem(data, noise);

  test('the value is the cross-entropy of both, that of noise times their ratio', () => {
    const ratio = noise / data;
    const logit = (x: number, [p, m, c]: number[]) =>
      -0.5 * p * (x - m) ** 2 + c - (-0.5 * (x / 2) ** 2 - Math.log(2 * Math.sqrt(2 * Math.PI)));
    const parameters = [1.5, 0.2, -0.3];
    const chance = (x: number) => 1 / (1 + Math.exp(-logit(x, parameters)) * ratio);
    const meanOf = (xs: number[], f: (x: number) => number) =>
      xs.reduce((s, x) => s + f(x), 0) / xs.length;
    const expected =
      -meanOf(quantiles(data, truth.mean, 1 / Math.sqrt(truth.precision)), (x) =>
        Math.log(chance(x)),
      ) -
      ratio * meanOf(quantiles(noise, 0, 2), (x) => Math.log(1 - chance(x)));
    expect(at(parameters).loss).toBeCloseTo(expected, 10);
  });

  test('descent finds the parameters, and the normaliser among them', () => {
    let parameters = [1, 0, 0];
    const velocity = [0, 0, 0];
    for (let step = 0; step < 250; step++) {
      const { gradient } = at(parameters);
      parameters = parameters.map((p, i) => {
        velocity[i] = 0.9 * velocity[i] - 0.3 * gradient[i];
        return p + velocity[i];
      });
    }
    expect(Math.hypot(...at(parameters).gradient)).toBeLessThan(1e-4);
    // What is left is the grid's, which has no tails.
    expect(Math.abs(parameters[0] / truth.precision - 1)).toBeLessThan(0.04);
    expect(Math.abs(parameters[1] - truth.mean)).toBeLessThan(0.01);
    expect(Math.abs(parameters[2] - truth.c)).toBeLessThan(0.02);
    expect(at(parameters).loss).toBeLessThan(at([1, 0, 0]).loss - 0.1);
  });
});

test('densities of other items are refused', () => {
  const graph = new Graph();
  const [a, b] = [graph.variable('a', [4]), graph.variable('b', [4, 1])];
  const fine = { model: a, noise: a };
  const odd = { model: a, noise: b };
  expect(() => noiseContrastiveLoss(odd, fine)).toThrow(ShapeError);
  expect(() => noiseContrastiveLoss(fine, odd)).toThrow('both densities of each item');
});
