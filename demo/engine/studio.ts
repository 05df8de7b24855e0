/** What the worker holds on to, and what requests and questions act on. */

import { DeviceLostError, Engine, indexedDbTuningStore } from '../../src/index.ts';
import { DEFAULT_COUNT } from '../grid.ts';
import { DataLoader } from './data-loader.ts';
import { Explorer } from './explorer.ts';
import { problemOf } from './problem.ts';
import type { Event } from './protocol.ts';
import type { Run } from './run.ts';

/** As much as the adapter has: what a run needs is not known when its adapter is shown. */
const LARGEST = { maxStorageBufferBindingSize: 2 ** 32, maxBufferSize: 2 ** 32 };

export class Studio {
  readonly loader: DataLoader;
  readonly explorer: Explorer;
  /** What samples are drawn on. */
  canvas: OffscreenCanvas | undefined;
  /** Samples that the visitor wants to see. */
  gridCount: number = DEFAULT_COUNT;
  /** Whether the visitor wants to see what D makes of each. */
  scoring = true;
  /** The run that is going on, or the last one while it ends. */
  run: Run | undefined;
  #engine: Promise<Engine> | undefined;

  constructor(readonly post: (event: Event) => void) {
    this.loader = new DataLoader(
      (progress) => post({ type: 'progress', progress }),
      (data) => post({ type: 'data', data }),
      (error) => post({ type: 'note', problem: problemOf(error) }),
    );
    this.explorer = new Explorer((error) => post({ type: 'note', problem: problemOf(error) }));
  }

  /** Opens the adapter where that has not been done, and says which it is. */
  engine(): Promise<Engine> {
    this.#engine ??= Engine.create({
      powerPreference: 'high-performance',
      wantedLimits: LARGEST,
      tuningStore: indexedDbTuningStore,
    }).then(
      (opened) => {
        opened.onError((error) => {
          // Nothing was on the device between runs: the next one opens another, and all is well.
          if (error instanceof DeviceLostError && !this.run) void this.closeEngine();
          else this.post({ type: 'note', problem: problemOf(error) });
        });
        const { vendor, architecture, description, software } = opened.adapter;
        const name = description || [vendor, architecture].filter(Boolean).join(' ');
        this.post({ type: 'adapter', adapter: { name, software } });
        return opened;
      },
      (error: unknown) => {
        this.#engine = undefined;
        throw error;
      },
    );
    return this.#engine;
  }

  /** Lets go of an engine that found no device any more: the next one is opened anew. */
  async closeEngine(): Promise<void> {
    const opened = this.#engine;
    this.#engine = undefined;
    (await opened)?.dispose();
  }
}
