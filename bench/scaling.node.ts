// How Ganvas's time and memory grow with the work: by batch and by picture size, at one width.
import { compare } from './compare.node.ts';
import type { BenchModel } from './models.ts';
import type { Ceilings } from './protocol.ts';
import type { Entry } from './seat.ts';

const WIDTH = 16;
const BASE = { channels: 3, width: WIDTH, latentDim: 64 } as const;
const BATCHES = [8, 16, 32, 64, 128];
const SIZES = [16, 32, 64, 128];

export interface ScalingRow {
  readonly batchSize: number;
  readonly imageSize: number;
  readonly flops: number;
  readonly ms: number;
  readonly peakBytes: number | undefined;
}

export interface Sweep {
  readonly over: 'batch' | 'picture size';
  readonly rows: readonly ScalingRow[];
  /** b of ms ≈ a · workᵇ. */
  readonly exponent: number;
}

/** Slope of the line through (ln x, ln y) with the least squares. */
export function fittedExponent(points: readonly (readonly [x: number, y: number])[]): number {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const mean = (i: 0 | 1) => logs.reduce((sum, p) => sum + p[i], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

export async function scale(
  entry: Entry,
  rounds: number,
  ceilings: Ceilings | undefined,
  tell: (text: string) => void,
): Promise<Sweep[]> {
  const measure = async (batchSize: number, imageSize: number): Promise<ScalingRow> => {
    const name = `batch ${batchSize}, ${imageSize} × ${imageSize}`;
    const model: BenchModel = { ...BASE, name, description: name, batchSize, imageSize };
    const { flops, results, failed } = await compare(model, [entry], rounds, ceilings, tell);
    const [result] = results;
    if (!result) throw new Error(`${name}: ${failed[0]?.error}`);
    return { batchSize, imageSize, flops, ms: result.ms.median, peakBytes: result.peakBytes };
  };
  const sweep = async (
    over: Sweep['over'],
    values: readonly number[],
    row: (value: number) => Promise<ScalingRow>,
  ): Promise<Sweep> => {
    const rows: ScalingRow[] = [];
    for (const value of values) rows.push(await row(value));
    const exponent = fittedExponent(rows.map(({ flops, ms }) => [flops, ms]));
    return { over, rows, exponent };
  };
  return [
    await sweep('batch', BATCHES, (batch) => measure(batch, 32)),
    await sweep('picture size', SIZES, (size) => measure(16, size)),
  ];
}

/** What all rows have in common. */
export const scalingBase = `width ${WIDTH}, ${BASE.channels} channels, latent ${BASE.latentDim}`;
