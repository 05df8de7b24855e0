// A run whose parameters are to be the same wherever it happens: in the test's page, in another
// page, in a worker. Loaded as a script of its own, it runs and tells the channel.
import { Engine, type GanOptions, GanTrainer } from '../../src/index.ts';
import { noisePictures } from './pictures.ts';

export const CHANNEL = 'ganvas reproduce';
export const STEPS = 50;

/** Every option that draws random numbers, and a batch that ends in the middle of an epoch. */
export const options: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 4, latentDim: 8, batchSize: 7, seed: 11 },
  ...{ flip: true, freshLatent: true, ema: 0.9, lrD: 1e-3, lrG: 1e-3 },
};
const pictures = noisePictures(25, 16);

/** Parameters of both nets, as bits: −0 is not 0, and NaN is NaN. */
export type Bits = Readonly<Record<'generator' | 'discriminator', Uint32Array>>;

/** What is left after `STEPS` steps. `between` is awaited after each. */
export async function reproduce(
  engine: Engine,
  given: Partial<GanOptions> = {},
  between?: (trainer: GanTrainer, step: number) => unknown,
): Promise<Bits> {
  const trainer = await GanTrainer.create(engine, pictures, { ...options, ...given });
  try {
    for await (const { step } of trainer.run({ steps: STEPS })) await between?.(trainer, step);
    const { generator, discriminator } = await trainer.parameters();
    return {
      generator: new Uint32Array(generator.buffer),
      discriminator: new Uint32Array(discriminator.buffer),
    };
  } finally {
    trainer.dispose();
  }
}

/** The same on a device of its own. */
export async function reproduceApart(): Promise<Bits> {
  const engine = await Engine.create();
  return reproduce(engine).finally(() => engine.dispose());
}
