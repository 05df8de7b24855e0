// Nodes that are drawn, and densities without a normaliser, trained on the device.
import { expect, test } from 'vitest';
import {
  Adam,
  broadcastTo,
  categoricalLogProb,
  categoricalSample,
  concat,
  cosineAnnealingLR,
  Linear,
  leaveOneOut,
  matmul,
  mean,
  mul,
  Net,
  noiseContrastiveLoss,
  readSafetensors,
  reshape,
  scoreFunctionLoss,
  square,
  sub,
  type Tensor,
  Trainer,
  traceTraining,
  zerosInit,
} from '../../src/index.ts';
import { normalQuantile } from '../reference/tau-leap.ts';
import { engineForTests } from '../support/engine.ts';

const engine = await engineForTests();

/** Costs of four categories; with 10 more, the estimates without a baseline are mostly noise. */
const COSTS = Float32Array.of(12, 11, 10, 13);

function choice(baseline: boolean) {
  const net = new Net('logits', new Linear(1, 4, { bias: false, weightInit: zerosInit }));
  const optimiser = new Adam(net, { lr: 0.1 });
  const program = traceTraining({
    seed: 2,
    optimisers: [optimiser],
    step({ uniform, variable }) {
      const one = variable('one', { shape: [1, 1], values: Float32Array.of(1) });
      const costs = variable('costs', { shape: [4, 1], values: COSTS });
      const logits = broadcastTo(net.forward(one, { training: true }), [32, 4]);
      const x = categoricalSample(logits, uniform([32, 4]));
      const cost = reshape(matmul(x, costs), [32]);
      const loss = scoreFunctionLoss(
        categoricalLogProb(logits, x),
        cost,
        baseline ? leaveOneOut(cost) : 0,
      );
      const { gradNorm } = optimiser.minimise(loss);
      return { cost: mean(cost), gradNorm };
    },
  });
  return program;
}

test('REINFORCE finds the cheapest category, sooner with a baseline', async () => {
  const run = async (baseline: boolean) => {
    using trainer = await Trainer.create(engine, choice(baseline));
    const norms: number[] = [];
    const costs: number[] = [];
    for await (const { cost, gradNorm } of trainer.run({ steps: 80 })) {
      costs.push(cost);
      norms.push(gradNorm);
    }
    const average = (x: number[]) => x.reduce((a, b) => a + b) / x.length;
    return { first: costs[0], last: average(costs.slice(-20)), noise: average(norms.slice(0, 20)) };
  };
  const [plain, better] = [await run(false), await run(true)];
  // Equal ones at the start: the same draws.
  expect(plain.first).toBe(better.first);
  expect(plain.first).toBeGreaterThan(11);
  expect(better.last).toBeLessThan(10.2);
  expect(better.last).toBeLessThan(plain.last);
  expect(better.noise).toBeLessThan(plain.noise / 2);
});

test('noise-contrastive estimation finds a density and its normaliser', async () => {
  const [precision, center] = [2, 0.7];
  const values = Float32Array.from(
    { length: 2000 },
    (_, i) => center + normalQuantile((i + 0.5) / 2000) / Math.sqrt(precision),
  );
  // log p = b + w₀x + w₁x².
  const net = new Net('model', new Linear(2, 1, { weightInit: zerosInit, biasInit: zerosInit }));
  const optimiser = new Adam(net, { lr: 0.05, schedule: cosineAnnealingLR({ tMax: 400 }) });
  const both = (x: Tensor) => ({
    model: reshape(net.forward(concat([x, square(x)], 1), { training: true }), [x.size]),
    noise: sub(
      mul(square(reshape(x, [x.size])), -0.5 / 1.5 ** 2),
      Math.log(1.5 * Math.sqrt(2 * Math.PI)),
    ),
  });
  const program = traceTraining({
    seed: 1,
    optimisers: [optimiser],
    data: { data: { shape: [2000, 1], values } },
    step({ batch, normal }) {
      const loss = noiseContrastiveLoss(both(batch('data', 400)), both(mul(normal([800, 1]), 1.5)));
      optimiser.minimise(loss);
      return { loss };
    },
  });
  using trainer = await Trainer.create(engine, program);
  await trainer.train({ steps: 400 });
  const { tensors } = readSafetensors(await trainer.save());
  const [w0, w1] = tensors.get('model.weight')!.data as Float32Array;
  const [b] = tensors.get('model.bias')!.data as Float32Array;
  const exact = 0.5 * Math.log(precision / (2 * Math.PI)) - 0.5 * precision * center ** 2;
  expect(Math.abs(w1 / (-0.5 * precision) - 1)).toBeLessThan(0.02);
  expect(Math.abs(w0 / (precision * center) - 1)).toBeLessThan(0.02);
  expect(Math.abs(b - exact)).toBeLessThan(0.02);
});
