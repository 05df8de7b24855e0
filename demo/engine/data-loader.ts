import { type DataProgress, fitToSquare, GanvasError, type ImageSet } from '../../src/index.ts';
import { forgetPictures, keepPictures } from './picture-store.ts';
import type { DataSource, DataSummary, Progress } from './protocol.ts';
import { readSource } from './sources.ts';

/** Pictures shown of a data set. */
const PREVIEW = 16;

/** Progress is told no more often than this: a message a picture would cost more than the picture. */
const PROGRESS_MS = 100;

interface Loading {
  readonly kind: DataSource['kind'];
  readonly key: string;
  readonly set: Promise<ImageSet>;
  readonly abort: AbortController;
  done: boolean;
}

/** Reads data sets and keeps the last one, so that Reset and Train do not read it again. */
export class DataLoader {
  readonly #onProgress: (progress: Progress) => void;
  readonly #onData: (data: DataSummary) => void;
  #last: Loading | undefined;
  /** The choice of pictures that the browser was given last to keep. */
  #keptId: number | undefined;
  #keeping: Promise<void> = Promise.resolve();

  readonly #onNote: (error: unknown) => void;

  constructor(
    onProgress: (progress: Progress) => void,
    onData: (data: DataSummary) => void,
    onNote: (error: unknown) => void,
  ) {
    this.#onProgress = onProgress;
    this.#onData = onData;
    this.#onNote = onNote;
  }

  /** Whether reading ended only because something else was asked for, or it was cancelled. */
  static superseded(error: unknown): boolean {
    return error instanceof DOMException && error.name === 'AbortError';
  }

  /** The pictures of `source`: MNIST as it is, all others in the size that is asked for. */
  async load(source: DataSource, imageSize: number, channels: 1 | 3): Promise<ImageSet> {
    const key = keyOf(source, imageSize, channels);
    if (this.#last?.key !== key) {
      this.cancel();
      const abort = new AbortController();
      const set = this.#read(source, imageSize, channels, abort.signal);
      const reading: Loading = { kind: source.kind, key, set, abort, done: false };
      this.#last = reading;
      set.then(
        () => {
          reading.done = true;
          if (abort.signal.aborted) return;
          if (source.kind === 'pictures' && !source.kept) this.#keep(source);
        },
        () => {
          if (this.#last === reading) this.#last = undefined;
        },
      );
    }
    const { set: reading, abort } = this.#last!;
    const set = await reading;
    // What was read to its end all the same would take the place of what was asked for since.
    abort.signal.throwIfAborted();
    const count = Math.min(PREVIEW, set.count);
    const first = set.data.subarray(0, count * set.height * set.width * set.channels);
    const seen = fitToSquare({ ...set, count, data: first }, imageSize, channels);
    const preview = { count, size: imageSize, channels, pixels: new Uint8Array(seen.data) };
    const { leftOut = [] } = set;
    const name = nameOf(source);
    this.#onData({ name, count: set.count, leftOut, preview });
    return set;
  }

  /** For the next visit, once for each choice, in turn. That it fails stops nothing. */
  #keep({ id, files }: { readonly id: number; readonly files: readonly File[] }): void {
    if (id === this.#keptId) return;
    this.#keptId = id;
    this.#keeping = this.#keeping
      .then(() => keepPictures(files))
      .catch((error: unknown) =>
        this.#onNote(
          new GanvasError(
            'storage-pictures',
            `This browser has no room to keep your pictures (${String(error)}).`,
            'They can be learned from now; choose them again after a reload.',
          ),
        ),
      );
  }

  /** Lets go of the visitor's pictures, here and where the browser keeps them. */
  forgetPictures(): Promise<void> {
    if (this.#last?.kind === 'pictures') this.#drop(this.#last);
    // In turn: what is being written would else be there afterwards.
    const forgetting = this.#keeping.then(forgetPictures);
    this.#keeping = forgetting.catch(() => {});
    return forgetting;
  }

  /** Stops reading. A set that has been read is kept. */
  cancel(): void {
    if (this.#last && !this.#last.done) this.#drop(this.#last);
  }

  #drop({ abort }: Loading): void {
    abort.abort();
    // At once, not when its promise is rejected: until then the same set may be asked for again.
    this.#last = undefined;
  }

  #read(source: DataSource, size: number, channels: 1 | 3, signal: AbortSignal): Promise<ImageSet> {
    let told = Number.NEGATIVE_INFINITY;
    const tell =
      (stage: Progress['stage']) =>
      ({ status, file, loaded, total }: DataProgress) => {
        const now = performance.now();
        if (status === 'progress' && now - told < PROGRESS_MS) return;
        told = now;
        this.#onProgress({ stage, name: file, loaded, total });
      };
    const [onDownload, onDecode] = [tell('download'), tell('decode')];
    return readSource(source, { size, channels, signal, onDownload, onDecode });
  }
}

const nameOf = (source: DataSource): string =>
  source.kind === 'atlas' ? source.name : source.kind;

/** Two sources of one key have the same pictures. */
function keyOf(source: DataSource, size: number, channels: number): string {
  switch (source.kind) {
    case 'mnist':
      return source.url;
    case 'atlas':
      return `${source.cells} ${size} ${channels}`;
    case 'pictures':
      return `pictures ${source.id} ${source.fit} ${size} ${channels}`;
  }
}
