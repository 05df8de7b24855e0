import { afterEach, expect, test, vi } from 'vitest';
import { BrowserNotFoundError, findBrowser } from '../../src/cli/browser.node.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('a browser asked for by path is taken as it is', async () => {
  expect(await findBrowser(process.execPath)).toBe(process.execPath);
});

test('a browser asked for by path that is not there is refused, with advice', async () => {
  const error = await findBrowser('/no/such/browser').catch((reason) => reason);
  expect(error).toBeInstanceOf(BrowserNotFoundError);
  expect(error.tried).toHaveLength(1);
  expect(error.message).toContain('/no/such/browser');
  expect(error.message).toContain('GANVAS_BROWSER');
});

test('GANVAS_BROWSER comes before the variables of other tools', async () => {
  vi.stubEnv('CHROME_PATH', '/bin/sh');
  vi.stubEnv('PUPPETEER_EXECUTABLE_PATH', '/bin/sh');
  vi.stubEnv('GANVAS_BROWSER', process.execPath);
  expect(await findBrowser()).toBe(process.execPath);
});

test('a variable that names no executable is passed over', async () => {
  vi.stubEnv('GANVAS_BROWSER', '/no/such/browser');
  vi.stubEnv('PUPPETEER_EXECUTABLE_PATH', process.execPath);
  expect(await findBrowser()).toBe(process.execPath);
});
