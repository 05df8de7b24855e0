/**
 * What the command line (Node) and its page (browser) say to each other: plain data, so that it
 * crosses from one to the other as JSON.
 */

import type {
  AdapterInfo,
  DcganShape,
  GanOptions,
  GanStats,
  GanTrainer,
  LeftOut,
  Metrics,
  PictureGrid,
  QualityReport,
  StepMetrics,
  VaeMetricName,
  VaeOptions,
  VaeStats,
} from '../index.ts';

/** Where the page gets its pictures from: paths on the server that this command runs. */
export interface DataRequest {
  readonly kind: 'idx' | 'pictures';
  /** What to call the set in messages. */
  readonly name: string;
  /** One file for IDX; any number of pictures. */
  readonly files: readonly { readonly name: string; readonly url: string }[];
  readonly imageSize: number;
  readonly channels: number;
  /**
   * Where the pictures have classes: of an IDX file, that of its labels; of pictures, undefined, and the
   * first folder of their names is their class.
   */
  readonly classes: { readonly labels: { name: string; url: string } | undefined } | undefined;
}

/** The set that the page has read. */
export interface DataInfo {
  readonly count: number;
  /** Where they were asked for. */
  readonly classes: number | undefined;
  /** Where they have names. */
  readonly classNames: readonly string[] | undefined;
  readonly leftOut: readonly LeftOut[];
}

/** A VAE, by the name that its checkpoints have. */
export type VaeModel = VaeOptions & { readonly model: 'vae' };

/** What a checkpoint says of its run. */
export interface CheckpointInfo {
  readonly options: GanOptions | VaeModel;
  /** Training steps that were done. */
  readonly step: number;
}

/** How to train a GAN: what the command settles, and for the rest the engine's defaults. */
export type GanModel = Partial<GanOptions> &
  Pick<GanOptions, keyof DcganShape | 'batchSize' | 'lrD' | 'lrG' | 'ema' | 'seed'>;

/** How to train. */
export type Model = GanModel | VaeModel;

/** What a step measured, of whatever model. */
export type StepRow = StepMetrics | Metrics<VaeMetricName>;

/** When to stop, when to sample, and where to send the results. At least one limit is given. */
export interface RunRequest {
  /**
   * What the options say, or the preset. Where the run goes on from the checkpoint that was read, that
   * decides, and `rates` replace its learning rates.
   */
  readonly training: Model;
  readonly rates: { readonly lr?: number; readonly lrD?: number; readonly lrG?: number };
  /** Steps and seconds of this run, beyond those of its checkpoint. */
  readonly steps: number | undefined;
  readonly seconds: number | undefined;
  /** A grid at every multiple of so many steps … */
  readonly sampleEvery: number;
  /** … but none sooner than this after the one before, in seconds. */
  readonly sampleSeconds: number;
  /** Pictures in a grid; undefined for as many as a grid has where nothing is said. */
  readonly samples: number | undefined;
  /** A checkpoint about this often, in seconds, besides the one at the end. */
  readonly checkpointSeconds: number;
  /** Path on the server under which grids and checkpoints are received. */
  readonly resultsUrl: string;
}

/**
 * Grids that show how a run goes on: samples; of a VAE, pictures of the data each beside its
 * reconstruction; of one with two latents, all that it can draw.
 */
export const GRIDS = ['samples', 'reconstructions', 'manifold'] as const;
export type GridKind = (typeof GRIDS)[number];

/** Pictures of a grid as they leave the page: uint8, [count, height, width, channels]. */
export type SampleShape = Pick<PictureGrid, 'width' | 'height' | 'channels' | 'count'>;

/** What a finished run came to. */
export interface RunResult {
  /** The last step whose metrics are known, counted from the beginning of training. */
  readonly step: number;
  /** Whether it was stopped before its limits. */
  readonly stopped: boolean;
  /** Why training cannot go on, where it cannot; its files are written all the same. */
  readonly failed: string | undefined;
  /** The adapter with the limits that this run had. */
  readonly adapter: AdapterInfo;
  /** Milliseconds from the trainer's construction to its readiness. */
  readonly setupMs: number;
  /** Milliseconds from the first step to the last, samples and checkpoints included. */
  readonly trainMs: number;
  readonly stats: GanStats | VaeStats;
  /** Bytes and buffers on the device. */
  readonly memory: ReturnType<GanTrainer['memory']>;
}

/** Which pictures to draw, and where to send them. */
export interface SampleRequest {
  /** Path on the server of the generator's file. */
  readonly url: string;
  readonly count: number;
  /** Undefined for the generator's own. */
  readonly seed: number | undefined;
  /** The class that the pictures are of, by its number or its name; undefined for all in turn. */
  readonly class: string | undefined;
  /** Strips from one of the pictures to another, each of so many steps. */
  readonly strips: number;
  readonly steps: number;
  /** Path on the server under which the pictures are received. */
  readonly resultsUrl: string;
}

/** What was drawn. The pictures themselves were sent, those of the strips after the others. */
export interface SampleResult extends Omit<SampleShape, 'count'> {
  /** Of a grid of the pictures: where they are of all classes in turn, each has one. */
  readonly columns: number;
  /** Training steps of the generator, where its file says so. */
  readonly step: number | undefined;
}

/** Which pictures to judge: those of a file, or of a model out of a checkpoint. */
export interface EvaluateRequest {
  /** Path on the server of an IDX file of pictures, or of a checkpoint. */
  readonly source: { readonly kind: 'pictures' | 'checkpoint'; readonly url: string };
  /** Of an IDX file of real pictures. */
  readonly real: string;
  /** Of a feature net's weights. */
  readonly features: string;
  readonly samples: number;
  /** Of latents, and of which real pictures are taken. */
  readonly seed: number;
  /** Path on the server under which progress is received. */
  readonly resultsUrl: string;
}

/** What they are worth. */
export interface EvaluateResult {
  readonly report: QualityReport;
  /** The pictures as they were given, and the size and channels that the feature net takes. */
  readonly shape: Omit<SampleShape, 'count'>;
  readonly judgedAt: Omit<SampleShape, 'count'>;
  /** Training steps of the model, where a file says so. */
  readonly step: number | undefined;
}

/** Addresses of IDX files that belong together. */
export interface LabelledFiles {
  readonly images: string;
  readonly labels: string;
}

/** How to train the net whose features judge MNIST's pictures. */
export interface FeatureRequest {
  readonly train: LabelledFiles;
  readonly test: LabelledFiles;
  readonly epochs: number;
  readonly seed: number;
  /** Path on the server under which progress and weights are received. */
  readonly resultsUrl: string;
}

/** What came of it. */
export interface FeatureResult {
  /** Of the test set, from 0 to 1. */
  readonly accuracy: number;
  readonly steps: number;
}

/** An answer of the page: errors cross as data. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly message: string;
      /** Of an error of the engine's. */
      readonly code: string | undefined;
    };

/** What the page tells while it works. */
export type PageEvent =
  | { readonly type: 'data'; readonly loaded: number; readonly total: number | undefined }
  /** The trainer is ready; steps begin. */
  | { readonly type: 'ready' }
  | { readonly type: 'metrics'; readonly rows: readonly StepRow[] }
  /** The device is gone; the trainer is looking for another one. */
  | { readonly type: 'lost' }
  /** It has one: this is the last step that still counts, and those after it are done again. */
  | { readonly type: 'recovered'; readonly step: number };

/** What the page offers, as `window.ganvas`. */
export interface PageApi {
  open(): Promise<Answer<AdapterInfo>>;
  load(request: DataRequest): Promise<Answer<DataInfo>>;
  /** Reads the checkpoint that `train` is to go on from. */
  readCheckpoint(url: string): Promise<Answer<CheckpointInfo>>;
  train(request: RunRequest): Promise<Answer<RunResult>>;
  /** Draws with a generator out of a file. Needs none of the above. */
  sample(request: SampleRequest): Promise<Answer<SampleResult>>;
  /** Judges pictures. Needs none of the above. */
  evaluate(request: EvaluateRequest): Promise<Answer<EvaluateResult>>;
  /** Trains a feature net. Needs none of the above. */
  trainFeatures(request: FeatureRequest): Promise<Answer<FeatureResult>>;
  /** Ends training at the next step boundary; `train` then answers with what there is. */
  stop(): void;
}
