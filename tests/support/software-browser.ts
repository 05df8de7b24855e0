// Chromium with WebGPU in software, and the flags that a test is about.
import puppeteer, { type Browser } from 'puppeteer-core';
import { findBrowser } from '../../src/cli/browser.node.ts';

const FLAGS = [
  ...['--no-sandbox', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync', '--enable-unsafe-webgpu'],
  ...['--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
  ...['--use-vulkan=swiftshader', '--use-angle=swiftshader'],
];

/** @param without flags that Puppeteer would give */
export async function softwareBrowser(
  flags: readonly string[] = [],
  without: string[] = [],
): Promise<Browser> {
  return puppeteer.launch({
    executablePath: await findBrowser(),
    headless: true,
    args: [...FLAGS, ...flags],
    ignoreDefaultArgs: without,
    pipe: true,
    timeout: 60_000,
    protocolTimeout: 0,
  });
}
