/** What a run would take, worked out while the visitor still chooses. */

import { effect } from '@preact/signals';
import { type Client, Refusal } from './engine/client.ts';
import type { TrainOptions } from './engine/protocol.ts';
import {
  adapter,
  chosenData,
  effort,
  estimate,
  latest,
  locked,
  phase,
  pictures,
  settings,
  stepsPerSecond,
} from './state.ts';

/** After so long without another change: a plan takes tens of milliseconds. */
const PATIENCE_MS = 250;

const MNIST_COUNT = 60_000;

/** Operations a second of the small preset on SwiftShader with two cores, for who has measured none yet. */
const SOFTWARE_RATE = 2.3e9;

/** The first steps are slower than those to come. */
const WARM_STEPS = 20;

const key = (name: string) => `ganvas.rate.${name}`;

/** Operations a second that training reaches on this adapter, by the last run on it, if anybody knows. */
export function rateHere(): number | undefined {
  const found = adapter.value;
  if (!found) return undefined;
  try {
    const kept = Number(localStorage.getItem(key(found.name)));
    if (kept > 0) return kept;
  } catch {
    // As if there had been no run.
  }
  return found.software ? SOFTWARE_RATE : undefined;
}

function keepRate(rate: number): void {
  const found = adapter.peek();
  const known = rateHere();
  // Not four times a second for nothing.
  if (!found || (known && Math.abs(rate / known - 1) < 0.1)) return;
  try {
    localStorage.setItem(key(found.name), String(Math.round(rate)));
  } catch {
    // Then it is measured again next time.
  }
}

/** Follows the settings, and what runs tell of the adapter. */
export function followEstimates(worker: Client, options: () => TrainOptions): void {
  let asked = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const { data } = settings.value;
    const files = pictures.value?.files.length ?? 1;
    const count = chosenData.value?.count ?? (data === 'mnist' ? MNIST_COUNT : files);
    if (locked.value) return;
    const question = { options: options(), count };
    const id = ++asked;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const found = await worker.ask('estimate', question).catch((error: unknown) => {
        if (error instanceof Refusal) return error.problem;
        throw error;
      });
      if (id === asked) estimate.value = found;
    }, PATIENCE_MS);
  });
  effect(() => {
    const rate = stepsPerSecond.value;
    const run = estimate.peek();
    const warm = (latest.peek()?.step ?? 0) > WARM_STEPS;
    // A run that rests in between tells nothing of the adapter.
    if (effort.peek() < 1) return;
    if (rate > 0 && warm && phase.peek() === 'training' && run && 'flops' in run) {
      keepRate(rate * run.flops);
    }
  });
}
