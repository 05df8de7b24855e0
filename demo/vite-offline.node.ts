/**
 * A service worker for the built page, so that it works offline after the first visit: the page's own
 * files are fetched when it is installed, data sets are kept once they have been used.
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** Large, and not every visitor learns from all of them. */
const isData = (file: string): boolean => file.startsWith('data/');

export function offlinePlugin(): Plugin {
  return {
    name: 'ganvas-offline',
    apply: 'build',
    // What other plugins add to the build is then known.
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const files = Object.keys(bundle).filter((file) => !isData(file) && !file.endsWith('.map'));
      const hash = createHash('sha256');
      for (const file of files.sort()) {
        const part = bundle[file];
        hash.update(file).update(part?.type === 'chunk' ? part.code : (part?.source ?? ''));
      }
      const source = await readFile(join(import.meta.dirname, 'service-worker.js'), 'utf8');
      const filled = source
        .replace("'VERSION'", JSON.stringify(hash.digest('hex').slice(0, 16)))
        .replace("['FILES']", JSON.stringify(['./', ...files.filter((f) => f !== 'index.html')]));
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: filled });
    },
  };
}
