// Every dispatch of one of Ganvas's steps, timed by the GPU's own clock.

import { Players, traceStep, variableNames } from '../src/gan/step.ts';
import { PassTimer } from '../src/gpu/timing.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { Command } from '../src/runtime/plan.ts';
import { type BenchModel, pictures, trainingOptions } from './models.ts';
import type { Profile } from './protocol.ts';
import { median } from './statistics.ts';

/** A step of many seconds must not look like a hang. */
const SUBMITS = 4;

function bytesOf(command: Command & { kind: 'dispatch' }): number {
  return command.bindings.reduce((sum, { place }) => sum + place.bytes, 0);
}

export async function profileStep(
  engine: Engine,
  model: BenchModel,
  runs: number,
): Promise<Profile> {
  const { device } = engine;
  const players = new Players(trainingOptions(model));
  const set = pictures(model);
  const { count, width, height, channels } = set;
  const variables = engine.variables();
  const begun = performance.now();
  const executable = await engine.compile(
    traceStep(players, [count, height, width, channels]),
    variables,
  );
  const compileMs = performance.now() - begun;
  for (const [name, values] of players.initialValues()) variables.write(name, values);
  variables.write(variableNames.data, new Uint8Array(set.data));

  const commands = executable.plan.commands.filter((c) => c.kind === 'dispatch');
  const timer = PassTimer.on(device, commands.length);
  const stepMs: number[] = [];
  const profiledStepMs: number[] = [];
  const times: number[][] = commands.map(() => []);
  const timed = async (work: () => void) => {
    const start = performance.now();
    work();
    await device.gpu.queue.onSubmittedWorkDone();
    return performance.now() - start;
  };
  // The first step of all touches fresh memory, and is not counted.
  await timed(() => executable.run({ submits: SUBMITS }));
  for (let run = 0; run < runs; run++) {
    stepMs.push(await timed(() => executable.run({ submits: SUBMITS })));
    if (!timer) continue;
    profiledStepMs.push(
      await timed(() =>
        executable.run({ submits: SUBMITS, timer, tail: (encoder) => timer.resolve(encoder) }),
      ),
    );
    (await timer.read()).forEach((ms, i) => {
      times[i].push(ms);
    });
  }
  timer?.dispose();
  const { copies, pipelines } = executable.stats;
  executable.dispose();
  variables.dispose();
  return {
    dispatches:
      timer === null
        ? undefined
        : commands.map((command, i) => ({
            label: command.dispatch.label,
            grid: command.dispatch.grid,
            ms: median(times[i]),
            flops: command.dispatch.flops,
            bytes: bytesOf(command),
          })),
    copies,
    pipelines,
    compileMs,
    stepMs: median(stepMs),
    profiledStepMs: timer ? median(profiledStepMs) : Number.NaN,
  };
}
