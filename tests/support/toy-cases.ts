// Toy distributions of every kind, each with a grid that holds all its mass.
import {
  disjointSupports,
  drawnPoints,
  type Grid,
  gaussian,
  gaussianMixture,
  gaussianRing,
  line,
  type ToyDistribution,
  uniformBox,
} from '../../src/index.ts';

const interval = (low: number, high: number, cells: number): Grid => ({
  low: [low],
  high: [high],
  cells: [cells],
});
const square = (to: number, cells: number): Grid => ({
  low: [-to, -to],
  high: [to, to],
  cells: [cells, cells],
});

const drawn = {
  shape: [5, 2],
  values: Float32Array.of(-1, -1, 0, 0.5, 1, 1, 1.5, -0.5, -0.5, 1),
};

export const toyCases: readonly (readonly [string, ToyDistribution, Grid])[] = [
  ['a Gaussian on the line', gaussian([1], 0.5), interval(-2, 4, 30)],
  ['a Gaussian in the plane', gaussian([1, -0.5], 0.4), square(4, 24)],
  [
    'Gaussians of different weights and widths',
    gaussianMixture([
      { mean: [-1], std: 0.2, weight: 3 },
      { mean: [0.5], std: 0.4 },
      { mean: [2], std: 0.1, weight: 0.5 },
    ]),
    interval(-3, 3, 40),
  ],
  ['the ring', gaussianRing(), square(3, 30)],
  ['64 Gaussians', gaussianRing({ modes: 64, std: 0.05 }), square(3, 30)],
  ['a blurred line', line([-1], [2], 0.2), interval(-3, 4, 35)],
  ['a blurred line in the plane', line([-1, 0], [1, 1.5], 0.2), square(3, 30)],
  ['an interval', uniformBox([-1], [0.5]), interval(-2, 2, 32)],
  ['a rectangle', uniformBox([-1, 0], [0.5, 1]), square(2, 32)],
  ['the left of two disjoint ones', disjointSupports(2)[0], interval(-4, 4, 32)],
  ['the right of two in the plane', disjointSupports(2, 2)[1], square(4, 32)],
  ['drawn points', drawnPoints(drawn, { bandwidth: 0.25 }), square(3, 30)],
  ['drawn points, by Scott’s rule', drawnPoints(drawn, { name: 'mine' }), square(6, 40)],
];
