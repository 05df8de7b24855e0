import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { type Device, openDevice } from '../../src/gpu/device.ts';
import { add, leakyRelu, mul, tanh } from '../../src/ops/elementwise.ts';
import { type MatmulOptions, matmul } from '../../src/ops/matmul.ts';
import { checkCandidates } from '../support/check-candidates.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.dispose());

const shapesOf = (m: number, k: number, n: number, o: MatmulOptions) => [
  o.transposeA ? [k, m] : [m, k],
  o.transposeB ? [n, k] : [k, n],
];
const check = (m: number, k: number, n: number, o: MatmulOptions = {}, elsewhere = true) =>
  checkCandidates(device, shapesOf(m, k, n, o), k, (a, b) => matmul(a, b, o), { elsewhere });

const orders: [string, MatmulOptions][] = [
  ['A · B', {}],
  ['A · Bᵀ', { transposeB: true }],
  ['Aᵀ · B', { transposeA: true }],
  ['Aᵀ · Bᵀ', { transposeA: true, transposeB: true }],
];

test.each(orders)('%s with sizes that go by fours, and with prime ones', async (_, o) => {
  await check(20, 12, 36, o);
  await check(17, 13, 19, o);
});

// The largest tiles are 64 × 64 and 16 deep.
test.each(orders)('%s with sizes beyond a tile', async (_, o) => {
  await check(132, 36, 72, o);
  await check(67, 35, 131, o);
});

test.each<[string, number, number, number, MatmulOptions]>([
  ['one number', 1, 1, 1, {}],
  ['a dot product', 1, 263, 1, {}],
  ['an outer product', 20, 1, 36, { transposeB: true }],
  ['an outer product of primes', 7, 1, 13, {}],
  ['a row', 1, 24, 40, {}],
  ["noise to a generator's first layer", 16, 100, 256, {}],
  ["a discriminator's last layer", 16, 1024, 1, {}],
  ['its weight gradient', 1024, 16, 1, { transposeA: true }],
  ['its input gradient', 16, 1, 1024, { transposeB: true }],
  ['3 columns', 33, 40, 3, {}],
  ['4 columns, stored transposed', 33, 40, 4, { transposeB: true }],
  ['a long contraction', 8, 5000, 12, {}],
  // Whoever has a GPU multiplies as in the tests around this one.
])('%s', (_, m, k, n, o) => check(m, k, n, o, false));

// Other devices' tiles take longest to compile: here they are above, and the soak tests try more sizes.
test('random sizes', async () => {
  const size = fc.integer({ min: 1, max: 40 });
  const cases = fc.tuple(size, size, size, fc.boolean(), fc.boolean());
  await fc.assert(
    fc.asyncProperty(cases, ([m, k, n, transposeA, transposeB]) =>
      check(m, k, n, { transposeA, transposeB }, false),
    ),
    { seed: 7, numRuns: 12 },
  );
}, 120_000);

test.each([
  [16, 12],
  [18, 3],
  [9, 11],
])('bias, activation and a further operand are fused, %i × %i', async (m, n) => {
  const shapes = [[m, 20], [20, n], [n], [m, n]];
  await checkCandidates(device, shapes, 20, (a, b, bias, scale) =>
    mul(leakyRelu(add(matmul(a, b), bias), 0.2), scale),
  );
});

test('a map that only goes one by one is fused to a product that goes by fours', async () => {
  await checkCandidates(
    device,
    [
      [8, 20],
      [20, 12],
      [8, 1],
    ],
    20,
    (a, b, c) => tanh(add(matmul(a, b), c)),
  );
});

test('a row that is not finite spoils no other', async () => {
  for (const [m, k, n] of [
    [12, 13, 16],
    [9, 6, 3],
  ]) {
    const spoil = ([a]: Float32Array[]) => a.fill(Number.POSITIVE_INFINITY, 2 * k, 3 * k);
    await checkCandidates(
      device,
      [
        [m, k],
        [k, n],
      ],
      k,
      (a, b) => matmul(a, b),
      { spoil },
    );
  }
});
