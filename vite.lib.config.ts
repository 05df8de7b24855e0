import { join } from 'node:path';
import { defineConfig } from 'vite';
import { minifyShaders } from './packaging/minify-wgsl.node.ts';

/** What `exports` of package.json offers, each entry by its name in `dist/`. */
const entries = {
  index: 'src/index.ts',
};

/** The package: `npm run build` makes it, shaders inlined; TypeScript adds the declarations. */
export default defineConfig({
  plugins: [minifyShaders()],
  publicDir: false,
  build: {
    outDir: join(import.meta.dirname, 'dist'),
    emptyOutDir: true,
    target: 'es2023',
    // Whoever bundles it minifies it; whoever debugs it can read it.
    minify: false,
    lib: { entry: entries, formats: ['es'] },
    // Of comments only those that bundlers read: what a function does, its declaration says.
    rolldownOptions: {
      output: { chunkFileNames: '[name]-[hash].js', comments: { jsdoc: false, annotation: true } },
    },
  },
});
