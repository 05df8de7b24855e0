import { defineConfig } from 'vite';

/** The demo page: `npm start` serves it, `npm run build` bundles it for any folder of any host. */
export default defineConfig({
  root: 'demo',
  base: './',
  build: {
    outDir: '../dist',
    emptyOutDir: true,
    target: 'esnext',
  },
  worker: { format: 'es' },
});
