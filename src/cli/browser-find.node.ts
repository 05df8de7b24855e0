// Finds a Chrome, Chromium or Edge to run WebGPU in, or gets one.
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import {
  Browser,
  detectBrowserPlatform,
  getInstalledBrowsers,
  getVersionComparator,
  install,
  resolveBuildId,
} from '@puppeteer/browsers';

/** Looked at in this order: ours first, so that it can override what other tools have set. */
const BROWSER_VARIABLES = ['GANVAS_BROWSER', 'PUPPETEER_EXECUTABLE_PATH', 'CHROME_PATH'];

/** Chrome before Chromium: distributions sometimes build Chromium without SwiftShader. */
const COMMANDS = [
  'google-chrome-stable',
  'google-chrome',
  'chromium',
  'microsoft-edge-stable',
  'microsoft-edge',
  // Last, because on Ubuntu it may be a stub that only says to install a snap.
  'chromium-browser',
];

const MAC_APPS = ['Google Chrome', 'Chromium', 'Microsoft Edge'];

const WINDOWS_PROGRAMS = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Chromium\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
];

/** A closed network often swallows packets instead of refusing them, so silence is the only sign. */
const DOWNLOAD_SILENCE_MS = 20_000;
/**
 * Apt waits for a long time on a closed network; a slow one needs some minutes for Chromium. Only what
 * talks to the network is ended: a package that is half unpacked would be the user's to mend.
 */
const APT_NETWORK_MS = 10 * 60_000;

const run = promisify(execFile);

export class BrowserNotFoundError extends Error {
  override readonly name = 'BrowserNotFoundError';
  readonly tried: readonly string[];

  constructor(tried: readonly string[]) {
    super(
      [
        'No browser to run WebGPU in. Tried:',
        ...tried.map((line) => `  - ${line}`),
        'Install Chrome, Chromium or Edge, or point the environment variable GANVAS_BROWSER ' +
          '(or the option browserPath) at the executable of one.',
      ].join('\n'),
    );
    this.tried = tried;
  }
}

/** Finds a browser's executable. One that is asked for by path is used or refused, never replaced. */
export async function findBrowser(browserPath?: string): Promise<string> {
  const tried: string[] = [];
  if (browserPath) {
    if (isExecutable(browserPath)) return browserPath;
    throw new BrowserNotFoundError([`browserPath ${browserPath}: not an executable file`]);
  }
  for (const name of BROWSER_VARIABLES) {
    const path = process.env[name];
    if (path && isExecutable(path)) return path;
    tried.push(`$${name}: ${path ? `${path} is not an executable file` : 'not set'}`);
  }
  return (
    (await fromPuppeteerCache(tried)) ??
    fromSystem(tried) ??
    (await fromDownload(tried)) ??
    (await fromApt(tried)) ??
    fail(tried)
  );
}

function fail(tried: readonly string[]): never {
  throw new BrowserNotFoundError(tried);
}

function cacheDir(): string {
  return process.env.PUPPETEER_CACHE_DIR ?? join(homedir(), '.cache', 'puppeteer');
}

async function fromPuppeteerCache(tried: string[]): Promise<string | undefined> {
  const platform = detectBrowserPlatform();
  const installed = await getInstalledBrowsers({ cacheDir: cacheDir() });
  for (const kind of [Browser.CHROME, Browser.CHROMIUM]) {
    const newestFirst = getVersionComparator(kind);
    const found = installed
      .filter((entry) => entry.browser === kind && entry.platform === platform)
      .sort((a, b) => newestFirst(b.buildId, a.buildId))
      .find((entry) => isExecutable(entry.executablePath));
    if (found) return found.executablePath;
  }
  tried.push(`Puppeteer's cache ${cacheDir()}: no Chrome or Chromium for ${platform}`);
  return undefined;
}

function fromSystem(tried: string[]): string | undefined {
  const found = systemCandidates().find(isExecutable);
  if (!found) tried.push('the usual places of this system and PATH: no Chrome, Chromium or Edge');
  return found;
}

function systemCandidates(): string[] {
  const { env } = process;
  const path = (env.PATH ?? '').split(delimiter).filter(Boolean);
  switch (process.platform) {
    case 'win32': {
      const roots = [env.ProgramFiles, env['ProgramFiles(x86)'], env.LOCALAPPDATA];
      return [
        ...roots.flatMap((root) => (root ? WINDOWS_PROGRAMS.map((exe) => join(root, exe)) : [])),
        ...['chrome.exe', 'msedge.exe'].flatMap((exe) => path.map((dir) => join(dir, exe))),
      ];
    }
    case 'darwin': {
      const roots = ['/Applications', join(homedir(), 'Applications')];
      const apps = MAC_APPS.flatMap((app) =>
        roots.map((root) => join(root, `${app}.app`, 'Contents', 'MacOS', app)),
      );
      return [...apps, ...onPath(path)];
    }
    default:
      // Services and containers often run with a bare PATH.
      return onPath([...path, '/usr/local/bin', '/usr/bin', '/opt/google/chrome', '/snap/bin']);
  }
}

function onPath(dirs: string[]): string[] {
  return COMMANDS.flatMap((command) => dirs.map((dir) => join(dir, command)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function fromDownload(tried: string[]): Promise<string | undefined> {
  const platform = detectBrowserPlatform();
  if (!platform) {
    tried.push(`download: there is no Chrome for ${process.platform} ${process.arch}`);
    return undefined;
  }
  report('no browser found; downloading Chrome');
  try {
    return await untilSilent(DOWNLOAD_SILENCE_MS, async (alive) => {
      const buildId = await resolveBuildId(Browser.CHROME, platform, 'stable');
      let shown = -1;
      const { executablePath } = await install({
        browser: Browser.CHROME,
        buildId,
        platform,
        cacheDir: cacheDir(),
        downloadProgressCallback: (bytes, total) => {
          // Unpacking reports nothing and may be slow, so the watch ends with the last byte.
          alive(bytes < total);
          const tenth = Math.floor((10 * bytes) / total);
          if (tenth > shown) report(`Chrome ${buildId}: ${10 * tenth} % of ${megabytes(total)} MB`);
          shown = tenth;
        },
      });
      return executablePath;
    });
  } catch (error) {
    tried.push(`download of Chrome: ${messageOf(error)}`);
    return undefined;
  }
}

/** Runs `work`, and gives up once it has gone `ms` without calling `alive(true)`. */
async function untilSilent<T>(
  ms: number,
  work: (alive: (watch: boolean) => void) => Promise<T>,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      const alive = (watch: boolean): void => {
        clearTimeout(timer);
        if (!watch) return;
        timer = setTimeout(() => reject(new Error(`no answer for ${ms / 1000} s`)), ms);
      };
      alive(true);
      work(alive).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
}

async function fromApt(tried: string[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0 || !isDebian()) {
    tried.push('apt-get install chromium: needs Debian, and root');
    return undefined;
  }
  report('installing Debian’s chromium with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const network = { env, timeout: APT_NETWORK_MS };
  const install = ['install', '-y', 'chromium'];
  try {
    await run('apt-get', ['update'], network);
    await run('apt-get', [...install, '--download-only'], network);
    await run('apt-get', [...install, '--no-download'], { env });
  } catch (error) {
    tried.push(`apt-get install chromium: ${messageOf(error)}`);
    return undefined;
  }
  const found = systemCandidates().find(isExecutable);
  if (!found) tried.push('apt-get install chromium: it succeeded, but brought no executable');
  return found;
}

/** Not Ubuntu: its chromium package is a stub for a snap, which containers cannot run. */
function isDebian(): boolean {
  try {
    return /^ID="?debian"?$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function report(message: string): void {
  process.stderr.write(`ganvas: ${message}\n`);
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error);
}
