/** A step's profile as the page shows it: by update, by part, by kernel. */

import type { ProfiledDispatch, StepProfile } from '../src/index.ts';

/** Dispatches of one kind together. */
export interface Group {
  readonly key: string;
  readonly first: ProfiledDispatch;
  readonly runs: number;
  readonly ms: number;
  readonly flops: number;
}

/** Whether the device had a clock. */
export const isTimed = ({ step }: StepProfile): boolean => step !== null;

/** What a dispatch takes: milliseconds where there is a clock, else work. */
export const costOf = (profile: StepProfile, { ms, flops }: ProfiledDispatch): number =>
  isTimed(profile) ? (ms ?? 0) : flops;

export const total = (profile: StepProfile, of: readonly ProfiledDispatch[]): number =>
  of.reduce((sum, dispatch) => sum + costOf(profile, dispatch), 0);

/** Dispatches of each key together, in the order of the first of each. */
export function groupBy(
  dispatches: readonly ProfiledDispatch[],
  keyOf: (dispatch: ProfiledDispatch) => string,
): Group[] {
  const groups = new Map<string, Group>();
  for (const dispatch of dispatches) {
    const key = keyOf(dispatch);
    const group = groups.get(key) ?? { key, first: dispatch, runs: 0, ms: 0, flops: 0 };
    groups.set(key, {
      ...group,
      runs: group.runs + 1,
      ms: group.ms + (dispatch.ms ?? 0),
      flops: group.flops + dispatch.flops,
    });
  }
  return [...groups.values()];
}

/** Which net's update a dispatch is part of; what comes after both is `rest`. */
export type Update = 'discriminator' | 'generator' | 'rest';

export const updateOf = ({ update }: ProfiledDispatch): Update =>
  update === 'discriminator' || update === 'generator' ? update : 'rest';
