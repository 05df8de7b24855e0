import { readIdxDataset, readIdxImages } from '../data/idx.ts';
import { readPictures } from '../data/pictures.browser.ts';
import { FeatureNet } from '../evaluation/feature-net.ts';
import { evaluateQuality } from '../evaluation/quality.ts';
import { Generator } from '../gan/generator.ts';
import { GanTrainer } from '../gan/trainer.ts';
import { deferred } from '../gpu/deferred.ts';
import { Graph } from '../graph/graph.ts';
import { operations } from '../ops/index.ts';
import { Engine } from '../runtime/engine.ts';
import { Trainer } from '../training/trainer.ts';
import { VaeTrainer } from '../vae/trainer.ts';
import { Vae } from '../vae/vae.ts';
import { Peer } from './peer.ts';
import type { Offer } from './remote.ts';

/** Serves one connection of a page. */
export function serve(port: MessagePort): void {
  // Weak: what nobody uses any more frees itself.
  const engines: WeakRef<Engine>[] = [];
  const closed = deferred<void>();
  let open = true;
  const offer: Offer = {
    Engine: {
      create: async (options) => {
        const engine = await Engine.create(options);
        if (open) engines.push(new WeakRef(engine));
        else engine.dispose();
        return engine;
      },
    },
    FeatureNet: { load: (...args) => FeatureNet.load(...args) },
    GanTrainer: {
      create: (...args) => GanTrainer.create(...args),
      resume: (...args) => GanTrainer.resume(...args),
    },
    Generator: { load: (...args) => Generator.load(...args) },
    Trainer: { create: (...args) => Trainer.create(...args) },
    Vae: { load: (...args) => Vae.load(...args) },
    VaeTrainer: {
      create: (...args) => VaeTrainer.create(...args),
      resume: (...args) => VaeTrainer.resume(...args),
    },
    evaluateQuality,
    readIdxDataset,
    readIdxImages,
    readPictures,
  };
  const root = {
    /** Holds the lock until the connection is closed: the page notices if it is released before. */
    open: (life: string) =>
      new Promise<Offer>((resolve) => {
        const held = navigator.locks?.request(life, () => {
          resolve(offer);
          return closed.promise;
        });
        (held ?? Promise.reject()).catch(() => resolve(offer));
      }),
    close: () => {
      open = false;
      for (const engine of engines) engine.deref()?.dispose();
      closed.resolve();
    },
  };
  new Peer(port, { root, readGraph: (data) => Graph.fromJSON(data, operations()) });
}
