import { findBrowser } from '../../src/cli/browser.node.ts';

/** Where there is no browser, getting one takes minutes: before a test's clock starts, not after. */
export default async function setup(): Promise<void> {
  await findBrowser();
}
