// The picture of docs/guides/bayesian-inference.md: what a run made, and nothing else.
import { canvas, encoded, FAINT, INK } from './canvas.ts';
import type { Histogram, PosteriorResult } from './posterior.ts';

const [OURS, ABC, TRUE] = ['#8aadd4', '#e07b28', '#c00000'];
const [WIDTH, HEIGHT] = [860, 400];
const [PANEL, TALL, LEFT] = [195, 130, 20];

/** One panel below a caption: where values are in it, and its ticks. */
function panel(
  context: OffscreenCanvasRenderingContext2D,
  [column, top]: readonly [number, number],
  { low, high }: Histogram,
  caption: string,
  ticks: readonly (readonly [at: number, text: string])[],
) {
  const left = LEFT + 210 * column;
  const at = (x: number) => left + (PANEL * (x - low)) / (high - low);
  context.fillStyle = INK;
  context.fillText(caption, left, top - 8);
  context.font = '11px sans-serif';
  context.textAlign = 'center';
  for (const [x, text] of ticks) context.fillText(text, at(x), top + TALL + 14);
  context.textAlign = 'start';
  context.font = '13px sans-serif';
  return {
    at,
    bottom: top + TALL,
    frame() {
      context.strokeStyle = FAINT;
      context.lineWidth = 1;
      context.strokeRect(left, top, PANEL, TALL);
    },
  };
}

/** Heights of cells in pixels, the highest of both just below the edge. */
const heights = ({ shares }: Histogram, most: number) =>
  shares.map((share) => (0.92 * TALL * share) / most);

export async function drawPosterior({ gaussian, rates }: PosteriorResult): Promise<string> {
  const { surface, context } = canvas(WIDTH, HEIGHT);
  const bars = (
    { low, high, shares }: Histogram,
    most: number,
    { at, bottom }: ReturnType<typeof panel>,
  ) => {
    context.fillStyle = OURS;
    const cell = (high - low) / shares.length;
    heights({ low, high, shares }, most).forEach((height, i) => {
      const [from, to] = [at(low + i * cell), at(low + (i + 1) * cell)];
      context.fillRect(from, bottom - height, to - from + 0.3, height);
    });
  };
  const line = (points: readonly (readonly [number, number])[], colour: string, thick: number) => {
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
  };

  gaussian.forEach(({ y, samples, exact }, column) => {
    const { low, high, shares } = samples;
    const ticks = [-4, 0, 4, 8].map((x) => [x, `${x}`.replace('-', '−')] as const);
    const at = panel(context, [column, 30], samples, `θ given y = ${y}`.replace('-', '−'), ticks);
    const cell = (high - low) / shares.length;
    const expected = (x: number) =>
      (cell * Math.exp(-0.5 * ((x - exact.mean) ** 2 / exact.variance))) /
      Math.sqrt(2 * Math.PI * exact.variance);
    const most = Math.max(...shares, expected(exact.mean));
    bars(samples, most, at);
    const curve = Array.from({ length: 281 }, (_, i) => {
      const x = low + (i * (high - low)) / 280;
      return [at.at(x), at.bottom - (0.92 * TALL * expected(x)) / most] as const;
    });
    line(curve, INK, 1.5);
    at.frame();
  });
  const legend = [
    [OURS, 'adversarial samples'],
    [INK, 'exact posterior'],
    [ABC, 'rejection ABC'],
    [TRUE, 'true rate'],
  ];
  legend.forEach(([colour, text], i) => {
    context.fillStyle = colour;
    context.fillRect(668, 41 + 22 * i, 14, 10);
    context.fillStyle = INK;
    context.fillText(text, 690, 50 + 22 * i);
  });

  context.fillStyle = INK;
  context.fillText('Predators and prey, one observation (rates on a logarithmic axis)', LEFT, 208);
  rates.forEach(({ name, truth, adversarial, abc }, column) => {
    const { low, high } = adversarial;
    const middle = (low + high) / 2;
    const ticks = [-1, 0, 1].map((k) => {
      const x = middle + k * Math.LN2;
      return [x, `${Number(Math.exp(x).toPrecision(2))}`] as const;
    });
    const at = panel(context, [column, 240], adversarial, name, ticks);
    const most = Math.max(...adversarial.shares, ...abc.shares);
    bars(adversarial, most, at);
    const cell = (high - low) / abc.shares.length;
    const steps = heights(abc, most).flatMap((height, i) =>
      [i, i + 1].map((k) => [at.at(low + k * cell), at.bottom - height] as const),
    );
    line(steps, ABC, 1.5);
    line([[at.at(truth), at.bottom - TALL] as const, [at.at(truth), at.bottom] as const], TRUE, 2);
    at.frame();
  });
  return encoded(surface);
}
