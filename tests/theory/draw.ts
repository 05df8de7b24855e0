// The pictures of docs/guides: what runs made, and nothing else.

import { ringModes } from '../../src/index.ts';
import { canvas, encoded, FAINT, INK } from './canvas.ts';
import type { LineResult } from './page.ts';
import { STD } from './ring.ts';

const REAL = '#1f6fb4';
const FAKE = '#c8501e';

/** Points of each objective, with the modes' three standard deviations as circles. */
export async function drawRing(
  panels: readonly { readonly name: string; readonly points: readonly number[] }[],
): Promise<string> {
  const [columns, side, label, shown] = [5, 150, 20, 700];
  const rows = Math.ceil(panels.length / columns);
  const { surface, context } = canvas(columns * side, rows * (side + label));
  for (const [i, { name, points }] of panels.entries()) {
    const [left, top] = [(i % columns) * side, Math.floor(i / columns) * (side + label)];
    const place = (x: number) => Math.round(((x + 2.7) / 5.4) * side);
    context.fillStyle = INK;
    context.fillText(name, left + 6, top + 15, side - 10);
    context.strokeStyle = FAINT;
    for (const [x, y] of ringModes()) {
      context.beginPath();
      context.arc(left + place(x), top + label + place(y), (3 * STD * side) / 5.4, 0, 7);
      context.stroke();
    }
    context.fillStyle = name === 'real points' ? REAL : FAKE;
    for (let k = 0; k < shown; k++) {
      const [x, y] = [place(points[2 * k]), place(points[2 * k + 1])];
      if (x < 0 || x >= side || y < 0 || y >= side) continue;
      context.fillRect(left + x, top + label + y, 2, 2);
    }
  }
  return encoded(surface);
}

/** D beside p/(p + q) on the left; V beside its optimum, step by step, on the right. */
export async function drawLine(result: LineResult): Promise<string> {
  const { x, p, q, d, best, losses, optimum } = result;
  const [width, height, margin] = [380, 250, 36];
  const { surface, context } = canvas(2 * width, height);
  const plot = (
    panel: number,
    [low, high]: readonly [number, number],
    ticks: readonly number[],
    caption: string,
  ) => {
    const [left, right] = [panel * width + margin, (panel + 1) * width - 12];
    const [top, bottom] = [26, height - 24];
    const at = (share: number, value: number): [number, number] => [
      left + share * (right - left),
      bottom - ((value - low) / (high - low)) * (bottom - top),
    ];
    context.strokeStyle = FAINT;
    context.strokeRect(left, top, right - left, bottom - top);
    context.fillStyle = INK;
    context.fillText(caption, left, 17);
    for (const tick of ticks) context.fillText(`${tick}`, left - 32, at(0, tick)[1] + 4);
    return (values: readonly number[], colour: string, dash: number[] = [], thick = 1.5) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.setLineDash(dash);
      context.beginPath();
      values.forEach((value, i) => {
        context.lineTo(...at(i / (values.length - 1), Math.min(Math.max(value, low), high)));
      });
      context.stroke();
      context.setLineDash([]);
      context.lineWidth = 1;
    };
  };
  const left = plot(0, [0, 1], [0, 0.5, 1], 'D (black), p/(p + q) (dashed), real p, generated q');
  const most = Math.max(...p, ...q);
  const scaled = (masses: readonly number[]) => masses.map((mass) => (0.9 * mass) / most);
  left(scaled(p), REAL);
  left(scaled(q), FAKE);
  left(d, INK, [], 2);
  left(best, '#0a0', [5, 4], 2);
  context.fillStyle = INK;
  context.fillText(`x from ${Math.round(x[0])} to ${Math.round(x.at(-1)!)}`, margin, height - 8);

  const right = plot(
    1,
    [-1.4, -0.4],
    [-1.4, -0.9, -0.4],
    `V of batches (grey), −log 4 + 2 JS = ${optimum.toFixed(3).replace('-', '−')} (dashed)`,
  );
  const [first, smooth] = [300, 5];
  const means = Array.from({ length: first / smooth }, (_, i) => {
    const some = losses.slice(i * smooth, (i + 1) * smooth);
    return -some.reduce((a, b) => a + b, 0) / smooth;
  });
  right(means, '#777');
  right([optimum, optimum], '#0a0', [5, 4], 2);
  context.fillStyle = INK;
  context.fillText(`the first ${first} of ${losses.length} steps`, width + margin, height - 8);
  return encoded(surface);
}
