// Launches a browser that has WebGPU: on the machine's GPU where there is one, else in software.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import puppeteer, { type Browser } from 'puppeteer-core';
import { findBrowser } from './browser-find.node.ts';

export { BrowserNotFoundError, findBrowser } from './browser-find.node.ts';

export type AdapterKind = 'hardware' | 'software';

export interface LaunchOptions {
  /** The executable; by default the first one that `findBrowser` finds. */
  browserPath?: string;
  /** `auto` takes a real GPU and falls back to software; `software` always computes on the CPU. */
  adapter?: 'auto' | 'software';
  headless?: boolean;
  /**
   * Whether SIGINT, SIGTERM and SIGHUP close the browser, and SIGINT this process with it (the
   * default). Without, the browser still ends with this process.
   */
  handleSignals?: boolean;
}

export interface LaunchedBrowser {
  browser: Browser;
  adapterKind: AdapterKind;
}

/** For a browser that a program drives: no questions, and no traffic of its own. */
const COMMON_FLAGS = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Training goes on in pages that nobody looks at; Chrome would slow their timers and rendering. */
const UNTHROTTLED_FLAGS = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-features=CalculateNativeWinOcclusion,IntensiveWakeUpThrottling',
];

/**
 * A GPU process that crashed is started again, however often, and a page that lost its device gets
 * another: without these Chrome turns WebGPU off for the page, and after some crashes for good.
 */
const RECOVERY_FLAGS = [
  '--disable-gpu-process-crash-limit',
  '--disable-domain-blocking-for-3d-apis',
];

/** WebGPU on a real GPU, also with drivers that Chrome has not approved for it. */
const HARDWARE_FLAGS = ['--enable-unsafe-webgpu', '--ignore-gpu-blocklist'];

/** On Linux Chrome keeps WebGPU behind its Vulkan feature. */
const LINUX_HARDWARE_FLAGS = ['--enable-features=Vulkan'];

/**
 * Headless on Linux there is no window system: Chrome's compositor needs ANGLE on Vulkan to get at
 * the GPU at all, and must copy frames because there is no surface to present them to.
 */
const LINUX_HEADLESS_HARDWARE_FLAGS = ['--use-angle=vulkan', '--disable-vulkan-surface'];

/**
 * WebGPU in software, by SwiftShader. The last three put the compositor on the SwiftShader that
 * Chrome brings as well: without them, or with a Vulkan feature that finds no driver of the system's,
 * the first draw to a WebGPU canvas loses the device.
 */
const SOFTWARE_FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
];

/** Chrome's sandbox refuses to start as root on Linux, and most CI containers cannot provide it. */
const NO_SANDBOX_FLAG = '--no-sandbox';

/** How the known CPU implementations of WebGPU name themselves; not all admit to be a fallback. */
const SOFTWARE_ADAPTER = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|basic render/i;

/** The first request may compile driver caches; a broken driver never answers. */
const PROBE_TIMEOUT_MS = 30_000;
const LAUNCH_TIMEOUT_MS = 60_000;

/** Executables that were seen to get no real GPU: a machine does not grow one between launches. */
const withoutHardware = new Set<string>();

/** What is launched, whatever its flags. */
interface Target {
  executablePath: string;
  headless: boolean;
  handleSignals: boolean;
}

export async function launchBrowser(options: LaunchOptions = {}): Promise<LaunchedBrowser> {
  const { adapter = 'auto', headless = true, handleSignals = true } = options;
  const executablePath = await findBrowser(options.browserPath);
  const target: Target = { executablePath, headless, handleSignals };
  if (adapter === 'auto' && !withoutHardware.has(executablePath)) {
    const browser = await launchOnHardware(target);
    if (browser) return { browser, adapterKind: 'hardware' };
    withoutHardware.add(executablePath);
  }
  const browser = await launch(target, SOFTWARE_FLAGS);
  return { browser, adapterKind: 'software' };
}

/** A browser whose WebGPU runs on a real GPU, or nothing. */
async function launchOnHardware(target: Target): Promise<Browser | undefined> {
  const linux = process.platform === 'linux';
  let browser: Browser | undefined;
  try {
    browser = await launch(target, [
      ...HARDWARE_FLAGS,
      ...(linux ? LINUX_HARDWARE_FLAGS : []),
      ...(linux && target.headless ? LINUX_HEADLESS_HARDWARE_FLAGS : []),
    ]);
    if (await hasHardwareAdapter(browser)) return browser;
  } catch {
    // A browser that these flags crash is one without a usable GPU: software comes next, and where
    // the browser itself is broken, launching it in software says so.
  }
  await browser?.close();
  return undefined;
}

async function launch(
  { executablePath, headless, handleSignals }: Target,
  flags: readonly string[],
): Promise<Browser> {
  const start = (sandbox: boolean): Promise<Browser> =>
    puppeteer.launch({
      executablePath,
      headless,
      args: [
        ...COMMON_FLAGS,
        ...UNTHROTTLED_FLAGS,
        ...RECOVERY_FLAGS,
        ...flags,
        ...(sandbox ? [] : [NO_SANDBOX_FLAG]),
      ],
      // Over a pipe rather than a socket the browser ends with this process, however that ends.
      pipe: true,
      defaultViewport: null,
      timeout: LAUNCH_TIMEOUT_MS,
      handleSIGINT: handleSignals,
      handleSIGTERM: handleSignals,
      handleSIGHUP: handleSignals,
      // Evaluating "train to the end" in a page takes as long as it takes.
      protocolTimeout: 0,
    });
  const root = process.platform === 'linux' && process.getuid?.() === 0;
  if (root || process.env.CI) return start(false);
  try {
    return await start(true);
  } catch (error) {
    // Some distributions deny unprivileged user namespaces to a Chrome outside /opt.
    if (error instanceof Error && /no usable sandbox/i.test(error.message)) return start(false);
    throw error;
  }
}

/** Asks a page: only a secure context has `navigator.gpu`, and about:blank is none. */
async function hasHardwareAdapter(browser: Browser): Promise<boolean> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Ganvas</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const probe = page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
      if (!adapter || adapter.info.isFallbackAdapter) return null;
      const device = await adapter.requestDevice();
      device.destroy();
      const { vendor, architecture, description } = adapter.info;
      return `${vendor} ${architecture} ${adapter.info.device} ${description}`;
    });
    const name = await within(PROBE_TIMEOUT_MS, probe);
    await page.close();
    return name !== null && !SOFTWARE_ADAPTER.test(name);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
