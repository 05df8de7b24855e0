import { type CheckpointStorage, StorageError } from './checkpoint-store.ts';

/**
 * A folder of the origin private file system, in a page or a worker: files that belong to the site,
 * with nothing asked of the user. `createWritable` writes aside and changes the file when it is closed.
 *
 * The browser may clear it when the disk is full, unless `navigator.storage.persist()` was granted.
 *
 * @param folder its name, made if it is not there
 * @throws {StorageError} code `storage-unavailable` where there is no such file system: on pages over
 *   plain HTTP, in some private windows, and outside of browsers; `storage-quota` where there is no room.
 */
export async function opfsStorage(folder = 'ganvas-checkpoints'): Promise<CheckpointStorage> {
  let directory: FileSystemDirectoryHandle;
  try {
    const root = await navigator.storage.getDirectory();
    directory = await root.getDirectoryHandle(folder, { create: true });
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'QuotaExceededError') {
      throw new StorageError(
        'quota',
        `Making the folder ${folder} failed: there is no room.`,
        'Remove checkpoints, or free space on the disk.',
        cause,
      );
    }
    throw new StorageError(
      'unavailable',
      'The browser offers no private file system here.',
      'Serve the page over HTTPS or from localhost, outside of a private window, or download checkpoints instead.',
      cause,
    );
  }
  return new DirectoryStorage(directory);
}

/** A folder that the browser gave a handle of. Operations reject with its DOM exceptions. */
export class DirectoryStorage implements CheckpointStorage {
  constructor(private readonly directory: FileSystemDirectoryHandle) {}

  async list(): Promise<{ name: string; size: number }[]> {
    const files: { name: string; size: number }[] = [];
    for await (const handle of this.directory.values()) {
      if (handle.kind !== 'file') continue;
      const file = await orNothing((handle as FileSystemFileHandle).getFile());
      if (file) files.push({ name: file.name, size: file.size });
    }
    return files;
  }

  async read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const handle = await orNothing(this.directory.getFileHandle(name));
    if (!handle) return undefined;
    const file = await handle.getFile();
    return new Uint8Array(await file.arrayBuffer());
  }

  async write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const handle = await this.directory.getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    try {
      await writable.write(bytes);
    } catch (error) {
      // Lets go of the file; what it says is no news.
      await writable.abort().catch(() => {});
      throw error;
    }
    await writable.close();
  }

  async remove(name: string): Promise<void> {
    await orNothing(this.directory.removeEntry(name));
  }
}

/** What is asked for, or undefined where there is no such file. */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFoundError') return undefined;
    throw error;
  }
}
