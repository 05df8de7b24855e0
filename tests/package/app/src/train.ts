import {
  connect,
  Engine,
  type EngineOptions,
  GanTrainer,
  type ImageSet,
  type RemoteGanTrainer,
  type StepMetrics,
  transfer,
} from 'ganvas';

export interface Trained {
  readonly losses: readonly (readonly [d: number, g: number])[];
  /** Bytes of the sample grid. */
  readonly pixels: number;
}

/** Noise that is the same everywhere. */
function noise(): ImageSet {
  const data = new Uint8Array(64 * 16 * 16);
  for (let i = 0, x = 1; i < data.length; i++) {
    x = Math.imul(x, 1664525) + 1013904223;
    data[i] = x >>> 24;
  }
  return { name: 'noise', count: 64, height: 16, width: 16, channels: 1, data };
}

const model = { imageSize: 16, width: 4, batchSize: 8, seed: 1 } as const;

/** Four steps of a small DCGAN. */
export async function train(options: EngineOptions = {}): Promise<Trained> {
  const engine = await Engine.create(options);
  const trained = await follow(await GanTrainer.create(engine, noise(), model));
  engine.dispose();
  return trained;
}

/** The same in a worker that is a file of one line. */
export async function trainRemotely(worker: Worker): Promise<Trained> {
  await using ganvas = await connect(worker);
  const engine = await ganvas.Engine.create();
  return await follow(await ganvas.GanTrainer.create(engine, transfer(noise()), model));
}

async function follow(trainer: GanTrainer | RemoteGanTrainer): Promise<Trained> {
  const metrics: StepMetrics[] = [];
  for await (const step of trainer.run({ steps: 4 })) metrics.push(step);
  const grid = await trainer.sample();
  return {
    losses: metrics.map(({ lossD, lossG }) => [lossD, lossG]),
    pixels: grid.pixels.length,
  };
}
