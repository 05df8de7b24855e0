/**
 * What the page and the worker that trains say to each other. Plain data: what the engine itself
 * hands out stays in the worker.
 */

import type {
  GanOptions,
  LeftOut,
  ModelSummary,
  NetName,
  PictureFit,
  Scores,
  StepMetrics,
  StepProfile,
} from '../../src/index.ts';
import type { Grid } from '../grid.ts';
import type { Filters, InspectedLayer, MachineFacts, Maps } from './machine-protocol.ts';

/** How to train: everything that the page lets a visitor choose. */
export type TrainOptions = GanOptions & { readonly channels: 1 | 3 };

/** The data sets that are drawn on sheets. */
export type AtlasName = 'emoji' | 'persons' | 'faces' | 'avatars';

export type DataSource =
  | { readonly kind: 'mnist'; readonly url: string }
  /** Addresses of the sheet and of what says where its pictures are. */
  | {
      readonly kind: 'atlas';
      readonly name: AtlasName;
      readonly sheet: string;
      readonly cells: string;
    }
  /** `id` tells one choice of files from the next. */
  | {
      readonly kind: 'pictures';
      readonly id: number;
      readonly files: readonly File[];
      /** They come from where this browser keeps them. */
      readonly kept: boolean;
      readonly fit: PictureFit;
    };

export interface Estimate {
  /** Learned numbers of each net. */
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  readonly memoryBytes: number;
  /** Floating-point operations of a step. */
  readonly flops: number;
}

/** What is kept of a run beside its checkpoint. */
export interface RunRecord {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly saved: number;
  readonly step: number;
  /** The page's settings, which the worker does not look at. */
  readonly settings: unknown;
}

/** A run that this browser keeps. */
export interface SavedRun extends RunRecord {
  readonly id: string;
  readonly thumbnail?: Blob;
}

/** What a run goes on from. */
export type Beginning =
  | { readonly kind: 'saved'; readonly id: string }
  | { readonly kind: 'file'; readonly file: File };

/** What the page asks of the worker, and waits for: by name, what is asked and what is answered. */
interface Questions {
  /** What a run would be: asked before it starts. Refused where the settings make no sense. */
  readonly estimate: {
    readonly question: { readonly options: TrainOptions; readonly count: number };
    readonly answer: Estimate;
  };
  /** The runs that this browser keeps, the newest first. */
  readonly runs: { readonly question: null; readonly answer: readonly SavedRun[] };
  readonly duplicateRun: {
    readonly question: { readonly id: string; readonly name: string };
    readonly answer: null;
  };
  readonly deleteRun: { readonly question: { readonly id: string }; readonly answer: null };
  /** What a checkpoint says of its run. Refused where it is none. */
  readonly checkpointInfo: {
    readonly question: { readonly file: File };
    readonly answer: { readonly options: GanOptions; readonly step: number };
  };
  /** The visitor's pictures that this browser keeps. */
  readonly keptPictures: { readonly question: null; readonly answer: readonly File[] };
  readonly forgetPictures: { readonly question: null; readonly answer: null };
  /** The pictures of the data set that are nearest to what the generator makes of a latent now. */
  readonly neighbours: {
    readonly question: { readonly latent: Float32Array; readonly count: number };
    readonly answer: Neighbours;
  };
  /** The samples of now, as a PNG file. */
  readonly picture: { readonly question: null; readonly answer: Blob };
  /** All of the run that is going on, as a file. */
  readonly checkpoint: { readonly question: null; readonly answer: Uint8Array<ArrayBuffer> };
  /** The layers of the networks that these options make. Refused where they make none. */
  readonly layers: {
    readonly question: { readonly options: TrainOptions };
    readonly answer: ModelSummary;
  };
  /** What a layer makes of a sample. */
  readonly maps: { readonly question: InspectedLayer; readonly answer: Maps };
  /** The weights of a network that are next to the picture. */
  readonly filters: { readonly question: { readonly net: NetName }; readonly answer: Filters };
  /** The next step's dispatches, timed where the device has a clock: waits for it. */
  readonly profile: { readonly question: null; readonly answer: StepProfile };
  /** What the adapter allows, and what the run takes of it. */
  readonly machine: { readonly question: null; readonly answer: MachineFacts };
}

export type QuestionName = keyof Questions;
export type Question<Name extends QuestionName> = Questions[Name]['question'];
export type Answer<Name extends QuestionName> = Questions[Name]['answer'];

export type Request =
  /** The canvas that samples are drawn on from now on; the first comes before all training. */
  | { readonly type: 'canvas'; readonly canvas: OffscreenCanvas }
  /** Opens the adapter. */
  | { readonly type: 'open' }
  /** Reads a data set ahead of training, to show what the networks will see of it. */
  | {
      readonly type: 'load';
      readonly source: DataSource;
      readonly imageSize: number;
      readonly channels: 1 | 3;
    }
  /** `job` comes back in every event of this run, so that those of an earlier one are known. */
  | {
      readonly type: 'train';
      readonly job: number;
      readonly source: DataSource;
      readonly options: TrainOptions;
      readonly effort: number;
      /** What it is kept under, and what is kept with it. */
      readonly record: Pick<RunRecord, 'name' | 'settings'>;
      /** Where it goes on, unless it is new. */
      readonly from?: Beginning;
    }
  /** The share of the time that the run works for, up to 1. */
  | { readonly type: 'throttle'; readonly effort: number }
  /** Samples to be drawn, in this run and the next. */
  | { readonly type: 'grid'; readonly count: number }
  /** Whether D is to be asked of them all the time, and not for the film only. */
  | { readonly type: 'score'; readonly on: boolean }
  /** New learning rates of the run that is going on, and the settings that are kept with it from now on. */
  | {
      readonly type: 'rates';
      readonly lrD: number;
      readonly lrG: number;
      readonly settings: unknown;
    }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** A canvas more to show pictures of latents on, under a number of its own. */
  | {
      readonly type: 'open-view';
      readonly view: number;
      readonly canvas: OffscreenCanvas;
      readonly layout: ViewLayout;
    }
  /** Shows the pictures of these latents there, now and as the generator changes; during runs alone. */
  | { readonly type: 'show'; readonly view: number; readonly latents: Float32Array }
  | { readonly type: 'close-view'; readonly view: number }
  /** Ends the run, or whatever it was waiting for, and frees its memory. */
  | { readonly type: 'reset' }
  /** Is answered by an event with the same `id`. */
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly name: QuestionName;
      readonly question: Question<QuestionName>;
    };

export interface AdapterSummary {
  /** Empty where the browser does not say. */
  readonly name: string;
  /** It computes on the CPU. */
  readonly software: boolean;
}

/** Something that went wrong, in words. */
export interface Problem {
  /** Stable, for programs: the engine's own code, or `unexpected`. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; empty where nobody knows. */
  readonly advice: string;
}

/** How pictures are laid out on a canvas. */
export interface ViewLayout {
  readonly count: number;
  readonly columns: number;
  /** Black pixels between pictures and around them. */
  readonly gap: number;
}

/** Real pictures like a generated one, the nearest first. */
export interface Neighbours {
  /** The generator's, when it was asked. */
  readonly step: number;
  readonly pictures: Preview;
  /** Euclidean, of pixels from 0 to 1. */
  readonly distances: readonly number[];
}

/** A few pictures as the networks will see them: [count, size, size, channels]. */
export interface Preview {
  readonly count: number;
  readonly size: number;
  readonly channels: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

export interface DataSummary {
  /** `mnist`, `pictures`, or the name of an atlas. */
  readonly name: string;
  readonly count: number;
  readonly leftOut: readonly LeftOut[];
  readonly preview: Preview;
}

export interface Progress {
  readonly stage: 'download' | 'decode' | 'compile';
  /** Of what is read; none while pipelines are compiled. */
  readonly name: string;
  /** Bytes of a download; pictures decoded; pipelines compiled. */
  readonly loaded: number;
  readonly total: number | undefined;
}

/** Shares of pictures whose mean brightness is in each of equal parts from black to white. */
export interface Brightness {
  readonly real: readonly number[];
  readonly generated: readonly number[];
}

/** What samples are drawn from: the same all along, and the first ones of any number of samples. */
export interface Latents {
  /** Flat [count, dimension]. */
  readonly values: Float32Array;
  readonly dimension: number;
  readonly law: GanOptions['latent'];
}

export type Event =
  | { readonly type: 'adapter'; readonly adapter: AdapterSummary }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'data'; readonly data: DataSummary }
  /** The trainer is ready; steps begin. */
  | { readonly type: 'training'; readonly job: number; readonly latents: Latents }
  /** The run is kept as it was after this step. */
  | { readonly type: 'saved'; readonly job: number; readonly step: number }
  /** A few times a second: every step since the last such event. */
  | {
      readonly type: 'metrics';
      readonly job: number;
      readonly rows: readonly StepMetrics[];
      readonly stepsPerSecond: number;
    }
  /** The samples of a step, to look back at. */
  | {
      readonly type: 'frame';
      readonly job: number;
      readonly step: number;
      /** Samples on it. */
      readonly count: number;
      readonly picture: Blob;
      /** What D made of them, from where that is known. */
      readonly scores?: Scores;
    }
  /** So many samples are on the canvas from now on. */
  | { readonly type: 'grid'; readonly job: number; readonly grid: Grid }
  /** What D makes of the samples after this step, and of real pictures. */
  | {
      readonly type: 'scores';
      readonly job: number;
      readonly step: number;
      readonly scores: Scores;
    }
  /** What the samples of such a step are like, beside real pictures. */
  | {
      readonly type: 'quality';
      readonly job: number;
      readonly step: number;
      /** Mean distance of two samples, as a share of that of two real pictures. */
      readonly diversity: number;
      /** Sliced Wasserstein distance to as many real pictures, whose values are from −1 to 1. */
      readonly distance: number;
      readonly brightness: Brightness;
    }
  /** A device was lost, and the run goes on at this step on another one. */
  | { readonly type: 'recovered'; readonly job: number; readonly step: number }
  /** There is no device to train on. */
  | { readonly type: 'unavailable'; readonly problem: Problem }
  /** The data set could not be read. */
  | { readonly type: 'data-failed'; readonly problem: Problem }
  /** The run has ended because of this. */
  | { readonly type: 'failed'; readonly job: number; readonly problem: Problem }
  /** What was asked for, or why there is none. */
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer<QuestionName> }
  | { readonly type: 'refusal'; readonly id: number; readonly problem: Problem }
  /** Something to tell that ends nothing. */
  | { readonly type: 'note'; readonly problem: Problem };
