import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findBrowser } from '../../src/cli/browser.node.ts';

/** Where distributions keep Chrome's own files when the command on the path is a script. */
const BROWSER_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];

/**
 * What the environment of a Node process must say for Dawn to find a Vulkan driver: on Linux the
 * SwiftShader that the browser brings, and its loader, so that no GPU and no package is needed.
 * Elsewhere Dawn uses what the system has.
 */
export async function vulkanEnvironment(): Promise<Record<string, string>> {
  if (process.platform !== 'linux' || process.env.VK_ICD_FILENAMES) return {};
  const folders = [dirname(realpathSync(await findBrowser())), ...BROWSER_FOLDERS];
  const folder = folders.find((path) => existsSync(join(path, 'vk_swiftshader_icd.json')));
  if (!folder) throw new Error(`No SwiftShader in ${folders.join(', ')}.`);
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return {
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: libraries,
  };
}
