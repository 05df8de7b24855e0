// A step's profile where the device goes in the middle of it: no GPU is needed for that.
import { expect, test } from 'vitest';
import { DeviceLostError } from '../../src/gpu/errors.ts';
import type { BaseTrainer } from '../../src/training/base-trainer.ts';
import { profileStep, type StepProbe } from '../../src/training/profile.ts';

test('a device that is lost when the step begins leaves nobody waiting', async () => {
  const lost = new DeviceLostError('unknown', 'gone');
  const device = {
    adapter: { features: new Set(['timestamp-query']) },
    gpu: {
      createQuerySet: () => {
        throw lost;
      },
    },
  };
  const session = { device, executable: { plan: { commands: [] }, stats: { dispatches: 1 } } };
  let probes = 0;
  const trainer = {
    session,
    timeNextStep(probe: StepProbe) {
      probes++;
      // As the run does, which finds the loss by itself.
      queueMicrotask(() => probe.begin(session as never, 1));
      return true;
    },
  };
  await expect(profileStep(trainer as unknown as BaseTrainer<string>)).rejects.toBe(lost);
  // On each device that took the place of another.
  expect(probes).toBe(4);
});
