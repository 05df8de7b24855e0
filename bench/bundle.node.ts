// The benchmark's code as plain JavaScript: the engine imports its shaders by Vite's `?raw`.
import { build, type Rolldown } from 'vite';

/** Bundles a module and all that it imports. Returns files by name; the entry is `main.js`. */
export async function bundle(entry: string): Promise<Map<string, string | Uint8Array>> {
  const result = (await build({
    root: import.meta.dirname,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      write: false,
      target: 'esnext',
      // Readable profiles and stack traces; what is measured runs on the GPU.
      minify: false,
      modulePreload: false,
      rolldownOptions: {
        input: { main: entry },
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
        preserveEntrySignatures: 'strict',
      },
    },
  })) as Rolldown.RolldownOutput;
  return new Map(
    result.output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]),
  );
}
