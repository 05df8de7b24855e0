// What goes on for long, in a page whose memory is looked at from outside.
import {
  Engine,
  type GanOptions,
  GanTrainer,
  Trainer,
  type TrainerEvent,
} from '../../src/index.ts';
import { noisePictures } from '../support/pictures.ts';
import { tinyProgram } from '../support/tiny-program.ts';

const options: Partial<GanOptions> = {
  ...{ imageSize: 16, width: 2, latentDim: 4, batchSize: 4, seed: 1, ema: 0.9 },
};
const pictures = noisePictures(20, 16);

/** What a page's users do while it trains. */
export class Training {
  private constructor(
    readonly engine: Engine,
    readonly trainer: GanTrainer,
    private readonly view: { draw(): void },
    readonly events: TrainerEvent['type'][],
  ) {}

  static async start(): Promise<Training> {
    const engine = await Engine.create();
    const events: TrainerEvent['type'][] = [];
    const trainer = await GanTrainer.create(engine, pictures, options, {
      snapshotSeconds: 0.5,
      onEvent: ({ type }) => events.push(type),
    });
    const view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 4, columns: 2 });
    return new Training(engine, trainer, view, events);
  }

  /** Trains for so many steps, in runs of 100. */
  async run(steps: number): Promise<void> {
    const { trainer, view } = this;
    const end = trainer.step + steps;
    while (trainer.step < end) {
      const { signal } = new AbortController();
      for await (const { step } of trainer.run({
        steps: Math.min(100, end - trainer.step),
        signal,
      })) {
        if (step % 10 === 0) view.draw();
        if (step % 50 !== 0) continue;
        trainer.pause();
        setTimeout(() => trainer.resume());
        trainer.setLearningRates({ lrD: 1e-4 });
        await trainer.sampleGrid({ count: 4 });
      }
      await trainer.checkpoint();
    }
  }

  /** Loses the device in the middle of a run. */
  async lose(): Promise<void> {
    const { trainer, engine } = this;
    const lost = engine.device.gpu;
    for await (const _ of trainer.run({ steps: 4 })) lost.destroy();
  }

  held(): { buffers: number; bytes: number } {
    const { buffers, bytes } = this.engine.memory();
    return { buffers, bytes };
  }

  dispose(): void {
    this.engine.dispose();
  }
}

/** Makes trainers and disposes of them, in the middle of training, and tells what is left. */
export async function cycle(engine: Engine, times: number): Promise<{ buffers: number }> {
  const { program, guess } = tinyProgram();
  for (let i = 0; i < times; i++) {
    const gan = await GanTrainer.create(engine, pictures, options);
    const view = await gan.attachCanvas(new OffscreenCanvas(1, 1), { count: 4 });
    for await (const { step } of gan.run()) {
      view.draw();
      if (step === 2) gan.dispose();
    }
    const tiny = await Trainer.create(engine, program);
    await (await tiny.compile(guess)).read('y');
    for await (const { step } of tiny.run()) if (step === 2) tiny.dispose();
  }
  const { buffers } = engine.memory();
  return { buffers };
}

/** Opens devices and closes them with all that is on them. */
export async function reopen(times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const engine = await Engine.create();
    await cycle(engine, 1);
    await Trainer.create(engine, tinyProgram().program);
    engine.dispose();
  }
}

export { Engine };
