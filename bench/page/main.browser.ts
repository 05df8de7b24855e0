/** The page of the benchmark: measures when Node says so. */
import { Engine } from '../../src/runtime/engine.ts';
import { measureCeilings } from '../ceilings.ts';
import { contestants } from '../contestants/index.ts';
import { readProblem } from '../problem.ts';
import { profile } from '../profile.ts';
import type { PageApi } from '../protocol.ts';
import { Session } from '../session.ts';

declare global {
  interface Window {
    bench: PageApi;
  }
}

const session = new Session();

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
  adapter: () => onEngine(async (engine) => engine.adapter),
  ceilings: () => onEngine(measureCeilings),
  profile: (model, runs) => onEngine((engine) => profile(engine, model, runs)),
  async start(name, model, problemUrl) {
    const create = await contestants[name]();
    const response = await fetch(problemUrl);
    const problem = readProblem(new Uint8Array(await response.arrayBuffer()));
    return session.start(create, model, problem);
  },
  turn: (steps) => session.turn(steps),
};
