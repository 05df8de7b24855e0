import { join } from 'node:path';
import { defineConfig } from 'vite';
import { dataPlugin } from './demo/vite-data.node.ts';
import { offlinePlugin } from './demo/vite-offline.node.ts';

/** The demo page: `npm start` serves it, `npm run build:demo` bundles it for any folder of any host. */
export default defineConfig({
  root: join(import.meta.dirname, 'demo'),
  base: './',
  // Apart from the tests' and the command line's servers, which prepare other dependencies.
  cacheDir: join(import.meta.dirname, 'node_modules', '.cache', 'ganvas', 'vite-demo'),
  plugins: [dataPlugin(), offlinePlugin()],
  optimizeDeps: {
    include: ['preact', 'preact/hooks', '@preact/signals', 'uplot', 'mediabunny', 'fflate'],
  },
  build: {
    outDir: join(import.meta.dirname, 'dist-demo'),
    emptyOutDir: true,
    target: 'esnext',
  },
  worker: { format: 'es' },
});
