/** The page of the benchmark: measures when Node says so. */
import { Engine } from '../../src/runtime/engine.ts';
import { measureCeilings } from '../ceilings.ts';
import { modelNamed } from '../models.ts';
import { profileStep } from '../profile.ts';
import type { PageApi } from '../protocol.ts';

declare global {
  interface Window {
    bench: PageApi;
  }
}

/** Work on a device of its own, which is gone afterwards. */
async function onEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await Engine.create({ powerPreference: 'high-performance' });
  let failure: Error | undefined;
  engine.onError((error) => {
    failure ??= error;
  });
  try {
    const result = await work(engine);
    if (failure) throw failure;
    return result;
  } finally {
    engine.dispose();
  }
}

window.bench = {
  ceilings: () => onEngine(measureCeilings),
  profile: (model, runs) => onEngine((engine) => profileStep(engine, modelNamed(model), runs)),
};
