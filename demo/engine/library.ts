/**
 * Runs that this browser keeps for the visitor, in the origin private file system: each in a folder of
 * its own, with its newest checkpoint, what is to be shown of it, and its settings.
 */

import {
  type CheckpointStorage,
  CheckpointStore,
  GanvasError,
  opfsStorage,
} from '../../src/index.ts';
import type { RunRecord, SavedRun } from './protocol.ts';

const PREFIX = 'ganvas-run-';
const RECORD = 'run.json';
const THUMBNAIL = 'thumbnail';

const folderOf = (id: string): Promise<CheckpointStorage> => opfsStorage(PREFIX + id);

/** The place of one run. Nothing is made before something is saved. */
export class SavedRunWriter {
  constructor(readonly id: string = crypto.randomUUID()) {}

  /** @throws {StorageError} if it does not fit or cannot be; what was saved before is as it was. */
  async save(
    checkpoint: Uint8Array<ArrayBuffer>,
    record: RunRecord,
    thumbnail: Blob | undefined,
  ): Promise<void> {
    const folder = await folderOf(this.id);
    await new CheckpointStore(folder, { keep: 1 }).save(checkpoint, { step: record.step });
    const json = new TextEncoder().encode(JSON.stringify(record));
    await folder.write(RECORD, json);
    if (thumbnail) await folder.write(THUMBNAIL, new Uint8Array(await thumbnail.arrayBuffer()));
  }
}

/** All runs, the newest first. A folder that tells nothing, because its writing was cut short, is none. */
export async function savedRuns(): Promise<SavedRun[]> {
  const runs: SavedRun[] = [];
  for (const id of await ids()) {
    const folder = await folderOf(id);
    const record = parseRecord(await folder.read(RECORD));
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
  await new SavedRunWriter().save(await loadRun(id), copy, picture);
}

export async function deleteRun(id: string): Promise<void> {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(PREFIX + id, { recursive: true }).catch((error: unknown) => {
    // Another tab was faster.
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  });
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
