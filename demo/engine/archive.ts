/** What is in a zip archive, unpacked when it is its turn: all of it at once may be more than there is memory. */

import { unzipSync } from 'fflate';
import type { PictureSource } from '../../src/index.ts';

/** Larger things are no pictures, and would take all memory. */
const LARGEST_MIB = 256;

/** Bytes that are unpacked together: each time, the archive's whole list is gone through. */
const GROUP = 32 * 2 ** 20;

/** What systems put beside files. */
const HIDDEN = /(^|\/)(\.|__MACOSX\/|thumbs\.db$|desktop\.ini$)/i;

type Unpacked = Readonly<Record<string, Uint8Array>>;

/** Entries that are unpacked together, until all of them have been taken. */
interface Group {
  readonly names: Set<string>;
  bytes: number;
  unpacked?: Unpacked;
}

// On this thread: fflate's others come out of blobs, which a strict policy refuses without a word.
const unpack = (archive: Uint8Array, names: ReadonlySet<string>): Unpacked =>
  unzipSync(archive, { filter: ({ name }) => names.has(name) });

/** One damaged entry spoils no other: then each is unpacked by itself. */
function unpackGroup(archive: Uint8Array, names: ReadonlySet<string>): Unpacked {
  try {
    return unpack(archive, names);
  } catch {
    const whole: Record<string, Uint8Array> = {};
    for (const name of names) {
      try {
        Object.assign(whole, unpack(archive, new Set([name])));
      } catch {
        // It is missing then.
      }
    }
    return whole;
  }
}

/**
 * The files of an archive, in its order, without what systems hide in there.
 *
 * @param name of the archive
 * @throws what fflate does where it is no zip archive.
 */
export function entriesOf(archive: Uint8Array, name: string): Exclude<PictureSource, File>[] {
  const groups: Group[] = [];
  const groupOf = new Map<string, Group | undefined>();
  const place = (path: string, size: number): Group | undefined => {
    if (size > LARGEST_MIB * 2 ** 20) return undefined;
    let group = groups.at(-1);
    if (!group || group.bytes + size > GROUP) {
      group = { names: new Set(), bytes: 0 };
      groups.push(group);
    }
    group.names.add(path);
    group.bytes += size;
    return group;
  };
  unzipSync(archive, {
    filter: ({ name: path, originalSize }) => {
      const wanted = originalSize > 0 && !HIDDEN.test(path) && !groupOf.has(path);
      if (wanted) groupOf.set(path, place(path, originalSize));
      return false;
    },
  });
  return [...groupOf].map(([path, group]) => ({
    name: `${name}/${path}`,
    open: async () => {
      if (!group) throw new Error(`larger than ${LARGEST_MIB} MiB`);
      group.unpacked ??= unpackGroup(archive, group.names);
      const content = group.unpacked[path];
      group.names.delete(path);
      if (group.names.size === 0) group.unpacked = {};
      if (!content) throw new Error('damaged in the archive');
      return new Blob([new Uint8Array(content)]);
    },
  }));
}
