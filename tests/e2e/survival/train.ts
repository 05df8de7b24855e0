// Training that is watched from outside, on a page or in a worker.
import {
  Engine,
  type GanOptions,
  GanTrainer,
  type RunOptions,
  type TrainerOptions,
} from '../../../src/index.ts';
import { noisePictures } from '../../support/pictures.ts';

const options: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 4, latentDim: 8, batchSize: 8, seed: 7 },
};

/** What has happened so far. */
export interface Watched {
  /** The last step that was reported. */
  step: number;
  /** Steps that were reported again, and those of them that gave other numbers than before. */
  redone: number;
  different: number;
  /** Events, and of the recoveries the most steps that one cost. */
  told: string[];
  mostLost: number;
  bytes: number;
  /** The file's hash, in the end. */
  digest: string | null;
  error: { code: string; message: string } | null;
}

/** Trains, and writes down in the result what happens as it happens. */
export function train(
  run: RunOptions,
  settings: TrainerOptions,
  canvas?: OffscreenCanvas,
): Watched {
  const watched: Watched = {
    ...{ step: 0, redone: 0, different: 0, told: [], mostLost: 0, bytes: 0 },
    ...{ digest: null, error: null },
  };
  const reported = new Map<number, string>();
  const go = async () => {
    const engine = await Engine.create();
    const trainer = await GanTrainer.create(engine, noisePictures(20, 16), options, {
      ...settings,
      onEvent: (event) => {
        watched.told.push(event.type);
        if (event.type === 'recovered')
          watched.mostLost = Math.max(watched.mostLost, event.lostSteps);
      },
    });
    const view = canvas && (await trainer.attachCanvas(canvas, { count: 4, columns: 2 }));
    for await (const { timeMs, ...numbers } of trainer.run(run)) {
      const text = JSON.stringify(numbers);
      const before = reported.get(numbers.step);
      if (before !== undefined) watched.redone++;
      if (before !== undefined && before !== text) watched.different++;
      reported.set(numbers.step, text);
      if (numbers.step % 10 === 0) view?.draw();
      watched.step = numbers.step;
      watched.bytes = engine.memory().bytes;
    }
    const hash = await crypto.subtle.digest('SHA-256', await trainer.checkpoint());
    engine.dispose();
    watched.digest = [...new Uint8Array(hash)].join();
  };
  go().catch(({ code = '', message }: Error & { code?: string }) => {
    watched.error = { code, message };
  });
  return watched;
}
