// Pictures that a browser decodes: how they become square, and what is left out.
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/data/errors.ts';
import { type PictureFit, readPictures } from '../../src/data/pictures.browser.ts';

/** Left to right red, green, blue and white; upper half darker. */
async function wide(width: number, height: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  for (const [i, colour] of ['#ff0000', '#00ff00', '#0000ff', '#ffffff'].entries()) {
    context.fillStyle = colour;
    context.fillRect((i * width) / 4, 0, width / 4, height);
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

/** The colours of the middle row of one picture, by name. */
async function middleRow(blob: Blob, size: number, fit?: PictureFit): Promise<string[]> {
  const { data } = await readPictures([{ name: 'wide', open: async () => blob }], {
    ...{ size, channels: 3 },
    ...(fit && { fit }),
  });
  const names: Record<string, string> = {
    '255,0,0': 'red',
    '0,255,0': 'green',
    '0,0,255': 'blue',
    '255,255,255': 'white',
  };
  const start = (size >> 1) * size * 3;
  return Array.from({ length: size }, (_, x) => {
    const pixel = [...data.subarray(start + 3 * x, start + 3 * x + 3)].join();
    return names[pixel] ?? pixel;
  });
}

const rowOf = (...runs: readonly (readonly [string, number])[]): string[] =>
  runs.flatMap(([name, length]) => Array<string>(length).fill(name));

describe('a picture twice as wide as high', () => {
  test('is cut to its centre, as nothing else is said', async () => {
    const picture = await wide(32, 16);
    const cut = rowOf(['green', 8], ['blue', 8]);
    expect(await middleRow(picture, 16)).toEqual(cut);
    expect(await middleRow(picture, 16, 'cover')).toEqual(cut);
  });

  test('is stretched by fill', async () => {
    const stretched = rowOf(['red', 8], ['green', 8], ['blue', 8], ['white', 8]);
    expect(await middleRow(await wide(32, 16), 32, 'fill')).toEqual(stretched);
  });

  test('is all there by contain, on white, or on nothing where there is opacity', async () => {
    const open = async () => await wide(32, 16);
    const source = { name: 'wide', open };
    expect(await middleRow(await open(), 32, 'contain')).toEqual(
      rowOf(['red', 8], ['green', 8], ['blue', 8], ['white', 8]),
    );
    const onWhite = await readPictures([source], { size: 32, channels: 3, fit: 'contain' });
    const onNothing = await readPictures([source], { size: 32, channels: 4, fit: 'contain' });
    const rows = Array.from({ length: 32 }, (_, y) => y);
    // Column 4 is red where there is a picture.
    expect(
      rows.map((y) => [...onWhite.data.subarray((y * 32 + 4) * 3).subarray(0, 3)].join()),
    ).toEqual(rowOf(['255,255,255', 8], ['255,0,0', 16], ['255,255,255', 8]));
    expect(rows.map((y) => onNothing.data[(y * 32 + 4) * 4 + 3])).toEqual(
      [8, 16, 8].flatMap((n, i) => Array<number>(n).fill(i === 1 ? 255 : 0)),
    );
  });
});

test('a picture of one pixel is a picture', async () => {
  const row = await middleRow(await wide(1, 1), 16);
  expect(new Set(row).size).toBe(1);
});

test('pictures may come as bitmaps, which are closed', async () => {
  const bitmap = await createImageBitmap(await wide(32, 16));
  const set = await readPictures([{ name: 'cell', open: async () => bitmap }], {
    size: 16,
    channels: 3,
  });
  expect([...set.data.subarray(0, 3)]).toEqual([0, 255, 0]);
  // A closed bitmap has no size.
  expect(bitmap.width).toBe(0);
});

test('what cannot be read is left out and named', async () => {
  const whole = await wide(64, 64);
  const files = [
    new File([whole], 'good.png'),
    new File(['hello'], 'notes.txt'),
    new File([whole.slice(0, whole.size >> 2)], 'cut.png'),
  ];
  const set = await readPictures(files, { size: 16, channels: 1 });
  const names = set.leftOut?.map(({ name }) => name) ?? [];
  expect(names).toContain('notes.txt');
  expect(set.count).toBe(3 - names.length);
  await expect(readPictures(files.slice(1, 2), { size: 16, channels: 1 })).rejects.toThrow(
    DataError,
  );
});
