// Archives that visitors give, also damaged ones and large ones.
import { zipSync } from 'fflate';
import { expect, test, vi } from 'vitest';
import { entriesOf } from '../../demo/engine/archive.ts';

const MIB = 2 ** 20;

/** Bytes of each time that anything is unpacked. */
const unpacked: number[] = [];

vi.mock('fflate', async (original) => {
  const fflate = await original<typeof import('fflate')>();
  const unzipSync: typeof fflate.unzipSync = (data, options) => {
    const files = fflate.unzipSync(data, options);
    unpacked.push(Object.values(files).reduce((sum, { length }) => sum + length, 0));
    return files;
  };
  return { ...fflate, unzipSync };
});

async function contentOf(entry: ReturnType<typeof entriesOf>[number] | undefined) {
  const content = (await entry?.open()) as Blob;
  return new Uint8Array(await content.arrayBuffer());
}

/** Where the compressed bytes of an entry begin, by its local header. */
function bodyOf(zip: Uint8Array, name: string): number {
  const at = Buffer.from(zip).indexOf(name);
  return at + name.length;
}

test('files come in their order, without what systems hide', async () => {
  const zip = zipSync({
    'b/2.png': Uint8Array.of(2),
    'a.png': Uint8Array.of(1),
    '.DS_Store': Uint8Array.of(9),
    '__MACOSX/a.png': Uint8Array.of(9),
    'b/empty': new Uint8Array(0),
  });
  const entries = entriesOf(zip, 'my.zip');
  expect(entries.map(({ name }) => name)).toEqual(['my.zip/b/2.png', 'my.zip/a.png']);
  expect(await contentOf(entries[0])).toEqual(Uint8Array.of(2));
  expect(await contentOf(entries[1])).toEqual(Uint8Array.of(1));
});

test('a damaged entry spoils no other', async () => {
  const noise = Uint8Array.from({ length: 999 }, (_, i) => (i * i * 31) >> 3);
  const zip = zipSync({ 'a.png': noise, 'b.png': noise, 'c.png': noise });
  // A block of a type that there is not.
  zip[bodyOf(zip, 'b.png')] = 0xff;
  const [a, b, c] = entriesOf(zip, 'my.zip');
  await expect(b?.open()).rejects.toThrow('damaged');
  expect(await contentOf(a)).toEqual(noise);
  expect(await contentOf(c)).toEqual(noise);
});

test('no more is unpacked at a time than memory can bear', async () => {
  const zeros = new Uint8Array(12 * MIB);
  const names = ['1', '2', '3', '4', '5'];
  const zip = zipSync(Object.fromEntries(names.map((name) => [name, zeros])), { level: 0 });
  unpacked.length = 0;
  const entries = entriesOf(zip, 'large.zip');
  expect(unpacked).toEqual([0]);
  // Vitest would compare number by number, for minutes.
  for (const entry of entries) expect((await contentOf(entry)).length).toBe(zeros.length);
  expect(unpacked).toEqual([0, 24 * MIB, 24 * MIB, 12 * MIB]);
});

test('what is no archive is refused', () => {
  expect(() => entriesOf(new Uint8Array(100), 'my.zip')).toThrow();
});
