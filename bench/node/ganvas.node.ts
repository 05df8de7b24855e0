// Ganvas in this very process, on the npm package `webgpu` (Dawn). In software Dawn needs to be told
// of a Vulkan driver, by VK_ICD_FILENAMES: see README.md.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { create, globals } from 'webgpu';
import type { Engine } from '../../src/runtime/engine.ts';
import { bundle } from '../bundle.node.ts';
import type { Entry } from '../seat.ts';

type EngineModule = typeof import('./engine.ts');

/** The bundled engine, on Dawn. */
export interface NodeEngine {
  readonly module: EngineModule;
  /** Opens a device. */
  open(): Promise<Engine>;
  readonly entry: Entry;
}

async function importBundle(): Promise<EngineModule> {
  const files = await bundle(join(import.meta.dirname, 'engine.ts'));
  const folder = await mkdtemp(join(tmpdir(), 'ganvas-bench-'));
  try {
    // By its name Node takes it for a module, with no package.json beside it.
    for (const [name, content] of files)
      await writeFile(join(folder, name.replace(/\.js$/, '.mjs')), content);
    return (await import(pathToFileURL(join(folder, 'main.mjs')).href)) as EngineModule;
  } finally {
    await rm(folder, { recursive: true });
  }
}

export async function nodeEngine(): Promise<NodeEngine> {
  Object.assign(globalThis, globals);
  // Held for as long as this lives: without it Dawn's devices are gone.
  // Its clock would otherwise be read in steps of 65 µs, longer than many a dispatch.
  const gpu = create(['disable-dawn-features=timestamp_quantization']);
  const module = await importBundle();
  const session = new module.Session();
  const open = () => module.Engine.create({ gpu, powerPreference: 'high-performance' });
  return {
    module,
    open,
    entry: {
      name: 'ganvas (Node)',
      own: true,
      async open(model, problem) {
        const engine = await open();
        return {
          start: () => session.start(module.createOn(engine), model, module.readProblem(problem)),
          turn: (steps) => session.turn(steps),
          cpuSeconds() {
            const { user, system } = process.cpuUsage();
            return (user + system) / 1e6;
          },
          async close() {
            session.dispose();
            engine.dispose();
          },
        };
      },
    },
  };
}
