// What the page keeps in the browser: runs and pictures, while others write and delete.
import { afterEach, expect, test } from 'vitest';
import { DataLoader } from '../../demo/engine/data-loader.ts';
import {
  allFinite,
  deleteRun,
  duplicateRun,
  loadRun,
  SavedRunWriter,
  savedRuns,
} from '../../demo/engine/library.ts';
import { keptPictures } from '../../demo/engine/picture-store.ts';
import { readSafetensors, writeSafetensors } from '../../src/io/safetensors.ts';

const bytesOf = (step: number) => Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) ^ step);
const record = (step: number) => ({ name: 'MNIST', saved: step, step, settings: {} });
const save = (writer: SavedRunWriter, step: number) =>
  writer.save(bytesOf(step), record(step), undefined);

const names = async () => await Array.fromAsync((await navigator.storage.getDirectory()).keys());

afterEach(async () => {
  const root = await navigator.storage.getDirectory();
  for (const name of await names()) await root.removeEntry(name, { recursive: true });
});

test('a run that two tabs go on with is two runs', async () => {
  const first = new SavedRunWriter();
  await save(first, 1);
  await first.close();
  const [here, there] = [new SavedRunWriter(first.id), new SavedRunWriter(first.id)];
  await save(here, 10);
  await save(there, 20);
  await save(here, 11);
  expect(here.id).toBe(first.id);
  expect((await savedRuns()).map(({ step }) => step)).toEqual([20, 11]);
  expect(await loadRun(here.id)).toEqual(bytesOf(11));
  expect(await loadRun(there.id)).toEqual(bytesOf(20));
  await here.close();
  await there.close();
});

test('a run that is going on is not deleted under its feet', async () => {
  const writer = new SavedRunWriter();
  await save(writer, 1);
  await expect(deleteRun(writer.id)).rejects.toMatchObject({ code: 'run-busy' });
  await save(writer, 2);
  await writer.close();
  await deleteRun(writer.id);
  expect(await savedRuns()).toEqual([]);
});

test('a run is duplicated, and what was cut short is cleared away', async () => {
  const writer = new SavedRunWriter();
  await save(writer, 3);
  await duplicateRun(writer.id, 'copy');
  await writer.close();
  const root = await navigator.storage.getDirectory();
  const cut = await root.getDirectoryHandle('ganvas-run-cut', { create: true });
  await cut.getFileHandle('checkpoint', { create: true });
  expect((await savedRuns()).map(({ name }) => name)).toEqual(['copy', 'MNIST']);
  expect(await names()).toHaveLength(2);
});

test('a checkpoint that has diverged is known', () => {
  const file = (...values: number[]) =>
    readSafetensors(
      writeSafetensors(
        new Map([
          ['a', { dtype: 'F32', shape: [2], data: Float32Array.from(values) }],
          // Bits of a NaN, which a seed may have.
          ['state', { dtype: 'U32', shape: [1], data: Uint32Array.of(0x7fc00000) }],
        ]),
      ),
    );
  expect(allFinite(file(1, 2))).toBe(true);
  expect(allFinite(file(1, Number.NaN))).toBe(false);
  expect(allFinite(file(Number.POSITIVE_INFINITY, 2))).toBe(false);
});

async function picture(colour: string): Promise<File> {
  const canvas = new OffscreenCanvas(16, 16);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no context');
  context.fillStyle = colour;
  context.fillRect(0, 0, 16, 16);
  return new File([await canvas.convertToBlob()], `${colour}.png`, { type: 'image/png' });
}

test('pictures that are forgotten are not kept after all', async () => {
  const ignore = () => {};
  const loader = new DataLoader(ignore, ignore, ignore);
  const files = [await picture('red'), await picture('blue')];
  const choice = (id: number) =>
    ({ kind: 'pictures', id, files, kept: false, fit: 'cover' }) as const;
  // They are being written when they are forgotten.
  await loader.load(choice(1), 16, 3);
  await loader.forgetPictures();
  expect(await keptPictures()).toEqual([]);
  // They are being read when they are forgotten.
  const reading = expect(loader.load(choice(2), 16, 3)).rejects.toMatchObject({
    name: 'AbortError',
  });
  await loader.forgetPictures();
  await reading;
  await loader.forgetPictures();
  expect(await keptPictures()).toEqual([]);
  // Whoever chooses some afterwards finds them again.
  await loader.load(choice(3), 16, 3);
  await expect.poll(keptPictures).toHaveLength(2);
});
