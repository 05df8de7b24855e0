// What is where in a checkpoint. It is one safetensors file:
//
//   generator.*, discriminator.*     exactly the state_dicts of PyTorch's DCGAN example, in its layouts
//   adam.NET.m.*, adam.NET.v.*       moments, under the same names and in the same layouts
//   adam.NET.corrections             1 − β1ᵗ, 1 − β2ᵗ
//   OPTIMISER.NET.updates            how many there were, where learning rates follow a schedule
//   sgd.NET.v.*, rmsprop.NET.v.*     the same of other optimisers
//   ema.generator.*                  the average of G's weights, where there is one
//   ema.generator.correction         1 − decayᵗ
//   samples.latents [n, latentDim]   what the sample grid is drawn from
//   state [4], U32                   seed, 0, step, 0
//
// with the metadata `format`, `step`, `options` (JSON; the learning rates are those in force),
// `choices` (JSON, what the tuner chose) and `data` (JSON, what the pictures were).

import { type Shape, sizeOf } from '../graph/shape.ts';
import { fileOrder, fileShape, type NamedPart } from '../nn/file-layout.ts';
import type { Net } from '../nn/net.ts';
import { hasFeatures } from './objectives/index.ts';
import type { Players } from './step.ts';

/** What numbers a tensor may hold, and in words. */
export interface Range {
  readonly holds: (x: number) => boolean;
  readonly words: string;
}

export const FINITE: Range = { holds: Number.isFinite, words: 'a finite number' };
export const AT_LEAST_0: Range = {
  holds: (x) => x >= 0 && x < Number.POSITIVE_INFINITY,
  words: 'a finite number of at least 0',
};

/** A tensor of the file, and the elements of a variable that it is made of. */
export interface Slot {
  readonly key: string;
  /** In the file. */
  readonly shape: Shape;
  readonly variable: string;
  /** Its first element in the variable. */
  readonly offset: number;
  readonly range: Range;
  /** Its layout here, where its elements do not lie in the file's order. */
  readonly layout?: { readonly shape: Shape; readonly axes: readonly number[] };
}

/** Averages of squares and of powers below 1. SGD's `v` is none: it is a velocity. */
const NOT_NEGATIVE = /^(adam|rmsprop)\.\w+\.(v\.|corrections$)|\.updates$|^ema\.\w+\.correction$/;

/** The tensor that is a part of a variable. */
export function slotOf({ name, variable, offset, shape, axes }: NamedPart): Slot {
  const moved = axes.some((axis, i) => axis !== i);
  return {
    ...{ key: name, shape: fileShape(shape, { axes }), variable, offset },
    range: NOT_NEGATIVE.test(name) ? AT_LEAST_0 : FINITE,
    ...(moved && { layout: { shape, axes } }),
  };
}

/** PyTorch's counters of forward passes in training mode, of the layers with running statistics. */
export const counterKeys = (net: Net, prefix: string): string[] =>
  [...net.buffers]
    .filter(([, { fileNames }]) => fileNames?.includes('running_mean'))
    .map(([path]) => `${prefix}${path.slice(0, path.lastIndexOf('.'))}.num_batches_tracked`);

/** What decides an update is made of the options, and the state is no float: they have no slots. */
const elsewhere = (name: string): boolean => name === 'state' || name.endsWith('.hyper');

/** All float tensors of a checkpoint that are parts of variables. */
export const slotsOf = (players: Players): Slot[] =>
  players
    .parts()
    .filter(({ name }) => !elsewhere(name))
    .map(slotOf);

/** Elements of the variables of a net. */
export const netSizes = (net: Net): Map<string, number> =>
  new Map([
    [net.variable, net.size],
    ...[...net.buffers.values()].map((b) => [b.variable, sizeOf(b.shape)] as const),
  ]);

/** Elements of every float variable of a run. */
export function variableSizes(players: Players): Map<string, number> {
  const { generator, discriminator, optimiserG, optimiserD, average } = players;
  const sizes = new Map([...netSizes(generator), ...netSizes(discriminator)]);
  for (const owner of [optimiserG, optimiserD, ...(average ? [average] : [])]) {
    const seen = new Set<string>();
    for (const { variable, size } of owner.parts()) {
      // What is kept for each parameter is laid out as they are, and has gaps where they have.
      sizes.set(variable, seen.has(variable) ? owner.net.size : size);
      seen.add(variable);
    }
  }
  return sizes;
}

/** The tables of `fileOrder`, each made once: a parameter comes with its moments and its average. */
export class FileOrders {
  private readonly tables = new Map<string, Uint32Array>();

  of(layout: NonNullable<Slot['layout']>): Uint32Array {
    const key = `${layout.shape} ${layout.axes}`;
    let table = this.tables.get(key);
    if (!table) {
      table = fileOrder(layout.shape, layout);
      this.tables.set(key, table);
    }
    return table;
  }
}

/** Forward passes in training mode that each net makes a step: what PyTorch counts as batches. */
function passesPerStep({ generator, discriminator, options }: Players): Map<Net, number> {
  const { dSteps, freshLatent, mixedBatch, objective, accumulate } = options;
  const forG = hasFeatures(objective) ? 2 : 1;
  return new Map([
    [generator, accumulate * (dSteps + (freshLatent ? 1 : 0))],
    [discriminator, accumulate * (dSteps * (mixedBatch ? 1 : 2) + forG)],
  ]);
}

/** The values of `num_batches_tracked` after so many steps, by key. */
export function counters(players: Players, step: number): Map<string, bigint> {
  return new Map(
    [...passesPerStep(players)].flatMap(([net, passes]) =>
      counterKeys(net, `${net.name}.`).map((key) => [key, BigInt(step) * BigInt(passes)] as const),
    ),
  );
}
