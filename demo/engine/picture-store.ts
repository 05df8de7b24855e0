/**
 * The visitor's own pictures, kept by the browser so that they survive a reload: one file with all of
 * their bytes, and one that says where each begins. They leave the machine as little as before.
 */

const FOLDER = 'ganvas-pictures';
const BYTES = 'pictures';
const INDEX = 'index.json';

interface Entry {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** Replaces what was kept. Rejects with the browser's exception where there is no room. */
export async function keepPictures(files: readonly File[]): Promise<void> {
  const folder = await open();
  // What is there ends to be valid first: bytes of one choice with the index of another are no pictures.
  await remove(folder, INDEX);
  const bytes = await (await folder.getFileHandle(BYTES, { create: true })).createWritable();
  try {
    for (const file of files) await bytes.write(file);
  } catch (error) {
    await bytes.abort().catch(() => {});
    throw error;
  }
  await bytes.close();
  const index = files.map(
    ({ name, webkitRelativePath, type, size }): Entry => ({
      name: webkitRelativePath || name,
      type,
      size,
    }),
  );
  const writable = await (await folder.getFileHandle(INDEX, { create: true })).createWritable();
  await writable.write(JSON.stringify(index));
  await writable.close();
}

/** What was kept; none where nothing was, or not all of it. */
export async function keptPictures(): Promise<File[]> {
  try {
    const folder = await open();
    const index = await (await folder.getFileHandle(INDEX)).getFile();
    const entries = JSON.parse(await index.text()) as readonly Entry[];
    const bytes = await (await folder.getFileHandle(BYTES)).getFile();
    let at = 0;
    const files = entries.map(({ name, type, size }) => {
      const part = bytes.slice(at, at + size, type);
      at += size;
      return new File([part], name, { type });
    });
    return at === bytes.size ? files : [];
  } catch {
    // There is no such file, or no such place: then nothing was kept.
    return [];
  }
}

export async function forgetPictures(): Promise<void> {
  const folder = await open();
  await remove(folder, INDEX);
  await remove(folder, BYTES);
}

async function open(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

async function remove(folder: FileSystemDirectoryHandle, name: string): Promise<void> {
  await folder.removeEntry(name).catch((error: unknown) => {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error;
  });
}
