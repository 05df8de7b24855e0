// What visitors give by mistake, and a disk that is full: each is told, and the page goes on.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { PNG } from 'pngjs';
import { expect, it } from 'vitest';
import { defaultOptions } from '../../src/gan/options.ts';
import { writeSafetensors } from '../../src/io/safetensors.ts';
import { useStudio, WIDTHS } from '../support/studio.ts';
import type { Visitor } from '../support/visitor.ts';

const studio = useStudio();
let visitor: Visitor;

const openForPictures = async (width: number = WIDTHS[0]): Promise<void> => {
  const status = 'Choose pictures to train on.';
  visitor = await studio.visit({ width, hash: '#data=pictures', status });
};

/** What the page says went wrong, which is of this kind. */
async function told(code: string): Promise<string> {
  const problem = await visitor.page.waitForSelector('.problem');
  expect(await problem?.evaluate((e) => e.getAttribute('data-code'))).toBe(code);
  return visitor.alert();
}

/** A little noise, so that it takes some bytes. */
function picture(side: number, seed: number): Uint8Array<ArrayBuffer> {
  const png = new PNG({ width: side, height: side });
  for (let i = 0; i < png.data.length; i++) {
    png.data[i] = i % 4 === 3 ? 255 : (i * i * 31 + seed * 17 + (i >> 3)) % 256;
  }
  return new Uint8Array(PNG.sync.write(png));
}

/** A valid PNG of one bit a pixel, all of it black. */
function blackPicture(side: number): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(content.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Each row begins with a byte for its filter.
  const rows = Buffer.alloc(side * (1 + Math.ceil(side / 8)));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    ...[chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))],
  ]);
}

it.each(WIDTHS)(
  'a folder of all sorts: what is a picture is learned, and the rest is named, at %i px',
  async (width) => {
    const folder = join(studio.dir, `${width}`, 'all sorts');
    await mkdir(folder, { recursive: true });
    const whole = picture(64, 1);
    const files: Record<string, string | Uint8Array> = {
      'a.png': whole,
      'b.png': picture(30, 2),
      'cut-short.png': whole.subarray(0, whole.length >> 1),
      'dot.png': picture(1, 3),
      'huge.png': blackPicture(12_000),
      'list.csv': 'name,shade\na,1\n',
      'notes.txt': 'no picture',
    };
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    await openForPictures(width);
    await visitor.unfold('Set-up');
    await visitor.give('folder', folder);
    await visitor.says('Ready to train.');
    const { page } = visitor;
    expect(await page.$eval('.chosen p', (p) => p.textContent)).toBe('4 pictures to learn from');
    const leftOut = await page.$$eval('.chosen li', (all) => all.map((li) => li.textContent));
    expect(leftOut.map((text) => text?.split(': ')[0])).toEqual([
      ...['all sorts/cut-short.png', 'all sorts/list.csv', 'all sorts/notes.txt'],
    ]);
    for (const text of leftOut) expect(text).toMatch(/: .{10}/);
    await visitor.unfold('3 left out');
    await visitor.keep('2-all-sorts');
    await visitor.train(3);
    await visitor.quiet();
  },
);

it('a folder and an archive without pictures', async () => {
  const folder = join(studio.dir, 'hidden only');
  await mkdir(folder);
  await writeFile(join(folder, '.DS_Store'), 'no picture');
  await openForPictures();
  await visitor.give('folder', folder);
  expect(await told('no-files')).toMatch(/There were no files in that/);
  const archive = join(studio.dir, 'nothing.zip');
  await writeFile(archive, zipSync({ '.DS_Store': new Uint8Array(8) }));
  await visitor.give('files', archive);
  expect(await told('data-unreadable')).toMatch(/nothing\.zip/);
  await visitor.says('Choose pictures to train on.');
});

const BROKEN = { code: 'data-read', words: /could not be downloaded.*press Train again/ };

it.each([
  { accident: 'broken', data: 'faces', ...BROKEN },
  { accident: 'damaged', data: 'faces', ...BROKEN },
  { accident: 'broken', data: 'mnist', ...BROKEN },
  {
    accident: 'damaged',
    data: 'mnist',
    code: 'data-gzip',
    words: /The data cannot be used.*MNIST.*cut short or damaged/,
  },
] as const)('$data: a download that is $accident is told, and Train tries again', async (given) => {
  const { accident, data, code, words } = given;
  const { host } = studio;
  host[accident] = true;
  try {
    visitor = await studio.visit({ width: 390, hash: `#data=${data}` });
    // As soon as they are read, which is before Train, and then again.
    expect(await told(code)).toMatch(words);
    await visitor.press('Train');
    await visitor.says('Stopped by an error.');
    expect(await told(code)).toMatch(words);
  } finally {
    host[accident] = false;
  }
  await visitor.train(3);
  // Nobody but the browser itself, and that only of the line.
  const complaints = visitor.complaints.splice(0);
  expect(complaints.filter((text) => !/failed: .*\/data\/|ERR_/.test(text))).toEqual([]);
  expect(complaints.length > 0).toBe(accident === 'broken');
  await visitor.quiet();
});

it('an archive of large pictures, which are unpacked under a strict policy', async () => {
  const archive = join(studio.dir, 'large.zip');
  const large = picture(600, 1);
  expect(large.length).toBeGreaterThan(500_000);
  await writeFile(archive, zipSync({ 'a.png': large, 'b.png': picture(600, 2) }, { level: 1 }));
  await openForPictures();
  await visitor.give('files', archive);
  await visitor.says('Ready to train.');
  expect(await visitor.page.$eval('.chosen p', (p) => p.textContent)).toBe(
    '2 pictures to learn from',
  );
});

it('checkpoints that are cut short, empty, or of no model', async () => {
  const metadata = (options: object) => ({
    ...{ format: 'ganvas-2', step: '5', options: JSON.stringify(options), choices: '{}' },
  });
  const nothing = writeSafetensors(new Map(), metadata({ ...defaultOptions, imageSize: 16 }));
  const given: Record<string, { readonly bytes: Uint8Array; readonly code: string }> = {
    'cut short': { bytes: nothing.subarray(0, nothing.length - 9), code: 'safetensors-length' },
    empty: { bytes: new Uint8Array(0), code: 'safetensors-length' },
    'of no model': {
      bytes: writeSafetensors(new Map(), metadata({ imageSize: 'large', batchSize: -1 })),
      code: 'checkpoint-foreign',
    },
    'without tensors': { bytes: nothing, code: 'checkpoint-missing' },
  };
  visitor = await studio.visit({ width: 390 });
  await visitor.tab('Keep');
  for (const [name, { bytes, code }] of Object.entries(given)) {
    const path = join(studio.dir, `${name}.safetensors`);
    await writeFile(path, bytes);
    await visitor.give('checkpoint', path);
    expect(await told(code), name).toMatch(/checkpoint/);
    await visitor.press('Dismiss');
  }
  await visitor.train(3);
});

/** As if the disk had no more room than this, for as long as the page is open. */
async function allow(bytes: number): Promise<void> {
  const devtools = await visitor.page.createCDPSession();
  const { origin } = new URL(studio.host.url);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: bytes });
}

it('a full disk: pictures are learned all the same, and the run goes on unkept', async () => {
  const paths = [1, 2, 3, 4].map((n) => join(studio.dir, `of-the-full-disk-${n}.png`));
  for (const [n, path] of paths.entries()) await writeFile(path, picture(128, n));
  await openForPictures();
  await allow(1000);
  await visitor.give('files', ...paths);
  expect(await told('storage-pictures')).toMatch(/no room to keep your pictures/);
  await visitor.keep('8-full-disk');
  await visitor.press('Dismiss');
  await visitor.train(3);
  await visitor.press('Pause');
  expect(await told('storage-quota')).toMatch(/There is no room left in this browser/);
  const at = await visitor.step();
  await visitor.press('Resume');
  await visitor.reaches(at + 5);

  await visitor.choose('Language', 'ja');
  await visitor.page.waitForFunction(() =>
    document.querySelector('[role=alert]')?.textContent?.includes('空きがありません'),
  );
  // What the engine said is still there, for whoever is asked for help.
  expect(await visitor.alert()).toMatch(/failed: there is no room/);
});
