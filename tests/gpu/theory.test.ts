// What Goodfellow et al. (2014) prove of the discriminator and of the game, on the device.
import { expect, test } from 'vitest';
import {
  discriminatorValue,
  type GeneratorLoss,
  gradients,
  mul,
  optimalDiscriminator,
  optimalValue,
  originalGan,
  Trainer,
  traceFunction,
} from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { tinyProgram } from '../support/tiny-program.ts';
import { bothPlayers, fixedGenerator } from '../theory/line.ts';

const engine = await engineForTests();

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

test('against a G that stays, D comes to p/(p + q), and V to −log 4 + 2 JS', async () => {
  const { p, q, logits } = await fixedGenerator(engine, { steps: 600 });
  const d = logits.map(sigmoid);
  const best = optimalDiscriminator(p, q);
  const most = Math.max(...p.map((x, i) => x + q[i]));
  let compared = 0;
  best.forEach((expected, i) => {
    if (p[i] + q[i] < most / 20) return;
    compared++;
    expect(Math.abs(d[i] - expected), `cell ${i}`).toBeLessThan(0.05);
  });
  expect(compared).toBeGreaterThan(50);
  expect(Math.abs(discriminatorValue(p, q, d) - optimalValue(p, q))).toBeLessThan(0.02);
  // And that is far from what a D that knows nothing has.
  expect(optimalValue(p, q) + Math.log(4)).toBeGreaterThan(0.2);
});

test('where both learn, D ends near ½, V near −log 4, and G at the real mean and deviation', async () => {
  const { p, q, logits, mean, std } = await bothPlayers(engine, { steps: 600 });
  const d = logits.map(sigmoid);
  const most = Math.max(...p);
  p.forEach((mass, i) => {
    if (mass > most / 20) expect(Math.abs(d[i] - 0.5), `cell ${i}`).toBeLessThan(0.1);
  });
  expect(Math.abs(discriminatorValue(p, q, d) + Math.log(4))).toBeLessThan(0.02);
  expect(Math.abs(mean - 1)).toBeLessThan(0.1);
  expect(Math.abs(std - 0.5)).toBeLessThan(0.1);
});

/** Goodfellow's tutorial (2016), section 3.2: what G pays for a sample, and how that changes with D's logit. */
const costs: Record<
  GeneratorLoss,
  readonly [cost: (d: number) => number, slope: (d: number) => number]
> = {
  minimax: [(d) => Math.log(1 - d), (d) => -d],
  'non-saturating': [(d) => -Math.log(d), (d) => -(1 - d)],
  'maximum-likelihood': [(d) => -d / (1 - d), (d) => -d / (1 - d)],
};

test('G’s three costs and their slopes are those of the tutorial’s figure', async () => {
  const COUNT = 16;
  const d = Array.from({ length: COUNT }, (_, i) => (i + 0.5) / COUNT);
  const logits = Float32Array.from(d, (x) => Math.log(x / (1 - x)));
  const trainer = await Trainer.create(engine, tinyProgram().program);
  for (const [generatorLoss, [cost, slope]] of Object.entries(costs)) {
    const { generator } = originalGan({ generatorLoss: generatorLoss as GeneratorLoss });
    const fn = await trainer.compile(
      traceFunction({ logits: [COUNT], one: [1] }, ({ logits, one }) => {
        const loss = (x: typeof logits) => generator(x, () => x);
        // Losses are means: what one sample pays is COUNT times its slope.
        const [slopes] = gradients(loss(logits), [logits]);
        return { slopes: mul(slopes, COUNT), paid: loss(one) };
      }),
    );
    const { slopes } = await fn.call({ logits });
    for (const [i, x] of d.entries()) {
      const { paid } = await fn.call({ one: logits.subarray(i, i + 1) });
      const within = 1e-5 * Math.max(1, x / (1 - x));
      expect(Math.abs(paid[0] - cost(x)), `${generatorLoss} at ${x}`).toBeLessThan(within);
      expect(Math.abs(slopes[i] - slope(x)), `${generatorLoss}’s slope at ${x}`).toBeLessThan(
        within,
      );
    }
    fn.dispose();
  }
  trainer.dispose();
});
