/** Looking into the networks and the machine, for as long as the page shows it. */

import { effect, untracked } from '@preact/signals';
import type { NetName } from '../src/index.ts';
import { options } from './actions.ts';
import { answerTo } from './conversation.ts';
import type { InspectedSample } from './engine/machine-protocol.ts';
import type { Answer, Question, QuestionName } from './engine/protocol.ts';
import {
  filters,
  inspected,
  layers,
  locked,
  machineFacts,
  maps,
  phase,
  picked,
  profiling,
  stepProfile,
} from './state.ts';

/** After so long without another change, as for estimates. */
const PATIENCE_MS = 250;
/** What changes with the run is asked for no more often than this: each time costs a little of a step. */
const REFRESH_MS = 1000;

/** The sample that a layer is looked into with first: the one that is picked in the grid. */
const first = (): InspectedSample => ({ kind: 'generated', number: picked.value?.index ?? 0 });

/** Asks for what a run may end before it is answered: then there is nothing to tell. */
const quietly = <Name extends QuestionName>(
  name: Name,
  question: Question<Name>,
): Promise<Answer<Name> | undefined> => answerTo(name, question, () => {});

/** Keeps `layers` those of the settings. Returns what ends it. */
export function followLayers(): () => void {
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    const question = { options: options() };
    // Settings of a run that goes on from a file are known before it trains.
    if (phase.value === 'opening' || phase.value === 'unavailable') return;
    const id = ++asked;
    clearTimeout(timer);
    timer = setTimeout(
      async () => {
        const found = await quietly('layers', question);
        if (id !== asked) return;
        layers.value = found ?? null;
        const { net, layer } = inspected.peek() ?? {};
        if (net && !found?.[net].some(({ name }) => name === layer)) inspected.value = null;
      },
      layers.peek() ? PATIENCE_MS : 0,
    );
  });
  return () => {
    asked++;
    clearTimeout(timer);
    stop();
  };
}

/** Asks again and again, at once when what `changed` reads does; nothing is asked while one waits. */
function repeat(changed: () => void, ask: () => Promise<void>): () => void {
  let ended = false;
  let asking = false;
  let again = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const turn = async () => {
    clearTimeout(timer);
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    again = false;
    await ask().finally(() => {
      asking = false;
    });
    if (ended) return;
    if (again) void turn();
    else if (phase.value === 'training') timer = setTimeout(() => void turn(), REFRESH_MS);
  };
  const stop = effect(() => {
    changed();
    void turn();
  });
  return () => {
    ended = true;
    clearTimeout(timer);
    stop();
  };
}

const running = () => phase.value === 'training' || phase.value === 'paused';

/** Looks into layers with the sample that is picked in the grid. Returns what ends it. */
export const followPicked = (): (() => void) =>
  effect(() => {
    const number = picked.value?.index;
    if (number !== undefined) untracked(() => inspectSample({ kind: 'generated', number }));
  });

/** Keeps the maps of the layer that is looked into those of now. Returns what ends it. */
export const followMaps = (): (() => void) =>
  repeat(
    () => [inspected.value, phase.value],
    async () => {
      const question = inspected.peek();
      if (!question || !running()) return;
      const found = await quietly('maps', question);
      // Another layer may have been chosen, or another run begun, meanwhile.
      if (found && inspected.peek() === question && running()) maps.value = found;
    },
  );

/** Keeps filters and facts those of now. Returns what ends it. */
export const followMachine = (): (() => void) =>
  repeat(
    () => phase.value,
    async () => {
      if (phase.value === 'opening' || phase.value === 'unavailable') return;
      const facts = await quietly('machine', null);
      if (facts) machineFacts.value = facts;
      if (!running()) return;
      const generator = await quietly('filters', { net: 'generator' });
      const discriminator = await quietly('filters', { net: 'discriminator' });
      if (generator && discriminator && running()) filters.value = { generator, discriminator };
    },
  );

/** Looks into a layer; into none where it was that one. The sample stays. */
export function inspect(net: NetName, layer: string): void {
  const before = inspected.value;
  const same = before?.net === net && before.layer === layer;
  const sample = before?.sample ?? first();
  // A generator is given no pictures.
  inspected.value = same
    ? null
    : { net, layer, sample: net === 'generator' ? { ...sample, kind: 'generated' } : sample };
}

export function inspectSample(sample: InspectedSample): void {
  if (inspected.value) inspected.value = { ...inspected.value, sample };
}

/** Looks into the next step of the run. */
export async function measureStep(): Promise<void> {
  if (profiling.value || !locked.value) return;
  profiling.value = true;
  const found = await quietly('profile', null);
  profiling.value = false;
  if (found && running()) stepProfile.value = found;
}
