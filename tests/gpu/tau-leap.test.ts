// τ-leaping on the device: whole populations, equal to those of float64 but where a number lies on an
// edge that float32 sees elsewhere.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { type ReactionNetwork, tauLeap } from '../../src/ops/tau-leap.ts';
import { RandomValues } from '../reference/random-values.ts';
import { runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

/** Predators and prey: born by meeting, dying; born, eaten. */
const predatorPrey: ReactionNetwork = {
  ...{ initial: [50, 100], tau: 0.1, every: 3 },
  reactions: [
    { takes: [1, 1], makes: [2, 1] },
    { takes: [1, 0], makes: [0, 0] },
    { takes: [0, 1], makes: [0, 2] },
    { takes: [1, 1], makes: [1, 0] },
  ],
};
const pairs: ReactionNetwork = {
  ...{ initial: [40, 3, 0], tau: 0.25, every: 1 },
  reactions: [
    { takes: [2, 0, 0], makes: [0, 1, 0] },
    { takes: [0, 1, 0], makes: [0, 0, 2] },
    { takes: [0, 0, 0], makes: [1, 0, 0] },
  ],
};

/** The share of rows that are equal to the last record. */
async function equalRows(
  network: ReactionNetwork,
  rates: Float32Array,
  leaps: number,
  traits: Partial<DeviceTraits> = {},
): Promise<number> {
  const count = network.reactions.length;
  const rows = rates.length / count;
  const graph = new Graph();
  const y = tauLeap(
    graph.variable('rates', [rows, count]),
    graph.variable('uniforms', [leaps, count, rows]),
    network,
  );
  graph.output('y', y);
  const given = new Map([
    ['rates', rates],
    ['uniforms', new RandomValues(8).uniform(leaps * count * rows, 2 ** -24, 1 - 2 ** -24)],
  ]);
  const [{ values, expected }] = await runOp(device, graph, given, traits);
  const row = expected.length / rows;
  let equal = 0;
  for (let r = 0; r < rows; r++)
    if (expected.subarray(r * row, (r + 1) * row).every((x, i) => x === values[r * row + i]))
      equal++;
  // Nobody stands still, or it would be no test.
  expect(new Set(expected).size).toBeGreaterThan(5);
  return equal / rows;
}

const spread = (rates: readonly number[], rows: number): Float32Array => {
  const random = new RandomValues(rows);
  const all = Array.from({ length: rows }, () => rates.map((r) => r * (0.5 + random.next())));
  return Float32Array.from(all.flat());
};

test.each([1, 63, 200])('predators and prey, %i times', async (rows) => {
  const rates = spread([0.01, 0.5, 1, 0.01], rows);
  expect(await equalRows(predatorPrey, rates, 24)).toBeGreaterThan(0.95);
});

test('pairs, and what arrives from outside', async () => {
  expect(await equalRows(pairs, spread([0.02, 0.3, 2], 150), 10)).toBeGreaterThan(0.95);
});

test('far too many, and none', async () => {
  const rates = Float32Array.of(0.5, 0, 40, 0.001, 0, 30, 0, 0);
  expect(await equalRows(predatorPrey, rates, 30)).toBe(1);
});

test('more workgroups than a dimension holds', async () => {
  const traits = { maxWorkgroupsPerDimension: 2 };
  const rates = spread([0.01, 0.5, 1, 0.01], 400);
  expect(await equalRows(predatorPrey, rates, 3, traits)).toBeGreaterThan(0.98);
});
