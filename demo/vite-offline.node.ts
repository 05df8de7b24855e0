/** Puts a service worker beside the built page, so that it works offline after the first visit. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { build, type Plugin, type Rolldown } from 'vite';

/** Large, and few visitors learn from all of them: each is kept once it was used. */
const isData = (file: string): boolean => file.startsWith('data/');

export function offlinePlugin(): Plugin {
  return {
    name: 'ganvas-offline',
    apply: 'build',
    // What other plugins add to the build is then known.
    enforce: 'post',
    async generateBundle(_options, bundle) {
      const files = Object.values(bundle).filter(({ fileName }) => !isData(fileName));
      const entries = files.map((file) => ({
        url: file.fileName,
        revision: digest(contentOf(file)),
      }));
      this.emitFile({
        type: 'asset',
        fileName: 'service-worker.js',
        source: await serviceWorker(entries),
      });
    },
  };
}

const contentOf = (file: Rolldown.OutputChunk | Rolldown.OutputAsset): string | Uint8Array =>
  file.type === 'chunk' ? file.code : file.source;

const digest = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex').slice(0, 16);

/** One classic script: not every browser takes a module for a service worker. */
async function serviceWorker(entries: readonly object[]): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'warn',
    define: {
      PAGE_FILES: JSON.stringify(entries),
      'process.env.NODE_ENV': JSON.stringify('production'),
    },
    build: {
      write: false,
      target: 'esnext',
      lib: {
        entry: join(import.meta.dirname, 'service-worker.ts'),
        formats: ['iife'],
        name: 'serviceWorker',
      },
    },
  });
  const [{ output }] = [result].flat() as [Rolldown.RolldownOutput];
  return output[0].code;
}
