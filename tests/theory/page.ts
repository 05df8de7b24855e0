// The page in which `npm run theory` trains and draws.
import {
  type Divergence,
  discriminatorValue,
  Engine,
  fGan,
  gradientPenalty,
  HostRandom,
  mul,
  optimalDiscriminator,
  optimalValue,
  ringModes,
  wasserstein,
} from '../../src/index.ts';
import { definitions } from './f-divergences.ts';
import { bothPlayers, fixedGenerator, type Line } from './line.ts';
import { type PosteriorResult, runPosterior } from './posterior.ts';
import {
  measureRing,
  type RingMeasures,
  type RingRun,
  type RingSetting,
  runRing,
  SAMPLES,
  STD,
} from './ring.ts';

export { drawLine, drawRing } from './draw.ts';
export { drawPosterior } from './draw-posterior.ts';

let engine: Promise<Engine> | undefined;
const device = (): Promise<Engine> => {
  engine ??= Engine.create();
  return engine;
};

/** One run on the ring. */
export const trainRing = async (
  setting: RingSetting,
  run: { readonly seed: number; readonly steps: number },
): Promise<RingRun> => runRing(await device(), setting, run);

/** Posteriors of simulators. */
export const trainPosterior = async (): Promise<PosteriorResult> => runPosterior(await device());

/** As many points of the ring itself, and what those measure. */
export function realRing(): RingMeasures & { readonly points: number[] } {
  const random = new HostRandom(1);
  const modes = ringModes();
  const points = Array.from({ length: SAMPLES }, () => {
    const mode = modes[Math.floor(modes.length * random.uniform())];
    return mode.map((x) => x + STD * random.normal());
  }).flat();
  return { ...measureRing(points), points };
}

/** D beside the best one, where both distributions together have a twentieth of their peak. */
export interface LineResult extends Pick<Line, 'x' | 'p' | 'q' | 'losses'> {
  readonly d: number[];
  readonly best: number[];
  /** The largest difference of the two. */
  readonly error: number;
  /** V of D, and of the best one. */
  readonly value: number;
  readonly optimum: number;
}

/** D along the line against the best one. */
function compare({ x, p, q, logits, losses }: Line): LineResult {
  const d = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const best = [...optimalDiscriminator(p, q)];
  const mass = p.map((y, i) => y + q[i]);
  const most = Math.max(...mass);
  const errors = d.map((y, i) => (mass[i] < most / 20 ? 0 : Math.abs(y - best[i])));
  return {
    ...{ x, p, q, losses, d, best, error: Math.max(...errors) },
    ...{ value: discriminatorValue(p, q, d), optimum: optimalValue(p, q) },
  };
}

/** D against a G that stays. */
export const trainLine = async (steps: number): Promise<LineResult> =>
  compare(await fixedGenerator(await device(), { steps }));

/** Both players: what G's mean and deviation are in the end, beside 1 and ½, and how far D is from ½. */
export async function trainBoth(steps: number) {
  const line = await bothPlayers(await device(), { steps });
  const { d, p, value } = compare(line);
  const most = Math.max(...p);
  const off = d.map((y, i) => (p[i] < most / 20 ? 0 : Math.abs(y - 0.5)));
  return { mean: line.mean, std: line.std, value, off: Math.max(...off) };
}

/** What D raised on average over the last third of the steps. */
const raised = ({ losses }: Line): number => {
  const last = losses.slice(Math.floor((2 * losses.length) / 3));
  return -last.reduce((a, b) => a + b, 0) / last.length;
};

/** f-GAN's bound of the divergence of N(0, 1) from N(1, 1¼), beside the divergence itself. */
export async function trainBound(divergence: Divergence, steps: number) {
  const objective = fGan(divergence);
  const line = await fixedGenerator(await device(), { objective, mean: 1, std: 1.25, steps });
  const { f } = definitions[divergence];
  const exact = line.q.reduce((sum, q, i) => sum + q * f(line.p[i] / q), 0);
  return { bound: raised(line), exact };
}

/** The critic's distance between N(0, 1) and N(1½, 1), which are 1½ apart. */
export async function trainDistance(steps: number): Promise<number> {
  const line = await fixedGenerator(await device(), {
    ...{ objective: wasserstein, mean: 1.5, std: 1, steps },
    penalty: (critic, real, fake, mix) => mul(gradientPenalty(critic, real, fake, mix), 10),
  });
  return raised(line);
}
