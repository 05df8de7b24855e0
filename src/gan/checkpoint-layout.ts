// What is where in a checkpoint. It is one safetensors file:
//
//   generator.*, discriminator.*     exactly the state_dicts of PyTorch's DCGAN example, in its layouts
//   adam.NET.m.*, adam.NET.v.*       moments, under the same names and in the same layouts
//   adam.NET.corrections             1 − β1ᵗ, 1 − β2ᵗ
//   ema.generator.*                  the average of G's weights, where there is one
//   ema.generator.correction         1 − decayᵗ
//   samples.latents [n, latentDim]   what the sample grid is drawn from
//   state [4], U32                   seed, 0, step, 0
//
// with the metadata `format`, `step`, `options` (JSON; the learning rates are those in force),
// `choices` (JSON, what the tuner chose) and `data` (JSON, what the pictures were).

import { type Shape, sizeOf } from '../graph/shape.ts';
import { fileOrder, fileShape } from '../nn/file-layout.ts';
import type { Parameter } from '../nn/module.ts';
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
  /** The parameter whose layout it has; else its elements lie there in the file's order. */
  readonly parameter?: Parameter;
}

/** The parameters of a net, or what is kept for each of them, in a flat variable. */
export function parameterSlots(net: Net, prefix: string, variable: string, range = FINITE): Slot[] {
  return [...net.parameters].map(([name, parameter]) => ({
    key: `${prefix}${name}`,
    shape: fileShape(parameter.shape, parameter.layout),
    variable,
    offset: parameter.offset,
    range,
    parameter,
  }));
}

/** Running statistics, each a slice of its module's buffer. */
export function statisticsSlots(net: Net, prefix: string): Slot[] {
  return [...net.buffers].flatMap(([path, { variable, shape, fileNames }]) =>
    (fileNames ?? []).map((name, i) => ({
      key: `${prefix}${moduleOf(path)}.${name}`,
      shape: shape.slice(1),
      variable,
      offset: i * sizeOf(shape.slice(1)),
      range: FINITE,
    })),
  );
}

const moduleOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));

/** PyTorch's counters of forward passes in training mode. */
export const counterKeys = (net: Net, prefix: string): string[] =>
  [...net.buffers.keys()].map((path) => `${prefix}${moduleOf(path)}.num_batches_tracked`);

const adamVariable = (net: Net, part: string): string => `${net.name}.adam.${part}`;

/** All float tensors of a checkpoint that are parts of variables. */
export function slotsOf({ generator, discriminator, average }: Players): Slot[] {
  const slots = [generator, discriminator].flatMap((net): Slot[] => [
    ...parameterSlots(net, `${net.name}.`, net.variable),
    ...statisticsSlots(net, `${net.name}.`),
    ...parameterSlots(net, `adam.${net.name}.m.`, adamVariable(net, 'm')),
    ...parameterSlots(net, `adam.${net.name}.v.`, adamVariable(net, 'v'), AT_LEAST_0),
    {
      key: `adam.${net.name}.corrections`,
      shape: [2],
      variable: adamVariable(net, 'corrections'),
      offset: 0,
      range: AT_LEAST_0,
    },
  ]);
  if (!average) return slots;
  return [
    ...slots,
    ...parameterSlots(generator, 'ema.generator.', average.variable),
    {
      key: 'ema.generator.correction',
      shape: [1],
      variable: average.correction,
      offset: 0,
      range: AT_LEAST_0,
    },
  ];
}

/** Elements of every float variable of a run. */
export function variableSizes({ generator, discriminator, average }: Players): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const net of [generator, discriminator]) {
    sizes.set(net.variable, net.size);
    for (const { variable, shape } of net.buffers.values()) sizes.set(variable, sizeOf(shape));
    sizes.set(adamVariable(net, 'hyper'), 4).set(adamVariable(net, 'corrections'), 2);
    sizes.set(adamVariable(net, 'm'), net.size).set(adamVariable(net, 'v'), net.size);
  }
  if (average) sizes.set(average.variable, generator.size).set(average.correction, 1);
  return sizes;
}

/** The tables of `fileOrder`, each made once: a parameter comes with its moments and its average. */
export class FileOrders {
  private readonly tables = new Map<Parameter, Uint32Array>();

  of(parameter: Parameter): Uint32Array {
    let table = this.tables.get(parameter);
    if (!table) {
      table = fileOrder(parameter.shape, parameter.layout);
      this.tables.set(parameter, table);
    }
    return table;
  }
}

/** Forward passes in training mode that each net makes a step: what PyTorch counts as batches. */
function passesPerStep({ generator, discriminator, options }: Players): Map<Net, number> {
  const { dSteps, freshLatent, mixedBatch, objective } = options;
  const forG = hasFeatures(objective) ? 2 : 1;
  return new Map([
    [generator, dSteps + (freshLatent ? 1 : 0)],
    [discriminator, dSteps * (mixedBatch ? 1 : 2) + forG],
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
