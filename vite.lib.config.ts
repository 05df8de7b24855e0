import { join } from 'node:path';
import { defineConfig } from 'vite';
import manifest from './package.json' with { type: 'json' };
import { minifyShaders } from './shaders/minify.node.ts';

/** What package.json exports: `./dist/NAME.js` is made of `src/NAME.ts`. */
const files = Object.values(manifest.exports).map((entry) =>
  typeof entry === 'string' ? entry : entry.default,
);
const names = files.flatMap((file) => /^\.\/dist\/(.+)\.js$/.exec(file)?.[1] ?? []);
const entries = Object.fromEntries(names.map((name) => [name, `src/${name}.ts`]));

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
