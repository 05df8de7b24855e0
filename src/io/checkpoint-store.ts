/**
 * Checkpoints in a place that may fail at any moment: a full disk, a closed tab, a crash.
 *
 * A checkpoint is one file that is written once, under a name of its own, and never changed. The name
 * tells its length and its SHA-256, so a file is good or it is not, by itself: there is no index that
 * could be wrong, and nothing has to be moved. Older ones go only after the new one was read back.
 */

import { GanvasError } from '../graph/errors.ts';
import { sha256 } from './digest.ts';

/** A flat folder of files. Its operations may reject with anything. */
export interface CheckpointStorage {
  /** All files. */
  list(): Promise<readonly StoredFile[]>;
  /** The file's bytes; undefined where there is none of that name. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Makes or replaces a file. Where it fails, any part of it may be left under that name. */
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Removes a file, if there is one of that name. */
  remove(name: string): Promise<void>;
}

/** A file of a `CheckpointStorage`. */
export interface StoredFile {
  /** Within its folder. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

/** A checkpoint that is in the store. */
export interface StoredCheckpoint extends StoredFile {
  /** Training steps that were done. */
  readonly step: number;
  /** When it was saved. */
  readonly date: Date;
}

/** A checkpoint from the store, whole. */
export interface LoadedCheckpoint extends StoredCheckpoint {
  /** The file, as it was saved. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Newer ones that were passed over, because they are damaged or could not be read. */
  readonly damaged: readonly StoredCheckpoint[];
}

/** Why a `StorageError` was thrown. */
export type StorageFault = 'unavailable' | 'quota' | 'damaged' | 'missing' | 'failed';

/**
 * Checkpoints could not be stored or loaded; those that were good before still are. `code` is
 * `storage-` and one of `unavailable` (no such place here), `quota` (there is no room), `damaged`,
 * `missing` and `failed`; `cause` is what the place said.
 */
export class StorageError extends GanvasError {
  override readonly name = 'StorageError';

  constructor(code: StorageFault, message: string, advice: string, cause?: unknown) {
    super(`storage-${code}`, message, advice);
    if (cause !== undefined) this.cause = cause;
  }
}

/** A checkpoint by its name: the order of saving, step, time in ms, bytes, half of the SHA-256. */
interface Named extends StoredCheckpoint {
  readonly number: number;
  readonly digest: string;
}

const NAME = /^checkpoint-(\d{6,12})-(\d{1,10})-(\d{1,15})-(\d{1,15})-([0-9a-f]{32})\.safetensors$/;

function nameOf({ number, step, date, size, digest }: Omit<Named, 'name'>): string {
  const ordered = String(number).padStart(6, '0');
  return `checkpoint-${ordered}-${step}-${date.getTime()}-${size}-${digest}.safetensors`;
}

/** What a name says; undefined where it is no checkpoint's. */
function parseName(name: string): Named | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [number, step, time, size] = match.slice(1, 5).map(Number);
  return { name, number, step, date: new Date(time), size, digest: match[5] };
}

/** Half of it: against damage, not against forgery. */
const digestOf = async (bytes: Uint8Array): Promise<string> => (await sha256(bytes)).slice(0, 32);

/** Checkpoints of a run, the last few of them. Calls take their turns. */
export class CheckpointStore {
  readonly #storage: CheckpointStorage;
  readonly #keep: number;
  /** The call before, whatever became of it. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param storage a folder for checkpoints; files of other names are left alone
   * @param keep how many to keep, at least 1; there must be room for one more
   */
  constructor(storage: CheckpointStorage, { keep = 3 }: { keep?: number } = {}) {
    if (!(Number.isInteger(keep) && keep >= 1)) {
      throw new GanvasError('keep', `${keep} checkpoints cannot be kept.`, 'Keep 1 or more.');
    }
    this.#storage = storage;
    this.#keep = keep;
  }

  /**
   * Stores a checkpoint and reads it back; only then, those that are too old are removed.
   *
   * @param step training steps that were done, for `list`
   * @throws {StorageError} if that failed. What was stored before is as good as it was.
   * @throws {GanvasError} code `step` if that is no number of steps.
   */
  save(
    bytes: Uint8Array<ArrayBuffer>,
    { step }: { readonly step: number },
  ): Promise<StoredCheckpoint> {
    const mib = (bytes.length / 2 ** 20).toFixed(1);
    return this.#inTurn(`Storing the checkpoint of step ${step} (${mib} MiB)`, async () => {
      if (!(Number.isInteger(step) && step >= 0 && step < 2 ** 32)) {
        throw new GanvasError('step', `${step} is no number of steps.`, "Give the checkpoint's.");
      }
      const { all } = await this.#files();
      const facts = {
        number: all.reduce((max, { number }) => Math.max(max, number), 0) + 1,
        step,
        date: new Date(),
        size: bytes.length,
        digest: await digestOf(bytes),
      };
      const name = nameOf(facts);
      try {
        await this.#storage.write(name, bytes);
        if (!(await this.#readGood({ name, ...facts }))) {
          throw new StorageError(
            'damaged',
            `The checkpoint of step ${step} did not come back as it was written.`,
            'The disk may be failing: save elsewhere too.',
          );
        }
      } catch (error) {
        await this.#tryRemove(name);
        throw error;
      }
      await this.#prune();
      return publicOf({ name, ...facts });
    });
  }

  /** What is in the store, the newest first. Whether it is damaged is seen when it is loaded. */
  list(): Promise<StoredCheckpoint[]> {
    return this.#inTurn('Listing checkpoints', async () =>
      (await this.#files()).complete.map(publicOf),
    );
  }

  /**
   * The newest checkpoint that is good, or undefined if none was ever stored; with a name, that one.
   *
   * @throws {StorageError} if there are checkpoints and all are damaged, or if the one of that name is
   *   or is not there.
   */
  load(): Promise<LoadedCheckpoint | undefined>;
  load(name: string): Promise<LoadedCheckpoint>;
  load(name?: string): Promise<LoadedCheckpoint | undefined> {
    return this.#inTurn('Loading a checkpoint', async () => {
      const damaged: StoredCheckpoint[] = [];
      const tried = new Set<string>();
      let cause: unknown;
      for (;;) {
        // Listed anew each time: who saves meanwhile, perhaps in another tab, removes older ones.
        const { complete } = await this.#files();
        const file = complete.find(
          (found) => !tried.has(found.name) && (name === undefined || found.name === name),
        );
        if (!file) break;
        tried.add(file.name);
        try {
          const bytes = await this.#readGood(file);
          if (bytes) return { ...publicOf(file), bytes, damaged };
        } catch (error) {
          // An older one that can be read is better than none.
          cause = error;
        }
        damaged.push(publicOf(file));
      }
      if (name !== undefined && damaged.length === 0) {
        throw new StorageError(
          'missing',
          `There is no checkpoint '${name.slice(0, 200)}'.`,
          'See what list() gives.',
        );
      }
      if (damaged.length === 0) return undefined;
      throw new StorageError(
        'damaged',
        damaged.length === 1
          ? `The checkpoint of step ${damaged[0].step} is damaged.`
          : `All ${damaged.length} checkpoints are damaged.`,
        'Start anew, or from a file that you have elsewhere.',
        cause,
      );
    });
  }

  /** Removes a checkpoint, by its name; nothing where there is none. */
  remove(name: string): Promise<void> {
    return this.#inTurn('Removing a checkpoint', async () => {
      if (parseName(name)) await this.#storage.remove(name);
    });
  }

  /** Checkpoints by their names, newest first: all, and those that are as long as they should be. */
  async #files(): Promise<{ all: Named[]; complete: Named[] }> {
    const files = (await this.#storage.list()).flatMap((file) => {
      const named = parseName(file.name);
      return named ? [{ named, complete: named.size === file.size }] : [];
    });
    const time = (file: Named) => file.date.getTime();
    files.sort(({ named: a }, { named: b }) => b.number - a.number || time(b) - time(a));
    return {
      all: files.map(({ named }) => named),
      complete: files.filter(({ complete }) => complete).map(({ named }) => named),
    };
  }

  /** The bytes of a checkpoint, if they are what its name says. */
  async #readGood({ name, size, digest }: Named): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.#storage.read(name);
    const good = bytes && bytes.length === size && (await digestOf(bytes)) === digest;
    return good ? bytes : undefined;
  }

  /** Removes what is too old, and what was left half written. What stays by accident goes next time. */
  async #prune(): Promise<void> {
    try {
      const { all, complete } = await this.#files();
      const kept = new Set(complete.slice(0, this.#keep));
      for (const file of all) if (!kept.has(file)) await this.#storage.remove(file.name);
    } catch {
      // The checkpoint is stored all the same.
    }
  }

  async #tryRemove(name: string): Promise<void> {
    try {
      await this.#storage.remove(name);
    } catch {
      // What is left has another length or digest than its name says: it is passed over.
    }
  }

  /** Does the work after the call before, and names what goes wrong. */
  #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work).catch((error: unknown) => {
      throw named(error, what);
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}

const publicOf = ({ name, size, step, date }: Named): StoredCheckpoint => ({
  name,
  size,
  step,
  date,
});

/** Any error as one of ours. */
function named(error: unknown, what: string): GanvasError {
  if (error instanceof GanvasError) return error;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (name === 'QuotaExceededError') {
    // How much there is would help, but Chrome's estimate() always says 10 GiB more than is used.
    return new StorageError(
      'quota',
      `${what} failed: there is no room.`,
      'Remove checkpoints, keep fewer, or free space on the disk.',
      error,
    );
  }
  return new StorageError(
    'failed',
    `${what} failed: ${message}`,
    'Checkpoints from before are untouched: try again, or save elsewhere.',
    error,
  );
}
