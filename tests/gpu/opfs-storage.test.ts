// Checkpoints in the browser's own file system: in a page, in a worker, and where there is no room.
import { afterEach, describe, expect, test } from 'vitest';
import { CheckpointStore } from '../../src/io/checkpoint-store.ts';
import { DirectoryStorage, opfsStorage } from '../../src/io/opfs-storage.browser.ts';

const FOLDER = 'ganvas-test';
const bytesOf = (step: number, length = 1000) =>
  Uint8Array.from({ length }, (_, i) => (i * 7) ^ step);

afterEach(async () => {
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(FOLDER, { recursive: true }).catch(() => {});
});

/** A handle of the folder in which something is otherwise than it is. */
async function folder(
  change: {
    [K in keyof FileSystemFileHandle]?: (file: FileSystemFileHandle) => FileSystemFileHandle[K];
  },
): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle(FOLDER, { create: true });
  return new Proxy(directory, {
    get(target, key) {
      if (key === 'getFileHandle') {
        return async (name: string, options?: FileSystemGetFileOptions) => {
          const file = await target.getFileHandle(name, options);
          return new Proxy(file, {
            get(inner, k) {
              const replaced = change[k as keyof FileSystemFileHandle];
              if (replaced) return replaced(inner);
              const value = Reflect.get(inner, k, inner) as unknown;
              return typeof value === 'function' ? value.bind(inner) : value;
            },
          });
        };
      }
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('the origin private file system', () => {
  test('stores, lists, loads and removes, for whoever opens it next', async () => {
    const store = new CheckpointStore(await opfsStorage(FOLDER), { keep: 2 });
    expect(await store.load()).toBeUndefined();
    for (const step of [1, 2, 3]) await store.save(bytesOf(step), { step });

    const again = new CheckpointStore(await opfsStorage(FOLDER), { keep: 2 });
    const listed = await again.list();
    expect(listed.map(({ step, size }) => [step, size])).toEqual([
      [3, 1000],
      [2, 1000],
    ]);
    expect(await again.load()).toMatchObject({ step: 3, bytes: bytesOf(3), damaged: [] });
    await again.remove(listed[0].name);
    expect((await again.load())?.step).toBe(2);
  });

  test('replaces and removes files, and misses none that is not there', async () => {
    const storage = await opfsStorage(FOLDER);
    expect(await storage.read('a')).toBeUndefined();
    await storage.remove('a');
    await storage.write('a', bytesOf(1));
    await storage.write('a', bytesOf(2, 10));
    expect(await storage.read('a')).toEqual(bytesOf(2, 10));
    expect(await storage.list()).toEqual([{ name: 'a', size: 10 }]);
    await storage.remove('a');
    expect(await storage.list()).toEqual([]);
  });

  test('in a worker too', async () => {
    const module = new URL('../../src/io/opfs-storage.browser.ts', import.meta.url).href;
    const source = `
      import { opfsStorage } from ${JSON.stringify(module)};
      try {
        const storage = await opfsStorage(${JSON.stringify(FOLDER)});
        await storage.write('from-worker', Uint8Array.of(1, 2, 3));
        postMessage((await storage.list())[0]);
      } catch (error) {
        postMessage(String(error));
      }`;
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    const worker = new Worker(url, { type: 'module' });
    try {
      const answer = await new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
      });
      expect(answer).toEqual({ name: 'from-worker', size: 3 });
      expect(await (await opfsStorage(FOLDER)).read('from-worker')).toEqual(Uint8Array.of(1, 2, 3));
    } finally {
      worker.terminate();
      URL.revokeObjectURL(url);
    }
  });

  test('a write that stops half way changes nothing', async () => {
    const storage = await opfsStorage(FOLDER);
    const store = new CheckpointStore(storage, { keep: 1 });
    await store.save(bytesOf(1), { step: 1 });
    const failing = new DirectoryStorage(
      await folder({
        createWritable: (file) => async () => {
          const writable = await file.createWritable();
          const write = writable.write.bind(writable);
          writable.write = async (data) => {
            await write((data as Uint8Array<ArrayBuffer>).subarray(0, 500));
            throw new DOMException('the disk is on fire', 'OperationError');
          };
          return writable;
        },
      }),
    );
    const next = new CheckpointStore(failing, { keep: 1 });
    await expect(next.save(bytesOf(2), { step: 2 })).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('the disk is on fire'),
    });
    expect(await store.load()).toMatchObject({ step: 1, bytes: bytesOf(1) });
    expect(await storage.list()).toHaveLength(1);
  });

  test('where there is no room, says so', async () => {
    const store = new CheckpointStore(await opfsStorage(FOLDER), { keep: 1 });
    await store.save(bytesOf(1), { step: 1 });
    const full = new DirectoryStorage(
      await folder({
        createWritable: (file) => async () => {
          const writable = await file.createWritable();
          writable.close = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
          return writable;
        },
      }),
    );
    const next = new CheckpointStore(full, { keep: 1 });
    await expect(next.save(bytesOf(2), { step: 2 })).rejects.toMatchObject({
      name: 'StorageError',
      code: 'storage-quota',
      message: expect.stringContaining('there is no room'),
    });
    expect(await store.load()).toMatchObject({ step: 1, bytes: bytesOf(1) });
  });

  test('where there is none, says so', async () => {
    const { getDirectory } = navigator.storage;
    navigator.storage.getDirectory = () => Promise.reject(new DOMException('no', 'SecurityError'));
    try {
      await expect(opfsStorage(FOLDER)).rejects.toMatchObject({ code: 'storage-unavailable' });
    } finally {
      navigator.storage.getDirectory = getDirectory;
    }
  });
});
