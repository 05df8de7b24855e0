/** Pictures that programs draw, on sheets: the same ones on every machine and in every build. */

import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAvatar } from '@dicebear/core';
import * as pixelArt from '@dicebear/pixel-art';
import { Resvg } from '@resvg/resvg-js';
import { faceToSvgString, generate } from 'facesjs';
import { PNG } from 'pngjs';

/** A sheet as a PNG file, and where its pictures are, as JSON. */
export interface Atlas {
  readonly sheet: Buffer;
  readonly cells: Buffer;
}

const COUNT = 1000;
const COLUMNS = 32;
const SIZE = 64;

/** Changes whenever what is drawn does. */
const VERSION = 1;

const CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'ganvas');

/** Drawing takes some seconds: the result is kept beside the other results of tools. */
export async function keptAtlas(name: string, draw: () => Promise<Atlas>): Promise<Atlas> {
  const file = (end: string) => join(CACHE, `${name}-${VERSION}.${end}`);
  try {
    const [sheet, cells] = await Promise.all([readFile(file('png')), readFile(file('json'))]);
    return { sheet, cells };
  } catch {
    const atlas = await draw();
    await mkdir(CACHE, { recursive: true });
    // Under another name first: whoever reads at this moment finds all of it or nothing.
    for (const [end, bytes] of [['png', atlas.sheet] as const, ['json', atlas.cells] as const]) {
      const part = file(`${end}.${process.pid}`);
      await writeFile(part, bytes);
      await rename(part, file(end));
    }
    return atlas;
  }
}

/** Faces of facesjs, from the top of the head to the chin. */
export async function faces(): Promise<Atlas> {
  // facesjs asks Math.random alone.
  const chance = Math.random;
  let drawn = 0;
  Math.random = () => createHash('sha256').update(`${drawn++}`).digest().readUInt32LE() / 2 ** 32;
  try {
    const drawings = Array.from({ length: COUNT }, () => faceToSvgString(generate()));
    // They are 400×600, with a good part of a jersey.
    return atlasOf(drawings, { height: 1.5 * SIZE, top: 0.22 * SIZE });
  } finally {
    Math.random = chance;
  }
}

/** Avatars of DiceBear's pixel-art style. */
export async function avatars(): Promise<Atlas> {
  const drawings = Array.from({ length: COUNT }, (_, n) =>
    createAvatar(pixelArt, { seed: String(n) }).toString(),
  );
  return atlasOf(drawings, { height: SIZE, top: 0 });
}

/** Draws SVGs at so many pixels of height, and keeps a square from `top` on. */
function atlasOf(
  drawings: readonly string[],
  { height, top }: { readonly height: number; readonly top: number },
): Atlas {
  const rows = Math.ceil(drawings.length / COLUMNS);
  const sheet = new PNG({ width: COLUMNS * SIZE, height: rows * SIZE, colorType: 2 });
  const first = Math.round(top);
  const cells = drawings.map((svg, n) => {
    const fitTo = { mode: 'height', value: height } as const;
    // They have no text, and reading the system's fonts for each took half a minute where there are many.
    const font = { loadSystemFonts: false };
    const { width, pixels } = new Resvg(svg, { fitTo, font, background: 'white' }).render();
    if (width !== SIZE) throw new Error(`A drawing is ${width} pixels wide instead of ${SIZE}.`);
    const [column, row] = [n % COLUMNS, Math.floor(n / COLUMNS)];
    for (let y = 0; y < SIZE; y++) {
      const from = 4 * (first + y) * SIZE;
      const to = 4 * ((row * SIZE + y) * sheet.width + column * SIZE);
      sheet.data.set(pixels.subarray(from, from + 4 * SIZE), to);
    }
    return [column, row];
  });
  const index = { cell: SIZE, pitch: SIZE, border: 0, cells };
  return { sheet: PNG.sync.write(sheet), cells: Buffer.from(JSON.stringify(index)) };
}
