/**
 * What the command line (Node) and its page (browser) say to each other: plain data, so that it
 * crosses from one to the other as JSON.
 */

/** How to train. All numbers are settled: presets and defaults have been filled in. */
export interface TrainingOptions {
  /** Side of the pictures, in pixels: 16, 32, 64, 128 or 256. */
  readonly imageSize: number;
  readonly channels: number;
  /** Feature maps of the widest-resolution layer of both nets (ngf = ndf). */
  readonly width: number;
  readonly latentDim: number;
  readonly latent: 'normal' | 'uniform';
  readonly batchSize: number;
  readonly lrD: number;
  readonly lrG: number;
  readonly beta1: number;
  /** Discriminator steps per generator step. */
  readonly dSteps: number;
  readonly freshLatent: boolean;
  readonly mixedBatch: boolean;
  readonly generatorLoss: 'non-saturating' | 'minimax' | 'maximum-likelihood';
  /** Real pictures have the target 1 minus this. */
  readonly labelSmoothing: number;
  /** Decay of the average of the generator's weights; 0 for none. */
  readonly ema: number;
  readonly flip: boolean;
  readonly seed: number;
}

/** Where the page gets its pictures from: paths on the server that this command runs. */
export interface DataRequest {
  readonly kind: 'idx' | 'pictures';
  /** What to call the set in messages. */
  readonly name: string;
  /** One file for IDX; any number of pictures. */
  readonly files: readonly { readonly name: string; readonly url: string }[];
  readonly imageSize: number;
  readonly channels: number;
}

/** The set that the page has read. */
export interface DataInfo {
  readonly count: number;
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
}

/** The adapter that the page got. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** Whether it computes on the CPU. */
  readonly software: boolean;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
}

/** When to stop, when to sample, and where to send the results. At least one limit is given. */
export interface RunRequest {
  readonly training: TrainingOptions;
  readonly steps: number | undefined;
  readonly seconds: number | undefined;
  /** A grid at every multiple of so many steps … */
  readonly sampleEvery: number;
  /** … but none sooner than this after the one before, in seconds. */
  readonly sampleSeconds: number;
  /** Pictures in a grid. */
  readonly samples: number;
  /** A checkpoint about this often, in seconds, besides the one at the end. */
  readonly checkpointSeconds: number;
  /** Path on the server under which grids and checkpoints are received. */
  readonly resultsUrl: string;
}

/** What one training step measured. */
export interface StepMetrics {
  /** Counted from 1. */
  readonly step: number;
  readonly lossD: number;
  readonly lossDReal: number;
  readonly lossDFake: number;
  readonly lossG: number;
  /** D(x): mean probability that D gives to real pictures. */
  readonly dReal: number;
  /** D(G(z)) before D's update. */
  readonly dFake: number;
  /** D(G(z)) after it. */
  readonly dFakeAfter: number;
  readonly gradNormD: number;
  readonly gradNormG: number;
  /** Milliseconds, as the trainer reports them. */
  readonly timeMs: number;
}

/** A grid of samples as it leaves the page: uint8 pixels, [count, height, width, channels]. */
export interface SampleShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly count: number;
}

/** What the trainer says about itself at the end. */
export interface TrainerStats {
  readonly dispatches: number;
  readonly submits: number;
  readonly bufferBytes: number;
  readonly pipelines: number;
  readonly parameters: { readonly generator: number; readonly discriminator: number };
  readonly plan: readonly string[];
  readonly firstStepMs: number;
}

/** What a finished run came to. */
export interface RunResult {
  /** The last step made. */
  readonly step: number;
  /** Whether it was stopped before its limits. */
  readonly stopped: boolean;
  /** Milliseconds from the trainer's construction to its readiness. */
  readonly setupMs: number;
  /** Milliseconds from the first step to the last, samples and checkpoints included. */
  readonly trainMs: number;
  readonly stats: TrainerStats;
}

/** An answer of the page: errors cross as data, with their code. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: string; readonly message: string };

/** What the page tells while it works. */
export type PageEvent =
  | { readonly type: 'data'; readonly loaded: number; readonly total: number | undefined }
  /** The trainer is ready; steps begin. */
  | { readonly type: 'ready' }
  | { readonly type: 'metrics'; readonly rows: readonly StepMetrics[] };

/** What the page offers, as `window.ganvas`. */
export interface PageApi {
  open(): Promise<Answer<AdapterInfo>>;
  load(request: DataRequest): Promise<Answer<DataInfo>>;
  train(request: RunRequest): Promise<Answer<RunResult>>;
  /** Ends training at the next step boundary; `train` then answers with what there is. */
  stop(): void;
}
