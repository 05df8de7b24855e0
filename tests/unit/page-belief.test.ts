// What the page shows of D's view: colours, histograms, and where samples lie.
import { describe, expect, test } from 'vitest';
import { beliefColours, beliefs, colourOf, logitShares } from '../../demo/belief.ts';
import { columnsOf, edgeOf, GAP, gridCounts, pictureAt, sideOf } from '../../demo/grid.ts';
import { History } from '../../demo/history.ts';

type Rgb = readonly [number, number, number];

const linear = (rgb: Rgb) =>
  rgb.map((v) => (v <= 10.31475 ? v / 3294.6 : ((v / 255 + 0.055) / 1.055) ** 2.4)) as [
    number,
    number,
    number,
  ];
/** Relative luminance, WCAG 2.2. */
const luminance = ([r, g, b]: Rgb) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
/** As people without red or without green cones see it (Viénot et al. 1999), in linear RGB. */
const dichromats = {
  protan: ([r, g, b]: Rgb): Rgb => {
    const rg = 0.11238 * r + 0.88762 * g;
    return [rg, rg, 0.00401 * (r - g) + b];
  },
  deutan: ([r, g, b]: Rgb): Rgb => {
    const rg = 0.29275 * r + 0.70725 * g;
    return [rg, rg, -0.02234 * (r - g) + b];
  },
};

describe('the colours of D’s belief', () => {
  test('rise in lightness, so that those who see no hues can order them', () => {
    const lights = beliefColours.map((colour) => luminance(linear(colour)));
    for (let i = 1; i < lights.length; i++) expect(lights[i]).toBeGreaterThan(1.2 * lights[i - 1]!);
    // On the black between samples, 3:1 (WCAG 2.2, 1.4.11).
    expect((lights[0]! + 0.05) / 0.05).toBeGreaterThan(3);
  });

  test.each(Object.entries(dichromats))('end in different hues for %s eyes', (_, seen) => {
    const [[r1, , b1], [r2, , b2]] = [beliefColours.at(0)!, beliefColours.at(-1)!].map((colour) =>
      seen(linear(colour)),
    ) as [Rgb, Rgb];
    // Yellowish against bluish.
    expect(r1 - b1).toBeGreaterThan(0.05);
    expect(b2 - r2).toBeGreaterThan(0.05);
  });

  test('lie between those of the scale, and go no further', () => {
    expect(colourOf(0)).toBe('rgb(168 62 4)');
    expect(colourOf(0.5)).toBe('rgb(168 164 160)');
    expect(colourOf(0.125)).toBe('rgb(197 90 24)');
    expect(colourOf(-1)).toBe(colourOf(0));
    expect(colourOf(2)).toBe(colourOf(1));
  });
});

describe('belief', () => {
  test('is D’s probability where it gives one', () => {
    const belief = beliefs({ real: Float32Array.of(5, 6) }, true);
    expect(belief(0)).toBe(0.5);
    expect(belief(Math.log(3))).toBeCloseTo(0.75);
  });

  test('is else relative to the mean of real pictures, in standard deviations', () => {
    const belief = beliefs({ real: Float32Array.of(10, 14) }, false);
    expect(belief(12)).toBe(0.5);
    expect(belief(14)).toBeCloseTo(1 / (1 + Math.exp(-1)));
    // All real ones alike: no unit, but still an order.
    expect(beliefs({ real: Float32Array.of(3, 3) }, false)(2)).toBeLessThan(0.5);
    // A run that diverges has such scores before it ends.
    const diverging = beliefs({ real: Float32Array.of(Number.NaN, 10, 14) }, false);
    expect(diverging(14)).toBeCloseTo(belief(14));
    expect(colourOf(beliefs({ real: Float32Array.of(Number.NaN) }, false)(2))).toMatch(/^rgb\(\d/);
  });
});

describe('shares of logits', () => {
  test('are of parts with round ends, all of one axis', () => {
    const found = logitShares({
      real: Float32Array.of(4, 6, 6.5, 8),
      generated: Float32Array.of(-4, -4, 0.1, Number.NaN),
    })!;
    const { from, to, real, generated } = found;
    const width = (to - from) / real.length;
    expect(width).toBeCloseTo(0.5);
    expect([from, to]).toEqual([-4, 8.5]);
    expect(real[(6 - from) / width]).toBe(0.25);
    expect(generated[0]).toBe(0.5);
    expect(real.reduce((a, b) => a + b)).toBeCloseTo(1);
    // What is no number is nowhere.
    expect(generated.reduce((a, b) => a + b)).toBeCloseTo(0.75);
  });

  test('are of few parts for any logits', () => {
    for (const scale of [1e-6, 0.03, 1, 70, 1e5]) {
      const real = Float32Array.from({ length: 50 }, (_, i) => scale * Math.sin(i));
      const found = logitShares({ real, generated: real })!;
      expect(found.real.length).toBeGreaterThan(8);
      expect(found.real.length).toBeLessThan(30);
    }
    expect(logitShares({ real: Float32Array.of(2), generated: Float32Array.of(2) })).not.toBeNull();
    const none = Float32Array.of(Number.NaN);
    expect(logitShares({ real: none, generated: none })).toBeNull();
  });
});

test.each(gridCounts)('of %i samples the one under the pointer is found', (count) => {
  const grid = { count, size: 16 };
  const side = sideOf(grid);
  expect(columnsOf(count) ** 2).toBe(count);
  for (const n of [0, 1, columnsOf(count), count - 1]) {
    const [column, row] = [n % columnsOf(count), Math.floor(n / columnsOf(count))];
    const at = (place: number, offset: number) => (edgeOf(place, grid) + offset) / side;
    expect(pictureAt(at(column, 0), at(row, 0), grid)).toBe(n);
    expect(pictureAt(at(column, 15.9), at(row, 15.9), grid)).toBe(n);
  }
  expect(pictureAt(GAP / 4 / side, 0.5, grid)).toBeNull();
  expect(pictureAt(0.5, 1 - GAP / 4 / side, grid)).toBeNull();
});

test('a history of 100,000 steps is no longer than one of 2,000, and has all of the run', () => {
  const history = new History(['loss']);
  let longest = 0;
  for (let step = 1; step <= 100_000; step++) {
    history.push({ step, loss: step });
    longest = Math.max(longest, history.length);
  }
  expect(longest).toBeLessThan(1025);
  expect(history.length).toBeGreaterThan(512);
  const [first, last] = [history.column('loss')[0]!, history.column('loss').at(-1)!];
  const [stride] = history.steps as [number];
  expect(first).toBeCloseTo((stride + 1) / 2);
  expect(history.steps.at(-1)).toBeGreaterThan(100_000 - stride);
  expect(last).toBeCloseTo(history.steps.at(-1)! - (stride - 1) / 2);
});
