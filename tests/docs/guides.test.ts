// The code of README and guides, as it is printed there: extracted into an app that has the package
// installed, type-checked, linted, bundled, and run in Chromium, Node and Deno.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PNG } from 'pngjs';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import { launchBrowser } from '../../src/cli/browser.node.ts';
import { noisePictures } from '../support/pictures.ts';
import { vulkanEnvironment } from '../support/vulkan.node.ts';
import { pages, root } from './pages.ts';

// Steps of real sizes on a software adapter, which may share its cores with others.
const PATIENCE_MS = 150_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS });

const run = promisify(execFile);
const app = inject('app');
/** A folder for each page, with the files that it prints. */
const guides = join(app, 'guides');
const drivers = join(import.meta.dirname, 'drive');
const module = (...path: string[]): string => join(root, 'node_modules', ...path);

/** Needs no bundler, and is to be run without. */
const UNBUNDLED = 'plain-html';

async function writeFiles(): Promise<void> {
  for (const { name, blocks } of pages) {
    const files = blocks.filter(({ file }) => file !== undefined);
    if (files.length > 0) await mkdir(join(guides, name), { recursive: true });
    for (const { file, code } of files) await writeFile(join(guides, name, file!), code);
  }
  // What calls the functions that a page exports, with small arguments.
  for (const file of await readdir(drivers)) {
    const name = file.replace(/\.tsx?$/, '');
    await writeFile(join(guides, name, `drive.${file}`), await readFile(join(drivers, file)));
    const script = `<script type="module" src="./drive.${file}"></script>\n`;
    await writeFile(join(guides, name, 'drive.html'), `<!doctype html>\n${script}`);
  }
  const tsconfig = {
    extends: '../tsconfig.json',
    compilerOptions: {
      noEmit: true,
      allowImportingTsExtensions: true,
      jsx: 'react-jsx',
      types: ['node'],
      // The package's own declarations are checked with the app around this folder.
      skipLibCheck: true,
      rootDir: '.',
    },
    include: ['.'],
  };
  await writeFile(join(guides, 'tsconfig.json'), JSON.stringify(tsconfig));
}

/** What the guides tell their readers to install, beside the package. */
async function linkModules(): Promise<void> {
  await mkdir(join(app, 'node_modules', '@types'), { recursive: true });
  const names = ['react', 'react-dom', '@types/node', '@types/react', '@types/react-dom'];
  for (const name of names)
    await symlink(module(...name.split('/')), join(app, 'node_modules', name), 'junction');
  await symlink(join(app, 'node_modules'), join(guides, UNBUNDLED, 'node_modules'), 'junction');
}

async function bundle(): Promise<void> {
  const input: string[] = [];
  for (const { name } of pages) {
    if (name === UNBUNDLED || !existsSync(join(guides, name))) continue;
    const files = await readdir(join(guides, name));
    for (const file of files) if (file.endsWith('.html')) input.push(join(guides, name, file));
  }
  await build({
    root: guides,
    base: './',
    configFile: false,
    logLevel: 'error',
    // React mounts twice in StrictMode while developing only.
    define: { 'process.env.NODE_ENV': JSON.stringify('development') },
    build: { outDir: 'dist', minify: false, rolldownOptions: { input } },
    worker: { format: 'es' },
  });
}

/** An IDX file of 64 pictures of noise, 28 × 28, as MNIST's are. */
function idxFile(): Uint8Array {
  const { data } = noisePictures(64, 28);
  const file = new Uint8Array(16 + data.length);
  const header = new DataView(file.buffer);
  for (const [i, n] of [0x803, 64, 28, 28].entries()) header.setUint32(4 * i, n);
  file.set(data, 16);
  return file;
}
const IDX_FILE = 'train-images-idx3-ubyte';

/** PNG files of 16 pictures of different sizes; where they are. */
async function pictureFiles(): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < 16; i++) {
    const png = new PNG({ width: 24 + i, height: 40 - i });
    png.data.forEach((_, k) => {
      png.data[k] = k % 4 === 3 ? 255 : (k * (i + 3)) % 256;
    });
    const path = join(guides, `picture-${i}.png`);
    await writeFile(path, PNG.sync.write(png));
    paths.push(path);
  }
  return paths;
}

let browser: Browser;
let server: PreviewServer;
let pictures: string[];
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  await writeFiles();
  await linkModules();
  pictures = await pictureFiles();
  ({ browser } = await launchBrowser({ adapter: 'software' }));
  server = await preview({
    root: app,
    configFile: false,
    logLevel: 'error',
    build: { outDir: '.' },
    preview: { host: '127.0.0.1', port: 0 },
  });
  await bundle();
  for (const name of ['quick-start', 'worker'])
    await writeFile(join(guides, 'dist', name, IDX_FILE), idxFile());
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

afterEach(async () => {
  for (const opened of await browser.pages()) await opened.close();
  expect(errors.splice(0)).toEqual([]);
});

async function open(path: string): Promise<Page> {
  page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on('pageerror', (error) => errors.push(String(error)));
  const [origin] = server.resolvedUrls!.local;
  await page.goto(new URL(`guides/${path}`, origin).href);
  return page;
}

/** Waits until the page says that so many steps are done. */
async function steps(count: number): Promise<void> {
  const reached = `Number(/Step (\\d+)/.exec(document.body.textContent)?.[1]) >= ${count}`;
  await page.waitForFunction(reached).catch(async (error: unknown) => {
    const text = await page.evaluate('document.body.textContent');
    throw new Error(`${text}\n${errors.join('\n')}`, { cause: error });
  });
}

/** Fails if the canvas shows nothing but frames around nothing. After few steps pictures are pale. */
async function expectDrawn(): Promise<void> {
  const canvas = (await page.$('canvas')) as ElementHandle<Element>;
  const { data } = PNG.sync.read(Buffer.from(await canvas.screenshot()));
  const colours = new Set(new Uint32Array(data.buffer, data.byteOffset, data.length / 4));
  expect(colours.size).toBeGreaterThan(2);
}

/** Pixels of a 2-D canvas that are not transparent. */
const INK = `document.querySelector('canvas').getContext('2d').getImageData(0, 0, 300, 300).data
  .filter((value, i) => i % 4 === 3 && value > 0).length`;

/** What a page's driver leaves in `result`. */
async function driven(name: string): Promise<unknown> {
  await open(`dist/${name}/drive.html`);
  await page.waitForFunction('globalThis.result !== undefined').catch((error: unknown) => {
    throw errors.length > 0 ? new Error(errors.join('\n')) : error;
  });
  return page.evaluate('globalThis.result');
}

test('every file is type-checked, strictly', async () => {
  const tsc = module('typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', guides]).catch((error) => {
    throw new Error(error.stdout);
  });
});

test('every file is formatted and linted as the sources are', async () => {
  const biome = module('@biomejs', 'biome', 'bin', 'biome');
  const names = pages.map(({ name }) => join(guides, name)).filter((path) => existsSync(path));
  const options = [`--config-path=${root}`, '--vcs-enabled=false', '--error-on-warnings'];
  await run(process.execPath, [biome, 'check', ...options, ...names]).catch((error) => {
    throw new Error(error.stdout + error.stderr);
  });
});

test('README: the snippet trains, draws and saves', async () => {
  const { lines, size, weight } = (await driven('README')) as Record<string, unknown>;
  expect(lines).toEqual([expect.stringMatching(/^step 10: /), expect.stringMatching(/^step 20: /)]);
  expect(size).toBe(8 * 18 + 2);
  expect(weight).toEqual([100, 16, 4, 4]);
});

test('quick start', async () => {
  await open('dist/quick-start/index.html');
  await steps(11);
  await expectDrawn();
});

test('quick start: another canvas where a device was lost', async () => {
  expect(await driven('quick-start')).toEqual({ step: 4, devices: 2, replaced: true });
  await vi.waitFor(expectDrawn, PATIENCE_MS);
});

test('own pictures: from files, unreadable ones left out; stop; save; go on', async () => {
  const broken = join(guides, 'broken.png');
  await writeFile(broken, 'no picture');
  await open('dist/own-pictures/index.html');
  const warnings: string[] = [];
  page.on('console', (message) => message.type() === 'warn' && warnings.push(message.text()));
  const choose = async (...files: string[]) => {
    const input = (await page.$('input[type=file]')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(...files);
  };
  await choose(...pictures, broken);
  await steps(11);
  expect(warnings).toEqual([expect.stringMatching(/^broken\.png: /)]);
  await expectDrawn();
  await page.click('button');
  await page.waitForSelector('a');
  const stopped = await page.$eval('#status', (status) => Number(/\d+/.exec(status.textContent)));
  const bytes = (await page.evaluate(`
    fetch(document.querySelector('a').href)
      .then((response) => response.arrayBuffer())
      .then((buffer) => Array.from(new Uint8Array(buffer)))
  `)) as number[];
  const checkpoint = join(guides, 'checkpoint.safetensors');
  await writeFile(checkpoint, Uint8Array.from(bytes));

  await page.reload();
  await choose(...pictures, checkpoint);
  await steps(stopped + 1);
});

test('own pictures: frames of a canvas, and a set that is too large', async () => {
  expect(await driven('own-pictures')).toEqual({
    shape: [8, 16, 16, 4],
    first: [0, 0, 0, 255],
    steps: 2,
  });
});

test('plain HTML', async () => {
  await open(`${UNBUNDLED}/index.html`);
  await steps(11);
  await expectDrawn();
});

test('React: trains, draws, and leaves nothing, mounted twice by StrictMode', async () => {
  await open('dist/react/drive.html');
  await steps(3);
  await expectDrawn();
  // StrictMode's first mount is gone.
  expect(await page.evaluate('devices()')).toEqual({ opened: 2, destroyed: 1 });
  await page.evaluate('unmount()');
  await page.waitForFunction('devices().then(({ opened, destroyed }) => destroyed === opened)');
  // Unmounted before there is a device.
  await page.evaluate('mount(); unmount()');
  await page.waitForFunction(
    'devices().then(({ opened, destroyed }) => opened === 4 && destroyed === 4)',
  );

  await page.evaluate('mountApp()');
  const input = (await page.waitForSelector('input')) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(...pictures);
  await page.waitForSelector('canvas');
  await steps(1);
});

test('worker', async () => {
  await open('dist/worker/index.html');
  await steps(11);
  await expectDrawn();
  const [pause, stop] = await page.$$('button');
  await pause.click();
  await pause.click();
  await stop.click();
  await page.waitForFunction('/ has [0-9]+ bytes/.test(document.body.textContent)');
});

test('own model', async () => {
  await open('dist/own-model/index.html');
  await steps(21);
  expect(await page.evaluate(INK)).toBeGreaterThan(9);
});

test('own loss', async () => {
  const measured = (await driven('own-loss')) as Record<string, number>[];
  expect(measured.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(measured.every((metrics) => Object.values(metrics).every(Number.isFinite))).toBe(true);
  expect(Object.keys(measured[0]).sort()).toEqual(['distance', 'lossG', 'penalty', 'step']);
  await expectDrawn();
});

test('training aids', async () => {
  const result = (await driven('training-aids')) as Record<string, Record<string, number>>;
  expect(result).toMatchObject({ last: { step: 2 }, own: { step: 2 }, count: 16 });
  for (const metrics of [result.last, result.own])
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
});

test('conditional', async () => {
  const { own, ...result } = (await driven('conditional')) as Record<string, unknown>;
  expect(result).toEqual({ sevens: 16, oneHand: [10, 10] });
  expect(own).toMatchObject({ step: 2 });
  expect(Object.values(own as object).every(Number.isFinite)).toBe(true);
});

test('objectives', async () => {
  expect(await driven('objectives')).toEqual([1, 2, 1, 2, 1]);
});

test('theory: D nears the best one', async () => {
  const result = (await driven('theory')) as Record<string, number>;
  expect(result).toMatchObject({ cells: [120, 120], steps: 2 });
  expect(Math.abs(result.value - result.optimum)).toBeLessThan(0.1);
  expect(result.js).toBeLessThan(Math.log(2));
});

test('classifiers', async () => {
  const result = (await driven('classifier')) as Record<string, unknown>;
  expect(result).toEqual({ accuracies: [1, 1], count: 2, bytes: 128 });
});

test('quality', async () => {
  const report = (await driven('quality')) as Record<string, Record<string, number>>;
  expect(report).toMatchObject({ trainedOn: 'MNIST', samples: 32 });
  expect(Object.values(report.pictures).every(Number.isFinite)).toBe(true);
  expect(Object.keys(report.pictures)).toEqual(Object.keys(report.real));
});

test('Bayesian inference', async () => {
  const result = (await driven('bayesian-inference')) as Record<string, unknown>;
  expect(result).toMatchObject({ last: { step: 2, lossRatio: expect.any(Number) } });
  expect(result.counts).toEqual([65_536, 1000, 2, 4, 4]);
  expect(result.variance).toBeCloseTo(1.44, 10);
});

test('discrete nodes: the category that is seen most comes to be drawn most', async () => {
  const result = (await driven('discrete-nodes')) as Record<string, number>;
  expect(result).toMatchObject({ largest: 1, step: 60, loss: expect.any(Number) });
});

test('the original GAN', async () => {
  const result = await driven('original-gan');
  expect(result).toEqual({ weight: [10, 256], own: 256 * 10 + 10 + 2 + 1 });
  await expectDrawn();
});

test('a variational autoencoder', async () => {
  expect(await driven('vae')).toEqual({ size: 20 * 16, count: 5, step: 30 });
  await expectDrawn();
});

test('PyTorch: and back', async () => {
  expect(await driven('pytorch')).toEqual([3, 4]);
});

const trainsIn = async (command: string, ...before: string[]) => {
  const cwd = join(guides, 'node');
  await writeFile(join(cwd, IDX_FILE), idxFile());
  const env = { ...process.env, ...(await vulkanEnvironment()) };
  const args = [...before, 'train.ts', IDX_FILE, '3'];
  const { stdout } = await run(command, args, { cwd, env });
  expect(stdout.trim().split('\n').slice(1)).toEqual([
    expect.stringMatching(/^1 \d/),
    expect.stringMatching(/^2 \d/),
    expect.stringMatching(/^3 \d/),
  ]);
  const samples = await readFile(join(cwd, 'samples.pgm'), 'latin1');
  expect(samples).toMatch(/^P5 16 256 255\n/);
  expect(samples.length).toBe('P5 16 256 255\n'.length + 16 * 256);
};

test('Node', async () => {
  await trainsIn(process.execPath, module('tsx', 'dist', 'cli.mjs'));
});

// Not installed with the rest: it would be a hundred megabytes for one test.
const deno = process.env.GANVAS_DENO ?? 'deno';
test.runIf(spawnSync(deno, ['--version']).status === 0)('Deno', async () => {
  await trainsIn(deno, 'run', '--allow-all');
});
