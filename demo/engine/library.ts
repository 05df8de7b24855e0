/**
 * Runs that this browser keeps for the visitor, in the origin private file system: each in a folder of
 * its own, with its newest checkpoint, what is to be shown of it, and its settings.
 */

import {
  type CheckpointStorage,
  CheckpointStore,
  GanvasError,
  opfsStorage,
  type SafetensorsFile,
} from '../../src/index.ts';
import type { RunRecord, SavedRun } from './protocol.ts';

const PREFIX = 'ganvas-run-';
const RECORD = 'run.json';
const THUMBNAIL = 'thumbnail';

const folderOf = (id: string): Promise<CheckpointStorage> => opfsStorage(PREFIX + id);

/** Lets go of a run. Resolves when others can have it. */
type Release = () => Promise<void>;

/** The run is its caller's alone until it is let go of, or the tab is closed; undefined where it is another's. */
function claim(id: string): Promise<Release | undefined> {
  return new Promise((resolve, reject) => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    const over: Promise<void> = navigator.locks.request(
      PREFIX + id,
      { ifAvailable: true },
      (lock) => {
        if (!lock) return resolve(undefined);
        resolve(() => {
          letGo();
          return over;
        });
        return held;
      },
    );
    over.catch(reject);
  });
}

/** The place of one run. Nothing is made before something is saved. */
export class SavedRunWriter {
  #id: string;
  #release: Release | undefined;

  constructor(id: string = crypto.randomUUID()) {
    this.#id = id;
  }

  /** Another one from when something is saved, if another tab goes on with the same run. */
  get id(): string {
    return this.#id;
  }

  /** @throws {StorageError} if it does not fit or cannot be; what was saved before is as it was. */
  async save(
    checkpoint: Uint8Array<ArrayBuffer>,
    record: RunRecord,
    thumbnail: Blob | undefined,
  ): Promise<void> {
    this.#release ??= await claim(this.#id);
    if (!this.#release) {
      this.#id = crypto.randomUUID();
      this.#release = await claim(this.#id);
    }
    const folder = await folderOf(this.#id);
    await new CheckpointStore(folder, { keep: 1 }).save(checkpoint, { step: record.step });
    const json = new TextEncoder().encode(JSON.stringify(record));
    await folder.write(RECORD, json);
    if (thumbnail) await folder.write(THUMBNAIL, new Uint8Array(await thumbnail.arrayBuffer()));
  }

  /** Nothing more is saved. */
  async close(): Promise<void> {
    await this.#release?.();
    this.#release = undefined;
  }
}

/** Whether a run can go on from it: one that has diverged cannot. */
export function allFinite({ tensors }: SafetensorsFile): boolean {
  for (const { dtype, data } of tensors.values())
    if (dtype === 'F32' && !data.every(Number.isFinite)) return false;
  return true;
}

/** All runs, the newest first. A folder without a record, whose writing was cut short, is removed. */
export async function savedRuns(): Promise<SavedRun[]> {
  const runs: SavedRun[] = [];
  for (const id of await ids()) {
    const folder = await folderOf(id);
    const bytes = await folder.read(RECORD);
    // It costs a little room where that fails.
    if (!bytes) await deleteIdle(id).catch(() => {});
    const record = parseRecord(bytes);
    const thumbnail = await folder.read(THUMBNAIL);
    if (record)
      runs.push({ ...record, id, ...(thumbnail && { thumbnail: new Blob([thumbnail]) }) });
  }
  return runs.sort((a, b) => b.saved - a.saved);
}

/** The newest checkpoint of a run that is whole. */
export async function loadRun(id: string): Promise<Uint8Array<ArrayBuffer>> {
  const found = await new CheckpointStore(await folderOf(id)).load();
  if (found) return found.bytes;
  throw new GanvasError('storage-missing', 'That run is not there any more.', 'Start a new one.');
}

export async function duplicateRun(id: string, name: string): Promise<void> {
  const from = await folderOf(id);
  const record = parseRecord(await from.read(RECORD));
  if (!record) throw new GanvasError('storage-missing', 'That run is not there any more.', '');
  const thumbnail = await from.read(THUMBNAIL);
  const copy = { ...record, name, saved: Date.now() };
  const picture = thumbnail && new Blob([thumbnail]);
  const writer = new SavedRunWriter();
  try {
    await writer.save(await loadRun(id), copy, picture);
  } finally {
    await writer.close();
  }
}

/** @throws {GanvasError} `run-busy` where the run is going on, in whichever tab. */
export async function deleteRun(id: string): Promise<void> {
  if (await deleteIdle(id)) return;
  throw new GanvasError(
    'run-busy',
    'That run is going on in another tab.',
    'Reset it there, then delete it.',
  );
}

/** Deletes a run that nobody is writing; tells whether it did. */
async function deleteIdle(id: string): Promise<boolean> {
  const release = await claim(id);
  if (!release) return false;
  try {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(PREFIX + id, { recursive: true });
  } catch (error) {
    // Another tab was faster.
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  } finally {
    await release();
  }
  return true;
}

async function ids(): Promise<string[]> {
  const found: string[] = [];
  for await (const name of (await navigator.storage.getDirectory()).keys())
    if (name.startsWith(PREFIX)) found.push(name.slice(PREFIX.length));
  return found;
}

function parseRecord(bytes: Uint8Array | undefined): RunRecord | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as RunRecord;
    return typeof record.step === 'number' && typeof record.name === 'string' ? record : undefined;
  } catch {
    return undefined;
  }
}
