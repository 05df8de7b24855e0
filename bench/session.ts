// A contestant in training, wherever WebGPU is: in a page, or in Node.
import type { Contestant, Create } from './contestants/contestant.ts';
import { countsBetween, Meter } from './meter.ts';
import type { BenchModel } from './models.ts';
import type { Problem } from './problem.ts';
import type { Started, Turn } from './protocol.ts';

/** Root of the mean squared difference of what changes at all: gaps between parameters do not. */
function rms(before: Float32Array, after: Float32Array): number {
  let sum = 0;
  let used = 0;
  before.forEach((x, i) => {
    sum += (after[i] - x) ** 2;
    if (x !== 0 || after[i] !== 0) used++;
  });
  return Math.sqrt(sum / used);
}

/** To be made before the first device is opened: it wraps WebGPU. */
export class Session {
  readonly #meter = new Meter();
  #contestant: Contestant | undefined;

  async start(create: Create, model: BenchModel, problem: Problem): Promise<Started> {
    const meter = this.#meter;
    meter.resetPeak();
    const counts = meter.counts();
    const begun = performance.now();
    const contestant = await create(model, problem);
    const createMs = performance.now() - begun;
    const before = await meter.unseen(() => contestant.weights());
    const resumed = performance.now();
    const losses = await contestant.run(1);
    const firstStepMs = createMs + performance.now() - resumed;
    const after = await meter.unseen(() => contestant.weights());
    this.#contestant = contestant;
    return {
      firstStepMs,
      losses,
      change: {
        generator: rms(before.generator, after.generator),
        discriminator: rms(before.discriminator, after.discriminator),
      },
      pipelines: countsBetween(counts, meter.counts()).pipelines,
      dataBytes: contestant.dataBytes,
    };
  }

  async turn(steps: number): Promise<Turn> {
    const contestant = this.#contestant;
    if (!contestant) throw new Error('No contestant has been started.');
    const before = this.#meter.counts();
    const begun = performance.now();
    const losses = await contestant.run(steps);
    const ms = performance.now() - begun;
    const counts = countsBetween(before, this.#meter.counts());
    return { steps, ms, losses, counts, peakBytes: this.#meter.peakBytes };
  }

  dispose(): void {
    this.#contestant?.dispose();
    this.#contestant = undefined;
  }
}
