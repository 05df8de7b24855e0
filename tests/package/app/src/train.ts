import { Engine, type EngineOptions, GanTrainer, type ImageSet, type StepMetrics } from 'ganvas';

export interface Trained {
  readonly losses: readonly (readonly [d: number, g: number])[];
  /** Bytes of the sample grid. */
  readonly pixels: number;
}

/** Four steps of a small DCGAN on noise that is the same everywhere. */
export async function train(options: EngineOptions = {}): Promise<Trained> {
  const engine = await Engine.create(options);
  const data = new Uint8Array(64 * 16 * 16);
  for (let i = 0, x = 1; i < data.length; i++) {
    x = Math.imul(x, 1664525) + 1013904223;
    data[i] = x >>> 24;
  }
  const pictures: ImageSet = {
    name: 'noise',
    count: 64,
    height: 16,
    width: 16,
    channels: 1,
    data,
  };
  const trainer = await GanTrainer.create(engine, pictures, {
    imageSize: 16,
    width: 4,
    batchSize: 8,
    seed: 1,
  });
  const metrics: StepMetrics[] = [];
  for await (const step of trainer.run({ steps: 4 })) metrics.push(step);
  const grid = await trainer.sampleGrid();
  engine.dispose();
  return {
    losses: metrics.map(({ lossD, lossG }) => [lossD, lossG]),
    pixels: grid.pixels.length,
  };
}
