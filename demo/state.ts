/** The page's state, all of it. Panels read it; only actions.ts changes it. */

import { computed, signal } from '@preact/signals';
import type { StepMetrics } from '../src/index.ts';
import type {
  AdapterSummary,
  Brightness,
  DataSummary,
  Estimate,
  Problem,
  Progress,
  SavedRun,
} from './engine/protocol.ts';
import { History } from './history.ts';
import { settingsOf } from './link.ts';
import type { Settings } from './presets.ts';

export type Phase =
  /** Looking for an adapter. */
  | 'opening'
  /** There is nothing to train on. */
  | 'unavailable'
  | 'idle'
  /** Reading the data, then compiling. */
  | 'starting'
  | 'training'
  | 'paused'
  /** A run ended by an error. */
  | 'failed';

/** Files that the visitor chose. */
export interface Pictures {
  readonly id: number;
  readonly files: readonly File[];
  /** Since an earlier visit. */
  readonly kept: boolean;
}

export const phase = signal<Phase>('opening');
export const adapter = signal<AdapterSummary | null>(null);
export const problem = signal<Problem | null>(null);
/** What the address said when the page was opened. */
export const linked = settingsOf(location.hash);
export const settings = signal<Settings>(linked.settings);
/** The runs that this browser keeps, the newest first; null until they are known. */
export const savedRuns = signal<readonly SavedRun[] | null>(null);
/** The step after which the run was kept last. */
export const savedStep = signal<number | null>(null);
/** The share of the time that a run works for. */
export const effort = signal(1);
/** What a run of these settings would be, or why there can be none; null while it is worked out. */
export const estimate = signal<Estimate | Problem | null>(null);
/** The link that was copied last. */
export const copied = signal<string | null>(null);
export const pictures = signal<Pictures | null>(null);
/** The set that was read last. */
export const data = signal<DataSummary | null>(null);
/** What the page waits for, or null. */
export const progress = signal<Progress | null>(null);
export const latest = signal<StepMetrics | null>(null);
export const stepsPerSecond = signal(0);

/** What the samples looked like after a step. */
export interface Frame {
  readonly step: number;
  readonly picture: Blob;
  /** Shows it; given back when the frame goes. */
  readonly url: string;
}

/** The run so far in pictures, the oldest first. */
export const film = signal<readonly Frame[]>([]);
/** The place in the film that the visitor looks at; null for now. */
export const lookedAt = signal<number | null>(null);
/** Whether a video is being made. */
export const filming = signal(false);

export const history = new History([
  ...(['lossD', 'lossG', 'dReal', 'dFake', 'gradNormD', 'gradNormG'] as const),
]);
/** How varied the samples are, and how far from real ones; of the film's frames. */
export const quality = new History(['diversity', 'distance']);
/** Shares of pictures by their mean brightness, dark to bright: of the film's last frame. */
export const brightness = signal<Brightness | null>(null);
/** Changes whenever `history` or `quality` does, which are no signals themselves because they grow in place. */
export const historyVersion = signal(0);

/** The networks' shape and the data are fixed from Train to Reset. */
export const locked = computed(() => ['starting', 'training', 'paused'].includes(phase.value));

/** The summary of the set that is chosen, where it has been read. */
export const chosenData = computed(() =>
  data.value?.name === settings.value.data ? data.value : null,
);

/** Whether Train has what it needs. */
export const ready = computed(() => settings.value.data !== 'pictures' || pictures.value !== null);

/** Whether something is being read or compiled that the visitor waits for. */
export const waiting = computed(
  () =>
    phase.value === 'starting' ||
    (!locked.value &&
      settings.value.data === 'pictures' &&
      pictures.value !== null &&
      chosenData.value === null),
);
