import { deferred } from '../gpu/deferred.ts';
import { DeviceLostError } from '../gpu/errors.ts';
import { PassTimer } from '../gpu/timing.ts';
import { GanvasError } from '../graph/errors.ts';
import type { Plan } from '../runtime/plan.ts';
import type { BaseTrainer } from './base-trainer.ts';
import type { Session } from './session.ts';

/** What part of a step a dispatch is: a net applied, its gradients, its update, or anything else. */
export type StepPass = 'forward' | 'backward' | 'optimiser' | 'other';

/** A dispatch of a step: one kernel that runs once. */
export interface ProfiledDispatch {
  /** Operation and shapes, such as `conv2d x 16×32×32×1, w 4×4×1×8, stride 2, padding 1`. */
  readonly label: string;
  /** The operation alone, such as `conv2d`; `elementwise` for a chain of such on its own. */
  readonly kernel: string;
  /** Name of the net that it belongs to, such as `discriminator`; null for batches, losses and metrics. */
  readonly net: string | null;
  /** What it does of that net. */
  readonly pass: StepPass;
  /** The net whose optimiser runs next: whose update it is part of. Null after the last of them. */
  readonly update: string | null;
  /** Multiply-adds × 2 of useful work. */
  readonly flops: number;
  /** Bytes of the buffers that it reads and writes. */
  readonly bytes: number;
  /** Milliseconds by the GPU's own clock; null where they were not measured. */
  readonly ms: number | null;
}

/** What a step is made of, in the order that it runs in. Copies between buffers are left out. */
export interface StepProfile {
  /** The step that was timed; null on a device without `timestamp-query`. */
  readonly step: number | null;
  /** One after the other. */
  readonly dispatches: readonly ProfiledDispatch[];
}

/** @internal What times a step of a run. */
export interface StepProbe {
  /** The step is about to be submitted: gives its timer, if there can be one. */
  begin(session: Session, step: number): PassTimer | null;
  /** The run ended before its next step. */
  miss(): void;
}

/** Devices that may be lost one after the other while a step is timed. */
const MAX_ATTEMPTS = 4;

function netAndPass(scope: string): Pick<ProfiledDispatch, 'net' | 'pass'> {
  const [, net, pass] = /^(.*?)(?: (backward|optimiser))?$/.exec(scope) as RegExpExecArray;
  return { net: net || null, pass: (pass as StepPass | undefined) ?? (net ? 'forward' : 'other') };
}

function profileOf({ commands }: Plan, ms: readonly number[], step: number | null): StepProfile {
  const ran = commands.filter((command) => command.kind === 'dispatch');
  const dispatches: ProfiledDispatch[] = [];
  let update: string | null = null;
  // From the end: there it is known who is updated next.
  for (let i = ran.length - 1; i >= 0; i--) {
    const { dispatch, bindings, op, scope } = ran[i];
    const { net, pass } = netAndPass(scope);
    if (pass === 'optimiser') update = net;
    const bytes = bindings.reduce((sum, { place }) => sum + place.bytes, 0);
    const { label, flops } = dispatch;
    dispatches.push({ label, kernel: op, net, pass, update, flops, bytes, ms: ms[i] ?? null });
  }
  return { step, dispatches: dispatches.reverse() };
}

/** Times the next step of a run that is going on. */
async function timedStep(trainer: BaseTrainer<string>): Promise<StepProfile> {
  const { promise, resolve, reject } = deferred<{
    readonly plan: Plan;
    readonly timer: PassTimer | null;
    readonly step: number;
  }>();
  const able = trainer.timeNextStep({
    begin({ device, executable: { plan, stats } }, step) {
      try {
        const timer = PassTimer.on(device, stats.dispatches);
        resolve({ plan, timer, step });
        return timer;
      } catch (error) {
        // The device may be lost by now. The run finds that out by itself.
        reject(error);
        return null;
      }
    },
    miss: () =>
      reject(new GanvasError('profile', 'The run ended before its next step.', 'Start another.')),
  });
  if (!able) {
    throw new GanvasError(
      'profile',
      'No run is going on, or a step is being timed already.',
      'Start a run, and time one step at a time.',
    );
  }
  const { plan, timer, step } = await promise;
  // Another device took the place of a lost one, and has no clock.
  if (!timer) return profileOf(plan, [], null);
  try {
    return profileOf(plan, await timer.read(), step);
  } finally {
    timer.dispose();
  }
}

/**
 * Where the time of a training step goes: times every dispatch of the next step of the run that is going
 * on, by the GPU's own clock. That step is one of the run's, and computes the same bits; it takes longer, as
 * each dispatch has a pass of its own. A run that is paused is waited for. Browsers coarsen the clock,
 * typically to 0.1 ms: sums over kernels tell more than single dispatches.
 *
 * On a device without `timestamp-query` it gives the same list without times, and needs no run.
 *
 * ```ts
 * const { dispatches } = await profileStep(trainer);
 * const slowest = dispatches.toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0))[0];
 * ```
 *
 * @param trainer a `GanTrainer`, `VaeTrainer` or `Trainer`
 * @throws {GanvasError} of the code `profile` where no run is going on, it ends before its next step, or
 * another profile is waiting for that; of the code `disposed` where the trainer was disposed.
 */
export async function profileStep(trainer: BaseTrainer<string>): Promise<StepProfile> {
  for (let attempt = 1; ; attempt++) {
    const { device, executable } = trainer.session;
    if (!device.adapter.features.has('timestamp-query'))
      return profileOf(executable.plan, [], null);
    try {
      return await timedStep(trainer);
    } catch (error) {
      // The run goes on, on another device: so does this.
      if (!(error instanceof DeviceLostError) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
