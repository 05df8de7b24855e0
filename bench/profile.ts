// Every dispatch of Ganvas's steps, timed as its users may time them.
import { GanTrainer } from '../src/gan/trainer.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { profileStep, type StepProfile } from '../src/training/profile.ts';
import { type BenchModel, pictures, trainingOptions } from './models.ts';
import type { Profile } from './protocol.ts';
import { median } from './statistics.ts';

export async function profile(engine: Engine, model: BenchModel, runs: number): Promise<Profile> {
  const begun = performance.now();
  using trainer = await GanTrainer.create(engine, pictures(model), trainingOptions(model));
  const createMs = performance.now() - begun;
  const stepMs: number[] = [];
  const profiledStepMs: number[] = [];
  const profiles: StepProfile[] = [];
  // The first step of all touches fresh memory, and is not counted.
  await trainer.train({ steps: 1 });
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    await trainer.train({ steps: 1 });
    stepMs.push(performance.now() - start);

    // Its one step is held until the profile waits for it.
    trainer.pause();
    const step = trainer.train({ steps: 1 });
    const profiled = profileStep(trainer);
    const released = performance.now();
    trainer.resume();
    await step;
    profiledStepMs.push(performance.now() - released);
    profiles.push(await profiled);
  }
  const { plan, pipelines } = trainer.stats();
  const [{ step, dispatches }] = profiles;
  return {
    dispatches:
      step === null
        ? undefined
        : dispatches.map(({ label, flops, bytes }, i) => {
            const ms = median(profiles.map((p) => p.dispatches[i].ms ?? 0));
            return { label, ms, flops, bytes };
          }),
    copies: plan.filter((line) => line === 'copy').length,
    pipelines,
    createMs,
    stepMs: median(stepMs),
    profiledStepMs: median(profiledStepMs),
  };
}
