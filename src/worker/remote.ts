import type { readIdxDataset, readIdxImages } from '../data/idx.ts';
import type { readPictures } from '../data/pictures.browser.ts';
import type { FeatureNet } from '../evaluation/feature-net.ts';
import type {
  evaluateQuality,
  QualityOptions,
  QualityReport,
  QualitySets,
} from '../evaluation/quality.ts';
import type { Generator } from '../gan/generator.ts';
import type { CanvasView, Sampler } from '../gan/sampler.ts';
import type { GanTrainer } from '../gan/trainer.ts';
import type { Engine, EngineOptions } from '../runtime/engine.ts';
import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import type { TrainingProgram } from '../training/program.ts';
import type { CustomTrainerOptions, Trainer } from '../training/trainer.ts';
import type { VaeTrainer } from '../vae/trainer.ts';
import type { Vae } from '../vae/vae.ts';

/** What a result is on the page: functions and objects with methods stay in the worker. */
type Result<T> = T extends (...args: infer Args) => infer R
  ? (...args: Args) => Promise<Awaited<R>>
  : T extends CanvasView
    ? Remote<CanvasView>
    : T extends Sampler
      ? RemoteSampler
      : T;

/** The same names, but what a method returns is a promise, and so is every value. */
type Members<T, Local extends keyof T> = {
  readonly [Name in Exclude<keyof T, Local | symbol>]: T[Name] extends (
    ...args: infer Args
  ) => infer R
    ? R extends AsyncGenerator
      ? T[Name]
      : (...args: Args) => Promise<Result<Awaited<R>>>
    : Promise<Awaited<T[Name]>>;
};

/**
 * An object in a worker, as it is used from the page. `Local` are names that mean something on the
 * device's side only.
 */
export type Remote<T, Local extends keyof T = never> = Members<T, Local> &
  (T extends Disposable ? Disposable & AsyncDisposable : unknown);

/** An `Engine` in a worker. */
export type RemoteEngine = Remote<
  Engine,
  'device' | 'variables' | 'compile' | 'reopen' | 'reopens'
>;

/** A `FeatureNet` in a worker, where `evaluateQuality` uses it too. */
export type RemoteFeatureNet = Remote<FeatureNet, 'products'>;

/** A `Generator` in a worker. */
export type RemoteGenerator = Remote<Generator>;

/** A `Sampler` in a worker: what it leaves on the device is there. */
export type RemoteSampler = Remote<Sampler, 'draw' | 'texture' | 'painter'>;

/** A `GanTrainer` in a worker. */
export type RemoteGanTrainer = Remote<GanTrainer, 'inspect'>;

/** A `Vae` in a worker. */
export type RemoteVae = Remote<Vae>;

/** A `VaeTrainer` in a worker. */
export type RemoteVaeTrainer = Remote<VaeTrainer>;

/** A function of a `RemoteTrainer`'s `compile`. */
export type RemoteFunction<Input extends string = string, Output extends string = string> = Remote<
  GraphFunction<Input, Output>,
  'bind' | 'output'
>;

/** A `Trainer` in a worker. */
export type RemoteTrainer<Name extends string = string> = Remote<Trainer<Name>, 'compile'> & {
  /** Compiles a function of `traceFunction`, which crosses as data. */
  compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<RemoteFunction<Input, Output>>;
};

/** A function that is given the worker's engine, and gives what is in the worker. */
type Made<F, R> = F extends (engine: Engine, ...rest: infer Rest) => unknown
  ? (engine: RemoteEngine, ...rest: Rest) => Promise<R>
  : never;

/** What a worker offers, in its own terms. */
export interface Offer {
  readonly Engine: Pick<typeof Engine, 'create'>;
  readonly FeatureNet: Pick<typeof FeatureNet, 'load'>;
  readonly GanTrainer: Pick<typeof GanTrainer, 'create' | 'resume'>;
  readonly Generator: Pick<typeof Generator, 'load'>;
  readonly Trainer: Pick<typeof Trainer, 'create'>;
  readonly Vae: Pick<typeof Vae, 'load'>;
  readonly VaeTrainer: Pick<typeof VaeTrainer, 'create' | 'resume'>;
  readonly evaluateQuality: typeof evaluateQuality;
  readonly readIdxDataset: typeof readIdxDataset;
  readonly readIdxImages: typeof readIdxImages;
  readonly readPictures: typeof readPictures;
}

/**
 * Ganvas in a worker: the same names and the same arguments. Whatever is a value of an object there is
 * a promise here, and so is whatever a method returns; what `run` yields is the same.
 *
 * - Numbers, typed arrays, pictures and options are copied; with `transfer` their bytes are moved.
 *   What comes back is moved.
 * - Callbacks are called on the page. Errors are of the same classes, with the same codes.
 * - A run may be 16 steps ahead of the loop that consumes it, and waits there for it. With
 *   `boundaryEvery`, pictures and checkpoints made at a boundary show exactly that step.
 * - A canvas of the page is given to the worker the first time that it is attached, and stays there.
 * - A signal is heeded until the call that it was given to is over.
 */
export interface RemoteGanvas extends Disposable, AsyncDisposable {
  /** Opens a device in the worker. */
  readonly Engine: {
    /** A device of the page cannot be used in a worker: there is no `device` and no `gpu`. */
    create(options?: Omit<EngineOptions, 'device' | 'gpu'>): Promise<RemoteEngine>;
  };
  /** Loads feature nets into the worker. */
  readonly FeatureNet: {
    /** As `FeatureNet.load`. */
    readonly load: Made<Offer['FeatureNet']['load'], RemoteFeatureNet>;
  };
  /** Makes trainers of GANs in the worker. */
  readonly GanTrainer: {
    /** As `GanTrainer.create`. */
    readonly create: Made<Offer['GanTrainer']['create'], RemoteGanTrainer>;
    /** As `GanTrainer.resume`. */
    readonly resume: Made<Offer['GanTrainer']['resume'], RemoteGanTrainer>;
  };
  /** Loads trained generators into the worker. */
  readonly Generator: {
    /** As `Generator.load`. */
    readonly load: Made<Offer['Generator']['load'], RemoteGenerator>;
  };
  /** Makes trainers of steps of your own in the worker. */
  readonly Trainer: {
    /** The program, which `traceTraining` made on the page, crosses as data. */
    create<Name extends string>(
      engine: RemoteEngine,
      program: TrainingProgram<Name>,
      options?: CustomTrainerOptions,
    ): Promise<RemoteTrainer<Name>>;
  };
  /** Loads trained VAEs into the worker. */
  readonly Vae: {
    /** As `Vae.load`. */
    readonly load: Made<Offer['Vae']['load'], RemoteVae>;
  };
  /** Makes trainers of VAEs in the worker. */
  readonly VaeTrainer: {
    /** As `VaeTrainer.create`. */
    readonly create: Made<Offer['VaeTrainer']['create'], RemoteVaeTrainer>;
    /** As `VaeTrainer.resume`. */
    readonly resume: Made<Offer['VaeTrainer']['resume'], RemoteVaeTrainer>;
  };
  /** Judges pictures off the page's thread, by a feature net that is in the worker. */
  evaluateQuality(
    net: RemoteFeatureNet,
    sets: QualitySets,
    options?: QualityOptions,
  ): Promise<QualityReport>;
  /** Off the page's thread. An address is the worker file's, if it is no whole URL. */
  readonly readIdxImages: typeof readIdxImages;
  /** As `readIdxImages`, with labels. */
  readonly readIdxDataset: typeof readIdxDataset;
  /** Decodes pictures off the page's thread. */
  readonly readPictures: typeof readPictures;
  /**
   * Frees everything that was made in the worker by this connection, which is then of no use. The
   * worker itself is its owner's to terminate. Twice is fine.
   */
  dispose(): Promise<void>;
}
