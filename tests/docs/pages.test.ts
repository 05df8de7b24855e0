// Every page of the documentation: its code is of a known kind, its commands and its links exist.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'shell-quote';
import { describe, expect, test } from 'vitest';
import { type Page, pages, root } from './pages.ts';

const run = promisify(execFile);

/** What guides.test.ts runs. */
const RUNS = ['ts', 'tsx', 'html'];
/** Commands are checked here, Python is run by tests/pytorch; `text` is no code. */
const KNOWN = [...RUNS, 'sh', 'python', 'text'];

const scriptsOf = (folder: string): Record<string, string> =>
  JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).scripts;

const helps = new Map<string, Promise<string>>();

/** What a script of package.json that is a program of ours prints for `--help`; else nothing. */
function helpOf(script: string): Promise<string> {
  let help = helps.get(script);
  if (!help) {
    const [program, ...args] = script.split(' ');
    help =
      program === 'node'
        ? run(process.execPath, [...args, '--help'], { cwd: root }).then(({ stdout }) => stdout)
        : Promise.resolve('');
    helps.set(script, help);
  }
  return help;
}

/** The commands of a block, as words. Shell that is more than commands is nothing for a guide. */
function commandsOf(code: string): string[][] {
  const commands: string[][] = [[]];
  for (const line of code.replaceAll('\\\n', ' ').split('\n')) {
    for (const word of parse(line)) {
      if (typeof word === 'string') commands.at(-1)!.push(word);
      else if ('comment' in word) continue;
      else if (word.op === '&&') commands.push([]);
      else throw new Error(`Not a plain command: ${line}`);
    }
    commands.push([]);
  }
  return commands.filter((words) => words.length > 0);
}

const NPM_OWN = ['ci', 'create', 'install', 'pack', 'start', 'test'];
const SYSTEM = ['cd', 'cp', 'deno', 'torchrun'];

/** Fails if a command is not there, or has not the options that it is given. */
async function checkCommand(words: readonly string[]): Promise<void> {
  const [program, ...rest] = words;
  const options = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0]);
  if (program === 'npm') {
    const at = rest.indexOf('--prefix');
    const folder = at < 0 ? '.' : rest[at + 1];
    const [verb, name] = at < 0 ? rest : rest.filter((_, i) => i !== at && i !== at + 1);
    if (verb !== 'run') return expect(NPM_OWN).toContain(verb);
    const scripts = scriptsOf(folder);
    expect(Object.keys(scripts)).toContain(name);
    const own = options.slice(options.indexOf('--') + 1);
    if (!options.includes('--')) return;
    const help = await helpOf(scripts[name]);
    for (const option of own) expect(help).toContain(option);
  } else if (program === 'npx') {
    expect(existsSync(join(root, 'node_modules', '.bin', rest[0])), `npx ${rest[0]}`).toBe(true);
  } else if (program === 'python3' && !rest[0].startsWith('-')) {
    const script = readFileSync(join(root, rest[0]), 'utf8');
    for (const option of options) expect(script).toContain(option.replace(/^--/, ''));
  } else {
    expect([...SYSTEM, 'python3']).toContain(program);
  }
}

/** Headings of a page, as GitHub makes addresses of them. */
const anchorsIn = (path: string): string[] =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );

describe.each(pages.map((page) => [page.path, page] as const))('%s', (path, page: Page) => {
  test('its code is of a known kind, and has a file name if it is to run', () => {
    for (const { where, language, file } of page.blocks) {
      expect(KNOWN, where).toContain(language);
      if (RUNS.includes(language)) expect(file?.split('.').pop(), where).toBe(language);
    }
    const files = page.blocks.flatMap(({ file }) => file ?? []);
    expect(new Set(files).size, 'two blocks with one file name').toBe(files.length);
  });

  test('its commands are there, with their options', async () => {
    const shell = page.blocks.filter(({ language }) => language === 'sh');
    for (const { code } of shell) for (const words of commandsOf(code)) await checkCommand(words);
  });

  test('its links inside the repository lead somewhere', () => {
    const inside = page.links.filter((url) => !/^[a-z]+:/.test(url));
    for (const url of inside) {
      const [file, anchor] = url.split('#');
      const target = file === '' ? join(root, path) : join(root, dirname(path), file);
      expect(existsSync(target), `${path}: ${url}`).toBe(true);
      if (anchor) expect(anchorsIn(target), `${path}: ${url}`).toContain(anchor);
    }
  });
});

/** Codes in the first column of a table that is headed `code`. */
const codesIn = (path: string): string[] =>
  [...readFileSync(join(root, path), 'utf8').matchAll(/^\| code \|.*\n(?:\|.*\n)+/gm)].flatMap(
    ([table]) =>
      table.split('\n').flatMap((row) => row.split('|')[1]?.match(/(?<=`)[a-z-]+(?=`)/g) ?? []),
  );

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(root, 'src', path), 'utf8'));

/** Whether an error has the code: written whole, or put together of a prefix and a kind. */
function isCode(code: string): boolean {
  const dash = code.indexOf('-');
  const [prefix, kind] = [code.slice(0, dash), code.slice(dash + 1)];
  return sources.some(
    (source) =>
      new RegExp(`(?:super|Error)\\(\\s*'${code}'`).test(source) ||
      (source.includes(`\`${prefix}-\${`) && new RegExp(`'${kind}'|\\b${kind}:`).test(source)),
  );
}

const guides = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/guides/'));

test.each(guides)('%s is short', (path) => {
  const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(150);
});

test.each(guides)('%s names errors by their codes', (path) => {
  expect(codesIn(path).filter((code) => !isCode(code))).toEqual([]);
});

test('codes are found where there are some, and others are not', () => {
  expect(codesIn('docs/guides/worker.md')).toHaveLength(4);
  expect(['worker-load', 'no-webgpu', 'checkpoint-data'].every(isCode)).toBe(true);
  expect(['worker-lost', 'webgpu', 'checkpoint'].some(isCode)).toBe(false);
});

test.each(['README.md', 'docs/README.md'])('%s leads to every guide', (path) => {
  const { links } = pages.find((page) => page.path === path)!;
  const here = dirname(path);
  expect(links).toEqual(expect.arrayContaining(guides.map((guide) => posix.relative(here, guide))));
});
