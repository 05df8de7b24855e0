// The function that draws pictures, and what it draws them from.

import type { GraphFunction, TracedFunction } from '../training/graph-function.ts';
import { classesInTurn } from './classes.ts';
import type { GanOptions } from './options.ts';
import { type Players, sampleLatents, traceSamples, variableNames } from './step.ts';

/** What decides which pictures are drawn; the latter where there are classes. */
export type DrawInput = typeof variableNames.sampleLatents | typeof variableNames.sampleClasses;

/**
 * The function that draws pictures: latents [count, 1, 1, latentDim], and classes [count, classes] where
 * there are any → pictures [count, H, W, C].
 */
export type Draw = GraphFunction<DrawInput, 'pictures'>;

/** What is drawn from where nothing else is asked for. */
export function ownInputs(
  options: GanOptions,
  count: number,
): Map<DrawInput, Float32Array<ArrayBuffer>> {
  const { classes } = options;
  const own = new Map<DrawInput, Float32Array<ArrayBuffer>>();
  own.set(variableNames.sampleLatents, sampleLatents(options, count));
  if (classes > 0) own.set(variableNames.sampleClasses, classesInTurn(count, classes));
  return own;
}

export const traceDraw = (
  players: Players,
  count: number,
): TracedFunction<DrawInput, 'pictures'> => ({
  graph: traceSamples(players, count),
  inputs: ownInputs(players.options, count),
  outputs: ['pictures'],
});
