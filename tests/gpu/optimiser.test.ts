import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { Graph } from '../../src/graph/graph.ts';
import '../../src/kernels/optimiser.ts';
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import { adam, rmsprop, sgd } from '../../src/ops/optimiser.ts';
import { RandomValues } from '../reference/random-values.ts';
import { relativeError, runOp } from '../support/run-op.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

type Values = Record<string, Float32Array>;

/** How much Adam's parameters shrink at each update: by the learning rate times this. */
const DECAY = 40;

const hypers = {
  adam: [2e-4, 0.5, 0.001, 1e-8],
  adamW: [2e-4, 0.5, 0.001, 1e-8],
  sgd: [0.01, 0.9],
  rmsprop: [0.01, 0.2, 1e-8],
};
type Kind = keyof typeof hypers;

/** One update of `size` parameters; `given` replaces random values. */
function update(op: Kind, size: number, given: Values, traits?: Partial<DeviceTraits>) {
  const random = new RandomValues(size);
  const values: Values = {
    parameters: random.normal(size),
    gradients: random.normal(size),
    m: random.normal(size, 0, 0.1),
    v: random.uniform(size, op === 'sgd' ? -1 : 0, 1),
    hyper: Float32Array.from(hypers[op]),
    corrections: Float32Array.of(0.75, 0.002),
    ...given,
  };
  const graph = new Graph();
  const flat = (name: string) => graph.variable(name, [values[name].length]);
  const [parameters, gradients, v, hyper] = ['parameters', 'gradients', 'v', 'hyper'].map(flat);
  const common = { parameters, gradients, v, hyper };
  const adams = () => ({ ...common, m: flat('m'), corrections: flat('corrections') });
  const next = {
    adam: () => adam(adams()),
    adamW: () => adam(adams(), DECAY),
    sgd: () => sgd(common),
    rmsprop: () => rmsprop(common),
  }[op]();
  for (const [name, tensor] of Object.entries(next)) graph.output(name, tensor);
  return runOp(device, graph, new Map(Object.entries(values)), traits);
}

describe.each(Object.keys(hypers) as Kind[])('%s', (op) => {
  const sizes = [1, 2, 3, 4, 5, 31, 63, 64, 65, 1021, 1023, 1024, 1025, 4099, 100_003, 1 << 18];
  test.each(sizes)('%i parameters', async (size) => {
    for (const { tensor, values, expected, buffer } of await update(op, size, {})) {
      expect(relativeError(values, expected), `${tensor}`).toBeLessThan(1e-6);
      // What a vector has beyond the last element was NaN; it must not spread.
      for (const padding of buffer.subarray(tensor.size)) expect(padding).toBe(0);
    }
  });

  test('the step itself, from parameters of zero', async () => {
    const [{ values, expected }] = await update(op, 5000, { parameters: new Float32Array(5000) });
    expect(relativeError(values, expected)).toBeLessThan(1e-6);
  });

  test('nothing moves but by weight decay where gradients and moments are zero', async () => {
    const zero = new Float32Array(10);
    const parameters = new RandomValues(1).normal(10);
    const given = { parameters, gradients: zero, m: zero, v: zero };
    const [{ values, expected }] = await update(op, 10, given);
    if (op === 'adamW') expect(relativeError(values, expected)).toBeLessThan(1e-6);
    else expect(values).toEqual(parameters);
  });

  test('every span of squares is its own', async () => {
    // One element each of 1, 2, 4, … in different spans, in the last one a lone tail.
    const gradients = new Float32Array(1025);
    [0, 5, 40, 64 + 9, 1023, 1024].forEach((at, i) => {
      gradients[at] = 2 ** i;
    });
    const squares = (await update(op, 1025, { gradients })).at(-1)!;
    expect(Float64Array.from(squares.values)).toEqual(squares.expected);
    expect(squares.expected.filter((x) => x > 0)).toHaveLength(6);
  });

  test('more workgroups than a dimension holds', async () => {
    for (const result of await update(op, 300_000, {}, { maxWorkgroupsPerDimension: 7 })) {
      expect(relativeError(result.values, result.expected)).toBeLessThan(1e-6);
    }
  });
});

test('adam: a first step moves every parameter by the learning rate', async () => {
  const size = 100;
  const gradients = new RandomValues(4).normal(size).map((g) => g + Math.sign(g));
  const zero = new Float32Array(size);
  const corrections = Float32Array.of(0.5, 0.001);
  const [{ values }] = await update('adam', size, {
    ...{ parameters: zero, gradients, m: zero, v: zero, corrections },
  });
  values.forEach((p, i) => {
    expect(p).toBeCloseTo(-2e-4 * Math.sign(gradients[i]), 9);
  });
});
