// Spectral normalisation against a power iteration written out in plain loops, and against what it is for.
import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../../src/gan/options.ts';
import { Players, traceStep } from '../../src/gan/step.ts';
import { gradients } from '../../src/graph/autodiff.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { HostRandom, normalInit } from '../../src/nn/initialisers.ts';
import { Conv2d, ConvTranspose2d, Linear, type WeightNorm } from '../../src/nn/layers.ts';
import { Module, Parameter, type Pass } from '../../src/nn/module.ts';
import { Net } from '../../src/nn/net.ts';
import { spectralNorm } from '../../src/nn/spectral-norm.ts';
import { mul } from '../../src/ops/elementwise.ts';
import { sum } from '../../src/ops/reduce.ts';
import { interpret } from '../reference/index.ts';
import { RandomValues } from '../reference/random-values.ts';
import { noisePictures } from '../support/pictures.ts';
import { startOf } from '../support/step-states.ts';

/** What it makes of a weight is all that this module computes. */
class Bare extends Module {
  private readonly weight: Parameter;
  private readonly norm: WeightNorm;
  override readonly parameters: Map<string, Parameter>;
  override readonly buffers: WeightNorm['buffers'];

  constructor(shape: readonly number[], outputAxis: number) {
    super();
    this.weight = new Parameter(shape, normalInit(0, 1));
    this.norm = spectralNorm(this.weight, outputAxis);
    this.parameters = new Map([['weight_orig', this.weight]]);
    this.buffers = this.norm.buffers;
  }

  forward(_: Tensor, pass: Pass): Tensor {
    return this.norm.apply(this.weight.read(pass.weights), pass);
  }
}

/** Rows of a weight by its output axis, in the order of the other axes. */
function matrixOf(shape: readonly number[], values: ArrayLike<number>, outputAxis: number) {
  const rows = Array.from({ length: shape[outputAxis] }, (): number[] => []);
  for (let i = 0; i < values.length; i++) {
    const below = shape.slice(outputAxis + 1).reduce((a, b) => a * b, 1);
    rows[Math.floor(i / below) % shape[outputAxis]].push(values[i]);
  }
  return rows;
}

/** One power iteration: σ and the next u. */
function iterate(rows: number[][], u: ArrayLike<number>) {
  const unit = (x: number[]) => x.map((e) => e / Math.hypot(...x));
  const v = unit(rows[0].map((_, k) => rows.reduce((s, row, o) => s + row[k] * u[o], 0)));
  const product = rows.map((row) => row.reduce((s, w, k) => s + w * v[k], 0));
  const next = unit(product);
  return { sigma: product.reduce((s, x, o) => s + x * next[o], 0), u: next, v };
}

/** The largest singular value. */
function largest(rows: number[][]): number {
  let at = iterate(
    rows,
    rows.map((_, i) => 1 + i / 7),
  );
  for (let i = 0; i < 2000; i++) at = iterate(rows, at.u);
  return at.sigma;
}

const cases: [shape: number[], outputAxis: number][] = [
  [[3, 5], 0],
  [[4, 4, 2, 3], 3],
  [[2, 3, 4, 5], 2],
];

describe.each(cases)('a weight [%s] of outputs along axis %i', (shape, outputAxis) => {
  const net = new Net('net', new Bare(shape, outputAxis));
  const start = net.initialValues(new HostRandom(3));
  const size = shape.reduce((a, b) => a * b);
  const rows = matrixOf(shape, start.get('net.parameters')!.subarray(0, size), outputAxis);
  const traced = (training: boolean) => {
    const graph = new Graph();
    const y = net.forward(graph.variable('x', [1]), { training });
    graph.output('y', y);
    return { graph, y };
  };
  const given = new Map<string, ArrayLike<number>>([...start, ['x', [0]]]);

  test('is divided by σ, one power iteration a pass', () => {
    const { graph } = traced(true);
    let state = given;
    let u: ArrayLike<number> = start.get('net.weight_u')!;
    expect(Math.hypot(...Array.from(u))).toBeCloseTo(1, 6);
    for (let pass = 0; pass < 3; pass++) {
      const { outputs, variables } = interpret(graph, state);
      const expected = iterate(rows, u);
      const y = matrixOf(shape, outputs.get('y')!, outputAxis);
      y.forEach((row, o) => {
        row.forEach((w, k) => {
          expect(w).toBeCloseTo(rows[o][k] / expected.sigma, 8);
        });
      });
      variables.get('net.weight_u')!.forEach((x, o) => {
        expect(x).toBeCloseTo(expected.u[o], 8);
      });
      u = expected.u;
      state = variables;
    }
  });

  test('has a gradient for which u and v are constants, long before they settle', () => {
    const { graph, y } = traced(true);
    const weights = new RandomValues(1).normal(size);
    const [gradient] = gradients(sum(mul(y, graph.variable('weights', shape))), [
      net.weights(graph),
    ]);
    const got = interpret(graph, new Map(given).set('weights', weights)).values.get(gradient.id)!;
    const { u, v } = iterate(rows, start.get('net.weight_u')!);
    const flat = Float64Array.from(start.get('net.parameters')!);
    const lossAt = (w: Float64Array) => {
      const matrix = matrixOf(shape, w.subarray(0, size), outputAxis);
      const sigma = matrix.flatMap((row, o) => row.map((x, k) => u[o] * x * v[k]));
      const scale = sigma.reduce((a, b) => a + b);
      return weights.reduce((s, x, i) => s + (x * w[i]) / scale, 0);
    };
    for (const i of [0, 1, size - 1]) {
      const moved = (by: number) => lossAt(flat.map((x, k) => (k === i ? x + by : x)));
      expect(got[i]).toBeCloseTo((moved(1e-6) - moved(-1e-6)) / 2e-6, 6);
    }
  });

  test('comes to have a largest singular value of 1', () => {
    const { graph } = traced(true);
    let state = given;
    for (let pass = 0; pass < 300; pass++) state = interpret(graph, state).variables;
    const evaluated = interpret(traced(false).graph, state);
    expect(largest(matrixOf(shape, evaluated.outputs.get('y')!, outputAxis))).toBeCloseTo(1, 5);
    expect(largest(rows)).not.toBeCloseTo(1, 1);
    // Outside training nothing moves.
    expect(evaluated.variables).toEqual(state);
  });

  test('has the gradient of W / σ(W), by finite differences', () => {
    const { graph: moving } = traced(true);
    let state = given;
    for (let pass = 0; pass < 300; pass++) state = interpret(moving, state).variables;
    const { graph, y } = traced(true);
    const random = new RandomValues(1);
    const weights = random.normal(size);
    const loss = sum(mul(y, graph.variable('weights', shape)));
    const [gradient] = gradients(loss, [net.weights(graph)]);
    state.set('weights', weights);
    const got = interpret(graph, state).values.get(gradient.id)!;
    const flat = Float64Array.from(state.get('net.parameters')!);
    const lossAt = (w: Float64Array) => {
      const sigma = largest(matrixOf(shape, w.subarray(0, size), outputAxis));
      return weights.reduce((s, x, i) => s + (x * w[i]) / sigma, 0);
    };
    for (const i of [0, 1, size - 1]) {
      const moved = (by: number) => lossAt(flat.map((x, k) => (k === i ? x + by : x)));
      expect(got[i]).toBeCloseTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 4);
    }
  });
});

test('layers say which axis their outputs are on, and name what they keep as PyTorch does', () => {
  const seen: number[] = [];
  const norm = (weight: Parameter, outputAxis: number): WeightNorm => {
    seen.push(weight.shape[outputAxis]);
    return spectralNorm(weight, outputAxis);
  };
  const layers = [
    new Linear(2, 7, { norm }),
    new Conv2d(2, 7, { kernelSize: 3, norm }),
    new ConvTranspose2d(2, 7, { kernelSize: 3, norm }),
  ];
  expect(seen).toEqual([7, 7, 7]);
  for (const layer of layers) {
    const names = new Net('net', layer).parts().map(({ name, shape }) => [name, shape.length]);
    expect(names).toEqual([
      ['net.weight_orig', layer instanceof Linear ? 2 : 4],
      ['net.bias', 1],
      ['net.weight_u', 1],
    ]);
  }
});

test('a generator’s transposed convolutions are normalised, beside its batch-norms', () => {
  const shape = { imageSize: 16, channels: 1, width: 2, latentDim: 4, batchSize: 4 } as const;
  const players = new Players(resolveOptions({ ...shape, spectralNormG: true }));
  const { generator } = players;
  const graph = traceStep(players, [8, 16, 16, 1]);
  const before = startOf(players, noisePictures(8, 16, 1));
  const { values } = interpret(graph, before);
  // The first of them is a matrix product: its kernel covers the picture.
  for (const name of ['main.3', 'main.6']) {
    const { offset, size, shape: own } = generator.parameters.get(`${name}.weight_orig`)!;
    const flat = before.get('generator.parameters')!.subarray(offset, offset + size);
    const { sigma } = iterate(matrixOf(own, flat, 2), before.get(`generator.${name}.weight_u`)!);
    const layer = graph.nodes.find(
      ({ op, inputs }) => op === 'conv2dInputGrad' && `${inputs[1].shape}` === `${own}`,
    )!;
    values.get(layer.inputs[1].id)!.forEach((w, i) => {
      expect(w).toBeCloseTo(flat[i] / sigma, 6);
    });
  }
  expect([...generator.buffers.keys()].filter((key) => key.endsWith('weight_u'))).toEqual([
    ...['main.0.weight_u', 'main.3.weight_u', 'main.6.weight_u'],
  ]);
  expect([...generator.parameters.keys()]).toContain('main.1.weight');
});

test('a discriminator’s convolutions are normalised, in training steps', () => {
  const shape = { imageSize: 16, channels: 1, width: 2, latentDim: 4, batchSize: 4 } as const;
  const players = new Players(resolveOptions({ ...shape, objective: 'hinge', normD: 'spectral' }));
  const graph = traceStep(players, [8, 16, 16, 1]);
  const before = startOf(players, noisePictures(8, 16, 1));
  const { values, variables } = interpret(graph, before);
  const [first] = graph.nodes.filter(({ op }) => op === 'conv2d');
  const { offset, size, shape: own } = players.discriminator.parameters.get('main.0.weight_orig')!;
  const flat = before.get('discriminator.parameters')!.subarray(offset, offset + size);
  const { sigma } = iterate(matrixOf(own, flat, 3), before.get('discriminator.main.0.weight_u')!);
  values.get(first.inputs[1].id)!.forEach((w, i) => {
    expect(w).toBeCloseTo(flat[i] / sigma, 6);
  });
  const kept = [...players.discriminator.buffers.keys()];
  expect(kept).toEqual(['main.0.weight_u', 'main.2.weight_u', 'main.4.weight_u']);
  for (const name of kept.slice(0, 2))
    expect(variables.get(`discriminator.${name}`)).not.toEqual(
      Float64Array.from(before.get(`discriminator.${name}`)!),
    );
});
