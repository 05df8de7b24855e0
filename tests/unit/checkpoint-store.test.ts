// The store of checkpoints, over a storage that fails at every single operation, in every way.
import { describe, expect, it } from 'vitest';
import {
  type CheckpointStorage,
  CheckpointStore,
  StorageError,
  type StoredFile,
} from '../../src/io/checkpoint-store.ts';

/** How an operation fails. */
type Fault =
  /** It says so, and has done nothing. */
  | 'refuses'
  /** It says so, and has done part of it: half of the bytes are written. */
  | 'half done'
  /** It says so, and has done it all. */
  | 'done'
  /** It is done in part, and nothing happens ever after: the tab was closed, the machine fell. */
  | 'crash'
  /** As with `crash`, of a file system that gives files their length before their bytes. */
  | 'crash with zeros'
  /** It says that all is well, and has written other bytes. */
  | 'silent damage';

const faults: readonly Fault[] = [
  ...(['refuses', 'half done', 'done', 'crash', 'crash with zeros', 'silent damage'] as const),
];

/** Files in memory. The operation of number `failAt` fails. */
class FaultyStorage implements CheckpointStorage {
  operations = 0;
  private crashed = false;

  constructor(
    readonly files = new Map<string, Uint8Array<ArrayBuffer>>(),
    private readonly failAt = Number.POSITIVE_INFINITY,
    private readonly fault: Fault = 'refuses',
  ) {}

  private async operate<T>(whole: () => T, part: (fault: Fault) => void): Promise<T> {
    await Promise.resolve();
    if (this.crashed) return new Promise(() => {});
    if (this.operations++ !== this.failAt) return whole();
    if (this.fault === 'done') whole();
    else if (this.fault !== 'refuses') part(this.fault);
    if (this.fault === 'silent damage') return whole();
    this.crashed = this.fault.startsWith('crash');
    if (this.crashed) return new Promise(() => {});
    throw new Error('the disk is on fire');
  }

  list(): Promise<StoredFile[]> {
    const all = () => [...this.files].map(([name, { length }]) => ({ name, size: length }));
    return this.operate(all, () => {});
  }

  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.operate(
      () => this.files.get(name)?.slice(),
      () => {},
    );
  }

  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    let stored = bytes.slice();
    return this.operate(
      () => void this.files.set(name, stored),
      (fault) => {
        if (fault === 'silent damage') stored[stored.length >> 1] ^= 1;
        else if (fault === 'crash with zeros') stored.fill(0, stored.length >> 1);
        else stored = stored.slice(0, stored.length >> 1);
        this.files.set(name, stored);
      },
    );
  }

  remove(name: string): Promise<void> {
    return this.operate(
      () => void this.files.delete(name),
      () => {},
    );
  }
}

const bytesOf = (step: number) => Uint8Array.from({ length: 100 + step }, (_, i) => i ^ step);

/** A call, or what became of it once nothing goes on: a crash answers nothing. */
async function settled<T>(call: Promise<T>): Promise<{ error?: unknown; value?: T }> {
  const silence = new Promise<object>((resolve) => setTimeout(resolve, 20, {}));
  return Promise.race([
    call.then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    ),
    silence,
  ]);
}

/** A folder with the checkpoints of these steps. */
async function folderWith(steps: readonly number[], keep: number) {
  const storage = new FaultyStorage();
  const store = new CheckpointStore(storage, { keep });
  for (const step of steps) await store.save(bytesOf(step), { step });
  return storage.files;
}

describe('a store whose storage fails', () => {
  it.each(faults)('at any operation of saving: %s', async (fault) => {
    for (const [before, keep] of [
      [[], 1],
      [[1], 1],
      [[1, 2], 2],
      [[1, 2, 3], 3],
    ] as const) {
      const dry = new FaultyStorage(new Map(await folderWith(before, keep)));
      await new CheckpointStore(dry, { keep }).save(bytesOf(9), { step: 9 });
      expect(dry.operations).toBeGreaterThanOrEqual(4);
      for (let at = 0; at < dry.operations; at++) {
        const files = new Map(await folderWith(before, keep));
        const store = new CheckpointStore(new FaultyStorage(files, at, fault), { keep });
        const { error, value } = await settled(store.save(bytesOf(9), { step: 9 }));
        if (error !== undefined) expect(error).toBeInstanceOf(StorageError);

        // Whoever comes next finds the new one, or what was there before: whole.
        const after = new CheckpointStore(new FaultyStorage(files), { keep });
        const last = before.at(-1);
        const where = `operation ${at} of ${dry.operations}`;
        const found = await after.load().catch((error: unknown) => {
          // The first of all, full of zeros: there is nothing else to give.
          expect(error, where).toMatchObject({ code: 'storage-damaged' });
          expect([last, fault], where).toEqual([undefined, 'crash with zeros']);
          return undefined;
        });
        if (value) expect(found?.step, where).toBe(9);
        else expect([last, 9], where).toContain(found?.step);
        if (found) expect(found.bytes, where).toEqual(bytesOf(found.step));

        // And goes on as if nothing had been, leaving nothing half done.
        await after.save(bytesOf(10), { step: 10 });
        expect((await after.load())?.bytes).toEqual(bytesOf(10));
        const listed = await after.list();
        expect(listed.length).toBeLessThanOrEqual(keep);
        expect([...files.keys()].sort()).toEqual(listed.map(({ name }) => name).sort());
      }
    }
  });

  it('at any operation of loading, says so or gives what is whole', async () => {
    const files = await folderWith([1, 2, 3], 3);
    for (let at = 0; at < 2; at++) {
      const store = new CheckpointStore(new FaultyStorage(files, at));
      const { error, value } = await settled(store.load());
      if (at === 0) expect(error).toMatchObject({ code: 'storage-failed' });
      else expect(value).toMatchObject({ step: 2, bytes: bytesOf(2), damaged: [{ step: 3 }] });
      // The call after it is not held up.
      expect((await store.load())?.step).toBe(3);
    }
  });

  it('names what the storage said', async () => {
    const cause = new DOMException('no', 'QuotaExceededError');
    const full = new FaultyStorage(await folderWith([1], 1));
    full.write = () => Promise.reject(cause);
    const store = new CheckpointStore(full, { keep: 1 });
    await expect(store.save(bytesOf(2), { step: 2 })).rejects.toMatchObject({
      ...{ name: 'StorageError', code: 'storage-quota', cause },
      message: expect.stringMatching(/step 2 \(0\.0 MiB\) failed: there is no room\. Remove/),
    });
    expect((await store.load())?.step).toBe(1);
    full.write = () => Promise.reject('because');
    await expect(store.save(bytesOf(2), { step: 2 })).rejects.toMatchObject({
      code: 'storage-failed',
      message: expect.stringContaining('because'),
    });
  });
});

describe('a store', () => {
  it('keeps the last few, the newest first', async () => {
    const storage = new FaultyStorage();
    storage.files.set('mine.safetensors', Uint8Array.of(1));
    const store = new CheckpointStore(storage, { keep: 2 });
    expect(await store.load()).toBeUndefined();
    expect(await store.list()).toEqual([]);
    const begun = Date.now();
    // Steps may go back: a run that began anew is the newer one all the same.
    for (const step of [10, 20, 30, 5]) await store.save(bytesOf(step), { step });
    const listed = await store.list();
    expect(listed.map(({ step, size }) => [step, size])).toEqual([
      [5, 105],
      [30, 130],
    ]);
    for (const { date } of listed) {
      expect(date.getTime()).toBeGreaterThanOrEqual(begun);
      expect(date.getTime()).toBeLessThanOrEqual(Date.now());
    }
    expect(storage.files.has('mine.safetensors')).toBe(true);
    const loaded = await store.load();
    expect(loaded).toEqual({ ...listed[0], bytes: bytesOf(5), damaged: [] });
    expect(await store.load(listed[1].name)).toMatchObject({ step: 30, bytes: bytesOf(30) });
  });

  it('does one thing after the other', async () => {
    const store = new CheckpointStore(new FaultyStorage(), { keep: 9 });
    const saved = await Promise.all([1, 2, 3].map((step) => store.save(bytesOf(step), { step })));
    expect(await store.list()).toEqual(saved.reverse());
  });

  it('removes one by its name, and nothing else', async () => {
    const storage = new FaultyStorage(await folderWith([1, 2], 2));
    storage.files.set('mine', Uint8Array.of(1));
    const store = new CheckpointStore(storage, { keep: 2 });
    const [newest] = await store.list();
    await store.remove(newest.name);
    await store.remove(newest.name);
    await store.remove('mine');
    expect((await store.list()).map(({ step }) => step)).toEqual([1]);
    expect(storage.files.has('mine')).toBe(true);
    await expect(store.load(newest.name)).rejects.toMatchObject({ code: 'storage-missing' });
  });

  it('tells damage that came later', async () => {
    const files = await folderWith([1, 2], 2);
    const store = new CheckpointStore(new FaultyStorage(files), { keep: 2 });
    const [newest, oldest] = await store.list();
    files.get(newest.name)![7] ^= 1;
    expect(await store.load()).toMatchObject({ step: 1, damaged: [newest] });
    await expect(store.load(newest.name)).rejects.toMatchObject({
      code: 'storage-damaged',
      message: expect.stringContaining('step 2 is damaged'),
    });
    files.get(oldest.name)!.fill(0);
    await expect(store.load()).rejects.toThrow(/All 2 checkpoints are damaged/);
    // A file of the wrong length was never finished: it is not even listed.
    files.set(oldest.name, Uint8Array.of(1));
    expect(await store.list()).toEqual([newest]);
  });

  it('refuses what makes no sense', async () => {
    const storage = new FaultyStorage();
    for (const keep of [0, 1.5, Number.NaN])
      expect(() => new CheckpointStore(storage, { keep })).toThrow(/cannot be kept/);
    for (const step of [-1, 0.5, 2 ** 32])
      await expect(new CheckpointStore(storage).save(bytesOf(1), { step })).rejects.toMatchObject({
        code: 'step',
      });
    expect(storage.operations).toBe(0);
  });
});

it('is loaded from while another tab saves', async () => {
  const storage = new FaultyStorage();
  const [here, there] = [0, 1].map(() => new CheckpointStore(storage, { keep: 1 }));
  await here!.save(Uint8Array.of(1), { step: 1 });
  let saved = false;
  const read = storage.read.bind(storage);
  storage.read = async (name) => {
    // After the list was made, the only file on it goes.
    if (!saved) {
      saved = true;
      await there!.save(Uint8Array.of(2), { step: 2 });
    }
    return read(name);
  };
  expect(await here!.load()).toMatchObject({ step: 2, bytes: Uint8Array.of(2) });
});
