// Ganvas as its users have it: the trainer, with random numbers, shuffling, the gathering of the
// batch and all its metrics. It makes the problem's numbers itself, out of the same seed.
import { GanTrainer } from '../../src/gan/trainer.ts';
import { Engine } from '../../src/runtime/engine.ts';
import { pictures, trainingOptions } from '../models.ts';
import type { Contestant, Create, Losses } from './contestant.ts';

export function createOn(engine: Engine): Create {
  let failure: Error | undefined;
  engine.onError((error) => {
    failure ??= error;
  });
  return async (model): Promise<Contestant> => {
    const trainer = await GanTrainer.create(engine, pictures(model), trainingOptions(model));
    return {
      async run(steps) {
        let losses: Losses | undefined;
        for await (const { lossD, lossG } of trainer.run({ steps })) losses = { lossD, lossG };
        if (failure) throw failure;
        if (!losses) throw new Error('No step was done.');
        return losses;
      },
      weights: () => trainer.parameters(),
      dataBytes: trainer.memory().constantBytes,
      dispose: () => trainer.dispose(),
    };
  };
}

export async function open(): Promise<Create> {
  return createOn(await Engine.create({ powerPreference: 'high-performance' }));
}
