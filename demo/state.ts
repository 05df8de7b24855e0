/** The page's state, all of it. Panels read it; only actions.ts changes it. */

import { computed, signal } from '@preact/signals';
import type { ModelSummary, NetName, Scores, StepMetrics, StepProfile } from '../src/index.ts';
import type { Filters, InspectedLayer, MachineFacts, Maps } from './engine/machine-protocol.ts';
import type {
  AdapterSummary,
  Brightness,
  DataSummary,
  Estimate,
  Latents,
  Problem,
  Progress,
  SavedRun,
} from './engine/protocol.ts';
import { DEFAULT_COUNT, type Grid } from './grid.ts';
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
/** Whether the browser still holds pictures that are to be forgotten. */
export const forgetting = signal(false);
/** The set that was read last. */
export const data = signal<DataSummary | null>(null);
/** What the page waits for, or null. */
export const progress = signal<Progress | null>(null);
export const latest = signal<StepMetrics | null>(null);
export const stepsPerSecond = signal(0);

/** What the samples are drawn from, by their numbers; null where there is no run. */
export const latents = signal<Latents | null>(null);

/** A sample that the visitor looks at closely. */
export interface Picked {
  /** Its place in the grid, from 0. */
  readonly index: number;
  readonly latent: Float32Array;
}

export const picked = signal<Picked | null>(null);

/** Numbers of the samples that each letter of the tab Explore is the mean of. */
export type Corners = Readonly<Record<'A' | 'B' | 'C', readonly number[]>>;

/** The first three, so that there is something to see before anything is picked. */
export const firstCorners: Corners = { A: [0], B: [1], C: [2] };
export const corners = signal<Corners>(firstCorners);

export type SideTab = 'progress' | 'explore' | 'machine' | 'tour' | 'keep';
/** What is shown beside the samples. */
export const side = signal<SideTab>('progress');

/** What the samples looked like after a step. */
export interface Frame {
  readonly step: number;
  readonly picture: Blob;
  /** Shows it; given back when the frame goes. */
  readonly url: string;
  /** Samples on it. */
  readonly count: number;
  /** What D made of them, where it was asked. */
  readonly scores?: Scores;
}

/** Samples that the visitor wants to see. */
export const gridCount = signal(DEFAULT_COUNT);
/** What is on the canvas; null before the first run. */
export const grid = signal<Grid | null>(null);
/** Samples as large as there is room for, or so many pixels for one of theirs. */
export const zoom = signal<'fit' | 1 | 2 | 4>('fit');
/** Whether each sample has a frame of the colour that D's belief has. */
export const framed = signal(true);
/** What D made of the samples and of real pictures last. */
export const scores = signal<Scores | null>(null);

/**
 * Changes when other canvases take the place of those that were drawn on: for each run, and when a run's
 * device was lost. Where the browser's GPU process went with it, nothing that is drawn on the old ones is
 * seen any more (Chrome 156).
 */
export const canvasVersion = signal(0);

/** The run so far in pictures, the oldest first. */
export const film = signal<readonly Frame[]>([]);
/** The place in the film that the visitor looks at; null for now. */
export const lookedAt = signal<number | null>(null);
/** The frame there. */
export const lookedFrame = computed(() =>
  lookedAt.value === null ? undefined : film.value[lookedAt.value],
);
/** The samples that are looked at, now or in the past. */
export const seenGrid = computed<Grid>(() => {
  const { count, size } = grid.value ?? { count: gridCount.value, size: settings.value.imageSize };
  return { count: lookedFrame.value?.count ?? count, size };
});
/** What D makes of them, or made of them then; null where it was not asked. */
export const seenScores = computed(() =>
  lookedFrame.value ? (lookedFrame.value.scores ?? null) : scores.value,
);
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

/** The layers of the networks that the settings make; null until they are known, or where they make none. */
export const layers = signal<ModelSummary | null>(null);
/** The layer that the visitor looks into, and with which sample; null for none. */
export const inspected = signal<InspectedLayer | null>(null);
/** What that layer made of it last, in this run. */
export const maps = signal<Maps | null>(null);
export const filters = signal<Readonly<Record<NetName, Filters>> | null>(null);
/** The step that was looked into last, in this run. */
export const stepProfile = signal<StepProfile | null>(null);
/** Whether a step is being timed. */
export const profiling = signal(false);
export const machineFacts = signal<MachineFacts | null>(null);

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
